"""What makes a folder of weights a model of sentence-transformers, with a card for people.

Everything is written from `card.json`, whatever its run put there. Knows nothing of weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.features.embedded_folder import CARD, CONFIG, MODULE, MODULES, README

_MODULES = [{"idx": 0, "name": "0", "path": "", "type": MODULE}]
_CONFIG = {
    "model_type": "SentenceTransformer",
    "requirements": {"sentence-transformers": ">=6"},
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}
_HEAD = """\
---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags:
- sentence-transformers
- feature-extraction
- image-text
- pin-engine
---

# {name}

A dual encoder of [pin-engine]: texts and pictures to unit vectors in one space, whose dot product
says how well they fit. The weights are in `encoder.safetensors`, once for both ways of use.

[pin-engine]: https://example.com/pin-engine

## Use

With the engine, by naming the folder; neither torch nor sentence-transformers is loaded:

```bash
ENGINE_ENCODER=path/to/this/folder engine index pins.jsonl
```

With sentence-transformers 6, where pin-engine is installed:

```python
from PIL import Image
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder", trust_remote_code=True)
vectors = model.encode(["a red dress", {{"text": "a red dress"}}, Image.open("dress.jpg")])
```

The flag is needed because the module is a class of the installed package; no code lies in this
folder. A string is always a text: no file and no address is opened. An input of several parts, as
`{{"text": ..., "image": ...}}`, gets the direction of the sum of their vectors. Pictures are
expected upright. Training goes by `engine train`; an optimiser finds nothing to change here.

## The run
"""


def describe(folder: Path) -> None:
    """Write the list of modules, the configuration and the card beside a run's `card.json`."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    _write(folder / MODULES, json.dumps(_MODULES, indent=2))
    _write(folder / CONFIG, json.dumps(_CONFIG, indent=2))
    _write(folder / README, markdown(card))


def markdown(card: Mapping[str, object]) -> str:
    """Return the card as Markdown: what stands alone in a table, then a section for each part."""
    alone = {key: value for key, value in card.items() if not _is_part(value)}
    lines = [_HEAD.format(name=card.get("name", "A trained encoder")), *_table(alone)]
    for key, value in card.items():
        if value and _is_part(value):
            lines += ["", f"### {_words(key).capitalize()}", "", *_part(value)]
    return "\n".join(lines).rstrip() + "\n"


def _part(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        return _table(dict(_flat(value)))
    return _rows(_listed(value) or [])


def _table(values: Mapping[str, object]) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for key, value in values.items():
        yield f"| {_words(key)} | {_cell(value)} |"


def _rows(entries: Sequence[object]) -> Iterator[str]:
    """Yield a table with a line for each entry of a log, and a column for all that they tell."""
    told = [dict(_flat(entry)) for entry in entries if isinstance(entry, Mapping)]
    columns = list(dict.fromkeys(key for entry in told for key in entry))
    yield "| " + " | ".join(_words(column) for column in columns) + " |"
    yield "|---" * len(columns) + "|"
    for entry in told:
        yield "| " + " | ".join(_cell(entry.get(column, "")) for column in columns) + " |"


def _flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}: ")
        else:
            yield f"{before}{key}", value


def _is_part(value: object) -> bool:
    if isinstance(value, Mapping):
        return True
    return any(isinstance(entry, Mapping) for entry in _listed(value) or [])


def _listed(value: object) -> Sequence[object] | None:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else None


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    listed = _listed(value)
    shown = str(value) if listed is None else ", ".join(_cell(entry) for entry in listed)
    return shown.replace("|", "\\|").replace("\n", " ")


def _words(key: str) -> str:
    return key.replace("_", " ").replace("|", "\\|")


def _write(path: Path, text: str) -> None:
    path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
