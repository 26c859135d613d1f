"""The arithmetic of a fleet, against a small one worked out by hand."""

import pytest

from benchmarks.fleet import Node, Shard, Wanted, fleet, measured, table

SHARD = Shard(memory_gib=2.0, disk_gib=4.0, query_s=0.01, write_s=0.0001, graph_s=1_000.0)
NODE = Node(cores=10, memory_gib=100.0, disk_gib=1_000.0, dollars_per_hour=1.0, busy=0.5)


def test_a_small_fleet_is_as_by_hand() -> None:
    found = fleet(Wanted(2_500_000, 100.0, 10.0, 2), SHARD, NODE)
    assert found.shards == 3
    assert found.memory_gib == 12.0
    assert found.disk_gib == 48.0
    assert found.query_cores == pytest.approx(100 * 3 * 0.01)
    # A build for each 50,000 new pins of a shard: 20 ms a pin, on each of two copies.
    assert found.write_cores == pytest.approx(10 * 2 * (0.0001 + 0.02))
    assert (found.nodes, found.limit) == (2, "processors")
    assert found.dollars_per_1000 == pytest.approx(2.0 / 360.0)


def test_what_is_short_decides() -> None:
    assert fleet(Wanted(100_000_000, 0.1, 0.0, 2), SHARD, NODE).limit == "memory"
    large = Shard(0.1, 400.0, 0.01, 0.0001, 1_000.0)
    assert fleet(Wanted(100_000_000, 0.1, 0.0, 2), large, NODE).limit == "disk"


def test_a_shard_is_read_from_what_was_measured() -> None:
    told = {"anonymous_bytes": 2**30, "mapped_bytes": 2**30, "top_cpu_ms": 7.0}
    found = measured(told | {"disk_bytes": 2**32, "cpu_s": 1_100.0}, 0.0001)
    assert found == Shard(2.0, 4.0, 0.007, 0.0001, 1_000.0)
    assert "10,000 M" in table(found, NODE)
