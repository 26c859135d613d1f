"""The errors that the engine raises on purpose.

Each message is one line for the person who caused it: what happened, the limit that was met, and
the remedy. Nothing here knows of exit codes or HTTP: `cli.py` and `serving/` map these classes.
"""


class EngineError(Exception):
    """The engine could not do what was asked; `slug` is the error's stable public name."""

    slug = "engine-error"


class UsageError(EngineError):
    """The request itself is at fault; asking again unchanged will fail again."""

    slug = "bad-request"


class BadPin(UsageError):
    """A pin does not meet the contract."""

    slug = "bad-pin"


class BadQuery(UsageError):
    """A query can't be understood or goes over a limit."""

    slug = "bad-query"


class BadFilter(BadQuery):
    """A filter names an unknown key or holds a value that does not fit it."""

    slug = "bad-filter"


class BadCrop(BadQuery):
    """A crop box lies outside the picture or is empty."""

    slug = "bad-crop"


class BadImage(UsageError):
    """A picture is refused: unknown format, corrupt, or not a picture."""

    slug = "bad-image"


class ImageTooLarge(BadImage):
    """A picture is over the limit in bytes or in pixels."""

    slug = "image-too-large"


class UnfetchableImage(BadImage):
    """A picture's URL may not be fetched, or what it leads to will never be a picture."""

    slug = "unfetchable-image"


class HostUnavailable(BadImage):
    """A picture's host does not deliver it now; the same URL may work later."""

    slug = "host-unavailable"


class UnknownPin(UsageError):
    """No pin of that id is in the collection."""

    slug = "unknown-pin"


class StaleVersion(UsageError):
    """A write is older than what is there, or than the deletion of the pin."""

    slug = "stale-version"


class TakenDown(UsageError):
    """A pin or its picture was taken down and does not come back."""

    slug = "taken-down"


class UnknownPicture(UsageError):
    """The picture of a pin is not kept."""

    slug = "unknown-picture"


class UnknownEncoder(UsageError):
    """The encoder that the settings name can't be found or is not one that the engine can use."""

    slug = "unknown-encoder"


class BadSetting(UsageError):
    """A setting holds a value that the engine can't use."""

    slug = "bad-setting"


class BadParameters(UsageError):
    """Numbers that decide relevance are out of range, or not for this collection."""

    slug = "bad-parameters"


class BadVector(EngineError):
    """A vector is not finite, not of the collection's dimension, or zero."""

    slug = "bad-vector"


class StoreError(EngineError):
    """The store failed."""

    slug = "store-error"


class NoCollection(StoreError):
    """The collection does not exist yet."""

    slug = "no-collection"


class FingerprintMismatch(StoreError):
    """The collection was made with another encoder or another text analysis."""

    slug = "fingerprint-mismatch"


class EncoderChanged(StoreError):
    """Another collection answers by now, with another encoder: what was written has to go there."""

    slug = "encoder-changed"


class StoreInUse(StoreError):
    """Another process owns the data folder."""

    slug = "store-in-use"


class StoreFull(StoreError):
    """The disk that holds the store has no room left."""

    slug = "store-full"


class StoreUnreachable(StoreError):
    """The Qdrant server does not answer, or refuses the key."""

    slug = "store-unreachable"


class Overloaded(EngineError):
    """More is asked at once than can wait for its turn."""

    slug = "overloaded"


class TooLate(Overloaded):
    """A request's time was over before it had its turn, or an answer of the store."""

    slug = "too-late"
