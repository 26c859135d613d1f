"""How large a fleet would have to be: `python benchmarks/fleet.py`.

Multiplies what was measured of one shard (`benchmarks/peers`, this engine at a million pins); what
is not measured is an assumption, named below and printed with the table. No shard answers for
another: every query asks every shard once, of one of its copies.
"""

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GIB = 1024**3
SHARD_PINS = 1_000_000
MEASURED = Path(__file__).parent / "results" / "shard.json"


@dataclass(frozen=True)
class Node:
    """A machine to rent, and what it costs: assumptions."""

    cores: int = 16
    memory_gib: float = 128.0
    disk_gib: float = 1_900.0
    dollars_per_hour: float = 0.90
    busy: float = 0.5
    """Of its processors, so that queues stay short and another machine's copies fit."""


@dataclass(frozen=True)
class Wanted:
    """A collection and its use: assumptions. written_per_s: new and changed pins."""

    pins: int
    queries_per_s: float
    written_per_s: float
    copies: int


@dataclass(frozen=True)
class Shard:
    """What one shard was measured to take; seconds are of one processor.

    memory_gib: anonymous memory and the mapped files that searches touched.
    graph_s: for all its pins. rebuilt_at: the share of new pins at which its graph is built anew.
    """

    memory_gib: float
    disk_gib: float
    query_s: float
    write_s: float
    graph_s: float
    rebuilt_at: float = 0.05


@dataclass(frozen=True)
class Fleet:
    """What a wanted collection takes; `limit` says which of the three decides."""

    shards: int
    memory_gib: float
    disk_gib: float
    query_cores: float
    write_cores: float
    nodes: int
    limit: str
    dollars_per_1000: float


WANTED = (
    Wanted(10_000_000, 50, 100, 2),
    Wanted(100_000_000, 200, 1_000, 2),
    Wanted(1_000_000_000, 1_000, 5_000, 2),
    Wanted(10_000_000_000, 3_000, 30_000, 3),
)


def measured(found: Mapping[str, Any], write_s: float) -> Shard:
    """Return a shard from what `benchmarks/peers` found."""
    return Shard(
        memory_gib=(found["anonymous_bytes"] + found["mapped_bytes"]) / GIB,
        disk_gib=found["disk_bytes"] / GIB,
        query_s=found["top_cpu_ms"] / 1e3,
        write_s=write_s,
        graph_s=found["cpu_s"] - write_s * SHARD_PINS,
    )


def fleet(wanted: Wanted, shard: Shard, node: Node) -> Fleet:
    """Return what a collection takes."""
    shards = math.ceil(wanted.pins / SHARD_PINS)
    memory = shards * wanted.copies * shard.memory_gib
    disk = shards * wanted.copies * shard.disk_gib * 2  # a graph is built on a copy
    query_cores = wanted.queries_per_s * shards * shard.query_s
    # A pin is written to each copy, and its share of the next build of the graph comes with it.
    a_pin = shard.write_s + shard.graph_s / (shard.rebuilt_at * SHARD_PINS)
    write_cores = wanted.written_per_s * wanted.copies * a_pin
    needs = {
        "memory": memory / node.memory_gib,
        "processors": (query_cores + write_cores) / (node.cores * node.busy),
        "disk": disk / node.disk_gib,
    }
    limit = max(needs, key=needs.__getitem__)
    nodes = max(wanted.copies, math.ceil(needs[limit]))
    an_hour = nodes * node.dollars_per_hour
    per_1000 = an_hour / (wanted.queries_per_s * 3_600) * 1_000
    return Fleet(shards, memory, disk, query_cores, write_cores, nodes, limit, per_1000)


def table(shard: Shard, node: Node) -> str:
    """Return the table with its assumptions."""
    lines = [
        f"A shard of {SHARD_PINS:,} pins as measured: {shard.memory_gib:.1f} GiB of memory,"
        f" {shard.disk_gib:.1f} GiB of disk, {shard.query_s * 1e3:.1f} ms of a processor a query,"
        f" {shard.write_s * 1e3:.2f} ms a written pin, {shard.graph_s:,.0f} s a graph. Assumed: a"
        f" machine of {node.cores} processors, {node.memory_gib:.0f} GiB, {node.disk_gib:,.0f} GiB"
        f" of disk at ${node.dollars_per_hour:.2f} an hour, {node.busy:.0%} busy; a graph is built"
        f" anew when {shard.rebuilt_at:.0%} of its pins are new.",
        "",
        "| pins | copies | queries /s | new pins /s | shards | memory | disk |"
        " processors: queries | writes, graphs | machines | what decides | $ per 1,000 queries |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for wanted in WANTED:
        each = fleet(wanted, shard, node)
        cells = (
            f"{wanted.pins / 1e6:,.0f} M",
            f"{wanted.copies}",
            f"{wanted.queries_per_s:,.0f}",
            f"{wanted.written_per_s:,.0f}",
            f"{each.shards:,}",
            f"{each.memory_gib / 1024:,.2f} TiB",
            f"{each.disk_gib / 1024:,.1f} TiB",
            f"{each.query_cores:,.0f}",
            f"{each.write_cores:,.0f}",
            f"{each.nodes:,}",
            each.limit,
            f"{each.dollars_per_1000:,.3f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shard", type=Path, default=MEASURED)
    arguments.add_argument("--written-per-s", type=float, default=8_380, help="of one processor")
    given = arguments.parse_args()
    print(table(measured(json.loads(given.shard.read_text()), 1 / given.written_per_s), Node()))


if __name__ == "__main__":
    main()
