"""The contenders, on a pool small enough to say by hand what each must answer."""

from dataclasses import replace

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from engine.queries import Part, Query
from engine.relevance.pool import Pool
from engine.relevance.runs import Run, answered
from engine.relevance.systems import (
    Asked,
    Bm25Alone,
    Listed,
    NaiveRerank,
    ReciprocalRanks,
    VectorsAlone,
    contenders,
)
from engine.relevance.topics import Topic
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.retrieval.understand import Understood
from engine.store.plan import Bm25, Candidates
from engine.store.records import point_id

ANGLES = {"a": 0.1, "b": 0.5, "c": 0.2, "d": 0.9, "e": 1.2}
POOL = Pool(
    ids=tuple(ANGLES),
    vectors=np.array([(np.cos(at), np.sin(at)) for at in ANGLES.values()], dtype=np.float32),
    texts=("red dress", "red red shoe", "", "blue dress board", "green hat"),
    pictures=(None,) * 5,
)
# The lexical leg found b, a, d; the vector leg a, c, b.
CANDIDATES = Candidates(
    keys=[point_id(pin) for pin in "abcd"],
    cosine=np.array([0.995, 0.878, 0.980, 0.622], dtype=np.float32),
    description=np.array([1.0, 1.5, 0.0, 0.4], dtype=np.float32),
    board=np.zeros(4, dtype=np.float32),
    has_text=np.array([True, True, False, True]),
    lexical_rank=np.array([2, 1, 0, 3], dtype=np.int32),
    vector_rank=np.array([1, 3, 2, 0], dtype=np.int32),
    idf={"red": 0.9, "dress": 0.9},
)
ASKED = Asked(
    Topic("q", 1, Query((Part("text", "red dress"), Part("pin", "z")))),
    Understood(
        kind="mixed",
        terms=("red", "dress"),
        vector=np.array([1.0, 0.0], dtype=np.float32),
        pins=frozenset({"z"}),
    ),
    CANDIDATES,
    np.ones(5, dtype=np.bool_),
)
WORDLESS = replace(
    ASKED,
    meaning=replace(ASKED.meaning, terms=()),
    candidates=replace(CANDIDATES, lexical_rank=np.zeros(4, dtype=np.int32)),
)


def test_bm25_is_rank_bm25s_over_pins_with_text() -> None:
    bm25 = Bm25(k1=1.4, b=0.6)
    texts = [text.split() for text in POOL.texts if text]
    oracle = BM25Okapi(texts, k1=1.4, b=0.6).get_scores(["red", "dress"])
    told = dict(zip("abde", oracle.tolist(), strict=True))
    found = Bm25Alone(POOL, bm25).answer(ASKED, 10)
    # Words of half of the texts: rank-bm25 gives them nothing, and they match all the same.
    expected = sorted((pin for pin in "abd"), key=lambda pin: -told[pin])
    assert list(found) == expected
    assert found == pytest.approx({pin: told[pin] for pin in expected}, rel=1e-6, abs=1e-6)


def test_bm25_scores_are_rank_bm25s() -> None:
    more = replace(POOL, texts=("red dress", "red red shoe", "green tie", "blue hat", "green hat"))
    oracle = BM25Okapi([text.split() for text in more.texts], k1=1.2, b=0.75)
    scores = oracle.get_scores(["red", "dress"]).tolist()
    assert scores[0] > scores[1] > 0
    found = Bm25Alone(more, Bm25()).answer(ASKED, 10)
    assert found == pytest.approx({"a": scores[0], "b": scores[1]}, rel=1e-6)


def test_bm25_without_words_or_texts_finds_nothing() -> None:
    silent = replace(POOL, texts=("",) * 5)
    assert Bm25Alone(POOL, Bm25()).answer(WORDLESS, 10) == {}
    assert Bm25Alone(silent, Bm25()).answer(ASKED, 10) == {}


def test_vectors_see_every_pin_that_may_answer() -> None:
    assert list(VectorsAlone(POOL).answer(ASKED, 10)) == ["a", "c", "b", "d", "e"]
    assert list(VectorsAlone(POOL).answer(ASKED, 2)) == ["a", "c"]
    filtered = replace(ASKED, admitted=np.array([False, True, True, True, False]))
    assert list(VectorsAlone(POOL).answer(filtered, 10)) == ["c", "b", "d"]
    assert "a" not in Bm25Alone(POOL, Bm25()).answer(filtered, 10)


def test_reciprocal_ranks_by_hand() -> None:
    found = ReciprocalRanks(POOL).answer(ASKED, 10)
    expected = {"a": 1 / 62 + 1 / 61, "b": 1 / 61 + 1 / 63, "c": 1 / 62, "d": 1 / 63}
    assert list(found) == list(expected)
    assert found == pytest.approx(expected, rel=1e-6)
    assert list(ReciprocalRanks(POOL).answer(WORDLESS, 10)) == ["a", "c", "b", "d"]


def test_the_naive_rerank_never_shows_what_words_did_not_find() -> None:
    assert list(NaiveRerank(POOL).answer(ASKED, 10)) == ["a", "b", "d"]
    assert NaiveRerank(POOL).answer(WORDLESS, 10) == {}


def test_this_engine_answers_in_its_own_order() -> None:
    parameters = Parameters()
    ours, *_ = contenders(POOL, parameters)
    order = rank(CANDIDATES, "mixed", parameters).order.tolist()
    assert list(ours.answer(ASKED, 10)) == ["abcd"[row] for row in order]
    assert list(ours.answer(ASKED, 2)) == ["abcd"[row] for row in order[:2]]


def test_a_pin_written_since_is_passed_over() -> None:
    fewer = replace(POOL, ids=("x", *POOL.ids[1:]))
    assert list(ReciprocalRanks(fewer).answer(ASKED, 10)) == ["b", "c", "d"]


def test_a_run_stands_beside_without_the_pins_of_the_query() -> None:
    run = Run("theirs", {"q": answered([("z", 3.0), ("b", 2.0), ("unknown", 1.0)])})
    assert list(Listed(run).answer(ASKED, 10)) == ["b", "unknown"]
    other = replace(ASKED, topic=replace(ASKED.topic, id="never asked"))
    assert Listed(run).answer(other, 10) == {}


def test_every_contender_says_what_it_is() -> None:
    systems = contenders(POOL, Parameters(), [Run("theirs", {})])
    names = [each.name for each in systems]
    assert names == [
        "this engine", "BM25 alone", "vectors alone", "RRF k=60", "naive rerank", "theirs",
    ]  # fmt: skip
    assert all(each.account for each in systems)
