"""Asking a built collection as a serving process would, with nothing else in that process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.building import IDENTITY
from benchmarks.synthetic import Corpus, Question
from engine.queries import Filter
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.store.edge import EdgeCollection
from engine.store.legs import Leg, Ranked
from engine.store.plan import Plan
from engine.store.records import point_id

WARM_UP = 200
JUDGED = 200
DEEP = 400


@dataclass(frozen=True)
class Spread:
    """Milliseconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        p50, p95 = np.percentile(seconds, [50, 95]) * 1e3
        return cls(float(p50), float(p95))


@dataclass(frozen=True)
class Served:
    """What a serving process took; `other_work` is the share of the CPUs that others had."""

    open_s: float
    anonymous_bytes: int
    candidates: Spread
    whole: Spread
    first_round: Spread
    second_round: Spread
    deep: Spread
    filtered: Spread
    recall: float
    agreement: dict[str, float]
    write_one: Spread
    searchable: Spread
    found_fresh: int
    other_work: float


class Stopwatch(EdgeCollection):
    """An embedded collection that notes how long each round of legs takes."""

    rounds: list[float]

    def run(self, legs: Sequence[Leg]) -> list[Ranked]:
        start = time.perf_counter()
        answers = super().run(legs)
        self.rounds.append(time.perf_counter() - start)
        return answers


def serve(folder: Path, questions: list[Question], truth: list[list[int]], spare: Corpus) -> Served:
    """Measure a built collection.

    truth: the exact nearest ten rows of the first `JUDGED` questions after the warm-up.
    spare: pins that are not in the collection, to be written one by one.
    """
    start = time.perf_counter()
    with Stopwatch.open(folder, IDENTITY) as collection:
        open_s = time.perf_counter() - start
        collection.rounds = []
        for each in questions[:WARM_UP]:
            whole(collection, each)
        asked = questions[WARM_UP:]
        before, own = _busy(), time.process_time()
        collection.rounds.clear()
        began = time.perf_counter()
        alone = _timed(lambda each: collection.candidates(_plan(each)), asked)
        rounds = list(collection.rounds)
        ranked = _timed(lambda each: whole(collection, each), asked)
        wall = time.perf_counter() - began
        others = max(0.0, _busy() - before - (time.process_time() - own)) / (wall * _cores())
        anonymous = _anonymous_bytes()
        judged = asked[:JUDGED]
        recall = _recall(collection, judged, truth)
        deep = [replace(_plan(each), lexical_depth=DEEP, vector_depth=DEEP) for each in judged]
        agreement = {kind: _agreement(collection, judged, deep, kind) for kind in ("text", "image")}
        kind = Filter(attributes={"kind": ("k3",)})
        narrow = _timed(
            lambda each: collection.candidates(replace(_plan(each), filter=kind)), judged
        )
        deeper = _timed(lambda each: collection.candidates(_deeper(each)), judged)
        wrote, fresh, found = _freshness(collection, spare)
    return Served(
        open_s=open_s,
        anonymous_bytes=anonymous,
        candidates=Spread.of(alone),
        whole=Spread.of(ranked),
        first_round=Spread.of(rounds[0::2]),
        second_round=Spread.of(rounds[1::2]),
        deep=Spread.of(deeper),
        filtered=Spread.of(narrow),
        recall=recall,
        agreement=agreement,
        write_one=Spread.of(wrote),
        searchable=Spread.of(fresh),
        found_fresh=found,
        other_work=others,
    )


def _plan(asked: Question) -> Plan:
    return Plan(asked.terms, asked.vector)


def _deeper(asked: Question) -> Plan:
    return replace(_plan(asked), lexical_depth=DEEP, vector_depth=DEEP)


def whole(collection: EdgeCollection, asked: Question) -> None:
    """Answer a query as the engine does: candidates, their order, and the first ten pins."""
    ranking = rank(collection.candidates(_plan(asked)), "text", Parameters())
    collection.pins([ranking.candidates.keys[row] for row in ranking.order[:10].tolist()])


def _timed(ask: Callable[[Question], object], asked: Sequence[Question]) -> list[float]:
    out = []
    for each in asked:
        start = time.perf_counter()
        ask(each)
        out.append(time.perf_counter() - start)
    return out


def _recall(
    collection: EdgeCollection, asked: Sequence[Question], truth: Sequence[Sequence[int]]
) -> float:
    shares = []
    for each, rows in zip(asked, truth, strict=True):
        found = collection.candidates(_plan(each))
        leg = {found.keys[at] for at in np.flatnonzero(found.vector_rank)}
        first = sorted(leg, key=lambda key: -found.cosine[found.keys.index(key)])[:10]
        shares.append(len({point_id(f"pin-{row}") for row in rows} & set(first)) / len(rows))
    return float(np.mean(shares))


def _agreement(
    collection: EdgeCollection, asked: Sequence[Question], deep: Sequence[Plan], kind: str
) -> float:
    """Return which share of the first ten of the deep, exact plan the normal one has too."""
    shares = []
    for each, plan in zip(asked[:100], deep, strict=False):
        ours = _first_ten(collection, _plan(each), kind)
        shares.append(len(ours & _first_ten(collection, replace(plan, exact=True), kind)) / 10)
    return float(np.mean(shares))


def _first_ten(collection: EdgeCollection, plan: Plan, kind: str) -> set[str]:
    ranking = rank(collection.candidates(plan), "text" if kind == "text" else "image", Parameters())
    return {ranking.candidates.keys[row] for row in ranking.order[:10].tolist()}


def _freshness(collection: EdgeCollection, spare: Corpus) -> tuple[list[float], list[float], int]:
    wrote, fresh, found = [], [], 0
    for row in range(len(spare)):
        record = spare.record(row)
        record = replace(record, pin=replace(record.pin, id=f"new-{row}"))
        start = time.perf_counter()
        collection.upsert([record])
        done = time.perf_counter()
        answer = collection.candidates(Plan(vector=record.vector))
        fresh.append(time.perf_counter() - done)
        wrote.append(done - start)
        found += point_id(record.pin.id) in answer.keys
    collection.delete([f"new-{row}" for row in range(len(spare))])
    return wrote, fresh, found


def _anonymous_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def _busy() -> float:
    """Return the CPU seconds that this machine has spent on anything, stolen time included."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / 100


def _cores() -> int:
    text = Path("/proc/stat").read_text()
    return sum(line[:3] == "cpu" and line[3:4].isdigit() for line in text.splitlines())
