"""All pins of a collection as columns: what systems that look at everything look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.queries import Filter
from engine.store.collection import Collection
from engine.store.records import point_id

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
PAGE = 1_000


@dataclass(frozen=True)
class Pool:
    """Aligned columns, in the order of the points' keys, so that equal scores have an order.

    vectors: unit rows, shape (pins, dimension). texts: both fields' analysed terms, joined by
    blanks, the description first; "" for a silent pin. pictures: keys of the image store.
    boards: the analysed terms of the board titles, with which the texts end; empty if not told.
    """

    ids: tuple[str, ...]
    vectors: FloatArray
    texts: tuple[str, ...]
    pictures: tuple[str | None, ...]
    boards: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each pin, by pin id."""
        return {pin: row for row, pin in enumerate(self.ids)}

    @cached_property
    def by_key(self) -> Mapping[str, int]:
        """The row of each pin, by the key of its point."""
        return {point_id(pin): row for row, pin in enumerate(self.ids)}

    @cached_property
    def silent(self) -> frozenset[str]:
        """The pins that have no text."""
        return frozenset(pin for pin, text in zip(self.ids, self.texts, strict=True) if not text)

    def admitted(
        self, collection: Collection, filter_: Filter, without: frozenset[str]
    ) -> BoolArray:
        """Return which rows may answer a query: those that pass its filter, but for some pins."""
        out = np.full(len(self), not filter_)
        after: str | None = None
        while filter_ and (page := collection.scroll(filter_, PAGE, after)):
            after = page[-1][0]
            out[[self.by_key[key] for key, _ in page if key in self.by_key]] = True
        out[[self.rows[pin] for pin in without if pin in self.rows]] = False
        return out


def read_pool(collection: Collection) -> Pool:
    """Read a whole collection; takes the memory of its vectors and texts."""
    ids: list[str] = []
    texts: list[str] = []
    pictures: list[str | None] = []
    boards: list[str] = []
    blocks = [np.empty((0, collection.identity.dimension), dtype=np.float32)]
    for batch in collection.records():
        ids += [record.pin.id for record in batch]
        texts += [f"{record.description_terms} {record.board_terms}".strip() for record in batch]
        boards += [record.board_terms for record in batch]
        pictures += [record.image_key for record in batch]
        blocks.append(np.stack([record.vector for record in batch]))
    return Pool(tuple(ids), np.concatenate(blocks), tuple(texts), tuple(pictures), tuple(boards))
