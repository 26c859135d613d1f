"""Which collection of a server answers, which did before, and which is being filled beside it.

Knows nothing of where that is said; `server_switch.py` does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from engine.errors import StoreError


@dataclass(frozen=True)
class Standing:
    """What all processes are told.

    current: the collection that answers. encoders: the encoder of each collection named here, as
    ENGINE_ENCODER takes it. before: what answered until the last change; None once it is dropped.
    beside: what is filled to answer next. closing: whether the change is being made, for which
    writes wait. token: another after each change of any of this.
    """

    current: str
    encoders: Mapping[str, str] = field(default_factory=dict)
    before: str | None = None
    beside: str | None = None
    closing: bool = False
    token: str = field(default="", compare=False)

    @property
    def encoder(self) -> str:
        """The encoder of what answers."""
        return self.encoders[self.current]

    def to_text(self) -> str:
        """Return all but the token."""
        named = {self.current, self.before, self.beside}
        return json.dumps(
            {
                "current": self.current,
                "encoders": {key: self.encoders[key] for key in self.encoders if key in named},
                "before": self.before,
                "beside": self.beside,
                "closing": self.closing,
            }
        )

    @classmethod
    def from_text(cls, text: str, token: str) -> Self:
        """Read what `to_text` wrote; raise StoreError."""
        try:
            found = cls(**json.loads(text), token=token)
            _ = found.encoder
        except (ValueError, TypeError, KeyError):
            raise StoreError(
                "the server's note of which collection answers is damaged: restore the collection "
                "under another name"
            ) from None
        return found
