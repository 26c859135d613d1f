"""What all processes are told of which collection answers, and that no write falls between."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from qdrant_client import QdrantClient, models

from engine.errors import EncoderChanged, StoreError
from engine.features.text import Analyzer
from engine.ingestion.reencoding import Pace
from engine.server_reindexing import Filling
from engine.settings import load_settings
from engine.store import server_switch
from engine.store.identity import Identity
from engine.store.image_store import ImageStore
from engine.store.records import Record
from engine.store.server import ServerCollection
from engine.store.server_calls import Calls
from engine.store.server_removals import ServerRemovals, point
from engine.store.server_switch import STANDING, ServerSwitch, Written
from engine.store.standing import Standing
from engine.workspace import Workspace
from tests.store.conftest import record
from tests.tiny_encoder import TinyEncoder, TurnedEncoder

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")
WORD = models.TokenizerType.WORD
OLD = TinyEncoder()


@pytest.fixture
def client() -> QdrantClient:
    made = QdrantClient(":memory:")
    ServerRemovals(made, "pins")
    return made


@pytest.fixture
def switch(client: QdrantClient) -> ServerSwitch:
    return ServerSwitch(client, "pins")


def keys_of(switch: ServerSwitch) -> set[str]:
    return {each.key for page in switch.written() for each in page}


def test_nothing_is_said_at_first() -> None:
    switch = ServerSwitch(QdrantClient(":memory:"), "pins")
    assert switch.standing() is None
    switch.wrote("pins", ["a"])


def test_only_who_knows_what_is_said_can_change_it(switch: ServerSwitch) -> None:
    first = switch.begin("pins", "old")
    assert first == Standing("pins", {"pins": "old"})
    assert switch.begin("other", "other") == first
    filling = replace(first, encoders={"pins": "old", "pins@1": "new"}, beside="pins@1")
    said = switch.change(first, filling)
    assert said == filling
    assert switch.change(first, replace(first, closing=True)) is None
    assert switch.standing() == filling
    # An encoder goes with the collection that it is of.
    assert said is not None
    assert switch.change(said, replace(said, beside=None)) == first


def test_what_is_written_is_noted_while_another_is_filled(switch: ServerSwitch) -> None:
    first = switch.begin("pins", "old")
    switch.wrote("pins", ["a"])
    assert keys_of(switch) == set()
    both = replace(first, encoders={"pins": "old", "pins@1": "new"}, beside="pins@1")
    assert switch.change(first, both)
    switch.wrote("pins", ["a", "b"])
    [page] = switch.written()
    assert {each.key for each in page} == {"a", "b"}
    switch.wrote("pins", ["b"])
    # Written again since it was looked at: it stays.
    switch.brought(page)
    assert keys_of(switch) == {"b"}
    switch.forget()
    assert keys_of(switch) == set()
    with pytest.raises(EncoderChanged, match="do the same again"):
        switch.wrote("pins@1", ["a"])


def test_a_change_that_is_not_made_is_not_waited_for(
    switch: ServerSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = switch.begin("pins", "old")
    both = replace(first, encoders={"pins": "old", "pins@1": "new"}, beside="pins@1", closing=True)
    closing = switch.change(first, both)
    assert closing is not None
    monkeypatch.setattr(server_switch, "PATIENCE_S", 0.1)
    switch.wrote("pins", ["a"])
    assert keys_of(switch) == {"a"}
    # Whoever was to make it finds that it is too late.
    assert switch.change(closing, replace(closing, current="pins@1", closing=False)) is None


def test_a_note_that_is_damaged_is_an_error(client: QdrantClient, switch: ServerSwitch) -> None:
    switch.begin("pins", "old")
    for text in ("{", "{}", '{"current": "pins", "encoders": {}}'):
        where = models.PointIdsList(points=[point(STANDING, "")])
        client.set_payload("pins.removals", {"state": text}, points=where)
        with pytest.raises(StoreError, match="damaged"):
            switch.standing()


@dataclass
class Writer:
    """A write in a thread that makes each call to the server when it is let.

    told: whether it came to say that it was done; moved: whether it was sent elsewhere.
    """

    work: Callable[[], object]
    told: bool = False
    moved: bool = False
    free: bool = True
    _let: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _made: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, call: Callable[[], Any]) -> Any:
        """Make a call, as `Calls` does."""
        if self.free:
            return call()
        self._let.acquire()
        try:
            return call()
        finally:
            self._made.release()

    def let(self) -> None:
        """Let it make one call, and wait until it has."""
        if not (self.free or self.told or self.moved):
            self._let.release()
            self._made.acquire()

    def run(self) -> None:
        try:
            self.work()
            self.told = True
        except EncoderChanged:
            self.moved = True
        self._made.release()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Go on until the block ends, then freely to the end."""
        self.free = False
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._let.release(1_000)
            thread.join()


