"""The file that says what a shard was made with: its identity, as JSON beside it."""

import json
from pathlib import Path
from typing import Final

from engine.errors import StoreError
from engine.store.disk import write_whole
from engine.store.identity import Identity

IDENTITY_NAME: Final = "collection.json"


def describe(folder: Path, identity: Identity) -> None:
    """Write an identity down."""
    write_whole(folder / IDENTITY_NAME, json.dumps(identity.to_json(), indent=1))


def described(folder: Path) -> object:
    """Return what is written, decoded; raise StoreError for what is no JSON."""
    path = folder / IDENTITY_NAME
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise StoreError(f"{path} is not JSON: restore it from a backup") from None
