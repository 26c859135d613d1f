"""The pins nearest to a picture: what a picture resembles is most of what is known of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt

from engine.queries import Filter
from engine.store.collection import EVERYTHING, Collection
from engine.store.legs import Scope, VectorLeg
from engine.store.records import StoredPin, point_id

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbour:
    """A pin and the cosine of its picture to the one that is looked at."""

    pin: StoredPin
    cosine: float

    @property
    def picture(self) -> str:
        """Names what it shows: the same for pins that were recorded to show one picture."""
        return self.pin.duplicate_of or self.pin.pin.id


def nearest(
    vector: FloatArray,
    collection: Collection,
    count: int,
    *,
    without: frozenset[str] = frozenset(),
    filters: Sequence[Filter] = (EVERYTHING,),
) -> list[Neighbour]:
    """Return the pins nearest to a unit vector, best first: `count` under each filter, together.

    without: ids of pins that are left out.
    """
    keys = frozenset(UUID(point_id(each)) for each in without)
    legs = [VectorLeg(vector, count, Scope(each, keys)) for each in filters]
    cosines: dict[str, float] = {}
    for points, scores in collection.nearest(legs):
        cosines.update(zip(map(str, points), scores, strict=True))
    pins = collection.pins(list(cosines))
    found = [Neighbour(pin, cosines[key]) for key, pin in pins.items()]
    return sorted(found, key=lambda each: (-each.cosine, each.pin.pin.id))


def falling(
    cosines: Sequence[float], pictures: Sequence[str], width: float
) -> npt.NDArray[np.float64]:
    """Return how much each pin counts, the nearest with 1, falling by e each `width` of cosine.

    pictures: names what each shows. Pins that show one picture share its weight: a picture that
    ten shops use is seen once.
    """
    if not cosines:
        return np.zeros(0)
    copies = Counter(pictures)
    shared = np.array([copies[each] for each in pictures], np.float64)
    raised = np.array(cosines, np.float64)
    return np.asarray(np.exp((raised - raised.max()) / width) / shared)
