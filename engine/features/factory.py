"""The encoder that a setting names. Knows nothing of settings files or collections.

Both kinds are imported only when asked for: the embedded one must never load torch.
"""

from pathlib import Path

from engine.features.embedded_folder import weights_in
from engine.features.encoder import Encoder

EMBEDDED = "embedded"


def load_encoder(
    setting: str = EMBEDDED, *, revision: str | None = None, device: str | None = None
) -> Encoder:
    """Return the embedded encoder, one trained like it, or a sentence-transformers model.

    setting: "embedded", the folder of either kind, or a name on the hub. A folder that
    `engine train` wrote runs as the embedded one does, without torch.
    revision, device: for sentence-transformers only. Raises UnknownEncoder.
    """
    weights = None if setting == EMBEDDED else _own_weights(setting)
    if setting == EMBEDDED or weights is not None:
        from engine.features.embedded import EmbeddedEncoder

        return EmbeddedEncoder.load(weights)
    from engine.features.sentence_encoder import SentenceTransformerEncoder

    return SentenceTransformerEncoder.load(setting, revision=revision, device=device)


def _own_weights(setting: str) -> Path | None:
    if not setting.strip():
        return None
    try:
        return weights_in(Path(setting).expanduser())
    except (OSError, RuntimeError):  # a name too long for a file; ~ of a user who is not here
        return None
