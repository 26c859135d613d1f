"""One way to reach a collection, in this process or through the process that owns it.

Both sides answer with the JSON of the contract, so that a command prints the same either way.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import httpx

from engine.discovery.known_people import exported, forgotten
from engine.errors import (
    BadImage,
    BadPin,
    EngineError,
    StoreUnreachable,
    UnknownPicture,
    UnknownPin,
    UsageError,
)
from engine.features.images import ImageLimits
from engine.ingestion.arrivals import Arrival
from engine.ingestion.outcome import Outcome
from engine.ingestion.pictures import is_url, read_picture
from engine.jsonl import BadLine
from engine.pins import pin_to_json
from engine.queries import check_boards, parse_filter
from engine.retrieval.answers import answer_to_json
from engine.serving.answers import pin_answer
from engine.serving.asking import Asking
from engine.serving.models import SEQUENCE_HEADER, SearchRequest
from engine.settings import Settings
from engine.store.ownership import owner_of
from engine.store.people_file import person_id
from engine.store.removals import Kind
from engine.switching import switch
from engine.workspace import Workspace, collection_folder, open_workspace

TIMEOUT_S = 120.0
BATCH_PINS = 32
BATCH_BYTES = 8 * 1024 * 1024
BRACKETS = 2


class Access(Protocol):
    """What a command can ask of a collection."""

    def search(self, request: SearchRequest) -> dict[str, Any]: ...
    def related(self, pin_id: str, request: SearchRequest) -> dict[str, Any]: ...
    def ask(self, request: Asking) -> dict[str, Any]: ...
    def get(self, pin_id: str) -> dict[str, Any]: ...
    def delete(self, pin_id: str) -> None: ...
    def picture(self, pin_id: str) -> bytes | None: ...
    def boards(self, limit: int) -> dict[str, Any]: ...
    def take_down(self, kind: Kind, value: str, reason: str) -> list[str]: ...
    def reinstate(self, kind: Kind, value: str) -> bool: ...
    def takedowns(self) -> dict[str, Any]: ...
    def person(self, person: str) -> dict[str, Any]: ...
    def forget_person(self, person: str) -> dict[str, Any]: ...
    def snapshot(self) -> str: ...
    def switch(self, generation: str, *, leave_out: bool) -> dict[str, Any]: ...
    def info(self) -> dict[str, Any]: ...
    def index(self, arrivals: Iterable[Arrival | BadLine]) -> Iterator[Outcome]: ...


class Local:
    """A collection opened in this process."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def workspace(self) -> Workspace:
        """The opened collection."""
        return self._workspace

    def search(self, request: SearchRequest) -> dict[str, Any]:
        query = request.to_query(self._workspace.settings.images.max_bytes)
        return answer_to_json(self._workspace.search(query))

    def related(self, pin_id: str, request: SearchRequest) -> dict[str, Any]:
        answer = self._workspace.related(
            pin_id,
            but=request.text,
            minus=request.minus,
            filter_=parse_filter(request.filter),
            limit=request.limit,
            cursor=request.cursor,
            diversity=request.diversity,
            explain=request.explain,
        )
        return answer_to_json(answer)

    def ask(self, request: Asking) -> dict[str, Any]:
        return request.answer(self._workspace)

    def get(self, pin_id: str) -> dict[str, Any]:
        record = self._workspace.collection.get([pin_id]).get(pin_id)
        if record is None:
            raise UnknownPin(f"no pin {pin_id!r} is in this collection")
        return pin_answer(record)

    def delete(self, pin_id: str) -> None:
        self._workspace.delete(pin_id)

    def picture(self, pin_id: str) -> bytes | None:
        return self._workspace.picture(pin_id)

    def boards(self, limit: int) -> dict[str, Any]:
        check_boards(limit)
        boards = self._workspace.collection.boards(limit)
        return {"boards": [{"title": title, "pins": count} for title, count in boards]}

    def take_down(self, kind: Kind, value: str, reason: str) -> list[str]:
        return self._workspace.eraser.take_down(kind, value, reason)

    def reinstate(self, kind: Kind, value: str) -> bool:
        return self._workspace.eraser.reinstate(kind, value)

    def takedowns(self) -> dict[str, Any]:
        return {"takedowns": [asdict(each) for each in self._workspace.eraser.takedowns()]}

    def person(self, person: str) -> dict[str, Any]:
        return exported(person, self._workspace.belongings.kept_people)

    def forget_person(self, person: str) -> dict[str, Any]:
        return forgotten(person, self._workspace.belongings.kept_people)

    def snapshot(self) -> str:
        return self._workspace.snapshot().folder.name

    def switch(self, generation: str, *, leave_out: bool) -> dict[str, Any]:
        def done(workspace: Workspace) -> None:
            workspace.collection.close()

        return switch(
            self._workspace, generation, nullcontext(), done, leave_out=leave_out
        ).to_json()

    def info(self) -> dict[str, Any]:
        return self._workspace.info()

    def index(self, arrivals: Iterable[Arrival | BadLine]) -> Iterator[Outcome]:
        yield from self._workspace.intake().run(arrivals)
        self._workspace.settle(wait=True)