class Moments:
    """The moments of a change between which a writer's calls come: `when` has those of each."""

    def __init__(self, writer: Writer, when: Sequence[int]) -> None:
        self._writer = writer
        self._when = when
        self._passed = 0

    def passed(self) -> None:
        """Let the writer make the calls that are due."""
        if self._writer.free:
            return
        for _ in range(self._when.count(self._passed)):
            self._writer.let()
        self._passed += 1


class Stepped(ServerSwitch):
    """Has a moment before each thing that is said or asked while an encoder is changed."""

    moments: Moments

    def change(self, seen: Standing, wanted: Standing) -> Standing | None:
        self.moments.passed()
        return super().change(seen, wanted)

    def written(self) -> Iterator[list[Written]]:
        self.moments.passed()
        return super().written()

    def brought(self, written: Sequence[Written]) -> None:
        self.moments.passed()
        super().brought(written)

    def forget(self) -> None:
        self.moments.passed()
        super().forget()


class SteppedEncoder(TurnedEncoder):
    """Has one between reading a pin where it is and writing it where it goes."""

    moments: Moments

    def encode_images(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        self.moments.passed()
        return super().encode_images(images)


# Before it is announced, forgotten, encoded, asked, asked again, closed, asked, changed, forgotten;
# where a pin was found, it is encoded and forgotten after that.
MOMENTS = 12
WRITES = ("add", "again", "replace", "delete", "nothing")


def write(kind: str, collection: ServerCollection, new: Record, known: Record) -> None:
    """Do what an intake does with a pin that comes, comes twice, changes, goes, or is the same."""
    match kind:
        case "add":
            collection.upsert([new])
        case "again":
            collection.upsert([new])
            collection.upsert([replace(new, description_terms="other", digest="f" * 64)])
        case "replace":
            collection.upsert([replace(known, description_terms="other", digest="f" * 64)])
        case "delete":
            collection.delete([known.pin.id])
        case _:
            collection.confirm([known.pin.id])


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(WRITES),
    st.lists(st.integers(0, MOMENTS), min_size=1, max_size=8).map(sorted),
)
# Found that another is filled; noted when the last of what was noted has been brought in.
@example("add", [3, 3, 7, 7])
@example("add", [5, 5, 7, 7])
# Written while writes wait, before and after the last is brought in.
@example("add", [6, 6, 6, 6])
@example("add", [7, 7, 7, 7])
# Written again while it is brought in.
@example("again", [3, 3, 3, 3, 4, 4, 4, 4])
@example("again", [3, 3, 3, 3, 5, 5, 5, 5])
def test_what_was_told_to_be_written_is_there_whenever_it_came(kind: str, when: list[int]) -> None:
    """Each call of a writer comes between any two things that who changes the encoder does."""
    with TemporaryDirectory() as folder:
        client, images = QdrantClient(":memory:"), ImageStore(Path(folder))
        made = [
            replace(record(name, "lamp", seed=seed), image_key=images.put(shown))
            for seed, name in enumerate(("lamp", "sofa", "new"), 1)
            if (shown := Image.new("RGB", (8, 8), (seed * 60, 0, 0)))
        ]
        writer = Writer(lambda: write(kind, theirs, made[2], made[0]))
        removals = ServerRemovals(client, "pins")
        says, encoder = Stepped(client, "pins"), SteppedEncoder()
        says.moments = encoder.moments = Moments(writer, when)
        ours = opened(client, "pins", OLD, Calls(), says)
        ours.upsert(made[:2])
        calls = cast(Calls, writer)
        theirs = opened(
            client, "pins", OLD, calls, ServerSwitch(client, "pins", calls, lambda _: None)
        )
        theirs.confirm(["lamp"])
        target = opened(client, "pins@1", encoder, Calls(), None)
        chosen = load_settings(data=Path(folder))
        now = Workspace(chosen, ours, images, None, OLD, removals)
        then = Workspace(chosen, target, images, None, encoder, removals)
        with writer.at_work():
            filling = Filling(now, then, Pace(), "new")
            filling.fill(lambda _: None)
            filling.change_over(leave_out=False)
        there = target.get(["lamp", "sofa", "new"])
        # What came too late was sent on: the intake does it again there.
        assert writer.told or writer.moved
        if not writer.told:
            return
        assert ("new" in there) == (kind in {"add", "again"})
        assert ("lamp" in there) == (kind != "delete")
        if kind in {"again", "replace"}:
            assert there["new" if kind == "again" else "lamp"].description_terms == "other"


def opened(
    client: QdrantClient, name: str, encoder: TinyEncoder, calls: Calls, switch: ServerSwitch | None
) -> ServerCollection:
    analysis = Analyzer("english").fingerprint
    identity = Identity(encoder.fingerprint, encoder.dimension, analysis)
    return ServerCollection.over(
        client, name, identity, create=True, tokenizer=WORD, calls=calls, switch=switch
    )
