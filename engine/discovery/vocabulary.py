"""What things can be called: labels by facet, each with other words for the same.

The file is INI: a section a facet, a label a line, behind a colon its other words. One is shipped;
`ENGINE_VOCABULARY` names another. Knows nothing of pictures.
"""

import configparser
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, cast, get_args

import numpy as np
import numpy.typing as npt

from engine.errors import BadSetting
from engine.features.encoder import Encoder

FloatArray = npt.NDArray[np.float32]
Facet = Literal["kind", "place", "style", "colour"]

FACETS: Final[tuple[Facet, ...]] = get_args(Facet)
SHIPPED: Final = Path(__file__).parent / "vocabulary.ini"
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_LABELS: Final = 20_000
LONGEST: Final = 120
"""Characters of a label, and of each of its other words."""
_LEAST_LENGTH = 1e-9


@dataclass(frozen=True)
class Term:
    """One label; `wordings` has it and its other words, all that its vector is made of."""

    facet: Facet
    label: str
    wordings: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The labels in the order of their file; `digest` differs when anything in it does."""

    terms: tuple[Term, ...]
    digest: str

    def of(self, facet: Facet) -> tuple[Term, ...]:
        """Return the labels of a facet."""
        return tuple(term for term in self.terms if term.facet == facet)


def read_vocabulary(path: Path | None = None) -> Vocabulary:
    """Read a vocabulary, by default the shipped one; raise BadSetting for what is none."""
    place = path or SHIPPED
    try:
        with place.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BadSetting(f"the vocabulary {place} can't be read: {why}") from None
    if len(data) > MOST_BYTES:
        raise BadSetting(
            f"the vocabulary {place} is over {MOST_BYTES // 2**20} MiB: leave labels out"
        )
    reader = configparser.ConfigParser(
        delimiters=(":",),
        comment_prefixes=("#",),
        allow_no_value=True,
        interpolation=None,
        empty_lines_in_values=False,
        default_section="",
    )
    reader.optionxform = str  # type: ignore[assignment,method-assign] # a name keeps its capitals
    try:
        reader.read_string(data.decode("utf-8-sig"), str(place))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BadSetting(
            f"the vocabulary {place} is no INI file: {' '.join(str(error).split())[:200]}"
        ) from None
    return Vocabulary(tuple(_terms(reader, place)), hashlib.sha256(data).hexdigest()[:16])


@dataclass(frozen=True)
class Labels:
    """Labels with their unit rows (n, dimension) in the space of one encoder."""

    terms: tuple[Term, ...]
    rows: FloatArray

    @classmethod
    def of(cls, vocabulary: Vocabulary, facet: Facet, encoder: Encoder) -> Self:
        """Return the labels of a facet as an encoder sees them."""
        terms = vocabulary.of(facet)
        return cls(terms, vectors(terms, encoder))


def vectors(terms: Iterable[Term], encoder: Encoder) -> FloatArray:
    """Return (n, dimension) unit rows: each the direction of the mean of a label's wordings."""
    listed = tuple(terms)
    words = [word for term in listed for word in term.wordings]
    if not words:
        return np.zeros((0, encoder.dimension), np.float32)
    rows = encoder.encode_texts(words)
    starts = np.cumsum([0] + [len(term.wordings) for term in listed[:-1]])
    sums = np.add.reduceat(rows, starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, _LEAST_LENGTH), np.float32)


def _terms(reader: configparser.ConfigParser, place: Path) -> list[Term]:
    if unknown := sorted(set(reader.sections()) - set(FACETS)):
        raise BadSetting(
            f"the vocabulary {place} has a section [{unknown[0][:40]}]: use {', '.join(FACETS)}"
        )
    out: list[Term] = []
    for facet in reader.sections():
        for label, more in reader.items(facet):
            others = [" ".join(word.split()) for word in (more or "").split(",")]
            wordings = tuple(dict.fromkeys([label, *filter(None, others)]))
            if longest := next((word for word in wordings if len(word) > LONGEST), None):
                raise BadSetting(
                    f"the vocabulary {place} has {longest[:40]!r}… of over {LONGEST} characters"
                )
            out.append(Term(cast(Facet, facet), label, wordings))
    if not out or len(out) > MOST_LABELS:
        raise BadSetting(
            f"the vocabulary {place} has {len(out):,} labels: give between 1 and {MOST_LABELS:,}"
        )
    return out
