"""The segments of a collection, and whom a creative speaks to: requests and answers."""

import time
from typing import Any, ClassVar

from pydantic import Field

from engine.discovery.audience import Addressed, audience
from engine.discovery.looks import Looks
from engine.discovery.segments import MAX_COUNT, NAME, Segment, Segmenter
from engine.discovery.vocabulary import read_vocabulary
from engine.errors import BadQuery
from engine.queries import MAX_LIMIT, Part, Query
from engine.serving.asking import Asking
from engine.serving.models import ImageText, image_bytes
from engine.workspace import Workspace, collection_folder

LIKE = MAX_LIMIT
"""Pins like a creative that are asked for whom they speak."""


class SegmentsRequest(Asking):
    """What the collection is made of."""

    path: ClassVar[str] = "/v1/segments"

    count: int | None = Field(
        None, description=f"segments at most, 2 to {MAX_COUNT}; those of the last time by default"
    )
    refresh: bool = Field(False, description="find them anew; those found again keep their ids")

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return the segments as JSON, largest first; raise BadQuery."""
        started = time.perf_counter()
        found = segmenter(workspace).current(self.count, refresh=self.refresh)
        segments = sorted(found.segments, key=lambda each: (-each.pins, each.id))
        return {
            "segments": [segment_to_json(each) for each in segments],
            "pins": found.pins,
            "took_ms": _ms(started),
        }


class AudienceRequest(Asking):
    """A creative: a picture, words or both; and people by the pins that they like."""

    path: ClassVar[str] = "/v1/segments/audience"

    image: ImageText | None = Field(None, description="data: URI or base64 of an image file")
    text: str | None = Field(None, description="words of the creative")
    people: dict[str, list[str]] = Field(
        default_factory=dict, description="by name, the ids of pins that each person likes"
    )
    limit: int = Field(10, description="how many segments, boards and people, 1 to 100")

    @property
    def looks(self) -> bool:
        return self.image is not None

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return whom it speaks to as JSON; raise BadQuery or BadImage."""
        if self.image is None and self.text is None:
            raise BadQuery("a creative is an image, a text, or both")
        if not 1 <= self.limit <= 100:
            raise BadQuery(f"limit {self.limit} is out of range: 1 to 100")
        parts: list[Part] = []
        if self.text is not None:
            parts.append(Part("text", self.text))
        if self.image is not None:
            parts.append(Part("image", image_bytes(self.image, workspace.limits.bytes)))
        query = Query(parts=tuple(parts), limit=LIKE)
        started = time.perf_counter()
        parameters = workspace.parameters
        found = audience(
            query,
            self.people,
            segmenter(workspace).current(),
            workspace.reader(parameters),
            parameters,
            self.limit,
        )
        return {
            "segments": [
                _told(each) | ({} if each.segment is None else segment_to_json(each.segment))
                for each in found.segments
            ],
            "boards": [{"title": each.name} | _told(each) for each in found.boards],
            "people": [{"name": each.name} | _told(each) for each in found.people],
            "took_ms": _ms(started),
        }


def segmenter(workspace: Workspace) -> Segmenter:
    """Return what finds the segments of a workspace."""

    def namer(directions: Any) -> list[list[str]]:
        vocabulary = read_vocabulary(workspace.settings.vocabulary)
        looks = Looks(workspace.encoder, vocabulary, workspace.collection.vocabulary())
        return looks(directions)

    path = collection_folder(workspace.settings) / NAME
    return Segmenter(workspace.collection, workspace.analyzer, path, namer)


def segment_to_json(segment: Segment) -> dict[str, Any]:
    """Return a segment as the contract has it."""
    return {
        "id": segment.id,
        "name": segment.name,
        "words": list(segment.words),
        "covers": list(segment.covers),
        "pins": segment.pins,
    }


def _told(addressed: Addressed) -> dict[str, Any]:
    evidence = [{"id": pin, "score": round(score, 6)} for pin, score in addressed.evidence]
    return {"score": round(addressed.score, 6), "evidence": evidence}


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
