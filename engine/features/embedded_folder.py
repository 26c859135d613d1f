"""The folder in which an embedded encoder lives: the names of its files, and how to tell it.

The folder is one of sentence-transformers too (`engine/features/sentence_module.py`), with the
weights in it once. Knows nothing of what is in the weights; imports neither torch nor a runtime.
"""

import json
from pathlib import Path

WEIGHTS = "encoder.safetensors"
CARD = "card.json"
MEMORY = "memory.safetensors"
"""What tuning needs of the pictures that the encoder was made from."""
MODULES = "modules.json"
CONFIG = "config_sentence_transformers.json"
README = "README.md"
MODULE = "engine.features.sentence_module.EmbeddedModule"
"""What sentence-transformers runs the folder with, a class of this package."""


def weights_in(folder: Path) -> Path | None:
    """Return the weight file of a folder of our own format, or None for any other folder.

    A folder that lists further modules behind ours gives other vectors, and so is not ours.
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        return None
    listed = folder / MODULES
    return weights if not listed.exists() or _types(listed) == [MODULE] else None


def _types(listed: Path) -> list[object]:
    """Return the classes that a list of modules names; nothing when it can't be read."""
    try:
        found = json.loads(listed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    modules = found if isinstance(found, list) else []
    return [module.get("type") if isinstance(module, dict) else None for module in modules]
