"""Who asks, what that one may do, and what a request wants of them.

Knows nothing of bodies and answers.
"""

import hashlib
import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, cast

from starlette.types import Scope as Request

from engine.serving.addresses import is_loopback
from engine.serving.asking import Asking
from engine.serving.problems import Problem
from engine.settings import ServeSettings
from engine.store.key_file import KeyFile, Scope, grants

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# POST routes that only ask; the `Asking` routes come on top.
ASKED: Final = frozenset({"/v1/search", "/v1/feedback"})
_OWNERS: Final = frozenset({"takedowns", "snapshots", "generations"})
# What somebody likes and hides is feedback, as theirs as a click.
_PEOPLE: Final = "/v1/people/"
_FEELINGS: Final = frozenset({"likes", "hides"})


def needed(method: str, path: str, asked: frozenset[str] = ASKED) -> Scope:
    """Return what a request needs; a route that nobody thought of here needs the right to write."""
    if path.startswith("/v1/") and path.split("/")[2] in _OWNERS:
        return "admin"
    if method in READING or (method == "POST" and path in asked):
        return "read"
    if path.startswith(_PEOPLE) and path.split("/")[4:5] in ([each] for each in _FEELINGS):
        return "read"
    return "write"


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; `name` is what limits are counted by.

    trusted: a process of the same user, to which no limit applies.
    keyed: whether the name is that of a key, else it is an address.
    """

    name: str
    scope: Scope
    trusted: bool = False
    keyed: bool = True


_CALLER: Final = "engine.caller"


def note_caller(request: Request, caller: Caller) -> None:
    """Keep with a request who asks, for whatever handles it next."""
    request[_CALLER] = caller


def caller_of(request: Request) -> Caller | None:
    """Return who asks, None where no key counts or none was let in."""
    return cast(Caller | None, request.get(_CALLER))


class Callers:
    """Tells callers by their keys.

    token: what the owner of an embedded collection left for commands of its user.
    asked: paths whose POST only asks.
    """

    def __init__(
        self,
        settings: ServeSettings,
        keys: KeyFile,
        collection: str,
        token: str | None = None,
        asked: frozenset[str] = ASKED,
    ) -> None:
        self._keys = keys
        self._collection = collection
        self._asked = asked
        key = settings.api_key
        self._own = [
            (_digest(text), caller)
            for text, caller in (
                (key.get_secret_value() if key else None, Caller("ENGINE_SERVE__API_KEY", "admin")),
                (token, Caller("owner", "admin", trusted=True)),
            )
            if text
        ]
        self.anonymous = anonymous_scope(settings)

    def admit(
        self, method: str, path: str, authorization: str | None, address: str
    ) -> Caller | Problem:
        """Return who asks, or why it is refused."""
        wanted = needed(method, path, self._asked)
        if authorization is None:
            if self.anonymous is not None and grants(self.anonymous, wanted):
                return Caller(address, self.anonymous, keyed=False)
            return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", _without_key(wanted))
        kind, _, text = authorization.partition(" ")
        caller = self._holder(text.strip()) if kind.lower() == "bearer" else None
        if caller is None:
            return Problem(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "the key is wrong, expired, or for another collection: send one that holds as "
                "'Authorization: Bearer KEY'",
            )
        if not grants(caller.scope, wanted):
            return Problem(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"the key {caller.name!r} has the scope {caller.scope}, and this needs {wanted}: "
                f"make one with 'engine keys add NAME --scope {wanted}'",
            )
        return caller

    def _holder(self, text: str) -> Caller | None:
        digest = _digest(text)
        for known, caller in self._own:
            if hmac.compare_digest(known, digest):
                return caller
        key = self._keys.find(text, self._collection)
        return None if key is None else Caller(f"{key.name} ({key.id})", key.scope)


def anonymous_scope(settings: ServeSettings) -> Scope | None:
    """Return what those without a key may do.

    Unless it is set: read where only this machine gets to and no key is set, else nothing.
    """
    told: Literal["auto", "none"] | Scope = settings.anonymous
    if told == "auto":
        return "read" if is_loopback(settings.host) and settings.api_key is None else None
    return None if told == "none" else told


def asking_paths() -> frozenset[str]:
    """Return the paths whose POST only asks: those of every `Asking` that is known by now too."""
    found: set[str] = set()
    waiting: list[type] = [Asking]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if path := getattr(kind, "path", None):
            found.add(path)
    return ASKED | found


def _without_key(wanted: Scope) -> str:
    if wanted == "read":
        return "the key is missing: send it as 'Authorization: Bearer KEY'"
    told = f"this needs a key with the scope {wanted}: make one with 'engine keys add NAME --scope "
    told += f"{wanted}' and send it as 'Authorization: Bearer KEY'"
    return told + (", or start with 'engine serve --allow-write'" if wanted == "write" else "")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
