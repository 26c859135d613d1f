"""Segments of a collection: its pins by content, with names, covers and ids that last.

The first run fits clusters to a sample; later ones put all pins where they belong, and fit anew
only when asked to, or when pins no longer lie near the clusters. A new fit goes on with the ids of
the segments that it finds again. Knows nothing of HTTP.
"""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.discovery.clusters import Clusters, FloatArray, fitted, matched, unit
from engine.discovery.naming import Wording, name_of
from engine.errors import BadQuery, StoreError
from engine.features.text import Analyzer
from engine.store.collection import Collection
from engine.store.disk import write_whole
from engine.store.kept_words import text_of
from engine.store.records import Record

NAME: Final = "segments.json"
VERSION: Final = 1
DEFAULT_COUNT = 12
MAX_COUNT = 100
# Keys are digests, so the first pins are a sample that no order of arrival bends.
SAMPLE = 50_000
BATCH = 1_024
COVERS = 4
CLOSEST = 32
DISTINCT = 0.97
# When the pins' mean cosine with the clusters has fallen by so much, they are fitted anew.
DRIFT = 0.05
# With fewer pins that say something, a segment is named by what its pictures look like.
LEAST_TEXT = 0.05

Namer = Callable[[FloatArray], list[list[str]]]


@dataclass(frozen=True)
class Segment:
    """Pins that show one kind of thing.

    covers: pins that show best what it is, all different. words: most telling first.
    """

    id: str
    name: str
    words: tuple[str, ...]
    covers: tuple[str, ...]
    pins: int


@dataclass(frozen=True)
class Segments:
    """The segments of a collection, largest first, in the order of the clusters' numbers.

    pins: how many pins the collection had. count: how many segments were asked for. next_id: the
    number of the next segment that is new.
    """

    clusters: Clusters
    segments: tuple[Segment, ...]
    pins: int
    count: int
    next_id: int
    encoder: str

    def of(self, vectors: FloatArray) -> list[Segment]:
        """Return the segment of each unit row."""
        return [self.segments[number] for number in self.clusters.nearest(vectors)[0].tolist()]


