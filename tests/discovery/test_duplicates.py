"""Which pins show the same picture, and which only look like it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from engine.discovery.duplicates import Finder
from engine.errors import BadQuery, UnknownPin
from engine.features.sameness import Small, compared
from engine.ingestion.changes import Deletion
from engine.workspace import Workspace
from tests.commands import Commands
from tests.ingestion.taking_in import opened
from tests.ingestion.test_duplicates import blots, shown, take

Edit = Callable[[Image.Image], Image.Image]


def marked(image: Image.Image) -> Image.Image:
    out = image.copy()
    ImageDraw.Draw(out).text((image.width * 0.5, image.height * 0.85), "shop.example", "white")
    return out


EDITS: dict[str, Edit] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "squeezed": lambda image: image.resize((int(image.width * 0.8), image.height)),
    "cropped at the left": lambda image: image.crop((image.width // 10, 0, *image.size)),
    "cropped all round": lambda image: ImageOps.crop(image, image.width // 20),
    "mirrored": ImageOps.mirror,
    "mirrored and cropped": lambda image: ImageOps.mirror(ImageOps.crop(image, 10)),
    "framed in white": lambda image: ImageOps.expand(image, image.width // 15, "white"),
    "framed in red": lambda image: ImageOps.expand(image, image.width // 15, "firebrick"),
    "marked": marked,
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
}


def sample(samples: Path, name: str) -> Image.Image:
    with Image.open(samples / "images" / f"{name}.jpg") as image:
        return image.convert("RGB")


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("name", ["city-003", "sneakers-002", "cake-004"])
def test_an_edit_is_the_same_picture_both_ways(samples: Path, name: str, edit: Edit) -> None:
    image = sample(samples, name)
    one, other = Small.of(image), Small.of(edit(image))
    [told] = compared(one, [other])
    assert told.same, told
    [back] = compared(other, [one])
    assert back.same, back


@pytest.mark.parametrize("kind", ["city", "sneakers", "cake", "dress", "apple"])
def test_another_thing_of_a_kind_is_not(samples: Path, kind: str) -> None:
    pictures = [Small.of(sample(samples, f"{kind}-00{number}")) for number in range(1, 8)]
    for number, one in enumerate(pictures):
        others = [*pictures[:number], *pictures[number + 1 :]]
        assert not any(each.same for each in compared(one, others))


def test_another_colour_of_a_thing_is_not(samples: Path) -> None:
    image = sample(samples, "sofa-001")
    red, green, blue = image.split()
    other = Image.merge("RGB", (blue, red, green))
    [told] = compared(Small.of(image), [Small.of(other)])
    assert not told.same
    assert told.colour > 0.1


def test_one_outline_at_another_shape_is_not(samples: Path) -> None:
    image = sample(samples, "sneakers-002")
    wide = image.resize((image.width, image.height * 7 // 10))
    told = [
        compared(Small.of(image), [Small.of(each)])[0]
        for each in (ImageOps.expand(wide, 20, "white"), wide.resize(image.size), wide)
    ]
    # What is squeezed as a whole lies where it was; within a frame it is a thing of another shape.
    assert [each.same for each in told] == [False, True, True]
    assert told[0].stretched > 0.2
    assert told[0].blocks > 6


def test_a_part_of_another_colour_makes_another_thing(samples: Path) -> None:
    image = sample(samples, "sofa-001")
    left, top, right, bottom = (
        round(each * side) for each, side in zip((0.3, 0.5, 0.6, 0.8), image.size * 2, strict=True)
    )
    part = image.crop((left, top, right, bottom))
    red, green, blue = part.split()
    other = image.copy()
    other.paste(Image.merge("RGB", (green, blue, red)), (left, top))
    [told] = compared(Small.of(image), [Small.of(other)])
    assert told.detail is not None
    assert told.detail.clumped > 0.02
    assert not told.same


def test_the_order_of_others_does_not_matter(samples: Path) -> None:
    image = sample(samples, "lamp-003")
    others = [Small.of(EDITS["mirrored"](image)), Small.of(sample(samples, "lamp-004"))]
    one = Small.of(image)
    assert [each.same for each in compared(one, others)] == [True, False]
    assert [each.same for each in compared(one, others[::-1])] == [False, True]
    assert compared(one, []) == []


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as made:
        yield made


def test_each_kind_of_copy_is_told(workspace: Workspace) -> None:
    image = blots(31)
    take(
        workspace,
        shown("one", image),
        shown("bytes", image),
        shown("mirror", ImageOps.mirror(image)),
        shown("crop", image.crop((12, 0, 160, 120)), "JPEG"),
        # The tiny encoder sees mean colours only: this one looks just like it.
        shown("alike", ImageOps.flip(image)),
        shown("other", blots(33)),
    )
    finder = Finder(workspace.collection, workspace.images)
    found = finder.of("one")
    assert found[0].pin == "bytes"
    assert {(each.pin, each.kind) for each in found if each.kind != "alike"} == {
        ("bytes", "same"),
        ("mirror", "near"),
        ("crop", "near"),
    }
    assert ("alike", "alike") in {(each.pin, each.kind) for each in found}
    assert all(0 <= each.similarity <= 1 for each in found)
    assert finder.of("one", 1)[0].pin == "bytes"
    assert list(finder.groups()) == [["bytes", "one"]]
    assert list(finder.groups(thorough=True)) == [["bytes", "crop", "mirror", "one"]]
    with pytest.raises(UnknownPin):
        finder.of("nobody")
    with pytest.raises(BadQuery):
        finder.of("one", 0)


def test_where_no_pictures_are_kept_hashes_and_vectors_decide(workspace: Workspace) -> None:
    image = blots(35)
    take(workspace, shown("one", image), shown("jpeg", image, "JPEG", quality=60))
    for _, stored in workspace.collection.scroll():
        workspace.images.delete(stored.image_key or "")
    found = Finder(workspace.collection, workspace.images).of("one")
    assert [(each.pin, each.kind) for each in found] == [("jpeg", "near")]


def test_a_pin_that_is_gone_is_in_no_group(workspace: Workspace) -> None:
    image = blots(36)
    take(workspace, shown("one", image), shown("two", image))
    take(workspace, Deletion("one", "one"))
    finder = Finder(workspace.collection, workspace.images)
    assert list(finder.groups()) == []
    assert finder.of("two") == []


def test_intake_looks_at_the_pictures(workspace: Workspace) -> None:
    """Another colour of a thing has the same hash and is no copy; a strong JPEG is."""
    image = blots(37)
    green = image.split()[1]
    take(workspace, shown("one", image))
    assert take(workspace, shown("green", Image.merge("RGB", (green, green, green)))) == [None]
    assert take(workspace, shown("jpeg", image, "JPEG", quality=25)) == ["one"]


def test_the_command_tells_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    image = blots(38)
    image.save(tmp_path / "one.png")
    image.save(tmp_path / "two.jpg", quality=70)
    blots(39).save(tmp_path / "three.png")
    engine = Commands(monkeypatch, capsys)
    pins = [{"id": path.stem, "image": path.name} for path in sorted(tmp_path.glob("*.*g"))]
    (tmp_path / "pins.jsonl").write_text("".join(json.dumps(pin) + "\n" for pin in pins))
    assert engine("index", str(tmp_path / "pins.jsonl")).status == 0
    assert "the same picture" in engine("duplicates", "one").out
    told = json.loads(engine("duplicates", "--json").out)
    assert told["groups"] == [["one", "two"]]
    sheet = tmp_path / "sheet.png"
    assert engine("duplicates", "two", "--sheet", str(sheet), "--json").status == 0
    with Image.open(sheet) as drawn:
        assert drawn.size[0] > 500
    assert engine("duplicates", "one", "--thorough").status == 2
    assert engine("duplicates", "nobody").status == 1
