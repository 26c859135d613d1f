"""The tables of `results/peers.md`: what each peer took, as it was and beside this engine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.measure import ADDED, DEEP, LEAST, PATIENCE_S, PEERS, SAME_INDEX

US = "this engine"
# What a person has to say of the run that is reported.
REMARKS = Path(__file__).parent / "remarks.md"
MIB = 1024**2
COMMAND = "make bench-peers WORK=DIR DATA=../shared/data ENCODER=FOLDER"
Row = Mapping[str, Any]

HEAD = (
    "| | built: wall | built: CPU | on disk | anonymous memory | opened | top 10, p50 / p95 |"
    f" depth {DEEP}, p50 / p95 | recall@10 | a pin added and found | others had | p50 beside ours:"
    f" top 10, depth {DEEP}, added |"
)
NOTES = f"""
- *Built*: from the files to an index on disk; wall time counts what other work had of the
  processors, CPU time does not (all threads together). *Anonymous memory*: what the process holds
  after the questions, without mapped files.
- *Top 10*: words and a vector, the first ten with their ids, every peer as its documentation says
  (this engine draws 80 candidates by words and 120 by vector; LanceDB 10; txtai, tantivy + faiss
  and bm25s + usearch 100; qdrant-client 20; the naive pair scores every pin). *Depth {DEEP}*: the
  same ten of {DEEP} candidates a signal. 1,000 distinct questions after 200 others, one at a time,
  without encoding; what takes over {PATIENCE_S:.0f} s is stopped early, after {LEAST} at least.
- *Recall@10*: of the exact nearest ten, by vector alone. LanceDB's default index (IVF_PQ) keeps
  little of a vector; *refined* asks the same index with `refine_factor(10)`, and *HNSW* is its
  IVF_HNSW_SQ index: rows with such different recall can't be compared by their times alone.
- *A pin added and found*: one more pin, until it is the first answer to its own vector; median of
  {ADDED}. Where an index has to be built anew (bm25s, rank-bm25), one.
