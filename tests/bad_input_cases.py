"""How each row of docs/errors.md comes about, on the command line and over HTTP."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydantic import SecretStr

import engine.workspace
from engine import errors
from engine.errors import EngineError
from engine.features.factory import load_encoder
from engine.retrieval.parameters_file import NAME
from engine.serving.limits import Limits
from engine.serving.load import Threads
from engine.serving.service import Service
from engine.serving.writers import Writers
from engine.settings import (
    BlockingSettings,
    FetchSettings,
    ImageSettings,
    PeopleSettings,
    QueueSettings,
    ServeSettings,
    load_settings,
)
from engine.store.edge import EdgeCollection
from engine.store.generations import FIRST
from engine.store.key_file import Key, KeyFile
from engine.store.opening import switch_of
from engine.store.ownership import Ownership
from engine.store.server_switch import ServerSwitch
from engine.switching import PinsWouldBeLost
from engine.workspace import collection_folder
from tests.commands import Commands
from tests.serving.conftest import inline, picture
from tests.store.rest_over_local import rest_over_local
from tests.tiny_encoder import TinyEncoder, tiny_encoder

Prepare = Callable[[pytest.MonkeyPatch, Commands, ExitStack], None]
JSON = {"Content-Type": "application/json"}
RED = inline(picture("red"))
JUDGED = ("--queries", "queries.jsonl", "--judgments", "judgments.txt")
KEYED = ServeSettings(api_key=SecretStr("k3y"))


@dataclass(frozen=True)
class Case:
    """How to bring a row about: commands, requests (method, path, arguments), and what is wrong."""

    commands: Sequence[tuple[str, ...]] = ()
    requests: Sequence[tuple[str, str, dict[str, Any]]] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    prepare: Prepare = lambda *_: None


def variable(name: str, value: str) -> Prepare:
    return lambda patch, *_: patch.setenv(name, value)


def crowded(patch: pytest.MonkeyPatch, *_: object) -> None:
    for queue in (Threads, Writers):
        patch.setattr(queue, "waiting", 10**6)


def get(path: str, **asked: str) -> tuple[str, str, dict[str, Any]]:
    return "GET", path, {"params": asked}


def post(path: str, body: Any) -> tuple[str, str, dict[str, Any]]:
    return "POST", path, {"json": body}


def failing(error: EngineError, prepare: Prepare) -> Prepare:
    """What a server meets while it runs; commands meet it in earnest."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    def prepared(patch: pytest.MonkeyPatch, commands: Commands, stack: ExitStack) -> None:
        prepare(patch, commands, stack)
        patch.setattr(Service, "search", fail)

    return prepared


