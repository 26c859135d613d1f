"""What a study run never sees, so that it can be judged on it; knows nothing of models.

A class that is left out takes its kin (other classes that show the same thing) and its twins among
ImageNet's classes with it: their pictures, their names and their descriptions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError
from engine.training.pins import TrainingPin

CHOSEN = Path(__file__).parent / "judgments" / "left_out.json"
"""Twenty classes of Caltech-101, drawn by hash among those that ImageNet has too."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Classes that are judged unseen, their kin, and the first names of their ImageNet twins."""

    classes: frozenset[str] = frozenset()
    kin: frozenset[str] = frozenset()
    twins: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: Path) -> LeftOut:
        """Read `{class: {"twins": [...], "kin": [...]}}`; `UsageError` when it isn't that."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            classes = frozenset(found)
            kin = frozenset(name for row in found.values() for name in row["kin"])
            twins = frozenset(name for row in found.values() for name in row["twins"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(
                f"{path} names no classes to leave out ({error}); it has to be JSON of the form "
                '{"class": {"twins": ["ImageNet name"], "kin": ["other class"]}}'
            ) from error
        return cls(classes, kin - classes, twins)

    def hides(self, pin: TrainingPin) -> bool:
        """Tell whether a pin shows something that is left out."""
        if pin.set_name == "caltech":
            return pin.attribute("label") in self.classes | self.kin
        if pin.set_name == "imagenet":
            return pin.attribute("label").split(",")[0].strip() in self.twins
        if pin.set_name == "drawn":
            return pin.attribute("kind") in self.classes | self.kin
        return False

    def open_classes(self, classes: Sequence[Sequence[str]]) -> list[bool]:
        """Tell which of ImageNet's classes, each with its names, may teach."""
        return [names[0] not in self.twins for names in classes]

    def names(self) -> frozenset[str]:
        """Return every name that may not be told of, lower case."""
        return frozenset(name.lower() for name in self.classes | self.kin | self.twins)

    def speakable(self, texts: Sequence[str], captions: Iterable[str]) -> list[str]:
        """Return the texts that name nothing that is left out.

        Captions stay: they tell of everyday scenes, and of no picture that is judged.
        """
        names = self.names()
        if not names:
            return list(texts)
        spoken = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names))) + r")s?\b")
        free = frozenset(captions)
        return [text for text in texts if text in free or not spoken.search(text.lower())]
