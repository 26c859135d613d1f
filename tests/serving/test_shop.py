"""Recognising and shopping over HTTP and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.commands import Commands
from tests.serving.conftest import inline, picture, pin_body, problem

OFFERS: tuple[dict[str, Any], ...] = (
    {
        "id": "a",
        "colour": "red",
        "description": "Poppy",
        "price": "30",
        "currency": "EUR",
        "merchant": "Aurel",
        "link": "https://aurel.example/1",
        "attributes": {"product": "Poppy"},
    },
    {
        "id": "b",
        "colour": "red",
        "description": "Poppy",
        "price": "20",
        "currency": "EUR",
        "merchant": "Linden",
        "link": "https://linden.example/1",
        "attributes": {"product": "Poppy"},
    },
    {
        "id": "c",
        "colour": "blue",
        "description": "Sea",
        "price": "10",
        "currency": "EUR",
        "merchant": "Aurel",
        "link": "https://aurel.example/2",
        "attributes": {"product": "Sea"},
    },
    {"id": "d", "colour": "red", "description": "Poppy at home"},
)


@pytest.fixture
def shop(empty: TestClient) -> TestClient:
    bodies = [pin_body(pin, 24 + number) for number, pin in enumerate(OFFERS)]
    assert empty.post("/v1/pins", json=bodies).status_code == 200
    return empty


def test_offers_of_one_product_stand_together_cheapest_first(shop: TestClient) -> None:
    answer = shop.post("/v1/shop", json={"image": inline(picture("red", size=40))}).json()
    first = answer["groups"][0]
    assert first["title"] == "Poppy"
    assert [(each["pin"], each["price"]) for each in first["offers"]] == [("b", "20"), ("a", "30")]
    assert first["offers"][0]["link"] == "https://linden.example/1"
    assert {each["same_by"] for each in first["offers"]} == {None, "name"}
    told = {each["pin"] for group in answer["groups"] for each in group["offers"]}
    assert told == {"a", "b", "c"}, "what leads nowhere is no offer"
    assert answer["took_ms"] >= 0


def test_filters_and_words(shop: TestClient) -> None:
    image = inline(picture("red", size=40))
    cheap = shop.post("/v1/shop", json={"image": image, "filter": {"price": "..15"}}).json()
    assert [[each["pin"] for each in group["offers"]] for group in cheap["groups"]] == [["c"]]
    aurel = shop.post("/v1/shop", json={"image": image, "filter": {"merchant": "Aurel"}}).json()
    assert {each["merchant"] for group in aurel["groups"] for each in group["offers"]} == {"Aurel"}
    words = shop.post("/v1/shop", json={"text": "poppy"}).json()["groups"][0]
    assert words["exact"]
    assert {each["pin"] for each in words["offers"]} == {"a", "b"}


def test_a_look_is_shopped_thing_by_thing(shop: TestClient) -> None:
    answer = shop.post("/v1/shop", json={"pin": "a", "regions": True, "limit": 2}).json()
    assert answer["regions"]
    for region in answer["regions"]:
        assert len(region["groups"]) <= 2
        again = {"pin": "a", "crop": region["box"], "limit": 2}
        assert shop.post("/v1/shop", json=again).status_code == 200


def test_what_is_recognised_names_its_evidence(shop: TestClient) -> None:
    answer = shop.post("/v1/recognize", json={"image": inline(picture("red", size=40))}).json()
    products = [each for each in answer["labels"] if each["facet"] == "product"]
    assert products[0]["label"] == "Poppy"
    assert set(products[0]["evidence"]) == {"a", "b"}
    for each in answer["labels"]:
        assert 0 <= each["confidence"] <= 1
    own = shop.post("/v1/recognize", json={"pin": "a"}).json()
    assert all("a" not in each["evidence"] for each in own["labels"])


@pytest.mark.parametrize(
    ("path", "body", "status", "slug"),
    [
        ("/v1/recognize", {}, 400, "bad-query"),
        ("/v1/recognize", {"pin": "nowhere"}, 404, "unknown-pin"),
        ("/v1/recognize", {"image": "bm8="}, 422, "bad-image"),
        ("/v1/recognize", {"pin": "dress-001", "crop": "1,1,1,1"}, 400, "bad-crop"),
        ("/v1/shop", {}, 400, "bad-query"),
        ("/v1/shop", {"text": "dress", "pin": "dress-001"}, 400, "bad-query"),
        ("/v1/shop", {"text": " "}, 400, "bad-query"),
        ("/v1/shop", {"text": "dress", "limit": 0}, 400, "bad-query"),
        ("/v1/shop", {"text": "dress", "filter": {"prize": "1"}}, 400, "bad-filter"),
        ("/v1/shop", {"pin": "nowhere"}, 404, "unknown-pin"),
    ],
)
def test_what_is_wrong_is_said(
    reader: TestClient, path: str, body: dict[str, Any], status: int, slug: str
) -> None:
    problem(reader.post(path, json=body), status, slug)


def test_both_commands_answer_as_json_tables_and_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    lines = [json.dumps(pin_body(pin, 24 + number)) for number, pin in enumerate(OFFERS)]
    (tmp_path / "pins.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "red.png").write_bytes(picture("red", size=40))
    commands = Commands(monkeypatch, capsys)
    assert commands("index", str(tmp_path / "pins.jsonl")).status == 0
    red, sheet = str(tmp_path / "red.png"), tmp_path / "sheet.png"
    found = commands("recognize", red, "--json", "--sheet", str(sheet))
    assert {each["label"] for each in json.loads(found.out)["labels"]} >= {"Poppy"}
    with Image.open(sheet) as drawn:
        assert drawn.width > 100
    assert "Poppy" in commands("recognize", "--pin", "a").out
    told = commands("shop", red, "--json", "--sheet", str(sheet))
    assert json.loads(told.out)["groups"][0]["title"] == "Poppy"
    table = commands("shop", red, "--filter", "merchant=Linden").out
    assert "linden.example" in table
    assert "aurel.example" not in table
    assert commands("shop", "--text", "poppy").status == 0
    assert commands("shop").status == 2
    assert commands("recognize", red, "--pin", "a").status == 2
