"""What the tests of shards that are built and replaced have in common."""

import time
from collections.abc import Callable
from pathlib import Path

from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.shard_folder import SHARD_NAME

IDENTITY = Identity("encoder-a", 8, "english-a")


def open_(folder: Path, identity: Identity = IDENTITY) -> EdgeCollection:
    return EdgeCollection.open(folder, identity, create=True, min_free_bytes=0)


def child_of(collection: EdgeCollection) -> int:
    """Return the process that builds, once it runs."""
    while (child := collection.building._child) is None:
        assert collection.info().building
        time.sleep(0.005)
    return child.pid


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


def shards(folder: Path) -> list[Path]:
    return sorted(each for each in folder.glob(f"{SHARD_NAME}*") if each.is_dir())


def digests(collection: EdgeCollection) -> dict[str, str]:
    """Return the digests of what is there, by pin id."""
    return {each.pin.id: each.digest for page in collection.records() for each in page}
