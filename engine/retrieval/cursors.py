"""Where the next page of an answer begins: after what was shown, whatever was written meanwhile.

A cursor carries 32 bits of each pin that was shown, signed, and bound to its query. The next page
is the best of what was not shown: so pages may shift after a write, but no pin comes twice and none
is left out, and the service remembers nothing. Of ten thousand answers of 800 pins read to their
end, about one leaves out a pin, whose 32 bits another has.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import struct
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Final

from engine.errors import BadQuery, StoreError
from engine.queries import MAX_OFFSET
from engine.store.disk import disk_errors

NAME: Final = "cursor.key"
VERSION: Final = b"\x01"
SIGNATURE: Final = 12
BINDING: Final = 8
# A cursor of as many pins as can be paged through.
LONGEST: Final = (SIGNATURE + 1 + BINDING + 4 * (MAX_OFFSET + 1_000)) * 4 // 3 + 4


class Cursors:
    """Writes and reads cursors with one secret, which all processes of a service share."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def of(cls, folder: Path) -> "Cursors":
        """Take the secret in a folder, and make one where there is none."""
        path = folder / NAME
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            made = folder / f"{NAME}.{secrets.token_hex(4)}"
            if not path.exists():
                opened = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(opened, "w", encoding="ascii") as file:
                    file.write(secrets.token_hex(32))
                try:
                    path.hardlink_to(made)  # whole, or not at all, and never over another's
                except FileExistsError:
                    pass
                finally:
                    made.unlink()
            try:
                secret = bytes.fromhex(path.read_text(encoding="ascii"))
            except ValueError:
                raise StoreError(
                    f"{path} holds no secret: remove it, and a new one is made"
                ) from None
        return cls(secret)

    @classmethod
    def shared(cls, secret: str, collection: str) -> "Cursors":
        """Take a secret that services on several machines share; each collection has its own."""
        return cls(hashlib.blake2b(collection.encode(), key=secret.encode()[:64]).digest()[:32])

    def write(self, query: bytes, seen: Iterable[int]) -> str:
        """Return the cursor of a query (see `binding`) after what was seen of its answer."""
        marks = sorted(seen)
        body = VERSION + query + struct.pack(f">{len(marks)}I", *marks)
        return base64.urlsafe_b64encode(self._signature(body) + body).decode().rstrip("=")

    def read(self, text: str, query: bytes | None) -> frozenset[int]:
        """Return the marks of what was seen; raise BadQuery for what is no cursor of the query.

        query: None takes a cursor of any.
        """
        try:
            text = text[:LONGEST] if text.isascii() else ""
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        signature, body = data[:SIGNATURE], data[SIGNATURE:]
        marks = body[len(VERSION) + BINDING :]
        if not hmac.compare_digest(signature, self._signature(body)) or len(marks) % 4:
            raise BadQuery(
                f"cursor {text[:40]!r} is not the `next` of an answer here: ask for the first page"
            )
        if query is not None and body[len(VERSION) : len(VERSION) + BINDING] != query:
            raise BadQuery(
                "the cursor belongs to another query: send it with the query whose `next` it is, "
                "only `limit` and `explain` may change"
            )
        return frozenset(struct.unpack(f">{len(marks) // 4}I", marks))

    def _signature(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self._secret, digest_size=SIGNATURE).digest()


def mark(key: str) -> int:
    """Return what stands for a pin: the first 32 bits of its key, which is a digest of its id."""
    return int(key[:8], 16)


def binding(*asked: object) -> bytes:
    """Return what tells one query from another, the same for equal values in any order of keys."""
    return hashlib.blake2b(_canonical(asked).encode(), digest_size=BINDING).digest()


def _canonical(value: object) -> str:
    if isinstance(value, bytes):
        return f"bytes:{hashlib.sha256(value).hexdigest()}"
    if isinstance(value, Mapping):
        pairs = sorted((repr(key), _canonical(each)) for key, each in value.items())
        return "{" + ",".join(f"{key}:{each}" for key, each in pairs) + "}"
    if is_dataclass(value) and not isinstance(value, type):
        held = {each.name: getattr(value, each.name) for each in fields(value)}
        return type(value).__name__ + _canonical(held)
    if isinstance(value, frozenset | set):
        return "{" + ",".join(sorted(_canonical(each) for each in value)) + "}"
    if isinstance(value, tuple | list):
        return "(" + ",".join(_canonical(each) for each in value) + ")"
    return repr(value)
