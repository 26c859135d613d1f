"""Takes the time of what discovery answers, without encoding, on made-up pins.

    python -m benchmarks.discovery_speed --folder DIR --build [--pins 100000] [--regions 4]
    python -m benchmarks.discovery_speed --folder DIR [--asks 200] [--only WORD ...]

Each call is what the route and the command run, from the request to the JSON, with the picture's
decoding. Only the encoder is stood in for: it answers at once with a vector, or with maps of a
picture, that it was given. What else the machine did stands beside each call.
"""

import argparse
import base64
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.discovery_pins import SAMPLES, fill, spent
from benchmarks.machine import OtherWork
from benchmarks.synthetic import Corpus, corpus, questions
from engine.discovery.duplicates import Finder
from engine.discovery.segments import NAME as SEGMENTS
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.spatial import maps_of
from engine.retrieval.answers import answer_to_json
from engine.serving.asking import Asking
from engine.serving.feed import FeedRequest
from engine.serving.models import SearchRequest
from engine.serving.recognize import RecognizeRequest
from engine.serving.regions import RegionsRequest
from engine.serving.segments import AudienceRequest, SegmentsRequest
from engine.serving.shop import ShopRequest
from engine.settings import Settings, load_settings
from engine.store.edge import EdgeCollection
from engine.workspace import Workspace, collection_folder, identity_now, open_workspace

FloatArray = npt.NDArray[np.float32]
FIRST = 10
LATE = 500
Ask = Callable[[int], object]


