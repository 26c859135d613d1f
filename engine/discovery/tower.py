"""How well a picture fits labels and words, by the cosine of the text tower's vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.discovery.vocabulary import Facet, Labels
from engine.features.encoder import Encoder

FloatArray = npt.NDArray[np.float32]

_KEPT = 20_000


@dataclass(frozen=True)
class Tower:
    """The vectors of a vocabulary's labels, and of the words that pins use, kept as they come."""

    listed: Callable[[Facet], Labels]
    load_encoder: Callable[[], Encoder]
    _words: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    def labels(self, facet: Facet, picture: FloatArray) -> dict[str, float]:
        """Return the cosine of a unit vector to each label of a facet, in their order."""
        labels = self.listed(facet)
        names = [term.label for term in labels.terms]
        return dict(zip(names, (labels.rows @ picture).tolist(), strict=True))

    def words(self, texts: Sequence[str], picture: FloatArray) -> list[float]:
        """Return the cosine of a unit vector to each text."""
        if not texts:
            return []
        known = dict(self._words) if len(self._words) < _KEPT else {}
        if fresh := [text for text in dict.fromkeys(texts) if text not in known]:
            rows = self.load_encoder().encode_texts(fresh)
            known.update(zip(fresh, rows, strict=True))
            if len(self._words) >= _KEPT:
                self._words.clear()
            self._words.update((text, known[text]) for text in fresh)
        return [float(row @ picture) for row in (known[text] for text in texts)]