@dataclass(frozen=True)
class Segmenter:
    """Finds the segments of one collection and keeps them in a file.

    namer: returns telling words of directions, for pins that say nothing.
    """

    collection: Collection
    analyzer: Analyzer
    path: Path
    namer: Namer

    def current(self, count: int | None = None, *, refresh: bool = False) -> Segments:
        """Return the segments as of now; raises BadQuery for a count out of range.

        count: how many at most; None takes those that there are, or the default.
        """
        if count is not None and not 2 <= count <= MAX_COUNT:
            raise BadQuery(f"count {count} is out of range: 2 to {MAX_COUNT}")
        before = self.kept()
        wanted = count or (before.count if before else DEFAULT_COUNT)
        pins = self.collection.count()
        if before and not refresh and before.count == wanted:
            if before.pins == pins:
                return before
            found, fit = self._filled(before.clusters, before, wanted)
            if fit >= before.clusters.fit - DRIFT:
                return self._keep(found)
        sample = self._sample()
        if not len(sample):
            raise BadQuery("the collection has no pins yet: index some, then ask for its segments")
        return self._keep(self._filled(fitted(sample, wanted), before, wanted)[0])

    def kept(self) -> Segments | None:
        """Return what was found last; None where there is nothing, or of another encoder."""
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            raise StoreError(f"{self.path} is not JSON: remove it, it is made anew") from None
        if told.get("version") != VERSION:
            return None
        if told["encoder"] != self.collection.identity.encoder_fingerprint:
            return None
        clusters = told["clusters"]
        return Segments(
            Clusters(
                np.asarray(clusters["centres"], np.float32),
                np.asarray(clusters["group"], np.intp),
                np.asarray(clusters["sizes"], np.intp),
                float(clusters["fit"]),
            ),
            tuple(
                Segment(
                    each["id"],
                    each["name"],
                    tuple(each["words"]),
                    tuple(each["covers"]),
                    each["pins"],
                )
                for each in told["segments"]
            ),
            told["pins"],
            told["count"],
            told["next_id"],
            told["encoder"],
        )

    def _sample(self) -> FloatArray:
        rows: list[FloatArray] = []
        for records in self.collection.records(BATCH):
            rows += [record.vector for record in records]
            if len(rows) >= SAMPLE:
                break
        return unit(np.stack(rows)) if rows else np.zeros((0, 1), np.float32)

    def _filled(
        self, clusters: Clusters, before: Segments | None, count: int
    ) -> tuple[Segments, float]:
        """Put every pin in its segment; return those, and the pins' mean cosine with clusters."""
        wording = Wording(clusters.count, self._stem)
        closest = Closest(clusters.directions())
        pins = np.zeros(clusters.count, np.intp)
        total = 0.0
        for records in self.collection.records(BATCH):
            vectors = unit(np.stack([record.vector for record in records]))
            groups, cosines = clusters.nearest(vectors)
            total += float(cosines.sum())
            pins += np.bincount(groups, minlength=clusters.count)
            closest.add(records, vectors, groups)
            for record, group in zip(records, groups.tolist(), strict=True):
                wording.add(group, text_of(record.pin))
        ids, next_id = self._ids(clusters, before)
        words = self._words(wording, clusters, pins)
        segments = tuple(
            Segment(name, name_of(telling), tuple(telling), tuple(covers), int(size))
            for name, telling, covers, size in zip(
                ids, words, closest.covers(), pins.tolist(), strict=True
            )
        )
        whole = int(pins.sum())
        encoder = self.collection.identity.encoder_fingerprint
        found = Segments(clusters, segments, whole, count, next_id, encoder)
        return found, total / max(1, whole)

    def _ids(self, clusters: Clusters, before: Segments | None) -> tuple[list[str], int]:
        if before is None:
            return [f"s{number + 1}" for number in range(clusters.count)], clusters.count + 1
        known = matched(clusters.directions(), before.clusters.directions())
        ids, next_id = [], before.next_id
        for number in range(clusters.count):
            if number in known:
                ids.append(before.segments[known[number]].id)
            else:
                ids.append(f"s{next_id}")
                next_id += 1
        return ids, next_id

    def _words(self, wording: Wording, clusters: Clusters, pins: Any) -> list[list[str]]:
        words = wording.names()
        silent = [
            group
            for group, texts in enumerate(wording.texts)
            if not words[group] or texts < LEAST_TEXT * pins[group]
        ]
        if silent:
            directions = clusters.directions()
            away = unit(directions - directions.mean(axis=0)) if len(directions) > 1 else directions
            for group, seen in zip(silent, self.namer(away[silent]), strict=True):
                words[group] = seen
        return words

    def _stem(self, word: str) -> str:
        return next(iter(self.analyzer.telling_terms(word)), "")

    def _keep(self, found: Segments) -> Segments:
        clusters = found.clusters
        told = {
            "version": VERSION,
            "encoder": found.encoder,
            "pins": found.pins,
            "count": found.count,
            "next_id": found.next_id,
            "segments": [asdict(each) for each in found.segments],
            "clusters": {
                "centres": np.round(clusters.centres.astype(float), 6).tolist(),
                "group": clusters.group.tolist(),
                "sizes": clusters.sizes.tolist(),
                "fit": clusters.fit,
            },
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        out = io.StringIO()
        json.dump(told, out, ensure_ascii=False)
        write_whole(self.path, out.getvalue())
        return found


class Closest:
    """The pins closest to the middle of each group, seen one batch after the other."""

    def __init__(self, directions: FloatArray) -> None:
        self._directions = directions
        self._found: list[list[tuple[float, str, FloatArray]]] = [[] for _ in directions]

    def add(self, records: list[Record], vectors: FloatArray, groups: Any) -> None:
        """Look at pins with their unit rows and groups."""
        cosines = (vectors * self._directions[groups]).sum(axis=1)
        for group in np.unique(groups).tolist():
            rows = np.flatnonzero(groups == group)
            best = rows[np.argsort(-cosines[rows], kind="stable")[:CLOSEST]]
            found = self._found[group]
            # A copy, so that a batch is not kept for the sake of a few rows.
            found += [(float(cosines[r]), records[r].pin.id, vectors[r].copy()) for r in best]
            found.sort(key=lambda each: (-each[0], each[1]))
            del found[CLOSEST:]

    def covers(self) -> list[list[str]]:
        """Return up to COVERS pins of each group, the closest first, no two of them nearly one."""
        out = []
        for found in self._found:
            kept: list[tuple[str, FloatArray]] = []
            for _, pin, vector in found:
                if all(float(vector @ other) < DISTINCT for _, other in kept):
                    kept.append((pin, vector))
                if len(kept) == COVERS:
                    break
            out.append([pin for pin, _ in kept])
        return out
