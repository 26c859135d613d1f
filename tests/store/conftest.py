"""Collections of every kind that can be had here, and records to put into them."""

import itertools
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from qdrant_client import QdrantClient, models

from engine.pins import Pin
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record
from engine.store.server import ServerCollection

DIMENSION = 8
IDENTITY = Identity("encoder-a", DIMENSION, "english-a")
SERVER_URL = os.environ.get("ENGINE_TEST_QDRANT_URL")
SERVER_KEY = os.environ.get("ENGINE_TEST_QDRANT_API_KEY")

Fresh = Callable[[], Collection]
MakeRecord = Callable[..., Record]


@pytest.fixture(
    params=[
        "edge",
        "local",
        pytest.param(
            "server",
            marks=pytest.mark.skipif(not SERVER_URL, reason="ENGINE_TEST_QDRANT_URL is not set"),
        ),
    ]
)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Return a maker of new, empty collections; all are closed, and dropped from a server."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def edge() -> Collection:
            folder = tmp_path / str(next(numbers))
            made = EdgeCollection.open(folder, IDENTITY, create=True, min_free_bytes=0)
            return stack.enter_context(closing(made))

        def local() -> Collection:
            # Local mode scores text only as the WORD tokenizer splits it; it has no graph, no
            # quantisation and no other payload index, so speed and recall can't be seen in it.
            made = ServerCollection.over(
                QdrantClient(":memory:"),
                "pins",
                IDENTITY,
                create=True,
                tokenizer=models.TokenizerType.WORD,
            )
            return stack.enter_context(closing(made))

        def server() -> Collection:
            name = f"test-{uuid.uuid4()}"
            client = QdrantClient(url=SERVER_URL, api_key=SERVER_KEY)
            stack.callback(client.close)
            stack.callback(client.delete_collection, name)
            url = str(SERVER_URL)
            made = ServerCollection.open(url, SERVER_KEY, name, IDENTITY, create=True)
            return stack.enter_context(closing(made))

        yield {"edge": edge, "local": local, "server": server}[request.param]


@pytest.fixture
def collection(fresh: Fresh) -> Collection:
    """Return one empty collection."""
    return fresh()


@pytest.fixture
def make_record() -> MakeRecord:
    """Return the function that makes a record."""
    return record


@pytest.fixture
def shop() -> Sequence[Record]:
    """Return six pins that differ in everything that can be filtered by."""
    plain = [
        record("lamp", "brass lamp", "cosy rooms", seed=1),
        record("sofa", "green velvet sofa", "cosy rooms", seed=2),
        record("dress", "green dress", "", seed=3),
        record("shoe", "", "street style", seed=4),
        record("bare", "", "", seed=5),
        record("cake", "lemon cake lemon", "baking", seed=6),
    ]
    facts: list[dict[str, object]] = [
        {"board_title": "Cosy Rooms", "price": Decimal("19.90"), "currency": "EUR"},
        {"board_title": "Cosy Rooms", "price": Decimal("500"), "merchant": "Nest"},
        {"merchant": "Nest", "language": "en", "attributes": {"colour": "green"}},
        {"board_title": "Street, Style", "attributes": {"colour": "black", "kind": "shoe"}},
        {"created_at": datetime(2026, 1, 31, 12, tzinfo=UTC)},
        {"created_at": datetime(2026, 2, 1, tzinfo=UTC), "attributes": {"colour": "yellow"}},
    ]
    return [
        replace(each, pin=replace(each.pin, **given))  # type: ignore[arg-type]
        for each, given in zip(plain, facts, strict=True)
    ]


def vector(seed: int, dimension: int = DIMENSION) -> npt.NDArray[np.float32]:
    """Return a unit vector that follows from its seed."""
    row = np.random.default_rng(seed).standard_normal(dimension)
    return (row / np.linalg.norm(row)).astype(np.float32)


def record(pin_id: str, description: str = "", board: str = "", seed: int = 0) -> Record:
    """Return a record whose analysed terms are its texts."""
    return Record(
        pin=Pin(id=pin_id, image=f"{pin_id}.jpg", description=description or None),
        vector=vector(seed),
        description_terms=description,
        board_terms=board,
        image_sha256=f"{seed:064x}",
        image_key=None,
        dhash=f"{seed:016x}",
        digest=f"{seed + 1:064x}",
    )