class _Waiting(NamedTuple):
    """A pin that is about to be sent."""

    origin: str
    body: bytes
    sequence: int | None


class Remote:
    """A collection that another process owns, asked over its loopback address.

    token: what the owner left for processes of its user; without one the settings' key is sent.
    """

    def __init__(self, address: str, settings: Settings, token: str | None = None) -> None:
        key = settings.serve.api_key
        secret = token or (key.get_secret_value() if key else None)
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._settings = settings
        # The owner is on this machine: a proxy from the environment must not come between.
        self._http = httpx.Client(
            base_url=address, headers=headers, timeout=TIMEOUT_S, trust_env=False
        )

    def search(self, request: SearchRequest) -> dict[str, Any]:
        return self._json(
            "POST", "/v1/search", json=request.model_dump(exclude_defaults=True, by_alias=True)
        )

    def related(self, pin_id: str, request: SearchRequest) -> dict[str, Any]:
        asked = {
            "limit": request.limit,
            "diversity": request.diversity,
            "explain": str(request.explain).lower(),
            "filter": [f"{key}={value}" for key, value in request.filter.items()],
        }
        more = {"cursor": request.cursor, "but": request.text, "minus": request.minus}
        asked |= {key: value for key, value in more.items() if value is not None}
        return self._json("GET", f"/v1/pins/{pin_id}/related", params=asked)

    def ask(self, request: Asking) -> dict[str, Any]:
        return self._json(
            "POST", request.path, json=request.model_dump(exclude_defaults=True, by_alias=True)
        )

    def get(self, pin_id: str) -> dict[str, Any]:
        return self._json("GET", f"/v1/pins/{pin_id}")

    def patch(
        self, pin_id: str, changes: dict[str, Any], sequence: int | None = None
    ) -> dict[str, Any]:
        """Change parts of a pin (RFC 7396) and return all of it.

        sequence: the number that a stream gave to the change.
        Raises UnknownPin, BadPin, StaleVersion, TakenDown.
        """
        return self._json(
            "PATCH", f"/v1/pins/{pin_id}", json=changes, headers=_numbered([sequence])
        )

    def delete(
        self, pin_id: str, updated_at: datetime | None = None, sequence: int | None = None
    ) -> None:
        asked = {} if updated_at is None else {"updated_at": updated_at.isoformat()}
        headers = _numbered([sequence])
        self._send("DELETE", f"/v1/pins/{pin_id}", params=asked, headers=headers)

    def picture(self, pin_id: str) -> bytes | None:
        try:
            return self._send("GET", f"/v1/pins/{pin_id}/image").content
        except UnknownPicture:
            return None

    def boards(self, limit: int) -> dict[str, Any]:
        return self._json("GET", "/v1/boards", params={"limit": limit})

    def take_down(self, kind: Kind, value: str, reason: str) -> list[str]:
        path, asked = f"/v1/takedowns/{kind}/{quote(value, safe='')}", {"reason": reason}
        removed: list[str] = self._json("PUT", path, params=asked)["removed"]
        return removed

    def reinstate(self, kind: Kind, value: str) -> bool:
        path = f"/v1/takedowns/{kind}/{quote(value, safe='')}"
        lifted: bool = self._json("DELETE", path)["lifted"]
        return lifted

    def takedowns(self) -> dict[str, Any]:
        return self._json("GET", "/v1/takedowns")

    def person(self, person: str) -> dict[str, Any]:
        return self._json("GET", f"/v1/people/{quote(person_id(person), safe='')}")

    def forget_person(self, person: str) -> dict[str, Any]:
        return self._json("DELETE", f"/v1/people/{quote(person_id(person), safe='')}")

    def switch(self, generation: str, *, leave_out: bool) -> dict[str, Any]:
        path, asked = f"/v1/generations/{generation}/switch", {"leave_out": leave_out}
        # It compares all pins first.
        return self._json("POST", path, params=asked, timeout=None)

    def snapshot(self) -> str:
        name: str = self._json("POST", "/v1/snapshots")["snapshot"]
        return name

    def info(self) -> dict[str, Any]:
        return self._json("GET", "/v1/info")

    def index(self, arrivals: Iterable[Arrival | BadLine]) -> Iterator[Outcome]:
        """Send pins with their pictures inside, in batches that one request may carry."""
        waiting: list[_Waiting] = []
        size = BRACKETS
        most = min(BATCH_BYTES, self._settings.serve.max_body_bytes)
        for item in arrivals:
            if isinstance(item, BadLine):
                yield Outcome(f"{item.file}:{item.number}", None, "rejected", BadPin(item.reason))
                continue
            images = self._settings.images
            limits = ImageLimits(bytes=images.max_bytes, pixels=images.max_pixels)
            value = pin_to_json(item.pin)
            if not is_url(item.pin.image):  # the owner fetches, by its own settings
                try:
                    data = read_picture(item.pin.image, item.base, limits)
                except UsageError as error:
                    yield Outcome(item.origin, item.pin.id, "rejected", error)
                    continue
                value["image"] = "data:image/jpeg;base64," + base64.b64encode(data).decode()
            body = json.dumps(value, ensure_ascii=False).encode()
            if waiting and (len(waiting) == BATCH_PINS or size + len(body) > most):
                yield from self._put(waiting)
                waiting, size = [], BRACKETS
            if len(body) > self._settings.serve.max_body_bytes - BRACKETS:
                refusal = BadImage(
                    f"the pin takes {len(body):,} bytes in a request; the server takes "
                    f"{self._settings.serve.max_body_bytes:,} (ENGINE_SERVE__MAX_BODY_BYTES)"
                )
                yield Outcome(item.origin, item.pin.id, "rejected", refusal)
                continue
            waiting.append(_Waiting(item.origin, body, item.sequence))
            size += len(body) + len(",")
        if waiting:
            yield from self._put(waiting)

    def _put(self, waiting: list[_Waiting]) -> Iterator[Outcome]:
        body = b"[" + b",".join(each.body for each in waiting) + b"]"
        # At once, also where the owner has a queue: the sender may be what empties it.
        headers = {"Content-Type": "application/json", "Prefer": "wait=120"}
        headers |= _numbered([each.sequence for each in waiting])
        answer = self._json("POST", "/v1/pins", content=body, headers=headers)
        for each, result in zip(waiting, answer["results"], strict=True):
            why = _reason(result)
            bad = result["status"] == "rejected"
            yield Outcome(
                each.origin,
                result["id"],
                result["status"],
                error=why if bad else None,
                ignored=None if bad else why,
                duplicate_of=result.get("duplicate_of"),
            )

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._send(method, path, **request).json()
        return answer

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **request)
        except httpx.TimeoutException:
            raise StoreUnreachable(
                f"the owner of the collection at {self._http.base_url} took over "
                f"{TIMEOUT_S:.0f} s, the limit for one request: ask for less, or stop it "
                "and run the command alone"
            ) from None
        except httpx.HTTPError as error:
            raise StoreUnreachable(
                f"the owner of the collection at {self._http.base_url} does not answer: {error}"
            ) from None
        if response.is_success:
            return response
        raise _error(response)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