class Given:
    """The embedded encoder, which answers with what it was given once it was given something."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.row: FloatArray | None = None
        self.seen: Sequence[FloatArray] = ()

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        if self.row is None:
            return self._encoder.encode_texts(texts)
        return np.repeat(self.row[None], len(texts), axis=0)

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        if self.row is None:
            return self._encoder.encode_images(images)
        return np.repeat(self.row[None], len(images), axis=0)

    def knows_word(self, word: str) -> bool:
        return self._encoder.knows_word(word)

    def maps(self, image: Image.Image) -> Sequence[FloatArray]:
        return self.seen or maps_of(self._encoder, image)


class Asked:
    """The calls by name, over one workspace."""

    def __init__(self, workspace: Workspace, encoder: Given, made: Corpus, asks: int) -> None:
        self.workspace, self.encoder, self.made = workspace, encoder, made
        self.chance = np.random.default_rng(4)
        self.rows = self.chance.integers(0, len(made), asks + FIRST).tolist()
        self.questions = questions(made, asks + FIRST)
        paths = sorted(SAMPLES.iterdir())
        self.pictures = [_inline(path) for path in paths[:: max(1, len(paths) // 40)]]
        opened = [Image.open(path).convert("RGB") for path in paths[:: max(1, len(paths) // 40)]]
        self.maps = [maps_of(encoder, each) for each in opened]
        workspace.knowledge.finder  # noqa: B018 - labels are encoded before anything is given
        for facet in ("kind", "place", "style", "colour"):
            workspace.knowledge.labels(facet)

    def calls(self) -> dict[str, Ask]:
        """Return what is timed, in the order of the table."""
        return {
            "related": self._related,
            "related, but in words": lambda n: self._related(n, but=self._words(n)),
            "regions of a picture": lambda n: self._of(n, RegionsRequest, vectors=True),
            "search with a crop": lambda n: self._search(
                n, image=self._picture(n), crop="0.1,0.1,0.6,0.7"
            ),
            "recognise": lambda n: self._of(n, RecognizeRequest),
            "shop by picture": lambda n: self._of(n, ShopRequest),
            "shop by words": lambda n: self._said(n, ShopRequest),
            "shop each of six things": lambda n: self._of(n, ShopRequest, regions=True),
            "feed of a newcomer": lambda n: self._feed(n, 0, 0),
            "feed, 5 likes": lambda n: self._feed(n, 5, 0),
            "feed, 50 likes": lambda n: self._feed(n, 50, 0),
            "feed, 50 likes and 5 hides": lambda n: self._feed(n, 50, 5),
            "search by words": lambda n: self._search(n, text=self._words(n)),
            "search by words for a person": lambda n: self._search(
                n, text=self._words(n), **{"for": {"likes": self._pins(50)}}
            ),
            "copies of a pin": lambda n: Finder(
                self.workspace.collection, self.workspace.images
            ).of(f"pin-{self.rows[n]}"),
            "segments, nothing new": lambda _: SegmentsRequest().answer(self.workspace),
            "audience, 20 people of 20 pins": lambda n: self._said(
                n, AudienceRequest, people={f"p{each}": self._pins(20) for each in range(20)}
            ),
        }

    def _pins(self, count: int) -> list[str]:
        return [f"pin-{row}" for row in self.chance.integers(0, len(self.made), count)]

    def _words(self, number: int) -> str:
        return " ".join(self.questions[number].terms)

    def _related(self, number: int, but: str | None = None) -> object:
        self.encoder.row = self.questions[number].vector
        return self.workspace.related(f"pin-{self.rows[number]}", but=but, explain=True)

    def _of(self, number: int, request: type[Asking], **more: Any) -> object:
        self.encoder.row = self.questions[number].vector
        self.encoder.seen = self.maps[number % len(self.maps)]
        return request.model_validate({"image": self._picture(number)} | more).answer(
            self.workspace
        )

    def _picture(self, number: int) -> str:
        return self.pictures[number % len(self.pictures)]

    def _search(self, number: int, **asked: object) -> object:
        self.encoder.row = self.questions[number].vector
        query = SearchRequest.model_validate(asked).to_query(self.workspace.limits.bytes)
        return answer_to_json(self.workspace.search(query))

    def _said(self, number: int, request: type[Asking], **more: Any) -> object:
        self.encoder.row = self.questions[number].vector
        return request.model_validate({"text": self._words(number)} | more).answer(self.workspace)

    def _feed(self, number: int, likes: int, hides: int) -> object:
        return FeedRequest(likes=self._pins(likes), hides=self._pins(hides)).answer(self.workspace)


def _inline(path: Path) -> str:
    with Image.open(path) as opened:
        buffer = io.BytesIO()
        opened.convert("RGB").save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def timed(what: str, asks: int, ask: Ask) -> None:
    """Print the spread of what an answer takes, after some that are not counted."""
    took = []
    other = OtherWork()
    for number in range(FIRST + asks):
        began = time.perf_counter()
        ask(number)
        took.append(1e3 * (time.perf_counter() - began))
    p50, p95, p99 = np.percentile(took[FIRST:], (50, 95, 99))
    print(f"| {what} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {other.share():.0%} |", flush=True)


def parted(workspace: Workspace, made: Corpus) -> None:
    """Print how long segments take: the first time, when some pins are new, and when none is."""
    (collection_folder(workspace.settings) / SEGMENTS).unlink(missing_ok=True)
    late = [
        replace(made.record(row), pin=replace(made.record(row).pin, id=f"late-{row}"))
        for row in range(LATE)
    ]

    def once(what: str) -> None:
        other, began = OtherWork(), time.perf_counter()
        SegmentsRequest().answer(workspace)
        print(f"| {what} | {time.perf_counter() - began:.1f} | {other.share():.0%} |", flush=True)

    print("\n| segments | s | other work |\n|---|---|---|")
    once("the first time")
    workspace.collection.upsert(late)
    try:
        once(f"after {LATE} more pins")
    finally:
        workspace.collection.delete([each.pin.id for each in late])
    once(f"after {LATE} pins less")


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Workspace, Given]]:
    encoder = Given(load_encoder(settings.encoder))
    with open_workspace(settings) as workspace:
        yield replace(workspace, loaded=encoder), encoder


def main() -> None:
    """Fill a folder, or print the table of one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path)
    options.add_argument("--build", action="store_true", help="only fill the folder")
    options.add_argument("--pins", type=int, default=100_000)
    options.add_argument("--regions", type=int, default=0, help="things kept of each picture")
    options.add_argument("--asks", type=int, default=200)
    options.add_argument("--only", nargs="*", help="words of the calls that are wanted")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = load_settings(data=chosen.folder or Path(temporary))
        place, made = collection_folder(settings), corpus(chosen.pins)
        if chosen.build or chosen.folder is None:
            identity = replace(identity_now(settings), regions=chosen.regions)
            with EdgeCollection.open(place, identity, create=True) as collection:
                fill(place, collection, made, chosen.regions)
        if chosen.build:
            return
        with _opened(settings) as (workspace, encoder):
            print(f"{workspace.info()}\nbuilt: {spent(place)}\n")
            asked = Asked(workspace, encoder, made, chosen.asks)
            if chosen.only is None or "parted" in chosen.only:
                parted(workspace, made)
            print("\n| | p50 ms | p95 ms | p99 ms | other work |\n|---|---|---|---|---|")
            for what, ask in asked.calls().items():
                if chosen.only is None or any(each in what for each in chosen.only):
                    timed(what, chosen.asks, ask)


if __name__ == "__main__":
    main()
