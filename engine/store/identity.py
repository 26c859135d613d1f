"""What vectors and terms a collection holds: the fingerprints that must not be mixed.

Knows nothing of where an identity is kept: the embedded store uses a file beside the shard, a
server the collection's metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from engine.errors import FingerprintMismatch, StoreError
from engine.store.schema import VERSION, VERSION_WITH_REGIONS


@dataclass(frozen=True)
class Identity:
    """One encoder and one text analysis; a collection belongs to exactly one of these.

    regions: how many things of a picture are kept with a vector of their own. A collection stays as
        it was made, whatever an opener would make anew, so this is not compared.
    """

    encoder_fingerprint: str
    dimension: int
    analysis_fingerprint: str
    regions: int = field(default=0, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is kept with a collection."""
        kept = {"regions": self.regions} if self.regions else {}
        return {
            "schema": VERSION_WITH_REGIONS if self.regions else VERSION,
            "encoder": self.encoder_fingerprint,
            "dimension": self.dimension,
            "analysis": self.analysis_fingerprint,
            **kept,
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> Self:
        """Read the JSON object kept with a collection; `where` names it in errors."""
        if not isinstance(value, Mapping):
            raise StoreError(f"{where} says nothing of its encoder: it was not made by this engine")
        if value.get("schema") not in {VERSION, VERSION_WITH_REGIONS}:
            raise StoreError(
                f"{where} has layout {value.get('schema')}, this engine reads {VERSION}: "
                "export with the engine that made it, then index again"
            )
        try:
            return cls(
                str(value["encoder"]),
                int(value["dimension"]),
                str(value["analysis"]),
                int(value.get("regions", 0)),
            )
        except (KeyError, TypeError, ValueError):
            raise StoreError(f"{where} is damaged: {json.dumps(value)[:200]}") from None


def check(kept: Identity, wanted: Identity | None, where: str) -> None:
    """Raise FingerprintMismatch unless a collection is what its opener expects."""
    if wanted is None or wanted == kept:
        return
    differences = [
        f"{name} is {old}, the settings say {new}"
        for name, old, new in (
            ("encoder", kept.encoder_fingerprint, wanted.encoder_fingerprint),
            ("dimension", kept.dimension, wanted.dimension),
            ("text analysis", kept.analysis_fingerprint, wanted.analysis_fingerprint),
        )
        if old != new
    ]
    raise FingerprintMismatch(
        f"{where} was made with other settings ({'; '.join(differences)}): go back to the old "
        "setting, use another --collection, or index the pins again into a new one"
    )
