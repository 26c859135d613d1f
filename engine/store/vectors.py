"""The check that every vector passes before a store sees it.

Qdrant stores a NaN without a word, and a batch with one bad vector half-way: both are caught here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import BadVector
from engine.store import schema
from engine.store.identity import Identity
from engine.store.records import Record

FloatArray = npt.NDArray[np.float32]


def unit_rows(records: Sequence[Record], dimension: int) -> FloatArray:
    """Return (n, dimension) unit rows in the order of `records`; raise BadVector naming the pin."""
    for record in records:
        if record.vector.shape != (dimension,):
            raise BadVector(
                f"pin {record.pin.id}: its vector has shape {record.vector.shape}, the collection "
                f"wants ({dimension},): encode it again; nothing of this batch was written"
            )
    if not records:
        return np.empty((0, dimension), dtype=np.float32)
    rows = np.stack([record.vector for record in records]).astype(np.float64)
    norms = np.linalg.norm(rows, axis=1)
    bad = ~np.isfinite(norms) | (norms < 1e-12)
    if bad.any():
        first = records[int(np.argmax(bad))]
        raise BadVector(
            f"pin {first.pin.id}: its vector is zero or not finite: encode it again; "
            "nothing of this batch was written"
        )
    unit_length: FloatArray = (rows / norms[:, None]).astype(np.float32)
    return unit_length


def region_rows(records: Sequence[Record], dimension: int) -> list[FloatArray]:
    """Return each record's region vectors at unit length; raise BadVector naming the pin."""
    out: list[FloatArray] = []
    for record in records:
        rows = np.asarray(record.region_vectors, dtype=np.float64)
        if not rows.size:
            out.append(np.zeros((0, dimension), np.float32))
            continue
        norms = np.linalg.norm(rows, axis=-1, keepdims=True)
        if (
            rows.shape != (len(record.region_boxes), dimension)
            or not (np.isfinite(norms) & (norms > 1e-12)).all()
        ):
            raise BadVector(
                f"pin {record.pin.id}: the vectors of its regions have shape {rows.shape} for "
                f"{len(record.region_boxes)} boxes, or one is zero or not finite: encode it again; "
                "nothing of this batch was written"
            )
        out.append((rows / norms).astype(np.float32))
    return out


def unit(vector: FloatArray, dimension: int) -> FloatArray:
    """Return a query vector at unit length, or raise BadVector."""
    if vector.shape != (dimension,):
        raise BadVector(f"the query vector has shape {vector.shape}, wanted ({dimension},)")
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(norm) or norm < 1e-12:
        raise BadVector("the query vector is zero or not finite: no direction to search in")
    unit_length: FloatArray = (vector / norm).astype(np.float32)
    return unit_length


def named_rows(records: Sequence[Record], identity: Identity) -> list[dict[str, Any]]:
    """Return each record's vectors by name as lists, checked and at unit length.

    Of a collection that keeps none the vectors of regions are left out.
    """
    # A list crosses into Edge several times faster than an array does.
    named: list[dict[str, Any]] = [
        {schema.VECTOR: row} for row in unit_rows(records, identity.dimension).tolist()
    ]
    if identity.regions:
        for each, rows in zip(named, region_rows(records, identity.dimension), strict=True):
            if len(rows):
                each[schema.REGIONS] = rows[: identity.regions].tolist()
    return named
