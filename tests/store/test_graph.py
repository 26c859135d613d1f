"""With a graph and quantised vectors, answers stay exact where they must."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from engine.pins import Pin
from engine.queries import parse_filter
from engine.store.edge import COUNT_ONE_BY_ONE, EdgeCollection
from engine.store.identity import Identity
from engine.store.plan import Plan
from engine.store.records import Record, point_id

DIMENSION = 512
PINS = COUNT_ONE_BY_ONE + 1_000
QUERIES = 30


@dataclass(frozen=True)
class Built:
    collection: EdgeCollection
    vectors: npt.NDArray[np.float32]
    records: list[Record]
    queries: npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Return pins in clusters with a graph over them; a third is in a colour's filter."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((200, DIMENSION))
    vectors = centres[rng.integers(0, 200, PINS)] + 0.8 * rng.standard_normal((PINS, DIMENSION))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    queries = vectors[:QUERIES] + 0.03 * rng.standard_normal((QUERIES, DIMENSION))
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    records = [
        Record(
            Pin(
                id=f"p{row}",
                image=f"{row}.jpg",
                attributes={"colour": ("red", "green", "blue")[row % 3]},
            ),
            vectors[row],
            "common" if row % 2 else "",
            "common rare" if row % 5 == 0 else "",
            f"{row:064x}",
            None,
            f"{row:016x}",
            f"{row:064x}",
        )
        for row in range(PINS)
    ]
    folder = tmp_path_factory.mktemp("graph")
    identity = Identity("encoder", DIMENSION, "text")
    with EdgeCollection.open(folder, identity, create=True, min_free_bytes=0) as collection:
        for start in range(0, PINS, 1_000):
            collection.upsert(records[start : start + 1_000])
        collection.optimize()
        yield Built(collection, vectors, records, queries)


def test_the_graph_covers_everything(built: Built) -> None:
    info = built.collection.info()
    assert info.indexed == info.points == PINS


def test_similarities_are_exact_though_vectors_are_quantised(built: Built) -> None:
    rows = {point_id(each.pin.id): row for row, each in enumerate(built.records)}
    for query in built.queries:
        found = built.collection.candidates(Plan(("rare",), query))
        exact = built.vectors[[rows[key] for key in found.keys]] @ query
        np.testing.assert_allclose(found.cosine, exact, atol=1e-5)


@pytest.mark.parametrize("colour", [None, "red"])
def test_the_vector_leg_finds_the_nearest(built: Built, colour: str | None) -> None:
    filter_ = parse_filter({"attributes.colour": colour} if colour else {})
    right = 0
    for query in built.queries:
        exact = built.vectors @ query
        if colour is not None:
            exact[np.arange(PINS) % 3 != 0] = -1
        wanted = {point_id(f"p{row}") for row in np.argsort(-exact)[:10]}
        for flag in (False, True):
            found = built.collection.candidates(Plan(vector=query, filter=filter_, exact=flag))
            first = {
                found.keys[at]
                for at in np.flatnonzero(found.vector_rank > 0)
                if found.vector_rank[at] <= 10
            }
            if flag:
                assert first == wanted
            else:
                right += len(first & wanted)
    assert right / (10 * QUERIES) >= 0.98


def test_a_common_term_is_counted_right(built: Built) -> None:
    idf = built.collection.candidates(Plan(("common", "rare", "unseen"))).idf
    either = sum(row % 2 == 1 or row % 5 == 0 for row in range(PINS))
    rare = sum(row % 5 == 0 for row in range(PINS))
    for term, count in (("common", either), ("rare", rare), ("unseen", 0)):
        assert idf[term] == pytest.approx(np.log(1 + (PINS - count + 0.5) / (count + 0.5)))


def test_what_is_written_over_a_graph_is_found_at_once(built: Built) -> None:
    new = Record(
        Pin(id="new", image="new.jpg"),
        -built.vectors[0],
        "fresh",
        "",
        "0" * 64,
        None,
        "0" * 16,
        "n",
    )
    built.collection.upsert([new])
    found = built.collection.candidates(Plan(("fresh",), new.vector, vector_depth=5))
    at = found.keys.index(point_id("new"))
    assert (found.vector_rank[at], found.lexical_rank[at]) == (1, 1)
    assert found.cosine[at] == pytest.approx(1, abs=1e-5)
    assert built.collection.delete(["new"]) == 1
    assert point_id("new") not in built.collection.candidates(Plan(vector=new.vector)).keys
