"""A text as the terms that BM25 counts: tokenised, folded, stemmed, in ASCII alphanumerics.

One analysis serves pins and queries, so that the index, the server and any reference agree term
for term; terms hold only `a-z0-9`, on which every tokenizer agrees. What it decides is written
down in docs/decisions/0003-analysis-is-ours.md. Knows nothing of fields, scores or stores.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import BadSetting
from engine.features.folding import clean
from engine.features.stopwords import STOP_WORDS
from engine.features.words import LANGUAGES, Term, tokens_of, word_terms

# Raise it whenever the terms of any text change: collections refuse to mix analyses.
VERSION = 1


@dataclass(frozen=True)
class Analyzer:
    """The analysis of one language; equal languages make equal terms.

    Raises BadSetting for a language without a Snowball stemmer.
    """

    language: str = "english"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise BadSetting(
                f"language {self.language[:40]!r} has no stemmer; use one of {', '.join(LANGUAGES)}"
            )

    @property
    def fingerprint(self) -> str:
        """Names language, stop words, stemmer and version; equal only if terms are equal."""
        words = " ".join(sorted(STOP_WORDS.get(self.language, ())))
        digest = hashlib.sha256(words.encode()).hexdigest()[:12]
        return f"text-{VERSION}:snowball-{self.language}:stop-{digest}"

    def terms(self, text: str) -> list[str]:
        """Return the terms of a pin's text in order, repeats and stop words included.

        Stop words stay, though they weigh next to nothing, so that a query of nothing else
        ("the who") has something to meet.
        """
        return [term.text for term in self._analysed(text)]

    def query_terms(self, text: str) -> tuple[str, ...]:
        """Return the distinct terms to look for, in order; stop words only if all are."""
        return tuple(dict.fromkeys(self.telling_terms(text) or self.terms(text)))

    def telling_terms(self, text: str) -> list[str]:
        """Return the terms in order, repeats included, without those of stop words."""
        return [term.text for term in self._analysed(text) if not term.is_stop]

    def _analysed(self, text: str) -> Iterator[Term]:
        for token in tokens_of(clean(text)):
            yield from word_terms(self.language, token)
