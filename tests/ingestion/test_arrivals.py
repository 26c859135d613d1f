"""Where pins come from: JSON lines, CSV, folders; bad lines never end a stream."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.ingestion.arrivals import Arrival, Arrivals, path_id, unknown_keys
from engine.jsonl import BadLine
from engine.pins import pin_id

parts = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1)
paths = st.lists(parts.filter(lambda p: p not in {".", ".."}), min_size=1, max_size=3).map(
    lambda names: Path(*names)
)


def test_json_lines_keep_their_place(tmp_path: Path) -> None:
    file = tmp_path / "pins.jsonl"
    file.write_text('{"id": "a", "image": "a.jpg"}\nnonsense\n\n{"id": "b", "image": "b.jpg"}\n')
    items = list(Arrivals(file))
    assert [getattr(item, "origin", None) for item in items] == [f"{file}:1", None, f"{file}:4"]
    assert isinstance(items[1], BadLine)
    assert isinstance(items[0], Arrival)
    assert items[0].base == tmp_path
    assert Arrivals(file).expected() == 4


def test_csv_columns_are_the_keys_of_a_pin(tmp_path: Path) -> None:
    file = tmp_path / "pins.csv"
    file.write_text(
        "id,image,description,price,attributes.colour,note\n"
        'a,a.jpg,"Red, long dress",19.90,red,x\n'
        ",b.jpg,,,,\n"
        "c,c.jpg,,,,\n",
        encoding="utf-8-sig",
    )
    source = Arrivals(file)
    first, second, third = list(source)
    assert isinstance(first, Arrival)
    assert first.pin.description == "Red, long dress"
    assert first.pin.attributes == {"colour": "red"}
    assert isinstance(second, BadLine)
    assert second.number == 3
    assert isinstance(third, Arrival)
    assert third.pin.description is None
    assert "note (1)" in unknown_keys(source.unknown)
    kept = next(iter(Arrivals(file, "keep")))
    assert isinstance(kept, Arrival)
    assert kept.pin.attributes == {"colour": "red", "note": "x"}


def test_a_csv_that_is_not_text_ends_with_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "pins.csv"
    file.write_bytes(b"id,image\na,a.jpg\n\xff\xfe,b.jpg\n")
    items = list(Arrivals(file))
    assert isinstance(items[-1], BadLine)
    assert "UTF-8" in items[-1].reason


def test_a_folder_is_its_pictures_with_folders_as_boards(tmp_path: Path) -> None:
    for name in ("one.jpg", "summer_outfits/two.PNG", "summer_outfits/notes.txt", ".hidden/x.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    pins = [item.pin for item in Arrivals(tmp_path) if isinstance(item, Arrival)]
    assert [(pin.id, pin.image, pin.board_title) for pin in pins] == [
        ("one.jpg", "one.jpg", None),
        ("summer_outfits:two.PNG", "summer_outfits/two.PNG", "summer outfits"),
    ]
    assert Arrivals(tmp_path).expected() == 2


@given(st.lists(paths, max_size=6, unique_by=str))
def test_ids_of_paths_are_valid_and_never_shared(many: list[Path]) -> None:
    ids = [pin_id(path_id(path)) for path in many]
    assert len(set(ids)) == len({str(path) for path in many})


def test_a_missing_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        Arrivals(tmp_path / "none.jsonl")
