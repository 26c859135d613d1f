"""Which thing in a hit's picture matched, where one does better than the whole picture.

Only collections that keep things' vectors (`ENGINE_REGIONS__KEEP`) can tell. Knows nothing of how
things are found and named.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.retrieval.answers import Hit, Thing
from engine.store.collection import Collection
from engine.store.plan import REGION_MARGIN
from engine.store.records import Record

FloatArray = npt.NDArray[np.float32]
Labelled = Callable[[FloatArray], Sequence[str | None]]


def with_things(
    hits: tuple[Hit, ...], vector: FloatArray, collection: Collection, labelled: Labelled
) -> tuple[Hit, ...]:
    """Return explained hits that tell which thing in the picture was nearest to a unit vector.

    labelled: names what is in crops, by their unit rows.
    """
    if not collection.identity.regions or not any(hit.why for hit in hits):
        return hits
    records = collection.get([hit.id for hit in hits if hit.why is not None])
    return tuple(_told(hit, vector, records.get(hit.id), labelled) for hit in hits)


def _told(hit: Hit, vector: FloatArray, record: Record | None, labelled: Labelled) -> Hit:
    if hit.why is None or record is None or not len(record.region_vectors):
        return hit
    cosines = record.region_vectors @ vector
    best = int(cosines.argmax())
    if float(cosines[best]) - REGION_MARGIN <= float(record.vector @ vector):
        return hit
    [label] = labelled(record.region_vectors[best : best + 1])
    thing = Thing(record.region_boxes[best], label, float(cosines[best]))
    return replace(hit, why=replace(hit.why, thing=thing))
