"""Draws the sample pins and writes their words, attributes, queries and judgments.

``python data/samples/draw.py`` redraws the committed set in place. ``--seed N --count N --out DIR``
draws another one; ``--text all`` gives every pin its words, ``--text some`` (the default) leaves a
third of them without a description and a board. The same seed gives the same JSON, byte for byte,
and the same pixels.

How the judgments follow from the attributes is said in ``drawing/judgments.py``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from drawing import judgments, scenes, stage, words
from drawing.catalogue import BY_NAME, FAMILY, PLACES

HERE = Path(__file__).resolve().parent
SEED, COUNT, QUALITY = 7, 384, 76
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Sketch:
    """A pin before it is drawn: its number, id and attributes, and the scene if it is one."""

    number: int
    id: str
    attributes: dict[str, str]
    scene: int | None = None


def plan(seed: int, count: int) -> list[Sketch]:
    """Return what to draw: kinds in turn, one scene in about thirty, attributes spread evenly."""
    rng = random.Random(f"plan/{seed}")
    n_scenes = max(1, round(count / 32)) if count >= 16 else 0
    kinds = [*BY_NAME, *PLACES]
    decks: dict[str, Deck] = {}
    serial: dict[str, int] = {}
    sketches = []
    for number in range(count):
        if number < n_scenes:
            chosen = number % len(scenes.SCENES)
            kind, attributes = "scene", _scene_attributes(chosen, rng)
        else:
            kind, chosen = kinds[(number - n_scenes) % len(kinds)], -1
            attributes = _attributes(kind, decks.setdefault(kind, Deck(rng)))
        serial[kind] = serial.get(kind, 0) + 1
        name = f"{kind.replace(' ', '-')}-{serial[kind]:03d}"
        sketches.append(Sketch(number, name, attributes, chosen if chosen >= 0 else None))
    return sketches


class Deck:
    """Deals values in shuffled rounds, so that few pins still cover all of them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.left: dict[str, list[str]] = {}

    def deal(self, name: str, values: Sequence[str]) -> str:
        """Return the next value of the round called ``name``."""
        if not self.left.get(name):
            self.left[name] = self.rng.sample(values, len(values))
        return self.left[name].pop()


def _attributes(kind: str, deck: Deck) -> dict[str, str]:
    out = {"kind": kind, "family": FAMILY[kind]}
    if kind in PLACES:
        return out | {"setting": deck.deal("setting", ("morning", "noon", "sunset", "night"))}
    k = BY_NAME[kind]
    if k.colours:
        out["colour"] = deck.deal("colour", k.colours)
    if k.patterns:
        out["pattern"] = deck.deal("pattern", k.patterns)
    return out | {"setting": deck.deal("setting", k.settings)}


def _scene_attributes(chosen: int, rng: random.Random) -> dict[str, str]:
    scene = scenes.SCENES[chosen]
    items = scenes.items_of(scene, rng)
    return {
        "kind": "scene", "family": scene.family, "scene": scene.name, "setting": scene.setting,
        "holds": "; ".join(i[0] for i in items), "colours": "; ".join(i[1] for i in items),
        "patterns": "; ".join(i[2] or "plain" for i in items),
    }  # fmt: skip


def tell(sketch: Sketch, seed: int, silent: bool) -> dict[str, object]:
    """Return the pin of ``sketch`` as JSON; a silent one has neither description nor board."""
    rng = random.Random(f"words/{seed}/{sketch.id}")
    a = sketch.attributes
    pin: dict[str, object] = {"id": sketch.id, "image": f"images/{sketch.id}.jpg"}
    language = rng.choice(("de", "fr")) if rng.random() < 0.07 and a["kind"] != "scene" else "en"
    text = words.describe(rng, a) if language == "en" else words.translate(rng, a, language)
    board = words.board(rng, a)
    if not silent:
        pin |= {"description": text, "board_title": board, "language": language}
    pin |= words.offer(rng, a)
    month = rng.randint(1, 10)
    day, hour, minute = (
        rng.randint(1, MONTH_DAYS[month - 1]),
        rng.randint(6, 22),
        rng.randint(0, 59),
    )
    pin["created_at"] = f"2026-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:00Z"
    pin["attributes"] = a
    return pin


def silent_ids(sketches: Sequence[Sketch], seed: int) -> set[str]:
    """Return the third of the pins that stay without words, spread over all kinds."""
    rng = random.Random(f"silent/{seed}")
    start = rng.randrange(3)
    groups: dict[str, list[str]] = {}
    for s in sketches:
        groups.setdefault(s.attributes["kind"], []).append(s.id)
    in_turn = [i for ids in groups.values() for i in rng.sample(ids, len(ids))]
    return set(in_turn[start::3])


def paint(sketch: Sketch, seed: int, folder: Path) -> str:
    """Draw one pin into ``folder``; return its id."""
    rng = random.Random(f"paint/{seed}/{sketch.id}")
    a = sketch.attributes
    if sketch.scene is not None:
        triples = zip(*(a[k].split("; ") for k in ("holds", "colours", "patterns")), strict=True)
        picture = scenes.draw(scenes.SCENES[sketch.scene], [(k, c, p) for k, c, p in triples], rng)
    else:
        picture = stage.draw(
            a["kind"], a.get("colour", ""), a.get("pattern", ""), a["setting"], rng
        )
    picture.save(folder / f"{sketch.id}.jpg", quality=QUALITY, optimize=True)
    return sketch.id


def _paint(job: tuple[Sketch, int, Path]) -> str:
    return paint(*job)


def painted(sketches: Sequence[Sketch], seed: int, folder: Path, jobs: int) -> Iterator[str]:
    """Draw all pins with ``jobs`` processes; yield their ids in order."""
    work = [(s, seed, folder) for s in sketches]
    if jobs <= 1:
        yield from map(_paint, work)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_paint, work, chunksize=8)


def write_lines(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write one JSON object a line."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_texts(sketches: Sequence[Sketch], seed: int, text: str, folder: Path) -> None:
    """Write pins, queries and judgments; ``text`` is "all" or "some"."""
    silent = silent_ids(sketches, seed) if text == "some" else set()
    write_lines(folder / "pins.jsonl", [tell(s, seed, s.id in silent) for s in sketches])
    known = [(s.id, s.attributes) for s in sketches]
    asks = judgments.ask(known, seed)
    write_lines(folder / "queries.jsonl", [a.query for a in asks])
    lines = "".join(line + "\n" for line in judgments.judge(asks, known))
    (folder / "qrels.txt").write_text(lines, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Draw the sample pins.")
    parser.add_argument("--seed", type=int, default=SEED, help="which set (default: %(default)s)")
    parser.add_argument("--count", type=int, default=COUNT, help="pins (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder (default: this script's)")
    parser.add_argument(
        "--text", choices=("some", "all"), default="some", help="which pins get words"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.jobs < 1:
        parser.error("--count and --jobs must be at least 1")
    sketches = plan(options.seed, options.count)
    images = options.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for done, _ in enumerate(painted(sketches, options.seed, images, options.jobs), 1):
        if done % 100 == 0:
            print(f"{done} of {len(sketches)} drawn", file=sys.stderr)
    write_texts(sketches, options.seed, options.text, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
