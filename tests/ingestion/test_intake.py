"""Pins into a real embedded collection: batches, changes, and bad ones among good ones."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from engine.errors import StoreFull
from engine.features.fingerprint import dhash
from engine.features.images import ImageLimits
from engine.features.phash import phash
from engine.features.text import Analyzer
from engine.ingestion.arrivals import Arrival
from engine.ingestion.intake import Intake
from engine.ingestion.outcome import Outcome
from engine.jsonl import BadLine
from engine.pins import Pin
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.image_store import ImageStore
from tests.tiny_encoder import COLOURS, TinyEncoder


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    encoder, analyzer = TinyEncoder(), Analyzer("english")
    identity = Identity(encoder.fingerprint, encoder.dimension, analyzer.fingerprint)
    store = ImageStore(tmp_path / "images")
    with EdgeCollection.open(tmp_path / "c", identity, create=True) as collection:
        yield Intake(collection, encoder, analyzer, store, ImageLimits(), batch=4)


def picture(folder: Path, name: str, colour: str, size: int = 32) -> None:
    Image.new("RGB", (size, size), COLOURS[colour]).save(folder / name)


def arrival(folder: Path, pin: Pin) -> Arrival:
    return Arrival(pin, folder, f"test:{pin.id}")


def statuses(outcomes: Iterator[Outcome]) -> dict[str | None, str]:
    return {outcome.pin_id: outcome.status for outcome in outcomes}


def test_pictures_leave_the_disks_reserve_alone(intake: Intake, tmp_path: Path) -> None:
    picture(tmp_path, "a.png", "red")
    images = ImageStore(tmp_path / "images", min_free_bytes=2**62)
    with pytest.raises(StoreFull, match="are kept in reserve"):
        list(replace(intake, images=images).run([arrival(tmp_path, Pin("a", "a.png"))]))
    assert [each for each in images.folder.rglob("*") if each.suffix] == []
    assert intake.collection.count() == 0


def test_hashes_are_those_of_the_picture(intake: Intake, tmp_path: Path) -> None:
    image = Image.radial_gradient("L").resize((300, 200)).rotate(30)
    image = Image.merge("RGB", (image, image.rotate(90), image.rotate(200)))
    image.save(tmp_path / "a.png")
    assert statuses(intake.run([arrival(tmp_path, Pin("a", "a.png"))])) == {"a": "added"}
    record = intake.collection.get(["a"])["a"]
    assert (record.dhash, record.phash) == (dhash(image), phash(image))


def test_pins_arrive_with_words_vector_and_picture(intake: Intake, tmp_path: Path) -> None:
    picture(tmp_path, "a.png", "red", 700)
    pin = Pin("a", "a.png", description="Red dresses", board_title="Summer")
    assert statuses(intake.run([arrival(tmp_path, pin)])) == {"a": "added"}
    record = intake.collection.get(["a"])["a"]
    assert record.pin == pin
    assert record.description_terms == "red dress"
    assert record.image_key is not None
    kept = intake.images.get(record.image_key)
    assert kept is not None
    assert Image.open(io.BytesIO(kept)).size == (512, 512)
    red = TinyEncoder().encode_texts(["red"])[0]
    assert float(record.vector @ red) > 0.99


def test_what_did_not_change_is_not_encoded_again(intake: Intake, tmp_path: Path) -> None:
    encoder = intake.encoder
    assert isinstance(encoder, TinyEncoder)
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        picture(tmp_path, name, colour)
    pins = [Pin("a", "a.png", "one"), Pin("b", "b.png", "two")]
    list(intake.run(arrival(tmp_path, pin) for pin in pins))
    assert encoder.images_seen == 2
    again = statuses(intake.run(arrival(tmp_path, pin) for pin in pins))
    assert set(again.values()) == {"unchanged"}
    before = intake.collection.get(["a"])["a"]
    told = statuses(intake.run([arrival(tmp_path, Pin("a", "a.png", "three"))]))
    after = intake.collection.get(["a"])["a"]
    assert told == {"a": "updated"}
    assert encoder.images_seen == 2
    assert after.description_terms == "three"
    assert after.image_key == before.image_key
    np.testing.assert_array_equal(after.vector, before.vector)
    picture(tmp_path, "a.png", "green")
    list(intake.run([arrival(tmp_path, Pin("a", "a.png", "three"))]))
    assert encoder.images_seen == 3
    assert intake.collection.count() == 2


def test_bad_pins_stand_aside_and_the_rest_goes_in(intake: Intake, tmp_path: Path) -> None:
    picture(tmp_path, "good.png", "red")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (tmp_path / "big.png").write_bytes(b"\x89PNG" + b"0" * 30_000_000)
    outside = tmp_path.parent / "outside.png"
    picture(tmp_path.parent, "outside.png", "red")
    items: list[Arrival | BadLine] = [
        arrival(tmp_path, Pin("good1", "good.png")),
        BadLine("pins.jsonl", 7, "not JSON"),
        arrival(tmp_path, Pin("broken", "broken.jpg")),
        arrival(tmp_path, Pin("missing", "none.png")),
        arrival(tmp_path, Pin("outside", f"../{outside.name}")),
        arrival(tmp_path, Pin("absolute", str(outside))),
        arrival(tmp_path, Pin("big", "big.png")),
        arrival(tmp_path, Pin("url", "http://127.0.0.1/x.png")),
        arrival(tmp_path, Pin("nul", "a\0b.png")),
        Arrival(Pin("nopath", "good.png"), None, "http"),
        arrival(tmp_path, Pin("good2", "good.png")),
    ]
    outcomes = list(intake.run(items))
    reasons = {each.pin_id: each.reason or "" for each in outcomes if each.status == "rejected"}
    assert set(reasons) == {
        None,
        "broken",
        "missing",
        "outside",
        "absolute",
        "big",
        "url",
        "nul",
        "nopath",
    }
    assert "does not exist" in reasons["missing"]
    assert "outside" in reasons["outside"]
    assert "outside" in reasons["absolute"]
    assert "URL" in reasons["url"]
    assert "file path" in reasons["nopath"]
    assert len(outcomes) == len(items)
    assert set(intake.collection.get(["good1", "good2", "broken"])) == {"good1", "good2"}


def test_of_one_id_the_last_good_one_wins(intake: Intake, tmp_path: Path) -> None:
    picture(tmp_path, "a.png", "red")
    many = [arrival(tmp_path, Pin("a", "a.png", f"text{number}")) for number in range(10)]
    many.append(arrival(tmp_path, Pin("a", "missing.png", "text10")))
    outcomes = [each.status for each in intake.run(many)]
    assert outcomes == ["added", *["updated"] * 9, "rejected"]
    assert intake.collection.count() == 1
    assert intake.collection.get(["a"])["a"].pin.description == "text9"


def test_outcomes_come_in_the_order_of_arrival_and_after_the_write(
    intake: Intake, tmp_path: Path
) -> None:
    picture(tmp_path, "a.png", "red")
    items: list[Arrival | BadLine] = [
        arrival(tmp_path, Pin("a", "a.png")),
        BadLine("pins.jsonl", 2, "not JSON"),
        arrival(tmp_path, Pin("b", "a.png")),
    ]
    outcomes = intake.run(items)
    first = next(outcomes)
    assert first.status == "added"
    assert set(intake.collection.get(["a", "b"])) == {"a", "b"}
    assert [each.status for each in outcomes] == ["rejected", "added"]


def test_a_replaced_picture_goes_unless_another_pin_shows_it(
    intake: Intake, tmp_path: Path
) -> None:
    def kept() -> int:
        return len(list((tmp_path / "images").rglob("*.jpg")))

    picture(tmp_path, "a.png", "red")
    picture(tmp_path, "b.png", "blue")
    list(intake.run(arrival(tmp_path, Pin(name, "a.png")) for name in ("one", "two")))
    assert kept() == 1
    list(intake.run([arrival(tmp_path, Pin("one", "b.png"))]))
    assert kept() == 2
    list(intake.run([arrival(tmp_path, Pin("two", "b.png"))]))
    assert kept() == 1


def test_a_picture_that_is_gone_is_kept_again(intake: Intake, tmp_path: Path) -> None:
    picture(tmp_path, "a.png", "red")
    pin = arrival(tmp_path, Pin("a", "a.png"))
    list(intake.run([pin]))
    key = intake.collection.get(["a"])["a"].image_key
    assert key is not None
    intake.images.delete(key)
    assert statuses(intake.run([pin])) == {"a": "updated"}
    assert intake.images.has(key)


def test_an_inline_picture_is_kept_once_and_not_in_the_pin(intake: Intake) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    list(intake.run([Arrival(Pin("a", uri), None, "http")]))
    record = intake.collection.get(["a"])["a"]
    assert record.pin.image == f"sha256:{record.image_sha256}"
    assert statuses(intake.run([Arrival(Pin("a", uri), None, "http")])) == {"a": "unchanged"}


class BrokenEncoder(TinyEncoder):
    """Gives NaN for dark pictures, as a real one may in half precision."""

    def encode_images(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        rows = super().encode_images(images)
        dark = [float(np.asarray(image).mean()) < 40 for image in images]
        rows[np.array(dark)] = np.nan
        return rows


def test_a_vector_that_is_no_number_costs_only_its_own_pin(intake: Intake, tmp_path: Path) -> None:
    for name, colour in (("a.png", "red"), ("b.png", "black"), ("c.png", "blue")):
        picture(tmp_path, name, colour)
    broken = Intake(
        intake.collection, BrokenEncoder(), intake.analyzer, intake.images, intake.limits
    )
    pins = [Pin(name, f"{name}.png") for name in "abc"]
    found = statuses(broken.run(arrival(tmp_path, pin) for pin in pins))
    assert found == {"a": "added", "b": "rejected", "c": "added"}
    assert intake.collection.count() == 2
