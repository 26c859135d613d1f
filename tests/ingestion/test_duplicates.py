"""Pins that show what another pin shows: known as such, and never without a first one."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from qdrant_client import QdrantClient, models

from engine.features.phash import phash
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion, Patch
from engine.ingestion.duplicates import Duplicates, alike
from engine.pins import Pin
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record
from engine.store.server import ServerCollection
from engine.workspace import Workspace
from tests.ingestion.taking_in import opened

DIMENSION = 8
pytestmark = [
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as made:
        yield made


def blots(seed: int) -> Image.Image:
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return small.resize((160, 120), Image.Resampling.BICUBIC)


def shown(name: str, image: Image.Image, kind: str = "PNG", **options: int) -> Arrival:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    data = base64.b64encode(stream.getvalue()).decode()
    return Arrival(Pin(name, f"data:image/{kind.lower()};base64,{data}"), None, name)


def gone(name: str) -> Deletion:
    return Deletion(name, name)


def take(workspace: Workspace, *items: Arrival | Patch | Deletion) -> list[str | None]:
    """Take items in and return what each is told to be a duplicate of."""
    outcomes = list(workspace.intake().run(items))
    assert all(each.error is None for each in outcomes), outcomes
    return [each.duplicate_of for each in outcomes]


def groups(workspace: Workspace) -> dict[str, str | None]:
    """Return what each pin is a duplicate of, read in both ways."""
    shown = {stored.pin.id: stored.duplicate_of for _, stored in workspace.collection.scroll()}
    stored = workspace.collection.get(list(shown))
    assert {name: record.duplicate_of for name, record in stored.items()} == shown
    return shown


def test_the_same_picture_in_other_clothes_is_a_duplicate_of_the_first(
    workspace: Workspace,
) -> None:
    image = blots(1)
    assert take(workspace, shown("first", image), shown("other", blots(2))) == [None, None]
    copies = [
        shown("bytes", image),
        shown("jpeg", image, "JPEG", quality=50),
        shown("small", image.resize((80, 60))),
        shown("dark", ImageEnhance.Brightness(image).enhance(0.9)),
    ]
    assert take(workspace, *copies) == ["first"] * 4
    assert groups(workspace) == {
        "first": None,
        "other": None,
        **dict.fromkeys(("bytes", "jpeg", "small", "dark"), "first"),
    }
    assert workspace.collection.count() == 6


def test_within_one_batch_the_first_to_come_leads(workspace: Workspace) -> None:
    image = blots(3)
    items = [shown("b", image), shown("x", blots(4)), shown("a", image, "JPEG"), shown("c", image)]
    assert take(workspace, *items) == [None, None, "b", "b"]


def test_one_hash_alone_makes_no_duplicate(workspace: Workspace) -> None:
    red, blue = (Image.new("RGB", (20, 20), name) for name in ((220, 30, 30), (40, 70, 220)))
    assert phash(red) == phash(blue)
    assert take(workspace, shown("red", red), shown("blue", blue)) == [None, None]
    assert take(workspace, shown("red2", red.resize((9, 9)))) == ["red"]


def test_what_is_said_again_or_differs_in_words_stays_a_duplicate(workspace: Workspace) -> None:
    image = blots(5)
    take(workspace, shown("a", image), shown("b", image))
    assert take(workspace, shown("b", image)) == [None]  # nothing new, so nothing to tell
    take(workspace, Patch("b", {"description": "words"}, None, "b"))
    take(workspace, Patch("a", {"description": "words"}, None, "a"))
    assert groups(workspace) == {"a": None, "b": "a"}
    assert workspace.collection.get(["b"])["b"].pin.description == "words"


def test_a_picture_may_become_a_duplicate_and_cease_to_be_one(workspace: Workspace) -> None:
    image, other = blots(6), blots(7)
    take(workspace, shown("a", image), shown("b", other))
    assert take(workspace, shown("b", image, "JPEG")) == ["a"]
    assert take(workspace, shown("b", other, "JPEG")) == [None]
    assert groups(workspace) == {"a": None, "b": None}


@pytest.mark.parametrize("how", ["deletion", "call", "takedown"])
def test_when_the_first_goes_another_leads(workspace: Workspace, how: str) -> None:
    image = blots(8)
    take(workspace, *(shown(name, image) for name in "abcd"), shown("x", blots(9)))
    if how == "deletion":
        take(workspace, gone("a"))
    elif how == "call":
        workspace.delete("a")
    else:
        workspace.eraser.take_down("pin", "a")
    left = groups(workspace)
    [first] = {left[name] for name in "bcd"} - {None}
    assert first in {"b", "c", "d"}
    assert left == {"x": None} | dict.fromkeys("bcd", first) | {first: None}
    workspace.eraser.reinstate("pin", "a")
    assert take(workspace, shown("a", image)) == [first]


def test_when_the_first_shows_something_else_another_leads(workspace: Workspace) -> None:
    image = blots(10)
    take(workspace, *(shown(name, image) for name in "abc"))
    assert take(workspace, shown("a", blots(11))) == [None]
    left = groups(workspace)
    [first] = {left[name] for name in "bc"} - {None}
    assert left == {"a": None, "b": first, "c": first} | {str(first): None}


def test_whole_groups_may_leave_and_arrive_in_one_stream(workspace: Workspace) -> None:
    image = blots(12)
    take(workspace, *(shown(name, image) for name in "abc"))
    told = take(workspace, gone("a"), gone("c"), shown("d", image), shown("b", blots(13)))
    # When the window is compared, what it deletes is still there: "d" then leads alone.
    assert told[3] is None
    assert groups(workspace) == {"b": None, "d": None}


@pytest.fixture(params=["edge", "local"])
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Collection]:
    identity = Identity("encoder", DIMENSION, "english")
    if request.param == "edge":
        with EdgeCollection.open(tmp_path, identity, create=True, min_free_bytes=0) as made:
            yield made
        return
    with ServerCollection.over(
        QdrantClient(":memory:"),
        "pins",
        identity,
        create=True,
        tokenizer=models.TokenizerType.WORD,
    ) as made:
        yield made


def record(name: str, hashed: str, vector: Sequence[float], content: str = "") -> Record:
    row = np.zeros(DIMENSION, np.float32)
    row[: len(vector)] = vector
    pin, digest = Pin(name, "x.jpg"), content or f"sha-{name}"
    return Record(pin, row, "", "", digest, None, "0" * 16, "d", phash=hashed)


def flipped(hashed: str, bits: int) -> str:
    return f"{int(hashed, 16) ^ ((1 << bits) - 1):016x}"


@pytest.mark.parametrize(
    ("bits", "cosine", "same"),
    [
        (0, 0.81, True),
        (0, 0.79, False),
        (4, 0.91, True),
        (4, 0.89, False),
        (6, 0.96, True),
        (7, 1.0, False),
    ],
)
def test_the_more_bits_differ_the_closer_the_vectors_must_be(
    bits: int, cosine: float, same: bool
) -> None:
    hashed = "0123456789abcdef"
    first, second = record("a", hashed, [1]), record("b", flipped(hashed, bits), [1])
    assert alike(first, second, cosine) is same
    assert alike(first, replace(second, image_sha256=first.image_sha256), 0.0)
    assert not alike(first, replace(second, phash=""), 1.0)


def test_both_engines_find_the_copy_among_pins_like_it(collection: Collection) -> None:
    hashed, far = "0123456789abcdef", "fedcba9876543210"
    groups = Duplicates(collection)
    collection.upsert(
        [
            record("first", hashed, [1, 0.1]),
            replace(record("copy", flipped(hashed, 1), [1, 0.1]), duplicate_of="first"),
            record("nearer", far, [1, 0]),
            record("turned", hashed, [0, 1]),
        ]
    )
    new = [record("new", flipped(hashed, 2), [3, 0]), record("lone", "a" * 16, [1, 0])]
    assert [each.duplicate_of for each in groups.marked(new)] == ["first", None]
    assert [each.duplicate_of for each in groups.marked(new, ["first", "copy"])] == [None, None]


def test_both_engines_hand_large_groups_over(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.ingestion.duplicates.PAGE", 4)
    one, two = "0123456789abcdef", "fedcba9876543210"
    pins = [record("one", one, [1]), record("two", two, [0, 1]), record("three", "a" * 16, [1, 1])]
    pins += [replace(record(f"o{n}", one, [1]), duplicate_of="one") for n in range(11)]
    pins += [replace(record(f"t{n}", two, [0, 1]), duplicate_of="two") for n in range(3)]
    pins += [replace(record("h0", "a" * 16, [1, 1]), duplicate_of="three")]
    collection.upsert(pins)
    Duplicates(collection).hand_over(["one", "two", "o5", "nobody"])
    left = {stored.pin.id: stored.duplicate_of for _, stored in collection.scroll()}
    [first] = {left[f"o{n}"] for n in range(11) if n != 5} - {None}
    [second] = {left[f"t{n}"] for n in range(3)} - {None}
    assert left[str(first)] is None
    assert left[str(second)] is None
    assert first != "o5"
    assert left["h0"] == "three"
    assert sum(each == first for each in left.values()) == 9
    assert sum(each == second for each in left.values()) == 2
