"""What every peer is given: vectors, analysed texts, questions and what is right, as plain files.

Nothing of it is held in memory that need not be, so that what a process holds is its index. Texts
are analysed already: all peers index the same terms, and none is better or worse for its stemmer.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.synthetic import Corpus, Question

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
EXACT_DEPTH = 10
CHUNK = 200_000


@dataclass(frozen=True)
class Batch:
    """Some pins in a row, the first of them number `start`."""

    start: int
    vectors: FloatArray
    descriptions: list[str]
    boards: list[str]

    @property
    def texts(self) -> list[str]:
        """Both fields as one, for those that index one."""
        return [f"{a} {b}".strip() for a, b in zip(self.descriptions, self.boards, strict=True)]


@dataclass(frozen=True)
class Dataset:
    """A folder of pins, numbered from 0.

    A question has terms and a unit vector; `nearest` are the exact nearest ten of each. Judged sets
    have `grades` of each question, by pin.
    """

    folder: Path

    @property
    def vectors(self) -> FloatArray:
        """Unit rows, read from the file as they are used."""
        rows: FloatArray = np.load(self.folder / "vectors.npy", mmap_mode="r")
        return rows

    def __len__(self) -> int:
        return int(self.vectors.shape[0])

    @property
    def dimension(self) -> int:
        return int(self.vectors.shape[1])

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield all pins in order."""
        vectors = self.vectors
        with (self.folder / "texts.tsv").open(encoding="utf-8") as lines:
            for start in range(0, len(vectors), size):
                rows = np.array(vectors[start : start + size])
                fields = [next(lines).rstrip("\n").split("\t") for _ in range(len(rows))]
                yield Batch(start, rows, [each[0] for each in fields], [each[1] for each in fields])

    def questions(self) -> list[Question]:
        """Return the questions in order."""
        vectors = np.load(self.folder / "questions.npy")
        terms = json.loads((self.folder / "questions.json").read_text(encoding="utf-8"))
        return [Question(tuple(a), b) for a, b in zip(terms, vectors, strict=True)]

    def nearest(self) -> IntArray:
        """Return the pins that are nearest to each question, (n, 10)."""
        rows: IntArray = np.load(self.folder / "nearest.npy")
        return rows

    def grades(self) -> list[dict[int, int]]:
        """Return the judgments of each question."""
        lines = json.loads((self.folder / "grades.json").read_text(encoding="utf-8"))
        return [{int(pin): grade for pin, grade in each.items()} for each in lines]


def write(
    folder: Path,
    pins: Corpus,
    questions: Sequence[Question],
    grades: Sequence[dict[int, int]] | None = None,
) -> Dataset:
    """Write a data set; the folder's last file says that it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", pins.vectors)
    with (folder / "texts.tsv").open("w", encoding="utf-8") as out:
        out.writelines(f"{a}\t{b}\n" for a, b in zip(pins.descriptions, pins.boards, strict=True))
    vectors = np.stack([each.vector for each in questions])
    np.save(folder / "questions.npy", vectors)
    (folder / "questions.json").write_text(json.dumps([each.terms for each in questions]))
    if grades is not None:
        (folder / "grades.json").write_text(json.dumps(list(grades)))
    np.save(folder / "nearest.npy", exact(pins.vectors, vectors))
    return Dataset(folder)


def is_whole(folder: Path) -> bool:
    """Tell whether a data set has been written here."""
    return (folder / "nearest.npy").exists()


def exact(vectors: FloatArray, asked: FloatArray, depth: int = EXACT_DEPTH) -> IntArray:
    """Return the rows of the highest cosines to each unit vector, best first."""
    depth = min(depth, len(vectors))
    best = np.zeros((len(asked), 0), np.float32)
    rows = np.zeros((len(asked), 0), np.int64)
    for start in range(0, len(vectors), CHUNK):
        cosines = asked @ vectors[start : start + CHUNK].T
        numbers = np.broadcast_to(np.arange(start, start + cosines.shape[1]), cosines.shape)
        best = np.concatenate([best, cosines], axis=1)
        rows = np.concatenate([rows, numbers], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :depth]
        best, rows = np.take_along_axis(best, order, 1), np.take_along_axis(rows, order, 1)
    return rows
