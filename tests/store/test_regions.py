"""Vectors of the things in pictures: kept, searched beside the whole, and carried by every copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from qdrant_client import QdrantClient, models

from engine.errors import BadVector, StoreError
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity, check
from engine.store.plan import REGION_MARGIN, Plan
from engine.store.records import Record, point_id
from engine.store.server import ServerCollection
from tests.store.conftest import DIMENSION, IDENTITY, MakeRecord

pytestmark = [
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
]

SEVERAL = replace(IDENTITY, regions=3)
PINS = 40
FloatArray = npt.NDArray[np.float32]


def rows(count: int, seed: int) -> FloatArray:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


@pytest.fixture(params=["edge", "local"])
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Collection]:
    made: Collection
    if request.param == "edge":
        made = EdgeCollection.open(tmp_path / "c", SEVERAL, create=True, min_free_bytes=0)
    else:
        word = models.TokenizerType.WORD
        client = QdrantClient(":memory:")
        made = ServerCollection.over(client, "pins", SEVERAL, create=True, tokenizer=word)
    with closing(made):
        yield made


@pytest.fixture
def scenes(make_record: MakeRecord) -> list[Record]:
    """Pins with none to three regions each; every second one says green."""
    out = []
    for number in range(PINS):
        count = number % 4
        out.append(
            replace(
                make_record(f"scene-{number}", "green" if number % 2 else ""),
                vector=rows(1, number)[0],
                region_boxes=tuple(f"0.{each + 1},0,0.5,0.5" for each in range(count)),
                region_vectors=rows(count, 1_000 + number),
            )
        )
    return out


def better(record: Record, vector: FloatArray, margin: float) -> float:
    whole = float(record.vector @ vector)
    lowered = record.region_vectors @ vector - margin
    return max(whole, *map(float, lowered), -1.0)


def cosines(collection: Collection, plan: Plan) -> dict[str, float]:
    found = collection.candidates(plan)
    return dict(zip(found.keys, found.cosine.tolist(), strict=True))


def test_they_come_back_as_they_were(collection: Collection, scenes: list[Record]) -> None:
    collection.upsert(scenes)
    listed = {each.pin.id: each for page in collection.records(7) for each in page}
    got = collection.get([each.pin.id for each in scenes])
    for each in scenes:
        for kept in (listed[each.pin.id], got[each.pin.id]):
            assert kept.region_boxes == each.region_boxes
            np.testing.assert_allclose(
                kept.region_vectors.reshape(-1, DIMENSION), each.region_vectors, atol=1e-6
            )
    bare = replace(scenes[3], region_boxes=(), region_vectors=rows(0, 0))
    collection.upsert([bare])
    assert collection.get([bare.pin.id])[bare.pin.id].region_boxes == ()


@pytest.mark.parametrize("depth", [PINS, 3])
@pytest.mark.parametrize("terms", [(), ("green",)])
def test_the_cosine_is_the_better_of_the_whole_and_its_things(
    collection: Collection, scenes: list[Record], depth: int, terms: tuple[str, ...]
) -> None:
    collection.upsert(scenes)
    keys = {point_id(each.pin.id): each for each in scenes}
    for seed, margin in ((1, REGION_MARGIN), (2, 0.0), (3, 0.3)):
        vector = rows(1, 5_000 + seed)[0]
        plan = Plan(terms, vector, vector_depth=depth, lexical_depth=depth, region_margin=margin)
        found = cosines(collection, plan)
        assert len(found) >= depth
        for key, cosine in found.items():
            assert cosine == pytest.approx(better(keys[key], vector, margin), abs=1e-5)
        first = max(scenes, key=lambda each: better(each, vector, margin))
        candidates = collection.candidates(plan)
        place = candidates.keys.index(point_id(first.pin.id))
        assert candidates.vector_rank[place] == 1


def test_a_scene_is_found_by_what_stands_in_it(
    collection: Collection, scenes: list[Record]
) -> None:
    collection.upsert(scenes)
    item = scenes[7].region_vectors[2]
    found = collection.candidates(Plan((), item, vector_depth=1))
    assert found.keys[int(found.cosine.argmax())] == point_id("scene-7")
    assert found.cosine.max() == pytest.approx(1 - REGION_MARGIN, abs=1e-5)


def test_a_bad_one_leaves_nothing_of_its_batch(
    collection: Collection, scenes: list[Record]
) -> None:
    for wrong in (
        np.full((3, DIMENSION), np.nan, np.float32),
        np.zeros((3, DIMENSION), np.float32),
        rows(2, 0),
        rows(3, 0)[:, :4],
    ):
        with pytest.raises(BadVector, match="scene-7"):
            collection.upsert([scenes[0], replace(scenes[7], region_vectors=wrong)])
    assert collection.count() == 0


def test_more_than_a_collection_keeps_are_cut(collection: Collection, scenes: list[Record]) -> None:
    boxes = tuple(f"0,0,0.{each},1" for each in range(1, 6))
    collection.upsert([replace(scenes[0], region_boxes=boxes, region_vectors=rows(5, 1))])
    kept = collection.get(["scene-0"])["scene-0"]
    assert kept.region_boxes == boxes[:3]
    np.testing.assert_allclose(kept.region_vectors, rows(5, 1)[:3], atol=1e-6)


def test_a_collection_without_them_goes_on_as_it_was(tmp_path: Path, scenes: list[Record]) -> None:
    with closing(EdgeCollection.open(tmp_path / "c", IDENTITY, create=True, min_free_bytes=0)) as c:
        c.upsert(scenes)
        assert c.get(["scene-7"])["scene-7"].region_boxes == ()
        vector = rows(1, 9)[0]
        found = cosines(c, Plan((), vector))
        for each in scenes:
            whole = float(each.vector @ vector)
            assert found[point_id(each.pin.id)] == pytest.approx(whole, abs=1e-5)
    # A setting of today does not change what was made before.
    with closing(EdgeCollection.open(tmp_path / "c", SEVERAL, min_free_bytes=0)) as again:
        assert again.identity.regions == 0


def test_the_layout_stands_in_the_identity() -> None:
    assert IDENTITY.to_json()["schema"] == 3
    assert "regions" not in IDENTITY.to_json()
    assert SEVERAL.to_json()["schema"] == 4
    assert Identity.from_json(SEVERAL.to_json(), "c").regions == 3
    assert Identity.from_json(IDENTITY.to_json(), "c").regions == 0
    check(SEVERAL, IDENTITY, "c")
    with pytest.raises(StoreError, match="layout 5"):
        Identity.from_json({**SEVERAL.to_json(), "schema": 5}, "c")


def test_they_outlive_the_building_of_the_graph_and_an_opening(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    count = 1_200
    whole, things = rows(count, 1), rows(2 * count, 2).reshape(count, 2, DIMENSION)
    made = [
        replace(
            make_record(f"pin-{number}", ""),
            vector=whole[number],
            region_boxes=("0,0,0.5,1", "0.5,0,0.5,1"),
            region_vectors=things[number],
        )
        for number in range(count)
    ]
    item = things[-1, 1]
    with closing(EdgeCollection.open(tmp_path / "c", SEVERAL, create=True, min_free_bytes=0)) as c:
        c.upsert(made[:-1])
        c.start_optimizing(1_000)
        c.upsert(made[-1:])  # while the child works on its copy
        c.finish_optimizing()
        assert c.building.last is not None
        before = collection_answer(c, item)
        assert c.get(["pin-1199"])["pin-1199"].region_boxes == made[-1].region_boxes
    with closing(EdgeCollection.open(tmp_path / "c", None, min_free_bytes=0)) as again:
        assert again.identity.regions == 3
        assert collection_answer(again, item) == before
        assert before[0] == point_id("pin-1199")


def collection_answer(collection: Collection, vector: FloatArray) -> list[str]:
    found = collection.candidates(Plan((), vector, vector_depth=5))
    order = np.argsort(-found.cosine, kind="stable")
    return [found.keys[place] for place in order[:5]]