def no_vector(patch: pytest.MonkeyPatch, *_: Any) -> None:
    def nothing(encoder: TinyEncoder, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        return np.full((len(images), encoder.dimension), np.nan, dtype=np.float32)

    patch.setattr(TinyEncoder, "encode_images", nothing)


def real_encoders(patch: pytest.MonkeyPatch, *_: Any) -> None:
    patch.setattr(engine.workspace, "load_encoder", load_encoder)
    patch.setenv("ENGINE_ENCODER", "/nothing/here")


def another_encoder(_: pytest.MonkeyPatch, commands: Commands, __: ExitStack) -> None:
    commands.encoder = TinyEncoder("tiny/2")


def owned(_: pytest.MonkeyPatch, __: Commands, stack: ExitStack) -> None:
    hold = Ownership.take(collection_folder(load_settings()))
    stack.callback(hold.release)


def broken_parameters(_: pytest.MonkeyPatch, __: Commands, stack: ExitStack) -> None:
    path = collection_folder(load_settings()) / NAME
    path.write_text("{")
    stack.callback(path.unlink)


def restoring(patch: pytest.MonkeyPatch, commands: Commands, _: ExitStack) -> None:
    """A store that loses what it was given."""
    assert commands("backup", "backup.tar", "--force").status == 0
    patch.setattr(EdgeCollection, "get", lambda *_: {})


def lose(*_: Any, **__: Any) -> None:
    raise PinsWouldBeLost("1 pins")


def unkept_elsewhere(patch: pytest.MonkeyPatch, commands: Commands, _: ExitStack) -> None:
    """A collection with another encoder beside it, and a pin whose picture is lost."""
    patch.setattr(engine.workspace, "load_encoder", tiny_encoder)
    patch.setattr(Service, "switch", lose)
    patch.setenv("ENGINE_COLLECTION", "lossy")
    assert commands("index", "new.jsonl").status == 0
    for path in (collection_folder(load_settings()) / "images").rglob("*.jpg"):
        path.unlink()


def worse(patch: pytest.MonkeyPatch, commands: Commands, _: ExitStack) -> None:
    """A new encoder that sees nothing, and a query that needs to see."""
    patch.setattr(engine.workspace, "load_encoder", tiny_encoder)
    patch.setenv("ENGINE_COLLECTION", "judged")
    assert commands("index", "pins.jsonl").status == 0
    Path("queries.jsonl").write_text(
        "".join(json.dumps({"id": name, "text": name}) + "\n" for name in ("red", "blue"))
    )
    Path("judgments.txt").write_text("red 0 red 1\nblue 0 blue 1\n")


def on_a_server(patch: pytest.MonkeyPatch, commands: Commands, stack: ExitStack) -> None:
    """A collection on what speaks like a Qdrant server."""
    patch.setattr(engine.workspace, "load_encoder", tiny_encoder)
    patch.setenv("ENGINE_STORE__URL", stack.enter_context(rest_over_local()).url)
    assert commands("index", "pins.jsonl").status == 0


def outrun(patch: pytest.MonkeyPatch, commands: Commands, stack: ExitStack) -> None:
    """Whatever is to be said of the collections, somebody else was first."""
    on_a_server(patch, commands, stack)
    patch.setattr(ServerSwitch, "change", lambda *_: None)


def changed_meanwhile(patch: pytest.MonkeyPatch, commands: Commands, stack: ExitStack) -> None:
    """What was written is not where answers come from."""
    on_a_server(patch, commands, stack)
    with switch_of(load_settings().store, collection_folder(load_settings())) as switch:
        switch.begin("pins", "tiny")
    wrote = ServerSwitch.wrote
    patch.setattr(ServerSwitch, "wrote", lambda self, _, keys: wrote(self, "pins@1", keys))


def urls(*images: str, allow: str = "") -> Prepare:
    """A file of pins whose pictures are elsewhere."""

    def prepared(patch: pytest.MonkeyPatch, _: Commands, __: ExitStack) -> None:
        pins = [{"id": f"url{number}", "image": image} for number, image in enumerate(images)]
        Path("urls.jsonl").write_text("".join(json.dumps(pin) + "\n" for pin in pins))
        patch.setenv("ENGINE_FETCH__ALLOW", allow)
        patch.setenv("ENGINE_FETCH__PORTS", "any")

    return prepared


class BrokenClassifier:
    """A classifier that can't do its work."""

    fingerprint = "broken/1"

    def __init__(self, *_: Any) -> None:
        """Take what a classifier is made from."""

    def judge(self, _: Sequence[Any]) -> list[str | None]:
        raise ValueError("no model here")


SEARCH = get("/v1/search", q="red")
BROKEN = f"{__name__}:{BrokenClassifier.__name__}"
CASES = {
    "a classifier that fails on a pin": Case(
        [("index", "new.jsonl")],
        [post("/v1/pins", [{"id": "new", "image": RED}])],
        {"blocking": BlockingSettings(classifier=BROKEN)},
        variable("ENGINE_BLOCKING__CLASSIFIER", BROKEN),
    ),
    "a collection's own parameters that can't be read": Case(
        [("tune", "--show")], prepare=broken_parameters
    ),
    "unknown pin id": Case(
        [("get", "nope"), ("related", "nope"), ("delete", "nope"), ("search", "--pin", "nope")],
        [get("/v1/pins/nope"), get("/v1/pins/nope/related"), get("/v1/search", pin="nope")],
    ),
    "an id that can't be one (`a/b`, `..`)": Case(
        [("get", "a/b"), ("related", ".."), ("delete", "a b")],
        [get("/v1/pins/a%2Fb"), get("/v1/pins/%2e%2e"), ("DELETE", "/v1/pins/a%20b", {})],
    ),
    "a known person where nothing is kept of people": Case(
        [("people", "export", "ann"), ("feed", "--person", "ann"), ("search", "red", "--for", "a")],
        [
            get("/v1/people/ann"),
            ("PUT", "/v1/people/ann/likes/red", {}),
            post("/v1/feed", {"person": "ann"}),
            post("/v1/search", {"text": "red", "for": {"person": "ann"}}),
        ],
        {"people": PeopleSettings()},
    ),
    "a person of whom nothing is kept": Case(
        [("people", "export", "nobody")],
        [get("/v1/people/nobody")],
        prepare=variable("ENGINE_PEOPLE__KEEP", "true"),
    ),
    "an id that no person can have": Case(
        [("people", "export", "a/b"), ("people", "delete", ".."), ("feed", "--person", "a b")],
        [get("/v1/people/a%20b"), post("/v1/feed", {"person": "é"})],
        prepare=variable("ENGINE_PEOPLE__KEEP", "true"),
    ),
    "a pin whose picture is not kept": Case(requests=[get("/v1/pins/unkept/image")]),
    "unknown board": Case(requests=[get("/v1/boards/related", title="Nowhere")]),
    "empty query; a query that only subtracts": Case(
        [("search",), ("search", " "), ("search", "--minus", "red")],
        [get("/v1/search"), get("/v1/search", q=" "), get("/v1/search", minus="red")],
    ),
    "query text over 1,000 characters": Case(
        [("search", "x" * 1_001)], [get("/v1/search", q="x" * 1_001)]
    ),
    "parts that cancel each other out": Case(
        requests=[post("/v1/search", {"parts": [{"text": "red"}, {"text": "red", "weight": -1}]})]
    ),
    "limit, offset or cursor out of range": Case(
        [
            ("search", "red", "--limit", "201"),
            ("search", "red", "--cursor", "10001"),
            ("related", "red", "--cursor", "x"),
            ("boards", "--limit", "1001"),
        ],
        [
            get("/v1/search", q="red", limit="201"),
            get("/v1/search", q="red", cursor="10001"),
            get("/v1/pins/red/related", cursor="x"),
            get("/v1/boards", limit="1001"),
        ],
    ),
    "crop outside the picture, or no box at all": Case(
        [
            ("search", "--image", "red.png", "--crop", "0.5,0,0.6,1"),
            ("search", "--pin", "red", "--crop", "1,2"),
        ],
        [get("/v1/search", pin="red", crop=crop) for crop in ("0.5,0,0.6,1", "1,2")],
    ),
    "unknown filter key, or a value that does not fit": Case(
        [("search", "red", "--filter", f) for f in ("colour=red", "price", "price=9..1")],
        [get("/v1/search", q="red", filter=f) for f in ("colour=red", "price", "price=9..1")],
    ),
    "corrupt, truncated or unknown picture": Case(
        [("search", "--image", name) for name in ("corrupt.jpg", "truncated.png", "page.jpg")],
        [
            post("/v1/search", {"image": "data:image/png;base64,AAAA"}),
            ("POST", "/v1/search", {"files": {"image": b"\xff\xd8\xff\xe0"}}),
            ("PUT", "/v1/pins/a", {"json": {"image": inline(picture("red")[:60])}}),
        ],
    ),
    "decompression bomb, or over the byte or pixel limit": Case(
        [("search", "--image", "red.png")],
        [post("/v1/search", {"image": RED}), ("PUT", "/v1/pins/a", {"json": {"image": RED}})],
        settings={"images": ImageSettings(max_pixels=100)},
        prepare=variable("ENGINE_IMAGES__MAX_PIXELS", "100"),
    ),
    "a picture that the encoder has no usable vector for": Case(
        [("index", "new.jsonl")],
        [("PUT", "/v1/pins/a", {"json": {"image": RED}})],
        prepare=no_vector,
    ),
    "a file path for a picture over HTTP, a URL for a query's": Case(
        requests=[
            ("PUT", "/v1/pins/a", {"json": {"image": "b.png"}}),
            post("/v1/search", {"image": "http://a/b.png"}),
        ]
    ),
    "a pin's URL that may not be fetched, or that leads to no picture": Case(
        [("index", "urls.jsonl")],
        [
            ("PUT", "/v1/pins/a", {"json": {"image": image}})
            for image in ("http://127.0.0.1/a.png", "ftp://a/b.png", "http://u:p@a/b.png")
        ],
        prepare=urls("http://127.0.0.1/a.png", "ftp://a/b.png"),
    ),
    "a pin's URL whose host does not deliver it now": Case(
        [("index", "urls.jsonl")],
        [("PUT", "/v1/pins/a", {"json": {"image": "http://127.0.0.1:1/a.png"}})],
        settings={"fetch": FetchSettings(allow="127.0.0.1", ports="any", attempts=1)},
        prepare=urls("http://127.0.0.1:1/a.png", allow="127.0.0.1"),
    ),
    "a line of a file that is no pin, a text over 10,000 characters": Case(
        [("index", "bad.jsonl", "--strict"), ("index", "bad.jsonl")],
        [
            ("PUT", "/v1/pins/a", {"json": []}),
            ("PUT", "/v1/pins/a", {"json": {"image": RED, "description": "x" * 10_001}}),
        ],
    ),
    "a body or a parameter that does not fit its schema": Case(
        requests=[
            ("POST", "/v1/search", {"content": "{", "headers": JSON}),
            post("/v1/search", {"colour": "red"}),
            get("/v1/search", q="red", limit="ten"),
        ]
    ),
    "a body of another type than JSON or a form": Case(
        requests=[
            ("POST", "/v1/search", {"content": "red", "headers": {"Content-Type": "text/plain"}})
        ]
    ),
    "body over `ENGINE_SERVE__MAX_BODY_BYTES`": Case(
        requests=[("POST", "/v1/search", {"content": b"x" * 2_000})],
        settings={"serve": ServeSettings(max_body_bytes=1_000)},
    ),
    "no key, or a wrong one, where one is set": Case(
        requests=[SEARCH, ("GET", "/v1/info", {"headers": {"Authorization": "Bearer wrong"}})],
        settings={"serve": KEYED},
    ),
    "a key whose scope is too weak": Case(
        requests=[("DELETE", "/v1/pins/red", {"headers": {"Authorization": "Bearer page"}})],
        prepare=lambda patch, *_: patch.setattr(
            KeyFile, "find", lambda *_: Key("0" * 8, "page", "read", "", "")
        ),
    ),
    "more requests at once than can wait": Case(
        requests=[SEARCH, ("DELETE", "/v1/pins/red", {})], prepare=crowded
    ),
    "a request whose time is over before its turn comes": Case(
        requests=[
            ("GET", "/v1/info", {"headers": {"Engine-Deadline": "0.000001"}}),
            ("DELETE", "/v1/pins/red", {"headers": {"Engine-Deadline": "0.000001"}}),
        ]
    ),
    "more requests than a caller may send": Case(
        requests=[SEARCH],
        settings={"serve": ServeSettings(rate=0.1)},
        prepare=lambda patch, *_: patch.setattr(Limits, "_drawn", lambda *_: 9.5),
    ),
    "a body that comes too slowly": Case(
        requests=[("POST", "/v1/search", {"json": {"text": "red"}})],
        settings={"serve": ServeSettings(body_s=1e-9)},
    ),
    "a key that is not there (`engine keys revoke`)": Case(
        [("keys", "revoke", "nobody"), ("keys", "rotate", "nobody")]
    ),
    "a name that is not the server's, on loopback": Case(
        requests=[("GET", "/v1/info", {"headers": {"Host": "evil.example"}})]
    ),
    "a page of another origin that writes": Case(
        requests=[("DELETE", "/v1/pins/red", {"headers": {"Origin": "http://evil.example"}})]
    ),
    "unknown encoder in the settings": Case([("search", "red")], prepare=real_encoders),
    "another setting that can't be used": Case(
        [("info",)], prepare=variable("ENGINE_IMAGES__MODE", "all")
    ),
    "an export that is none, is cut short or was changed": Case([("import", "page.jpg")]),
    "a restore that is not what the backup has": Case(
        [("restore", "backup.tar", "--collection", "fresh")], prepare=restoring
    ),
    "a change of the encoder that would lose pins without pictures": Case(
        [("reindex", "--encoder", "turned", "--unjudged")],
        [("POST", f"/v1/generations/{FIRST}/switch", {})],
        prepare=unkept_elsewhere,
    ),
    "an encoder that answers judged queries worse (`engine reindex`)": Case(
        [("reindex", "--encoder", "blind", *JUDGED)],
        prepare=worse,
    ),
    "a change of the encoder on a server that took too long, or met another": Case(
        [("reindex", "--encoder", "turned", "--unjudged")], prepare=outrun
    ),
    "a command that writes while the encoder is changed on a server": Case(
        [("index", "new.jsonl"), ("delete", "red")], prepare=changed_meanwhile
    ),
    "a generation of another encoder that is not there": Case(
        requests=[("POST", "/v1/generations/generation-0/switch", {})]
    ),
    "no such collection": Case(
        [("search", "red", "--collection", "other"), ("info", "--collection", "other")],
        [SEARCH],
        prepare=failing(errors.NoCollection("gone"), lambda *_: None),
    ),
    "collection made with another encoder or analysis": Case(
        [("search", "red"), ("index", "new.jsonl")],
        [SEARCH],
        prepare=failing(errors.FingerprintMismatch("another encoder"), another_encoder),
    ),
    "collection owned by a process that does not serve": Case(
        [("search", "red"), ("index", "new.jsonl"), ("info",)], prepare=owned
    ),
    "Qdrant server away, or the key refused": Case(
        [("search", "red")],
        [SEARCH],
        prepare=failing(
            errors.StoreUnreachable("away"), variable("ENGINE_STORE__URL", "http://127.0.0.1:1")
        ),
    ),
    "queue away, or without JetStream": Case(
        [("dead", "--nats", "nats://127.0.0.1:1"), ("worker", "--nats", "nats://127.0.0.1:1")],
        [post("/v1/pins", [{"id": "new", "image": RED}])],
        settings={"queue": QueueSettings(url="nats://127.0.0.1:1")},
    ),
    "disk below the watermark, or full": Case(
        [("index", "new.jsonl")],
        [SEARCH],
        prepare=failing(
            errors.StoreFull("no room"), variable("ENGINE_STORE__MIN_FREE_BYTES", str(10**17))
        ),
    ),
}
