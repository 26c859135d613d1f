"""Words for what pictures look like, where pins say nothing: the text tower over known words."""

from dataclasses import dataclass

import numpy as np

from engine.discovery.clusters import FloatArray, unit
from engine.discovery.naming import WORDS
from engine.discovery.vocabulary import Labels, Vocabulary
from engine.features.encoder import Encoder
from engine.store.vocabulary import Vocabulary as Said

# The collection's most common words that the encoder is asked about, besides the vocabulary's.
COMMON = 1_000
LEAST_PINS = 3


@dataclass(frozen=True)
class Looks:
    """Names directions in an encoder's space by the kinds of a vocabulary and by words said."""

    encoder: Encoder
    vocabulary: Vocabulary
    said: Said

    def __call__(self, directions: FloatArray) -> list[list[str]]:
        """Return words for unit rows, those nearest to each first."""
        labels = Labels.of(self.vocabulary, "kind", self.encoder)
        words = [term.label for term in labels.terms]
        counted = sorted(dict(self.said).items(), key=lambda each: (-each[1], each[0]))[:COMMON]
        more = [word for word, pins in counted if pins >= LEAST_PINS and word not in words]
        more = [word for word in more if self.encoder.knows_word(word)]
        rows = [labels.rows]
        if more:
            rows.append(self.encoder.encode_texts(more))
        words += more
        seen = np.concatenate(rows)
        # What all words share, the gap between texts and pictures for one, tells none apart.
        cosines = unit(seen - seen.mean(axis=0)) @ directions.T
        best = np.argsort(-cosines, axis=0, kind="stable")[:WORDS].T
        return [[words[number] for number in each] for each in best.tolist()]
