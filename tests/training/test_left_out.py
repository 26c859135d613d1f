"""What a study run leaves out: pictures, names and texts, of classes, kin and twins alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.training.left_out import CHOSEN, LeftOut
from engine.training.pins import FOLDS, TrainingPin, split_anew


def pin(set_name: str, digest: str = "0", split: str = "train", **attributes: str) -> TrainingPin:
    return TrainingPin(set_name, "p", Path("p"), digest, split, attributes=attributes)


@pytest.fixture
def left(tmp_path: Path) -> LeftOut:
    listing = tmp_path / "left.json"
    listing.write_text(
        '{"cougar face": {"twins": ["cougar"], "kin": ["cougar body"]},'
        ' "cup": {"twins": ["coffee mug"], "kin": []}}'
    )
    return LeftOut.read(listing)


@pytest.mark.parametrize(
    ("found", "hidden"),
    [
        (pin("caltech", label="cup"), True),
        (pin("caltech", label="cougar body"), True),
        (pin("caltech", label="cougar"), False),
        (pin("imagenet", label="cougar, puma"), True),
        (pin("imagenet", label="tiger"), False),
        (pin("drawn", kind="cup"), True),
        (pin("drawn", kind="lamp"), False),
        (pin("grocery", label="cup"), False),
    ],
)
def test_pictures(left: LeftOut, found: TrainingPin, hidden: bool) -> None:
    assert left.hides(found) is hidden


def test_classes_and_texts(left: LeftOut) -> None:
    assert left.open_classes([["cougar", "puma"], ["tiger"], ["coffee mug"]]) == [
        False,
        True,
        False,
    ]
    texts = ["a photo of a Coffee Mug", "cups", "a cupboard", "a man drinks from a cup", "tiger"]
    spoken = left.speakable(texts, ["a man drinks from a cup"])
    assert spoken == ["a cupboard", "a man drinks from a cup", "tiger"]
    assert LeftOut().speakable(texts, []) == texts


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "no", '{"a": {"twins": []}}'])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    listing = tmp_path / "left.json"
    listing.write_text(text)
    with pytest.raises(UsageError, match="leave out"):
        LeftOut.read(listing)


def test_the_chosen_twenty_have_twins() -> None:
    chosen = LeftOut.read(CHOSEN)
    assert len(chosen.classes) == 20
    assert not chosen.classes & chosen.kin
    assert len(chosen.twins) >= 20


def test_folds_judge_every_flickr_pin_once_and_leave_other_sets_alone() -> None:
    pins = [pin("flickr", f"{number:x}", "development") for number in range(30)]
    pins += [pin("grocery", "5", "development")]
    tests = [split_anew(pins, fold=fold) for fold in range(FOLDS)]
    for row in range(30):
        assert sorted(found[row].split for found in tests) == ["test", "train", "train"]
    assert all(found[30].split == "development" for found in tests)
    assert {found.split for found in split_anew(pins, everything=True)} == {"train"}
