"""One process owns an embedded data folder, and says in the lock file who it is.

The lock is the kernel's (flock): it is gone the moment its holder dies, however it dies. The text
in the file only informs; an old text without a lock means nothing.
"""

import fcntl
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from engine.errors import StoreInUse
from engine.store.disk import disk_errors

LOCK_NAME = "owner.json"


@dataclass(frozen=True)
class Owner:
    """Who holds a folder.

    address: base URL under which the owner takes requests from this machine; None if it takes none.
    token: lets those who can read the lock file, which are processes of the same user, do
        everything there.
    started: RFC 3339.
    """

    pid: int
    command: str
    address: str | None
    started: str
    token: str | None = field(default=None, repr=False)


class Ownership:
    """The hold on one folder, from `take` to `release` or the end of the process."""

    def __init__(self, descriptor: int, path: Path, owner: Owner) -> None:
        self._descriptor = descriptor
        self._path = path
        self.owner = owner

    @classmethod
    def take(cls, folder: Path, address: str | None = None) -> Self:
        """Become the folder's owner; raise StoreInUse naming the one that is there."""
        path = folder / LOCK_NAME
        with disk_errors(folder):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(descriptor):
            os.close(descriptor)
            raise StoreInUse(_held(folder, _read(path)))
        started = datetime.now(UTC).isoformat(timespec="seconds")
        hold = cls(descriptor, path, Owner(os.getpid(), _command(), address, started))
        hold._write()
        return hold

    def announce(self, address: str | None, token: str | None = None) -> None:
        """Record where this process takes requests for the folder, and what opens it."""
        self.owner = replace(self.owner, address=address, token=token)
        self._write()

    def release(self) -> None:
        """Give the folder free; a second call does nothing."""
        if self._descriptor >= 0:
            # Nobody reads the name in a lock that is free: a disk that takes no more writes must
            # not hide what went wrong before.
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self) -> None:
        text = json.dumps(asdict(self.owner)).encode()
        os.ftruncate(self._descriptor, 0)
        os.fchmod(self._descriptor, 0o600)  # a copied folder may have given it to others
        os.pwrite(self._descriptor, text, 0)


def owner_of(folder: Path) -> Owner | None:
    """Return who holds the folder now, None when it is free or was never used."""
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # A shared lock fails exactly while somebody holds the exclusive one.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    # `owner_of` holds a shared lock for an instant, which must not pass for an owner.
    for pause in (0.01, 0.03, 0.1, None):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pause is not None:
                time.sleep(pause)
        else:
            return True
    return False


def _held(folder: Path, owner: Owner) -> str:
    who = f"{folder} is in use by process {owner.pid} ({owner.command}, since {owner.started})"
    if owner.address is None:
        return f"{who}: wait for it, or stop it"
    return f"{who} at {owner.address}: send requests there, or stop it"


def _read(path: Path) -> Owner:
    # The owner may be between taking the lock and writing its name.
    try:
        value = json.loads(path.read_text())
        address, token = value["address"], value.get("token")
        return Owner(
            pid=int(value["pid"]),
            command=str(value["command"]),
            address=None if address is None else str(address),
            started=str(value["started"]),
            token=None if token is None else str(token),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Owner(0, "unknown", None, "just now")


def _command() -> str:
    return " ".join([Path(sys.argv[0] or "python").name, *sys.argv[1:]])[:200]