@contextmanager
def reach(settings: Settings, *, create: bool = False) -> Iterator[Access]:
    """Open the collection here, or go to the process that owns it if that takes requests."""
    folder = collection_folder(settings)
    owner = None if settings.store.url else owner_of(folder)
    if owner is not None and owner.address is not None:
        remote = Remote(owner.address, settings, owner.token)
        try:
            yield remote
        finally:
            remote.close()
        return
    with open_workspace(settings, create=create) as workspace:
        yield Local(workspace)


def _error(response: httpx.Response) -> EngineError:
    """Return the error that the owner's problem details tell of, in its own class."""
    try:
        problem = response.json()
        kind, detail = str(problem["type"]), str(problem["detail"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return EngineError(f"the owner answered {response.status_code} without saying why")
    return _named(kind, detail, UsageError if response.status_code < 500 else EngineError)


def _named(kind: str, detail: str, fallback: type[EngineError]) -> EngineError:
    """Return the error whose name ends a problem's `type`."""
    kinds = {each.slug: each for each in _family(EngineError)}
    return kinds.get(kind.rpartition("/")[2], fallback)(detail)


def _reason(result: dict[str, Any]) -> UsageError | None:
    """Return why one pin of a batch was rejected or ignored, None where it was taken."""
    if "reason" not in result:
        return None
    why = _named(result.get("type", ""), result["reason"], BadPin)
    return why if isinstance(why, UsageError) else BadPin(str(why))


def _numbered(sequences: list[int | None]) -> dict[str, str]:
    """Return the header that carries a stream's numbers, if all have one."""
    known = [str(each) for each in sequences if each is not None]
    return {SEQUENCE_HEADER: ",".join(known)} if len(known) == len(sequences) else {}


def _family(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)
