"""Related pins: pictures first, never the pin itself, near-identical pictures once."""

import shutil

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadQuery, UnknownPin
from engine.ingestion.arrivals import Arrival
from engine.pins import Pin
from tests.retrieval.conftest import Shelf


def noise(shelf: Shelf, name: str, seed: int, change: int = 0) -> None:
    """Write a pin with a picture of blobs; `change` alters it invisibly."""
    rng = np.random.default_rng(seed)
    small = rng.integers(60, 200, (6, 6, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC)
    pixels = np.asarray(image).astype(int) + change
    path = shelf.folder / f"{name}.png"
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    list(shelf.intake.run([Arrival(Pin(name, path.name), shelf.folder, name)]))


def ids(answer: object) -> list[str]:
    return [hit.id for hit in answer.hits]  # type: ignore[attr-defined]


def test_alike_pictures_come_first_and_the_pin_itself_never(shelf: Shelf) -> None:
    shelf.put(
        ("red1", "red", None, None), ("blue1", "blue", None, None), ("green1", "green", None, None)
    )
    noise(shelf, "blobs", 1)
    found = ids(shelf.related("red1"))
    assert "red1" not in found
    assert found


def test_near_identical_pictures_stand_once(shelf: Shelf) -> None:
    noise(shelf, "source", 1)
    noise(shelf, "copy-of-source", 1, change=1)
    for seed in range(2, 8):
        noise(shelf, f"other{seed}", seed)
    noise(shelf, "other2-again", 2, change=2)
    shutil.copy(shelf.folder / "other3.png", shelf.folder / "other3-bytes.png")
    list(shelf.intake.run([Arrival(Pin("other3-bytes", "other3-bytes.png"), shelf.folder, "x")]))
    found = ids(shelf.related("source", limit=50))
    assert "copy-of-source" not in found
    assert len({"other2", "other2-again"} & set(found)) == 1
    assert len({"other3", "other3-bytes"} & set(found)) == 1
    assert len(found) == 6


def test_pages_of_related_pins_fit_together(shelf: Shelf) -> None:
    for seed in range(12):
        noise(shelf, f"p{seed}", seed)
    noise(shelf, "p3-again", 3, change=1)
    whole = shelf.related("p0", limit=50)
    assert whole.next_offset is None
    paged: list[tuple[str, float]] = []
    offset: int | None = 0
    while offset is not None:
        page = shelf.related("p0", limit=3, offset=offset)
        paged += [(hit.id, hit.score) for hit in page.hits]
        offset = page.next_offset
    assert paged == [(hit.id, hit.score) for hit in whole.hits]


def test_words_help_where_both_have_them(shelf: Shelf) -> None:
    noise(shelf, "a", 1)
    shelf.put(
        ("told", "red", "velvet sofa", None),
        ("same", "blue", "velvet sofa", None),
        ("else", "green", "iron kettle", None),
    )
    why = {hit.id: hit.why for hit in shelf.related("told", explain=True).hits}
    same, other = why["same"], why["else"]
    assert same is not None
    assert other is not None
    assert same.matched_terms["description"] == ["velvet", "sofa"]
    assert same.lexical > 0.3
    assert other.lexical == 0
    assert same.lexical_weight > 0


def test_what_is_unknown_or_out_of_range_is_refused(shelf: Shelf) -> None:
    with pytest.raises(UnknownPin):
        shelf.related("nope")
    shelf.put(("red1", "red", None, None))
    with pytest.raises(BadQuery):
        shelf.related("red1", limit=0)


def test_more_like_this_but_another_colour(shelf: Shelf) -> None:
    shelf.put(
        ("red1", "red", "velvet sofa", None),
        ("brown1", "brown", None, None),
        ("blue1", "blue", None, None),
        ("green1", "green", None, None),
        ("told", "green", "blue stripes", None),
    )
    plain = ids(shelf.related("red1"))
    assert plain.index("brown1") < plain.index("blue1")
    found = shelf.related("red1", but="blue", minus="red", explain=True)
    assert ids(found)[0] in {"blue1", "told"}
    assert "red1" not in ids(found)
    assert ids(found).index("blue1") < ids(found).index("brown1")
    why = {hit.id: hit.why for hit in found.hits}["told"]
    assert why is not None
    assert why.matched_terms["description"] == ["blue"]
    with pytest.raises(BadQuery, match="empty"):
        shelf.related("red1", but=" ")
