"""Pictures that came inline and are too large for a message: they wait here, by name.

The queue carries the name. Service and worker share the folder.
"""

import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadImage
from engine.features.fingerprint import content_sha256
from engine.store.disk import disk_errors

INBOX_NAME = "inbox"
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Inbox:
    """Files under `folder`, each there until its pin is settled."""

    folder: Path

    def put(self, data: bytes) -> str:
        """Keep bytes and return their name; the file appears whole or not at all."""
        name = secrets.token_hex(16)
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=self.folder, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(self.folder / name)
        return name

    def get(self, name: str) -> bytes:
        """Return the bytes of a name; raise BadImage when they are not here."""
        missing = BadImage(
            f"the picture {name[:40]!r} of a queued pin is not in {self.folder}: the service and "
            "the worker need one data folder (ENGINE_DATA) between them"
        )
        if not _NAME.fullmatch(name):
            raise missing
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise missing from error

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a picture, None when it is not here."""
        try:
            return content_sha256(self.get(name))
        except BadImage:
            return None

    def remove(self, name: str) -> None:
        """Forget a picture."""
        if _NAME.fullmatch(name):
            (self.folder / name).unlink(missing_ok=True)
