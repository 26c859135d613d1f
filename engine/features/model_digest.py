"""A digest over everything in a loaded model that decides its vectors.

Taken from memory, not from files: a copied folder, a renamed one and one with more files beside
the weights all give the same. Knows nothing of where a model came from.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Parts of a configuration that say where a model came from, not what it does.
_VOLATILE = frozenset({"_name_or_path", "name_or_path", "transformers_version", "_commit_hash"})


def model_digest(model: SentenceTransformer, options: dict[str, Any]) -> str:
    """Return the hex SHA-256 of weights, configuration, preprocessing and `options`."""
    import torch

    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        total.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        total.update(memoryview(flat.view(torch.uint8).numpy()))
    settings = {
        "modules": [_module(module) for module in model],
        "prompts": [model.prompts, model.default_prompt_name],
        "options": options,
    }
    total.update(json.dumps(settings, sort_keys=True, default=str).encode())
    return total.hexdigest()


def _module(module: Any) -> list[Any]:
    config = getattr(module, "config", None)
    processor = getattr(module, "processor", None)
    images = getattr(processor, "image_processor", None)
    tokenizer = getattr(module, "tokenizer", None)
    return [
        type(module).__name__,
        _settled(module.get_config_dict() if hasattr(module, "get_config_dict") else {}),
        _settled(_as_dict(config)),
        [type(images).__name__, _settled(_as_dict(images))],
        [type(tokenizer).__name__, _vocabulary(tokenizer)],
    ]


def _as_dict(part: Any) -> Any:
    return part.to_dict() if hasattr(part, "to_dict") else {}


def _settled(value: Any) -> Any:
    """Return a configuration without what differs between two copies of one model."""
    if isinstance(value, dict):
        return {str(k): _settled(item) for k, item in value.items() if k not in _VOLATILE}
    if isinstance(value, list | tuple):
        return [_settled(item) for item in value]
    return value


def _vocabulary(tokenizer: Any) -> str:
    """Return a digest of the tokenizer's words and rules, as far as it shows them.

    Truncation and padding are left out: the last call sets them, not the model.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        rules = json.loads(backend.to_str())
        rules.update(truncation=None, padding=None)
        text = json.dumps(rules, sort_keys=True)
    else:
        words = tokenizer.get_vocab() if hasattr(tokenizer, "get_vocab") else {}
        text = json.dumps(words, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
