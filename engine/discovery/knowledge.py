"""What the engine knows of things: what they can be called, what finds them, what names them.

Made of what the settings name, each part at its first use, since most commands need none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from engine.discovery.confidence import CONFIDENCES
from engine.discovery.kinds import Kinds
from engine.discovery.objects import Detector, Finder
from engine.discovery.recognition import Namer
from engine.discovery.tower import Tower
from engine.discovery.vocabulary import Facet, Labels, Vocabulary, read_vocabulary
from engine.discovery.wording import Wording
from engine.features.encoder import Encoder
from engine.features.text import Analyzer
from engine.settings import Settings


@dataclass(frozen=True)
class Knowledge:
    """What is known by one encoder and one text analysis."""

    settings: Settings
    encoder: Callable[[], Encoder]
    analyzer: Analyzer

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What things can be called; BadSetting if ENGINE_VOCABULARY names something else."""
        return read_vocabulary(self.settings.vocabulary)

    def labels(self, facet: Facet) -> Labels:
        """Return the labels of a facet with their vectors, which are made once."""
        if facet not in self._labels:
            self._labels[facet] = Labels.of(self.vocabulary, facet, self.encoder())
        return self._labels[facet]

    @cached_property
    def kinds(self) -> Kinds:
        """What tells which kinds pictures show."""
        return Kinds(self.labels("kind").rows, self.wording)

    @cached_property
    def finder(self) -> Finder:
        """What finds the things in a picture; BadSetting if ENGINE_DETECTOR names none."""
        return Finder(self.encoder(), self.labels("kind"), self.detector)

    @cached_property
    def detector(self) -> Detector | None:
        """The detector that the settings name, if any; raise BadSetting."""
        if self.settings.detector is None:
            return None
        from engine.features.detector import FolderDetector  # only here: it brings torch

        return FolderDetector.load(self.settings.detector)

    @cached_property
    def wording(self) -> Wording:
        """What finds labels in words."""
        return Wording(self.vocabulary, self.analyzer)

    @cached_property
    def namer(self) -> Namer:
        """What puts pictures into words."""
        return Namer(self.wording, Tower(self.labels, self.encoder), CONFIDENCES)

    @cached_property
    def _labels(self) -> dict[Facet, Labels]:
        return {}
