"""The simulation of many shards, against what can be worked out by hand."""

import numpy as np
import pytest

from benchmarks.scatter_gather import NETWORK_MS, QUERIES, Shard, idle, loaded, one_shard, tables

EVEN = Shard([float(each) for each in range(101)])
STEADY = Shard([10.0] * 101)


@pytest.mark.parametrize("shards", [1, 4, 20])
def test_the_last_of_many_shards_is_late_as_order_statistics_say(shards: int) -> None:
    tail, _ = idle(EVEN, shards, None)
    # Of n even draws the largest is below x with a probability of x to the power of n.
    wanted = [100.0 * share ** (1 / shards) + NETWORK_MS for share in (0.5, 0.95, 0.99)]
    assert np.allclose([tail.p50, tail.p95, tail.p99], wanted, atol=400 / np.sqrt(QUERIES))


def test_a_hedge_asks_again_as_often_as_the_first_is_late_and_helps() -> None:
    plain, _ = idle(EVEN, 20, None)
    hedged, _ = idle(EVEN, 20, EVEN.percentile(0.9))
    assert hedged.extra == pytest.approx(0.1, abs=0.01)
    assert hedged.p50 < plain.p50


def test_a_partial_answer_waits_for_all_but_the_last() -> None:
    whole, partial = idle(EVEN, 200, None)
    assert partial.p50 == pytest.approx(100 * 0.9875 + NETWORK_MS, abs=1.0)
    assert whole.p50 > partial.p50


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_a_steady_shard_queues_as_the_formula_says(load: float) -> None:
    rng = np.random.default_rng(3)
    arrivals = np.cumsum(rng.exponential(10 / (2 * load), 40_000))
    done, hedged = one_shard(STEADY, rng, arrivals, None, 1.0)
    # M/D/1 (Pollaczek & Khinchine): the mean wait is load / (2 (1 - load)) services.
    assert float(np.mean(done - arrivals)) - 10 == pytest.approx(5 * load / (1 - load), rel=0.15)
    assert hedged == 0


def test_hedging_without_a_budget_costs_more_than_it_saves_when_busy() -> None:
    plain = loaded(EVEN, 20, 0.6, None)
    hedged = loaded(EVEN, 20, 0.6, EVEN.percentile(0.95))
    held = loaded(EVEN, 20, 0.6, EVEN.percentile(0.95), budget=0.05)
    assert hedged.p95 > plain.p95
    assert held.extra <= 0.051
    assert held.p95 < hedged.p95


def test_equal_seeds_give_equal_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.scatter_gather.LOADED_SHARDS", 3)
    assert tables(EVEN) == tables(EVEN)
