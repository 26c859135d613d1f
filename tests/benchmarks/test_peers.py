"""The comparison with others: its parts that decide what its tables say."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.dataset import Dataset, exact, write
from benchmarks.peers.fusing import reciprocal
from benchmarks.peers.measure import answer, build
from benchmarks.peers.naive_pair import NaivePair
from benchmarks.peers.plot import draw
from benchmarks.peers.table import table
from benchmarks.peers.this_engine import ThisEngine
from benchmarks.synthetic import corpus, questions

PINS = 400


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    made = corpus(PINS, dimension=32)
    return write(tmp_path_factory.mktemp("pins"), made, questions(made, 230))


def test_a_data_set_is_read_as_it_was_written(pins: Dataset) -> None:
    made = corpus(PINS, dimension=32)
    read = list(pins.batches(150))
    assert [each.start for each in read] == [0, 150, 300]
    assert [text for each in read for text in each.descriptions] == made.descriptions
    assert [text for each in read for text in each.boards] == made.boards
    assert np.array_equal(np.concatenate([each.vectors for each in read]), made.vectors)


def test_the_exact_nearest_do_not_depend_on_chunks(
    pins: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = np.stack([each.vector for each in pins.questions()])
    whole = np.argsort(-(asked @ np.array(pins.vectors).T), axis=1, kind="stable")[:, :10]
    monkeypatch.setattr("benchmarks.peers.dataset.CHUNK", 37)
    assert np.array_equal(exact(np.array(pins.vectors), asked), whole)
    assert np.array_equal(pins.nearest(), whole)


def test_reciprocal_ranks_are_added_with_their_weights() -> None:
    assert reciprocal([1, 2], [2, 3], 0.5) == [2, 1, 3]
    assert reciprocal([1, 2], [3, 4], 1.0)[:2] == [1, 2]
    assert reciprocal([1, 2], [3, 4], 0.0)[:2] == [3, 4]


@pytest.mark.parametrize("peer", [ThisEngine(), NaivePair()], ids=lambda each: each.name)
def test_a_peer_is_built_asked_and_added_to(
    peer: ThisEngine | NaivePair, pins: Dataset, tmp_path: Path
) -> None:
    built = build(peer, pins, tmp_path / "index")
    found = answer(peer, pins, tmp_path / "index")
    assert built.disk_bytes > 0
    assert found.recall == 1.0
    assert found.found == found.added >= 1
    assert 0 < found.top_p50 <= found.top_p95


def test_the_table_says_who_is_ahead(tmp_path: Path) -> None:
    asked = {
        "open_s": 0.1,
        "anonymous_bytes": 2**20,
        "top_p50": 2.0,
        "top_p95": 3.0,
        "deep_p50": 4.0,
        "deep_p95": 5.0,
        "recall": 0.99,
        "add_ms": 1.0,
        "added": 20,
        "found": 20,
        "other_work": 0.1,
    }
    built = {"wall_s": 9.0, "cpu_s": 9.0, "peak_bytes": 1, "disk_bytes": 2**20}
    quicker = asked | {"top_p50": 1.0, "found": 3}
    found = {
        "ask/1000/this engine": asked,
        "ask/1000/LanceDB": quicker,
        "build/1000/this engine": built,
        "build/1000/LanceDB": built,
        "judge/this engine": {"default": 0.7, "pins": 10, "questions": 5},
        "judge/LanceDB": {"default": 0.6, "best": 0.8, "weight": 0.3, "pins": 10, "questions": 5},
    }
    text = table(found)
    assert "top 10, p50, we 2.00 ms: ahead of us LanceDB (1.00 ms)." in text
    assert "depth 400, p50, we 4.00 ms: ahead of us none of those measured." in text
    assert "nDCG@10, we 0.700: ahead of us LanceDB (0.800)." in text
    assert "3 of 20 found" in text
    draw(found, tmp_path / "plot.svg")
    assert "LanceDB" in (tmp_path / "plot.svg").read_text()
