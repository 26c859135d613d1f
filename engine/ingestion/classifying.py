"""The hook for what is not for everyone: something that looks at arriving pins and may block them.

Which classifier there is, a setting says. Knows nothing of what becomes of a blocked pin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import BadSetting, EngineError
from engine.features.encoder import Encoder
from engine.ingestion.word_classifier import WordClassifier
from engine.pins import Pin
from engine.settings import BlockingSettings

WORDS = "words"


class ClassifierFailed(EngineError):
    """The classifier of what is not for everyone failed, so nothing that it should see came in."""

    slug = "classifier-failed"


@dataclass(frozen=True)
class Shown:
    """A pin as a classifier gets it.

    picture: upright RGB, longest side at most 512; None where the pin stays with a picture that is
        not kept.
    vector: unit row of the collection's encoder.
    """

    pin: Pin
    picture: Image.Image | None
    vector: npt.NDArray[np.float32]


class Classifier(Protocol):
    """Says which pins no answer may have; asked about all but those whose owner said so or not."""

    @property
    def fingerprint(self) -> str:
        """Names what decides; where it changes, pins that come again are judged anew."""
        ...

    def judge(self, shown: Sequence[Shown]) -> Sequence[str | None]:
        """Return for each pin, in their order, why it is blocked, or None where it is not."""
        ...


Maker = Callable[[BlockingSettings, Encoder], Classifier]


def load_classifier(settings: BlockingSettings, encoder: Encoder) -> Classifier | None:
    """Return the classifier that the settings name; None where they name none.

    `words` is the one that ships; `package.module:name` is anything that makes one from the
    settings and the encoder. Raises BadSetting.
    """
    if not settings.classifier:
        return None
    if settings.classifier == WORDS:
        return WordClassifier.of(settings, encoder)
    module, _, name = settings.classifier.partition(":")
    try:
        make: Maker = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadSetting(
            f"ENGINE_BLOCKING__CLASSIFIER {settings.classifier[:80]!r} can't be imported "
            f"({error}): write {WORDS}, or package.module:name of what makes a classifier"
        ) from None
    return make(settings, encoder)


def judged(classifier: Classifier, shown: Sequence[Shown]) -> list[str | None]:
    """Return a classifier's verdicts, one a pin; raise ClassifierFailed whatever goes wrong in it.

    What can't be judged must not come in: nobody would look at it again.
    """
    if not shown:
        return []
    try:
        verdicts = list(classifier.judge(shown))
    except Exception as error:
        raise ClassifierFailed(
            f"the classifier {classifier.fingerprint[:80]!r} failed ({error}): nothing of this "
            "batch was written, mend it or unset ENGINE_BLOCKING__CLASSIFIER"
        ) from error
    if len(verdicts) != len(shown):
        raise ClassifierFailed(
            f"the classifier {classifier.fingerprint[:80]!r} said {len(verdicts)} things of "
            f"{len(shown)} pins: nothing of this batch was written"
        )
    return verdicts
