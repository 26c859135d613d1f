"""The lexical scores against the formula, and their relation to rank-bm25.

Oracle: Robertson & Zaragoza 2009 with Lucene's idf and the factor (k1 + 1), over the pins that have
the field at all. rank-bm25's BM25Okapi is the same but for its idf, ln((N - df + .5) / (df + .5)),
which turns negative for a term in over half of the documents (it then puts a share of the mean idf
in its place); Lucene's is ln(1 + e^that), always positive.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from engine.store.collection import Collection
from engine.store.plan import Bm25, Plan
from engine.store.records import Record, point_id

MakeRecord = Callable[..., Record]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
]

WORDS = ("red", "blue", "lamp", "sofa", "oak", "emojiu1f600", "x1")
texts = st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join)
names = st.integers(0, 9).map("p{}".format)
writes = st.tuples(names, texts, texts)
steps = st.lists(st.one_of(writes, names), min_size=1, max_size=25)
queries = st.lists(st.sampled_from((*WORDS, "unseen")), min_size=1, max_size=4, unique=True)
knobs = st.builds(Bm25, k1=st.floats(0.0, 3.0), b=st.floats(0.0, 1.0))
quick = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def oracle(
    documents: Mapping[str, str], terms: Sequence[str], k1: float, b: float
) -> dict[str, float]:
    """Score every document by the formula; documents without text are not in the statistics."""
    split = {name: text.split() for name, text in documents.items() if text}
    if not split:
        return {}
    average = sum(map(len, split.values())) / len(split)
    scores = dict.fromkeys(split, 0.0)
    for term in terms:
        holders = sum(term in words for words in split.values())
        idf = math.log(1 + (len(split) - holders + 0.5) / (holders + 0.5))
        for name, words in split.items():
            count = words.count(term)
            length = 1 - b + b * len(words) / average
            scores[name] += idf * count * (k1 + 1) / (count + k1 * length) if count else 0.0
    return {name: score for name, score in scores.items() if score > 0}


@quick
@given(history=steps, terms=queries, bm25=knobs)
def test_both_fields_equal_the_formula_after_any_history(
    fresh: Callable[[], Collection],
    make_record: MakeRecord,
    history: list[tuple[str, str, str] | str],
    terms: list[str],
    bm25: Bm25,
) -> None:
    collection = fresh()
    alive: dict[str, tuple[str, str]] = {}
    for step in history:
        if isinstance(step, str):
            assert collection.delete([step]) == (step in alive)
            alive.pop(step, None)
        else:
            name, description, board = step
            collection.upsert([make_record(name, description, board, seed=int(name[1:]))])
            alive[name] = (description, board)
    found = collection.candidates(Plan(tuple(terms), make_record("q", seed=77).vector, bm25=bm25))
    assert sorted(found.keys) == sorted(map(point_id, alive))
    for column, part in ((found.description, 0), (found.board, 1)):
        wanted = oracle({n: both[part] for n, both in alive.items()}, terms, bm25.k1, bm25.b)
        for name in alive:
            score = column[found.keys.index(point_id(name))]
            assert score == pytest.approx(wanted.get(name, 0.0), rel=1e-5, abs=1e-6)
    for name, both in alive.items():
        assert found.has_text[found.keys.index(point_id(name))] == any(both)
    for term in terms:
        holders = sum(any(term in text.split() for text in both) for both in alive.values())
        idf = math.log(1 + (len(alive) - holders + 0.5) / (holders + 0.5))
        assert found.idf[term] == pytest.approx(idf)
    collection.close()


@quick
@given(documents=st.lists(texts.filter(bool), min_size=3, max_size=12), terms=queries)
def test_rank_bm25_differs_by_its_idf_alone(
    fresh: Callable[[], Collection],
    make_record: MakeRecord,
    documents: list[str],
    terms: list[str],
) -> None:
    split = [text.split() for text in documents]
    # Where rank-bm25 replaces a negative idf, the relation does not hold; those terms stay out.
    rare = [term for term in terms if 2 * sum(term in words for words in split) < len(split)]
    reference = BM25Okapi(split, k1=1.2, b=0.75)
    reference.idf = {term: math.log1p(math.exp(idf)) for term, idf in reference.idf.items()}
    wanted = reference.get_scores(rare) if rare else np.zeros(len(split))
    collection = fresh()
    collection.upsert([make_record(f"p{n}", text, seed=n) for n, text in enumerate(documents)])
    found = collection.candidates(Plan(tuple(rare)))
    scores = dict(zip(found.keys, found.description.tolist(), strict=True))
    for number, score in enumerate(wanted.tolist()):
        ours = scores.get(point_id(f"p{number}"), 0.0)
        assert ours == pytest.approx(score, rel=1e-5, abs=1e-6)
    collection.close()
