"""Gives a packed encoder its reader: what it learns from, taken from the run's materials.

The reader is the last to learn, on the table and on pictures' vectors exactly as they ship, so that
one can be added to an encoder that is finished, too.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from engine.errors import UsageError
from engine.features.embedded import EmbeddedEncoder
from engine.features.embedded_folder import CARD, MEMORY, WEIGHTS
from engine.training import card, export, judge
from engine.training.heads import Report
from engine.training.materials import Materials
from engine.training.reader import Reader, ReadingTower, turned
from engine.training.reading import KeptTexts, Shop, teach
from engine.training.recipe import Recipe
from engine.training.towers import TextTower
from engine.training.unpack import unpack, unpack_text

_SET = "fashion"
_CHUNK = 64


def add_reader(
    packed: bytes,
    materials: Materials,
    recipe: Recipe,
    saved: Path,
    report: Report,
    start: Path | None = None,
) -> bytes:
    """Return the encoder with a reader, trained now or found in `saved`.

    `start` is a weight file made by the same recipe, whose reader is taken to begin with.

    Without pins that people ask for in speech there is nothing to learn: the encoder stays.
    """
    rows = [row for row in materials.train if materials.pins[row].set_name == _SET]
    if not rows:
        return packed
    text = unpack_text(packed)
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        found = {name: part.numpy() for name, part in state.items()}
        return export.with_reader(packed, Reader.of(found, recipe.reader_heads))
    vectors = _look(EmbeddedEncoder(packed), materials, rows)
    shop = Shop([materials.pins[row] for row in rows], torch.from_numpy(vectors))
    mix = materials.supervision.mix

    def phrases(count: int) -> list[str]:
        drawn = mix.draw(2 * count).phrases
        return [phrase.text for phrase in drawn if phrase.set_name != _SET][:count]

    vocabulary = sorted(text.tokenizer.get_vocab())
    kept = KeptTexts(
        materials.supervision.corpus, phrases, shop, vocabulary, materials.left_out, recipe.seed
    )
    begin = None if start is None else _begin(start, text)
    reader = teach(text, shop, kept, recipe, report, begin)
    fresh = saved.with_suffix(".new")
    torch.save({name: torch.from_numpy(part) for name, part in reader.tensors().items()}, fresh)
    fresh.replace(saved)
    return export.with_reader(packed, reader)


def _begin(start: Path, text: TextTower) -> Reader:
    other = unpack(start).text
    old, new = (tower.table.weight.detach() for tower in (other, text))
    if not isinstance(other, ReadingTower) or old.shape != new.shape:
        raise UsageError(f"{start} has no reader of the same words: begin without one")
    return turned(other.reader, old, new)


def add_to_finished(
    source: Path,
    target: Path,
    materials: Materials,
    recipe: Recipe,
    saved: Path,
    report: Report,
    start: Path | None = None,
) -> Path:
    """Write the encoder in the folder `source` again to `target`, with a reader; its card tells."""
    before = (source / WEIGHTS).read_bytes()
    packed = add_reader(before, materials, recipe, saved, report, start)
    told = json.loads((source / CARD).read_text(encoding="utf-8"))
    told["recipe"] = {
        **told["recipe"],
        **{name: v for name, v in asdict(recipe).items() if name.startswith("reader_")},
    }
    told["stages"] = [*(stage for stage in told["stages"] if stage != "reader"), "reader"]
    told["development"] = {n: round(v, 4) for n, v in judged(packed, materials).items()}
    told["what_it_can_not_do"] = dict(card.LIMITS)
    weights = export.write(target, packed, told)
    (target / MEMORY).write_bytes((source / MEMORY).read_bytes())
    return weights


def judged(packed: bytes, materials: Materials) -> dict[str, float]:
    """Return the development figures of a packed encoder."""
    rows = [i for i, pin in enumerate(materials.pins) if pin.split == "development"]
    if not rows:
        return {}
    encoder = EmbeddedEncoder(packed)
    pins = [materials.pins[row] for row in rows]
    asked = judge.questions_for(pins, materials.queries, "development", materials.left_out)
    return judge.figures(asked, _look(encoder, materials, rows), encoder.encode_texts)


def _look(
    encoder: EmbeddedEncoder, materials: Materials, rows: list[int]
) -> npt.NDArray[np.float32]:
    where = materials.where[rows]
    parts = []
    for first in range(0, len(where), _CHUNK):
        chosen = where[first : first + _CHUNK]
        pixels = np.stack([materials.pictures[group][place] for group, place in chosen])
        parts.append(encoder.encode_pixels(pixels))
    return np.concatenate(parts)
