"""Not for everyone: the owner's word, a classifier's verdict, and which of them counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadPin, BadSetting
from engine.ingestion.arrivals import Arrival, Arrivals
from engine.ingestion.changes import Patch
from engine.ingestion.classifying import ClassifierFailed, Shown, load_classifier
from engine.pins import Pin, patched, pin_from_json, pin_to_json
from engine.settings import BlockingSettings
from engine.workspace import Workspace
from tests.ingestion.taking_in import opened, uri
from tests.tiny_encoder import TinyEncoder


@dataclass
class Reds:
    """Blocks red pictures and whatever says "secret"; remembers what it was shown."""

    fingerprint: str = "reds/1"
    seen: list[Shown] = field(default_factory=list)

    def judge(self, shown: Sequence[Shown]) -> list[str | None]:
        self.seen += shown
        return [self._verdict(each) for each in shown]

    def _verdict(self, shown: Shown) -> str | None:
        if shown.picture is not None and np.asarray(shown.picture)[0, 0, 0] > 200:
            return "it is red"
        return "it is secret" if "secret" in (shown.pin.description or "") else None


def make_reds(_: BlockingSettings, __: TinyEncoder) -> Reds:
    return Reds()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as made:
        yield made


def take(workspace: Workspace, reds: Reds | None, *items: Pin | Patch) -> list[str]:
    arrivals = [Arrival(each, None, "x") if isinstance(each, Pin) else each for each in items]
    intake = replace(workspace.intake(), classifier=reds)
    return [each.status for each in intake.run(arrivals)]


def blocked(workspace: Workspace, name: str) -> bool:
    return workspace.collection.get([name])[name].blocked


def test_a_pin_says_it_or_leaves_it_open() -> None:
    for given, meant in ((True, True), (False, False), (None, None), ("TRUE", True), ("", None)):
        pin, unknown = pin_from_json({"id": "a", "image": "a.png", "blocked": given})
        assert pin.blocked is meant
        assert unknown == {}
        assert pin_from_json(pin_to_json(pin))[0] == pin
    assert patched(pin, {"blocked": True}).blocked
    assert patched(replace(pin, blocked=True), {"blocked": None}).blocked is None
    wrong: tuple[object, ...] = (1, "perhaps", [])
    for bad in wrong:
        with pytest.raises(BadPin, match="blocked must be true or false"):
            pin_from_json({"id": "a", "image": "a.png", "blocked": bad})


def test_a_table_can_say_it(tmp_path: Path) -> None:
    (tmp_path / "pins.csv").write_text("id,image,blocked\na,a.png,true\nb,b.png,\n")
    pins = [each.pin for each in Arrivals(tmp_path / "pins.csv") if isinstance(each, Arrival)]
    assert [pin.blocked for pin in pins] == [True, None]


def test_a_patch_blocks_and_shows_again(workspace: Workspace) -> None:
    take(workspace, None, Pin("a", uri("blue"), "blue velvet"))
    take(workspace, None, Patch("a", {"blocked": True}, None, "x"))
    assert blocked(workspace, "a")
    assert workspace.collection.count() == 0
    assert workspace.collection.frequencies(["velvet"]) == {"velvet": 0}
    take(workspace, None, Patch("a", {"blocked": None}, None, "x"))
    assert workspace.collection.count() == 1
    assert workspace.collection.frequencies(["velvet"]) == {"velvet": 1}


def test_a_classifier_sees_picture_pin_and_vector(workspace: Workspace) -> None:
    reds = Reds()
    take(workspace, reds, Pin("a", uri("red"), "words"), Pin("b", uri("blue")))
    assert [each.pin.id for each in reds.seen] == ["a", "b"]
    assert reds.seen[0].pin.description == "words"
    assert reds.seen[0].picture is not None
    assert reds.seen[0].picture.mode == "RGB"
    assert reds.seen[0].vector.shape == (8,)
    assert (blocked(workspace, "a"), blocked(workspace, "b")) == (True, False)
    assert workspace.collection.get(["a"])["a"].withheld == "it is red"


def test_the_owners_word_counts_and_is_not_questioned(workspace: Workspace) -> None:
    reds = Reds()
    mine = Pin("a", uri("red"), blocked=False), Pin("b", uri("blue"), blocked=True)
    take(workspace, reds, *mine)
    assert reds.seen == []
    assert (blocked(workspace, "a"), blocked(workspace, "b")) == (False, True)
    take(workspace, reds, Pin("c", uri("red")))
    take(workspace, reds, Patch("c", {"blocked": False}, None, "x"))
    assert not blocked(workspace, "c")


def test_a_verdict_stays_with_an_unchanged_picture(workspace: Workspace) -> None:
    reds, plain = Reds(), Pin("a", uri("red"))
    take(workspace, reds, plain)
    assert take(workspace, reds, plain) == ["unchanged"]
    take(workspace, reds, Patch("a", {"price": "3"}, None, "x"))
    assert blocked(workspace, "a")
    take(workspace, None, replace(plain, description="new words"))
    assert blocked(workspace, "a")
    take(workspace, reds, replace(plain, image=uri("blue")))
    assert not blocked(workspace, "a")


def test_new_words_and_a_new_classifier_are_judged_without_encoding(workspace: Workspace) -> None:
    plain = Pin("a", uri("blue"))
    take(workspace, None, plain)
    encoder = workspace.encoder
    assert isinstance(encoder, TinyEncoder)
    encoded = encoder.images_seen
    reds = Reds()
    assert take(workspace, reds, plain) == ["updated"]
    assert reds.seen[0].picture is not None
    take(workspace, reds, Patch("a", {"description": "a secret"}, None, "x"))
    assert blocked(workspace, "a")
    assert encoder.images_seen == encoded
    assert take(workspace, Reds("reds/2"), replace(plain, description="plain")) == ["updated"]
    assert not blocked(workspace, "a")


def test_what_a_classifier_fails_on_does_not_come_in(workspace: Workspace) -> None:
    class Broken(Reds):
        def judge(self, shown: Sequence[Shown]) -> list[str | None]:
            raise ValueError("no model here")

    class Short(Reds):
        def judge(self, shown: Sequence[Shown]) -> list[str | None]:
            return []

    broken: tuple[Reds, ...] = (Broken(), Short())
    for bad in broken:
        with pytest.raises(ClassifierFailed, match="nothing of this batch was written"):
            take(workspace, bad, Pin("a", uri("blue")))
    assert workspace.collection.count(blocked=True) == 0


def test_settings_name_a_classifier() -> None:
    encoder = TinyEncoder()
    assert load_classifier(BlockingSettings(), encoder) is None
    named = BlockingSettings(classifier=f"{__name__}:make_reds")
    assert isinstance(load_classifier(named, encoder), Reds)
    for bad in ("nothing.here:make", f"{__name__}:nobody", "words"):
        with pytest.raises(BadSetting, match="ENGINE_BLOCKING__"):
            load_classifier(BlockingSettings(classifier=bad), encoder)


def test_words_block_what_looks_like_them(workspace: Workspace) -> None:
    encoder = TinyEncoder()
    settings = BlockingSettings(classifier="words", words="red, pink", threshold=0.99)
    words = load_classifier(settings, encoder)
    assert words is not None
    rows = encoder.encode_texts(["red", "blue"])
    verdicts = words.judge([Shown(Pin(str(n), "x"), None, row) for n, row in enumerate(rows)])
    assert verdicts[0] is not None
    assert "red" in verdicts[0]
    assert verdicts[1] is None
    other = load_classifier(settings.model_copy(update={"threshold": 0.5}), encoder)
    assert other is not None
    assert other.fingerprint != words.fingerprint


def test_copies_are_told_from_blocked_pins_too(workspace: Workspace) -> None:
    take(workspace, None, Pin("a", uri("red"), blocked=True), Pin("b", uri("red")))
    assert workspace.collection.get(["b"])["b"].duplicate_of == "a"
    workspace.delete("a")
    assert workspace.collection.get(["b"])["b"].duplicate_of is None
