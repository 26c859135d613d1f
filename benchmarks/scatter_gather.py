"""A query over many shards, simulated: `python benchmarks/scatter_gather.py`.

Each query asks all shards and waits for the last. How long one shard works is drawn from what was
measured of one (`top_percentiles` of `benchmarks/peers`, this engine at a million pins), so its
own tail is in it; draws are independent, which a real fleet's are only in part. A shard has one
worker a copy, first come first served, as Edge answers one query at a time. A hedged query asks a
second copy where the first has not answered after some time, and takes whichever answers first;
what the other copy does then is work all the same. The network is a constant. Equal seeds, equal
tables.
"""

import argparse
import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
SHARDS = (1, 10, 30, 100, 300, 1000)
LOADS = (0.2, 0.4, 0.6)
NETWORK_MS = 0.5
MEASURED = Path(__file__).parent / "results" / "shard.json"
QUERIES = 4_000
LOADED_SHARDS = 100
LOADED_QUERIES = 1_500
# Of all requests to a shard, so many may be second ones.
BUDGET = 0.05
# A partial answer does without the last hundredth of the shards.
PARTIAL = 0.99


@dataclass(frozen=True)
class Tail:
    """Milliseconds until a query is answered; extra: requests beyond one a shard, as a share."""

    p50: float
    p95: float
    p99: float
    extra: float = 0.0

    @classmethod
    def of(cls, spent: Array, extra: float = 0.0) -> "Tail":
        p50, p95, p99 = np.percentile(spent, [50, 95, 99])
        return cls(float(p50), float(p95), float(p99), extra)


@dataclass(frozen=True)
class Shard:
    """How long one shard works on a query: percentiles 0 to 100, in milliseconds."""

    percentiles: Sequence[float]

    def draw(self, rng: np.random.Generator, *shape: int) -> Array:
        """Return times drawn between the measured percentiles."""
        places = np.linspace(0.0, 1.0, len(self.percentiles))
        return np.interp(rng.random(shape), places, self.percentiles)

    def percentile(self, share: float) -> float:
        return float(
            np.interp(share, np.linspace(0.0, 1.0, len(self.percentiles)), self.percentiles)
        )

    @property
    def mean(self) -> float:
        return float(np.trapezoid(self.percentiles, dx=1.0 / (len(self.percentiles) - 1)))


def idle(shard: Shard, shards: int, hedge_after: float | None, seed: int = 5) -> tuple[Tail, Tail]:
    """Return the times of queries that come alone: to the last shard, and to the last but few."""
    rng = np.random.default_rng(seed)
    spent = shard.draw(rng, QUERIES, shards)
    extra = 0.0
    if hedge_after is not None:
        late = spent > hedge_after
        extra = float(late.mean())
        spent = np.where(
            late, np.minimum(spent, hedge_after + shard.draw(rng, *spent.shape)), spent
        )
    enough = max(1, int(np.ceil(PARTIAL * shards)))
    ordered = np.sort(spent, axis=1) + NETWORK_MS
    return Tail.of(ordered[:, -1], extra), Tail.of(ordered[:, enough - 1], extra)


def loaded(
    shard: Shard,
    shards: int,
    load: float,
    hedge_after: float | None,
    budget: float = 1.0,
    seed: int = 5,
) -> Tail:
    """Return the times of queries that come at random to shards with two copies each.

    load: the share of both copies' time that the first requests take. budget: how many second
    requests a shard may get, as a share of the first ones.
    """
    rng = np.random.default_rng(seed)
    gap = shard.mean / (2 * load)
    arrivals = np.cumsum(rng.exponential(gap, LOADED_QUERIES))
    last = np.zeros(LOADED_QUERIES)
    extra = 0
    for _ in range(shards):
        done, hedged = one_shard(shard, rng, arrivals, hedge_after, budget)
        extra += hedged
        last = np.maximum(last, done)
    # The queues are empty at first, which no user ever sees.
    settled = (last - arrivals)[LOADED_QUERIES // 10 :] + NETWORK_MS
    return Tail.of(settled, extra / (shards * LOADED_QUERIES))


def one_shard(
    shard: Shard,
    rng: np.random.Generator,
    arrivals: Array,
    hedge_after: float | None,
    budget: float,
) -> tuple[Array, int]:
    """Return when each query is answered by one of two copies, and how many were asked of both."""
    done = np.full(len(arrivals), np.inf)
    free = [0.0, 0.0]
    first = rng.integers(0, 2, len(arrivals))
    times = shard.draw(rng, 2, len(arrivals)).tolist()
    hedged = 0
    # What happens next: a query arrives, or has waited so long that the other copy is asked.
    events = [(float(at), 0, query) for query, at in enumerate(arrivals)]
    heapq.heapify(events)
    while events:
        now, attempt, query = heapq.heappop(events)
        if attempt and (done[query] <= now or hedged >= budget * (query + 1)):
            continue
        hedged += attempt
        copy = int(first[query]) ^ attempt
        free[copy] = max(free[copy], now) + times[attempt][query]
        done[query] = min(done[query], free[copy])
        if not attempt and hedge_after is not None:
            heapq.heappush(events, (now + hedge_after, 1, query))
    return done, hedged


def tables(shard: Shard) -> str:
    """Return both tables."""
    hedge = shard.percentile(0.95)
    lines = [
        f"One shard: p50 {shard.percentile(0.5):.1f}, p95 {hedge:.1f}, p99"
        f" {shard.percentile(0.99):.1f} ms; the network {NETWORK_MS} ms. Hedged after p95.",
        "",
        "| shards, each idle | all answer: p50 / p95 / p99 | hedged | more requests |"
        f" without the last {1 - PARTIAL:.0%} |",
        "|---|---|---|---|---|",
    ]
    for shards in SHARDS:
        plain, partial = idle(shard, shards, None)
        twice, _ = idle(shard, shards, hedge)
        cells = (_told(plain), _told(twice), f"{twice.extra:.0%}", _told(partial))
        lines.append(f"| {shards:,} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"| {LOADED_SHARDS} shards, two copies each, load | all answer: p50 / p95 / p99 | hedged |"
        f" more requests | hedged, {BUDGET:.0%} at most |",
        "|---|---|---|---|---|",
    ]
    for load in LOADS:
        plain = loaded(shard, LOADED_SHARDS, load, None)
        twice = loaded(shard, LOADED_SHARDS, load, hedge)
        held = loaded(shard, LOADED_SHARDS, load, hedge, BUDGET)
        cells = (_told(plain), _told(twice), f"{twice.extra:.0%}", _told(held))
        lines.append(f"| {load:.0%} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _told(tail: Tail) -> str:
    return f"{tail.p50:.0f} / {tail.p95:.0f} / {tail.p99:.0f} ms"


def main() -> None:
    """Print the tables of a measured shard."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shard", type=Path, default=MEASURED)
    given = arguments.parse_args()
    print(tables(Shard(json.loads(given.shard.read_text())["top_percentiles"])))


if __name__ == "__main__":
    main()
