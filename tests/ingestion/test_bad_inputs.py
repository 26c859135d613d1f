"""Everything bad that may arrive, in one run: each is refused with its reason, and hurts nobody.

Between the bad inputs stand good pins, and pictures that are only odd. All of those are indexed at
the end, none of the bad ones is, and what is kept shows the picture upright.
"""

import base64
import io
import json
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from engine.ingestion.arrivals import Arrivals
from engine.ingestion.inbox import Inbox
from engine.ingestion.worker_queue import read_job
from engine.pins import pin_to_json
from engine.serving.app import create_app
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace
from tests.features.test_images import Pixels
from tests.ingestion.fetch.conftest import says
from tests.ingestion.fetch.odd_host import OddHost, odd_host, png
from tests.ingestion.odd_answers import REFUSED, names
from tests.ingestion.odd_pictures import BROKEN, LARGE, WHOLE, kept
from tests.ingestion.odd_pins import BAD_ABROAD, BAD_IMAGES, BAD_PINS, GOOD_PINS, INLINE, pin


def pin_name(what: str) -> str:
    """Return the id that the pin of a case has, where the case does not say."""
    return re.sub(r"[^a-z0-9]+", "-", what.lower())


@dataclass
class Run:
    """What became of everything, by case."""

    workspace: Workspace
    said: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    ids: dict[str, str | None] = field(default_factory=dict)
    neighbours: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    inside: int = 0


def lines(folder: Path, port: int) -> Iterator[tuple[str, bytes]]:
    """Yield every case that comes by file as its name and its line."""
    for what, (given, _) in GOOD_PINS.items():
        yield what, _line(what, given, port)
    for what, (given, _) in BAD_PINS.items():
        yield what, _line(what, given, port)
    for what, (image, _) in BAD_IMAGES.items():
        yield what, _line(what, pin(image=image), port)
    for what, refused in REFUSED.items():
        yield what, _line(what, pin(image=refused.url), port)
    makes = {what: each.make for each_of in (WHOLE, BROKEN) for what, each in each_of.items()}
    for number, (what, make) in enumerate(makes.items()):
        file = folder / f"{number}.jpg"
        file.write_bytes(make())
        yield what, _line(what, pin(image=file.name), port)


def _line(what: str, given: dict[str, Any] | bytes, port: int) -> bytes:
    if isinstance(given, bytes):
        return given
    return json.dumps({"id": pin_name(what), **given}).replace(":PORT", f":{port}").encode()


