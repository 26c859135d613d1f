"""API keys in a file of the data folder: names, scopes and digests, never the keys themselves.

A key is 256 random bits behind the eight characters that name it, so that one plain digest of it is
as good as a slow one: there is nothing to guess. Knows nothing of HTTP.
"""

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args

from engine.errors import StoreError, UsageError
from engine.store.disk import disk_errors, write_whole

KEYS_NAME: Final = "keys.json"
VERSION: Final = 1
Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
_PREFIX: Final = "pe"
_KEY = re.compile(rf"{_PREFIX}_([0-9a-f]{{8}})_([A-Za-z0-9_-]{{43}})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}")
# What is compared with where no key has the name that was sent, so that it takes as long.
_NOBODY: Final = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


class UnknownKey(UsageError):
    """No key has that name."""

    slug = "unknown-key"


def grants(scope: Scope, needed: Scope) -> bool:
    """Say whether a scope includes another: read is in write, and write in admin."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


@dataclass(frozen=True)
class Key:
    """What is known of a key.

    id: names it, also inside the key. digest: SHA-256 of its secret part.
    created, expires: RFC 3339; without `expires` it never does.
    collection: the only one that it is for; None for all of the data folder.
    """

    id: str
    name: str
    scope: Scope
    digest: str
    created: str
    expires: str | None = None
    collection: str | None = None

    def holds(self, now: datetime) -> bool:
        """Say whether it has not expired."""
        return self.expires is None or now < datetime.fromisoformat(self.expires)


class KeyFile:
    """The keys of a data folder; what others change in the file is seen at the next look."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEYS_NAME
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, Key] = {}

    def listed(self) -> list[Key]:
        """Return all keys, oldest first; raise StoreError if the file can't be read as keys."""
        return list(self._current().values())

    def find(self, text: str, collection: str) -> Key | None:
        """Return the key that a text is, if it holds and is for a collection; in constant time."""
        given = _KEY.fullmatch(text)
        known = self._current().get(given[1]) if given else None
        digest = hashlib.sha256((given[2] if given else text).encode()).hexdigest()
        right = hmac.compare_digest(digest, known.digest if known else _NOBODY)
        if not right or known is None or not known.holds(datetime.now(UTC)):
            return None
        return known if known.collection in {None, collection} else None

    def add(
        self,
        name: str,
        scope: Scope,
        lifetime: timedelta | None = None,
        collection: str | None = None,
    ) -> tuple[Key, str]:
        """Make a key and return it with its text, which is told this once; raise UsageError."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"key name {name[:64]!r} is not of up to 64 letters, digits, blanks and ._@-"
            )
        with self._changing() as keys:
            if any(each.name == name for each in keys.values()):
                raise UsageError(f"a key is called {name!r} already: rotate or revoke it")
            return _put(keys, name, scope, lifetime, collection)

    def rotate(
        self, named: str, overlap: timedelta, lifetime: timedelta | None = None
    ) -> tuple[Key, str]:
        """Make a successor with the same rights; what it replaces holds for `overlap` longer."""
        with self._changing() as keys:
            [*_, old] = self._named(keys, named)
            now = datetime.now(UTC)
            for each in self._named(keys, old.name):
                end = _text(now + overlap)
                if each.expires is None or each.expires > end:
                    keys[each.id] = replace(each, expires=end)
            return _put(keys, old.name, old.scope, lifetime, old.collection)

    def revoke(self, named: str) -> list[Key]:
        """Forget a key by its id, or all of one name; raise UnknownKey."""
        with self._changing() as keys:
            gone = self._named(keys, named)
            for each in gone:
                del keys[each.id]
            return gone

    def _named(self, keys: dict[str, Key], named: str) -> list[Key]:
        found = [each for each in keys.values() if named in {each.id, each.name}]
        if not found:
            raise UnknownKey(f"no key is called {named[:64]!r}: see 'engine keys list'")
        return found

    def _current(self) -> dict[str, Key]:
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, {}
            return self._keys
        seen = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
        if seen != self._seen:
            self._keys = _read(self._path)
            self._seen = seen
        return self._keys

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Key]]:
        """Give the keys to be changed, and write them unless that fails; others wait meanwhile."""
        folder = self._path.parent
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(
                folder / f"{KEYS_NAME}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = dict(self._current())
            yield keys
            rows = [asdict(each) for each in keys.values()]
            with disk_errors(folder):
                text = json.dumps({"version": VERSION, "keys": rows}, indent=1)
                write_whole(self._path, text, mode=0o600)
        finally:
            os.close(lock)


def lifetime_of(text: str) -> timedelta:
    """Return a span as typed: `90d`, `12h`, `30m`; raise UsageError."""
    found = re.fullmatch(r"(\d{1,5})([dhm])", text.strip())
    if not found or not int(found[1]):
        raise UsageError(f"{text[:20]!r} is no span of time: write 90d, 12h or 30m")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def _put(
    keys: dict[str, Key],
    name: str,
    scope: Scope,
    lifetime: timedelta | None,
    collection: str | None,
) -> tuple[Key, str]:
    now = datetime.now(UTC)
    secret = secrets.token_urlsafe(32)
    made = Key(
        id=secrets.token_hex(4),
        name=name,
        scope=scope,
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        created=_text(now),
        expires=None if lifetime is None else _text(now + lifetime),
        collection=collection,
    )
    keys[made.id] = made
    return made, f"{_PREFIX}_{made.id}_{secret}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _read(path: Path) -> dict[str, Key]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return {each.id: each for each in _rows(value)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} can't be read as keys ({error}): restore it, or remove it and make new ones"
        ) from None


def _rows(value: dict[str, Any]) -> Iterator[Key]:
    if value["version"] != VERSION:
        raise ValueError("another version")
    for row in value["keys"]:
        key = Key(**row)
        if key.scope not in SCOPES:
            raise ValueError(f"unknown scope {key.scope!r}")
        if key.expires is not None:
            datetime.fromisoformat(key.expires)
        yield key
