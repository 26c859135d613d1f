"""What a query means to the engine: its terms for BM25, one vector for the pictures, its kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import BadImage, BadQuery
from engine.features.encoder import Encoder
from engine.features.images import WORKING_SIDE, ImageLimits, crop, decode
from engine.features.text import Analyzer
from engine.queries import Part, Query
from engine.retrieval.asked_with import asked_with
from engine.retrieval.parameters import Kind
from engine.retrieval.spelling import Reading, Speller
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Record

FloatArray = npt.NDArray[np.float32]
CANCELLED = 1e-3
MAX_TERMS = 128


@dataclass(frozen=True)
class Understood:
    """A query in the engine's own terms.

    vector: unit row; terms: analysed and distinct, from texts with a positive weight alone;
    pins: ids of the pins in the query, which never answer it.
    corrections: words that no pin says, as asked, and what they were read as.
    """

    kind: Kind
    terms: tuple[str, ...]
    vector: FloatArray
    pins: frozenset[str]
    corrections: Mapping[str, str] = field(default_factory=dict)


def unlabelled(rows: FloatArray) -> Sequence[str | None]:
    """Return no name for any row."""
    return [None] * len(rows)


@dataclass(frozen=True)
class Reader:
    """Reads queries with the collection's own analysis, encoder and pictures.

    load_encoder: called only by queries that need one; a pin brings its vector along.
    labelled: names what is in crops, by their unit rows; by default nothing has a name.
    """

    collection: Collection
    load_encoder: Callable[[], Encoder]
    analyzer: Analyzer
    images: ImageStore
    limits: ImageLimits
    text_gain: float
    labelled: Callable[[FloatArray], Sequence[str | None]] = unlabelled

    def understand(self, query: Query) -> Understood:
        """Return the query's meaning; raise BadQuery, BadImage, BadCrop or UnknownPin."""
        texts = [part for part in query.parts if part.kind == "text"]
        pictures = [part for part in query.parts if part.kind == "image"]
        pins = [part for part in query.parts if part.kind == "pin"]
        readings = self._read(texts)
        spoken = [each.spoken for each in readings]
        rows = [*self._texts(spoken), *self._images(pictures), *self._pins(pins)]
        gain = self.text_gain if pictures or pins else 1.0
        total = sum(
            part.weight * (gain if part.kind == "text" else 1.0) * row
            for part, row in zip((*texts, *pictures, *pins), rows, strict=True)
        )
        length = float(np.linalg.norm(total))
        if length < CANCELLED:
            raise BadQuery("the parts of the query cancel each other out: change a weight")
        wanted = " ".join(
            reading.text for part, reading in zip(texts, readings, strict=True) if part.weight > 0
        )
        return Understood(
            kind=_kind(query),
            terms=self.analyzer.query_terms(wanted)[:MAX_TERMS] if wanted else (),
            vector=np.asarray(total / length, dtype=np.float32),
            pins=frozenset(str(part.value) for part in pins),
            corrections={asked: read for each in readings for asked, read in each.readings.items()},
        )

    def _read(self, parts: list[Part]) -> list[Reading]:
        """Return the texts as the collection would put them; most queries ask for nothing here."""
        texts = [str(part.value) for part in parts]
        if all(self._says(term) for text in texts for term in self.analyzer.telling_terms(text)):
            return [Reading(text, text, {}) for text in texts]
        speller = Speller(
            self.collection.vocabulary(),
            self._knows,
            lambda word: self.load_encoder().knows_word(word),
            english=self.analyzer.language == "english",
        )
        return [speller.read(text) for text in texts]

    def _knows(self, word: str) -> bool:
        """Say whether some pin has a term of a word; words that tell nothing count as known."""
        terms = self.analyzer.telling_terms(word)
        return not terms or any(self._says(term) for term in terms)

    def _says(self, term: str) -> bool:
        return self.collection.frequencies([term])[term] > 0

    def _texts(self, texts: list[str]) -> list[FloatArray]:
        return list(self.load_encoder().encode_texts(texts)) if texts else []

    def picture(self, part: Part) -> Image.Image:
        """Return what a part shows, cropped and no larger than an encoder needs.

        Raises BadQuery for words, BadImage, BadCrop, UnknownPin; BadImage too for a pin whose
        picture is not kept.
        """
        if part.kind == "pin":
            pin = str(part.value)
            return self._kept(part, self.record(pin))
        if not isinstance(part.value, bytes):
            raise BadQuery("the image of a query must be bytes")
        return self._decoded(part.value, part)

    def record(self, pin: str) -> Record:
        """Return a pin as it is stored; raise UnknownPin."""
        return self._records([pin])[pin]

    def _images(self, parts: list[Part]) -> list[FloatArray]:
        pictures = [self.picture(part) for part in parts]
        return list(self.load_encoder().encode_images(pictures)) if pictures else []

    def _pins(self, parts: list[Part]) -> list[FloatArray]:
        records = self._records([str(part.value) for part in parts]) if parts else {}
        rows = []
        for part in parts:
            record = records[str(part.value)]
            if part.crop is None:
                rows.append(record.vector)
            else:
                rows.append(self.load_encoder().encode_images([self._kept(part, record)])[0])
        return rows

    def _records(self, pins: list[str]) -> dict[str, Record]:
        return {record.pin.id: record for record in asked_with(self.collection, pins)}

    def _kept(self, part: Part, record: Record) -> Image.Image:
        data = self.images.get(record.image_key) if record.image_key else None
        if data is None:
            raise BadImage(
                f"the picture of pin {record.pin.id!r} is not kept, so it can't be cropped: "
                "send the picture itself, or index with ENGINE_IMAGES__MODE=keep"
            )
        return self._decoded(data, part)

    def _decoded(self, data: bytes, part: Part) -> Image.Image:
        if part.crop is None:
            return decode(data, self.limits, longest=WORKING_SIDE)
        # A crop is cut from the whole picture: a small part of a large photo keeps its detail.
        picture = crop(decode(data, self.limits), part.crop)
        picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS)
        return picture


def _kind(query: Query) -> Kind:
    wanted = {part.kind == "text" for part in query.parts if part.weight > 0}
    if wanted == {True}:
        return "text"
    return "image" if wanted == {False} else "mixed"
