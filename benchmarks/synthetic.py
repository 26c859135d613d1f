"""A made-up collection of any size whose shape resembles real pins.

Vectors: Zipf-sized clusters, noise with a falling spectrum (as embeddings have), unit length.
Text: words drawn by a Zipf-Mandelbrot law, 40 % of them from the pin's own cluster's topic words,
so that text and picture agree now and then; half of the pins have no text at all. A third of the
pins are for sale: these have a price, a merchant and two attributes.
Knows nothing of stores; equal arguments give equal pins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from engine.pins import Pin
from engine.store.records import Record

FloatArray = npt.NDArray[np.float32]

VOCABULARY = 60_000
WORDS = [f"w{index}" for index in range(VOCABULARY)]
TOPIC_WORDS = 24
BOARDS_PER_PIN = 0.04
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Corpus:
    """Aligned columns of the made-up pins; terms are "" where a pin has none."""

    vectors: FloatArray
    descriptions: list[str]
    boards: list[str]

    def __len__(self) -> int:
        return len(self.descriptions)

    def records(self, batch: int) -> Iterator[list[Record]]:
        """Yield every pin as records, `batch` at a time, in order."""
        for start in range(0, len(self), batch):
            stop = min(start + batch, len(self))
            yield [self.record(row) for row in range(start, stop)]

    def record(self, row: int, first: int = 0) -> Record:
        """Return one pin as the record that would be written for it.

        first: the number of the first row, where these are a part of a larger collection.
        """
        number = first + row
        name = f"{number:064x}"
        board = self.boards[row]
        priced = number % 3 == 0
        pin = Pin(
            id=f"pin-{number}",
            image=f"images/{number}.jpg",
            description=self.descriptions[row] or None,
            board_title=board or None,
            price=Decimal(number % 20_000) / 100 if priced else None,
            currency="EUR" if priced else None,
            merchant=f"shop {number % 211}" if priced else None,
            created_at=EPOCH + timedelta(minutes=number % 1_000_000),
            attributes={"kind": f"k{number % 40}", "colour": f"c{number % 11}"} if priced else {},
        )
        return Record(
            pin=pin,
            vector=self.vectors[row],
            description_terms=self.descriptions[row],
            board_terms=board,
            image_sha256=name,
            image_key=None,
            dhash=f"{number:016x}",
            digest=name,
        )


@dataclass(frozen=True)
class Question:
    """One query: two to four words of some pin, and a picture like it."""

    terms: tuple[str, ...]
    vector: FloatArray


def corpus(pins: int, dimension: int = 256, seed: int = 7) -> Corpus:
    """Make `pins` pins."""
    rng = np.random.default_rng(seed)
    clusters = max(8, min(8_000, pins // 60))
    sizes = 1 / (np.arange(clusters) + 10) ** 0.6
    member = rng.choice(clusters, size=pins, p=sizes / sizes.sum())
    vectors = _vectors(rng, member, clusters, dimension)
    weights = 1 / (np.arange(VOCABULARY) + 5) ** 1.1
    cumulative = np.cumsum(weights / weights.sum())
    topics = rng.integers(20, VOCABULARY // 4, size=(clusters, TOPIC_WORDS))
    # A half has text: most of it a description, much of it a board title, at least one of both.
    texted = rng.random(pins) < 0.5
    described = texted & (rng.random(pins) < 0.8)
    boarded = texted & (~described | (rng.random(pins) < 0.6))
    lengths = np.where(described, np.clip(rng.lognormal(2.0, 0.6, pins), 1, 60).astype(int), 0)
    boards = _boards(rng, int(pins * BOARDS_PER_PIN) + 8, clusters, topics, cumulative)
    board_of = (member * 7 + rng.integers(0, 40, pins)) % len(boards)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    owner = np.repeat(member, lengths)
    total = int(starts[-1])
    drawn = np.searchsorted(cumulative, rng.random(total))
    topical = rng.random(total) < 0.4
    drawn[topical] = topics[owner[topical], rng.integers(0, TOPIC_WORDS, int(topical.sum()))]
    spelled = [WORDS[index] for index in drawn.tolist()]
    descriptions = [
        " ".join(spelled[starts[row] : starts[row + 1]]) if lengths[row] else ""
        for row in range(pins)
    ]
    titles = [boards[board_of[row]] if boarded[row] else "" for row in range(pins)]
    return Corpus(vectors, descriptions, titles)


def questions(pins: Corpus, count: int, seed: int = 11) -> list[Question]:
    """Make `count` distinct queries, each near a random pin that has a description."""
    rng = np.random.default_rng(seed)
    out: list[Question] = []
    seen: set[tuple[str, ...]] = set()
    while len(out) < count:
        row = int(rng.integers(len(pins)))
        found = sorted(set(pins.descriptions[row].split()))
        if not found:
            continue
        wanted = min(len(found), int(rng.integers(2, 5)))
        terms = tuple(rng.choice(found, size=wanted, replace=False).tolist())
        if terms in seen:
            continue
        seen.add(terms)
        noise = rng.standard_normal((pins.vectors.shape[1],), dtype=np.float32)
        vector = pins.vectors[row] + 0.5 * noise / np.linalg.norm(noise)
        out.append(Question(terms, (vector / np.linalg.norm(vector)).astype(np.float32)))
    return out


def _vectors(
    rng: np.random.Generator, member: npt.NDArray[np.int64], clusters: int, dimension: int
) -> FloatArray:
    spectrum = np.power(np.arange(1, dimension + 1), -0.35, dtype=np.float32)
    spectrum /= np.linalg.norm(spectrum)
    centres = rng.standard_normal((clusters, dimension), dtype=np.float32) * spectrum
    out = np.empty((len(member), dimension), dtype=np.float32)
    for start in range(0, len(member), 50_000):
        rows = member[start : start + 50_000]
        noise = rng.standard_normal((len(rows), dimension), dtype=np.float32) * spectrum
        block = centres[rows] + 0.8 * noise
        out[start : start + 50_000] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return out


def _boards(
    rng: np.random.Generator,
    count: int,
    clusters: int,
    topics: npt.NDArray[np.int64],
    cumulative: npt.NDArray[np.float64],
) -> list[str]:
    titles = []
    for index in range(count):
        own = topics[index % clusters]
        size = int(rng.integers(1, 4))
        common = np.searchsorted(cumulative, rng.random(size))
        chosen = np.where(rng.random(size) < 0.5, own[rng.integers(0, TOPIC_WORDS, size)], common)
        titles.append(" ".join(dict.fromkeys(WORDS[word] for word in chosen.tolist())))
    return titles