- *Others had*: the share of the processors that other work had while a row's questions were asked.
- txtai brings torch and transformers with it, which is most of its memory.
"""


def table(found: Mapping[str, Row]) -> str:
    """Return the whole report; `found` is by `step/size/peer`."""
    sizes = sorted({int(key.split("/")[1]) for key in found if key.startswith("ask/")})
    parts = [
        "# This engine beside others",
        "",
        f"`{COMMAND}`. The same pins, 256-d vectors and analysed terms for all, in one run; made-up"
        " pins as in `benchmarks/synthetic.py`, half of them without text. Each in a process of its"
        " own, on two cores.",
        "",
        "![Times over the number of pins](peers.svg)",
    ]
    for size in sizes:
        parts += ["", f"## {size:,} pins", "", *_size(found, size)]
    parts += ["", "What the columns say:", NOTES.strip()]
    if any(key.startswith("judge/") for key in found):
        parts += ["", "## How good the answers are", "", *_judged(found)]
    parts += ["", "## Who is ahead", "", *_ahead(found, sizes)]
    if REMARKS.exists():
        parts += ["", REMARKS.read_text(encoding="utf-8").strip()]
    return "\n".join(parts)


def _size(found: Mapping[str, Row], size: int) -> list[str]:
    asked = {name: found[key] for name in PEERS if (key := f"ask/{size}/{name}") in found}
    ours = asked.get(US)
    lines = [HEAD, "|" + "---|" * (HEAD.count("|") - 1)]
    for name, each in asked.items():
        built = found.get(f"build/{size}/{SAME_INDEX.get(name, name)}", {})
        lines.append(f"| {name} | " + " | ".join(_cells(each, built, ours)) + " |")
    return lines


def _cells(each: Row, built: Row, ours: Row | None) -> list[str]:
    told = "" if each["found"] == each["added"] else f" ({each['found']} of {each['added']} found)"
    return [
        _of(built, "wall_s", "{:,.0f} s"),
        _of(built, "cpu_s", "{:,.0f} s"),
        f"{built['disk_bytes'] / MIB:,.0f} MiB" if built else "–",
        f"{each['anonymous_bytes'] / MIB:,.0f} MiB",
        f"{each['open_s']:.1f} s",
        f"{each['top_p50']:.2f} / {each['top_p95']:.2f} ms",
        f"{each['deep_p50']:.2f} / {each['deep_p95']:.2f} ms",
        f"{each['recall']:.3f}",
        (f"{each['add_ms']:,.0f}" if each["add_ms"] >= 10 else f"{each['add_ms']:.1f}")
        + " ms"
        + told,
        f"{each['other_work']:.0%}",
        _ratios(each, ours),
    ]


def _of(row: Row, name: str, form: str) -> str:
    return form.format(row[name]) if name in row else "–"


def _ratios(each: Row, ours: Row | None) -> str:
    if ours is None or each is ours:
        return ""
    pairs = (each[name] / ours[name] for name in ("top_p50", "deep_p50", "add_ms"))
    return ", ".join(f"{value:.2g}×" if value < 100 else f"{value:,.0f}×" for value in pairs)


def _judged(found: Mapping[str, Row]) -> list[str]:
    rows = {name: found[key] for name in PEERS if (key := f"judge/{name}") in found}
    one = next(iter(rows.values()))
    lines = [
        f"nDCG@10 of {one['questions']} judged text queries over {one['pins']:,} photos of clothes"
        " (test split), half of which have lost their text; nothing was tuned on them, and the"
        " encoder saw none of them. *Best weight*: that which does best on the development split"
        " (LanceDB's and txtai's is of the vectors, the others' of the words).",
        "",
        "| | as documented | with its best weight | |",
        "|---|---|---|---|",
    ]
    for name, each in rows.items():
        best = f"{each['best']:.3f}" if "best" in each else "–"
        weight = f"weight {each['weight']:g}" if "best" in each else ""
        lines.append(f"| {name} | {each['default']:.3f} | {best} | {weight} |")
    return lines


def _ahead(found: Mapping[str, Row], sizes: list[int]) -> list[str]:
    """Say of each measure and size who is ahead of this engine, whoever that is."""
    measures: tuple[tuple[str, str, str, Callable[[Row], float]], ...] = (
        ("build", "time to build (CPU)", "{:,.0f} s", lambda each: each["cpu_s"]),
        ("build", "disk", "{:,.0f} MiB", lambda each: each["disk_bytes"] / MIB),
        ("ask", "memory", "{:,.0f} MiB", lambda each: each["anonymous_bytes"] / MIB),
        ("ask", "top 10, p50", "{:.2f} ms", lambda each: each["top_p50"]),
        ("ask", f"depth {DEEP}, p50", "{:.2f} ms", lambda each: each["deep_p50"]),
        ("ask", "a pin added and found", "{:,.1f} ms", lambda each: each["add_ms"]),
    )
    lines = []
    for size in sizes:
        for step, what, form, value in measures:
            own = found.get(f"{step}/{size}/{US}")
            if own is None:
                continue
            ahead = [
                f"{name} ({form.format(value(each))})"
                for name in PEERS
                if (each := found.get(f"{step}/{size}/{name}")) and value(each) < value(own)
            ]
            told = ", ".join(ahead) or "none of those measured"
            lines.append(
                f"- {size:,} pins, {what}, we {form.format(value(own))}: ahead of us {told}."
            )
    judged = {name: found[key] for name in PEERS if (key := f"judge/{name}") in found}
    if US in judged:
        own = judged[US]["default"]
        better = [
            f"{name} ({best:.3f})"
            for name, each in judged.items()
            if name != US and (best := max(each["default"], each.get("best", 0.0))) > own
        ]
        lines.append(
            f"- nDCG@10, we {own:.3f}: ahead of us {', '.join(better) or 'none of those measured'}."
        )
    return lines
