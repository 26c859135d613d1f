"""A small real collection: coloured squares, some with words, some without."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from engine.features.images import ImageLimits
from engine.features.text import Analyzer
from engine.ingestion.arrivals import Arrival
from engine.ingestion.intake import Intake
from engine.pins import Pin
from engine.queries import Part, Query
from engine.retrieval.answers import Answer
from engine.retrieval.calibration import Logistic
from engine.retrieval.parameters import Parameters
from engine.retrieval.related import related
from engine.retrieval.search import search
from engine.retrieval.understand import Reader
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.image_store import ImageStore
from tests.tiny_encoder import COLOURS, TinyEncoder

TINY = Logistic(8.0, 0.6)
PARAMETERS = Parameters().mixed_by(lambda mixing: replace(mixing, visual=TINY))


@dataclass(frozen=True)
class Shelf:
    """The collection and short ways to fill and ask it."""

    reader: Reader
    folder: Path
    intake: Intake
    parameters: Parameters = PARAMETERS

    def put(self, *pins: tuple[str, str, str | None, str | None]) -> None:
        """Write pins given as (id, colour, description, board)."""
        arrivals = []
        for name, colour, description, board in pins:
            path = self.folder / f"{name}.png"
            # Every picture is a little different, or hashes and digests would be shared.
            image = Image.new("RGB", (32, 32), COLOURS[colour])
            image.putpixel((len(name) % 32, sum(name.encode()) % 32), (128, 128, 128))
            image.save(path)
            arrivals.append(Arrival(Pin(name, path.name, description, board), self.folder, name))
        assert {each.status for each in self.intake.run(arrivals)} <= {"added", "updated"}

    def ask(self, *parts: Part | str, **options: object) -> Answer:
        """Search for words, or for parts."""
        given = tuple(Part("text", part) if isinstance(part, str) else part for part in parts)
        query = Query(given, **{"explain": True} | options)  # type: ignore[arg-type]
        return search(query, self.reader, self.parameters)

    def related(self, pin: str, **options: object) -> Answer:
        """Ask for pins like a pin."""
        return related(pin, self.reader, self.parameters, **options)  # type: ignore[arg-type]


def png(colour: str, size: tuple[int, int] = (32, 32)) -> bytes:
    """Return the bytes of a flat picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """An empty collection of its own for each test."""
    encoder, analyzer = TinyEncoder(), Analyzer("english")
    identity = Identity(encoder.fingerprint, encoder.dimension, analyzer.fingerprint)
    images = ImageStore(tmp_path / "images")
    with EdgeCollection.open(tmp_path / "c", identity, create=True) as collection:
        reader = Reader(collection, lambda: encoder, analyzer, images, ImageLimits(), text_gain=1.0)
        yield Shelf(reader, tmp_path, Intake(collection, encoder, analyzer, images, ImageLimits()))
