"""The encoder that a setting names. Knows nothing of settings files or collections.

Both kinds are imported only when asked for: the embedded one must never load torch.
"""

from engine.features.encoder import Encoder

EMBEDDED = "embedded"


def load_encoder(
    setting: str = EMBEDDED, *, revision: str | None = None, device: str | None = None
) -> Encoder:
    """Return the embedded encoder, or the sentence-transformers model of that name or folder.

    revision, device: for the second kind only. Raises UnknownEncoder.
    """
    if setting == EMBEDDED:
        from engine.features.embedded import EmbeddedEncoder

        return EmbeddedEncoder.load()
    from engine.features.sentence_encoder import SentenceTransformerEncoder

    return SentenceTransformerEncoder.load(setting, revision=revision, device=device)