def odd_files(folder: Path) -> None:
    """Lay out what `image` may point at besides pictures."""
    (folder / "good.jpg").write_bytes(kept("JPEG")())
    (folder.parent / "outside.jpg").write_bytes(kept("JPEG")())
    (folder / "sub").mkdir()
    (folder / "link.jpg").symlink_to(folder.parent / "outside.jpg")
    (folder / "ring.jpg").symlink_to("ring.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "socket.jpg"))


def by_file(run: Run, folder: Path, port: int) -> None:
    """Take all that comes by file in one stream, with a good pin after each bad one."""
    odd_files(folder)
    file, number = folder / "pins.jsonl", 0
    places: dict[str, str] = {}
    with file.open("wb") as out:
        for count, (what, line) in enumerate(lines(folder, port)):
            name = f"neighbour-{count}"
            run.neighbours.append(name)
            good = json.dumps(pin(id=name, description=f"good {count}")).encode()
            out.write(line + b"\n" + good + b"\n")
            number += line.count(b"\n") + 1
            places[f"{file}:{number}"] = what
            number += 1
    source = Arrivals(file)
    for outcome in run.workspace.intake().run(source):
        case = places.get(outcome.origin)
        if case is not None:
            why = outcome.error or outcome.ignored
            run.said[case] = (outcome.status, why.slug if why else "", str(why or ""))
            run.ids[case] = outcome.pin_id
        else:
            assert (outcome.status, outcome.error) == ("added", None), outcome
    run.unknown = source.unknown


def by_queue(run: Run, inbox: Path) -> None:
    """Take what comes by a queue, as the worker reads it."""
    cases = {what: value for what, (way, value, *_) in BAD_ABROAD.items() if way == "queue"}
    jobs = [
        read_job("pins.upsert", _line(what, value, 0), f"PINS:{n}", n, {}, Inbox(inbox)).item
        for n, (what, value) in enumerate(cases.items(), 1)
    ]
    for what, outcome in zip(cases, run.workspace.intake().run(jobs), strict=True):
        assert outcome.error is not None
        run.said[what] = (outcome.status, outcome.error.slug, str(outcome.error))


def by_http(run: Run) -> None:
    """Take what comes over HTTP."""
    with TestClient(create_app(run.workspace), "http://localhost") as client:
        for what, (way, value, *_) in BAD_ABROAD.items():
            if way == "HTTP":
                answer = client.put(f"/v1/pins/{quote(pin_name(what))}", json=value)
                problem = answer.json()
                assert answer.is_client_error, answer.text
                slug = problem["type"].rpartition("/")[2]
                run.said[what] = ("rejected", slug, problem["detail"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Send everything in, once for all tests."""
    place = tmp_path_factory.mktemp("bad")
    (place / "pins").mkdir()
    with ExitStack() as stack:
        host = stack.enter_context(odd_host())
        inside = stack.enter_context(odd_host(address="127.0.0.2", port=host.port))
        stack.enter_context(names())
        answers(host)
        settings = load_settings(
            serve={"anonymous": "write"},
            data=place / "data",
            images={"max_bytes": 2_000_000},
            fetch={
                "allow": "127.0.0.1/32",
                "ports": f"80,443,{host.port}",
                "timeout_s": 5,
                "idle_timeout_s": 4,
                "attempts": 2,
                "redirects": 3,
                "per_host": 16,
            },
        )
        workspace = stack.enter_context(open_workspace(settings, create=True))
        done = Run(workspace)
        by_file(done, place / "pins", host.port)
        by_queue(done, place / "inbox")
        by_http(done)
        done.inside = inside.connections
        yield done


def answers(host: OddHost) -> None:
    for refused in REFUSED.values():
        if refused.answer is not None:
            path = "/" + refused.url.split("/", 3)[3]
            host.answers[path] = refused.answer
    for path in ("/good.png", "/%C3%A4%20b.png"):
        host.answers[path] = says(kept("PNG")())
    host.answers["/moved"] = says(b"", 301, Location="/good.png")


BAD: tuple[Mapping[str, object], ...] = (BAD_PINS, BAD_IMAGES, REFUSED, BROKEN, BAD_ABROAD)
ALL_BAD: dict[str, tuple[str, str]] = {
    **{what: ("bad-pin", message) for what, (_, message) in BAD_PINS.items()},
    **{what: ("", message) for what, (_, message) in BAD_IMAGES.items()},
    **{what: (each.slug, each.message) for what, each in REFUSED.items()},
    **{what: (each.slug, each.message) for what, each in BROKEN.items()},
    **{what: (slug, message) for what, (_, _, slug, message) in BAD_ABROAD.items()},
}
BY_IMAGE = {"a path without end": "bad-pin", "too large a data url": "image-too-large"}


@pytest.mark.parametrize("what", ALL_BAD)
def test_what_is_bad_is_refused_with_its_reason(what: str, run: Run) -> None:
    slug, message = ALL_BAD[what]
    status, found, said = run.said[what]
    assert (status, found) == ("rejected", slug or BY_IMAGE.get(what, "bad-image")), said
    assert re.search(message, said), said
    assert len(said) < 500
    assert said.isprintable()
    assert "s3cret" not in said


def shown(run: Run, what: str) -> Pixels:
    data = run.workspace.picture(str(run.ids[what]))
    assert data is not None
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("what", WHOLE)
def test_odd_pictures_are_kept_upright(what: str, run: Run) -> None:
    assert run.said[what][0] == "added", run.said[what]
    found, wanted = shown(run, what), WHOLE[what].shows
    assert found.shape == wanted.shape
    # All but the seams between the colours, where JPEG rings.
    off = np.abs(found.astype(int) - wanted).max(axis=2)
    assert np.quantile(off, 0.9) <= 16


@pytest.mark.parametrize("what", GOOD_PINS)
def test_what_only_looks_bad_is_taken(what: str, run: Run) -> None:
    assert run.said[what][0] == "added", run.said[what]
    stored = run.workspace.collection.get([str(run.ids[what])])[str(run.ids[what])]
    value = pin_to_json(stored.pin)
    assert {key: value.get(key) for key in GOOD_PINS[what][1]} == GOOD_PINS[what][1]
    assert np.isfinite(stored.vector).all()
    assert np.abs(shown(run, what).astype(int) - LARGE).mean() < 10


def test_all_that_is_good_is_indexed_and_nothing_else(run: Run) -> None:
    good = {str(run.ids[what]) for what in (*GOOD_PINS, *WHOLE)}
    found = {each.pin.id for page in run.workspace.collection.records() for each in page}
    assert found == good | set(run.neighbours)
    assert len(ALL_BAD) == sum(len(part) for part in BAD)
    assert run.workspace.removals.unfinished().pictures == frozenset()
    # Of what was refused no picture stays either.
    kept_keys = {each.image_key for each in run.workspace.collection.get(sorted(found)).values()}
    assert {file.stem for file in run.workspace.images.folder.rglob("*.jpg")} == kept_keys


def test_a_name_that_turned_inwards_was_never_followed(run: Run) -> None:
    assert run.inside == 0


def test_what_is_unknown_is_counted_within_bounds(run: Run) -> None:
    assert len(run.unknown) <= 1_000
    assert run.unknown["key 7"] == 1


def test_the_last_of_one_id_stays(run: Run) -> None:
    """Pins that share an id in a batch are taken in their order; old news changes nothing."""
    jobs = [
        read_job("pins.upsert", json.dumps(value).encode(), f"PINS:{n}", n, {}, Inbox(Path("x")))
        for n, value in enumerate(
            [
                {"id": "twin", "image": _inline("red"), "description": "first"},
                {"id": "other", "image": _inline("blue")},
                {"id": "twin", "image": _inline("green"), "updated_at": "2026-01-02T00:00:00Z"},
                {"id": "twin", "image": _inline("red"), "updated_at": "2026-01-01T00:00:00Z"},
            ],
            10_000,
        )
    ]
    before = run.workspace.collection.count()
    outcomes = list(run.workspace.intake().run([job.item for job in jobs]))
    assert [each.status for each in outcomes] == ["added", "added", "updated", "unchanged"]
    assert outcomes[-1].ignored is not None
    assert outcomes[-1].ignored.slug == "stale-version"
    assert run.workspace.collection.count() == before + 2
    record = run.workspace.collection.get(["twin"])["twin"]
    assert record.pin.description is None
    run.workspace.delete("twin")
    run.workspace.delete("other")


def _inline(colour: str) -> str:
    return INLINE + base64.b64encode(png(colour, 32)).decode()
