"""The search routes: words, pictures, crops, pins, mixes, filters, pages, and what is refused."""

import io
import json
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from engine.settings import ImageSettings
from engine.workspace import Workspace
from tests.serving.conftest import PINS, client_of, ids, inline, picture, pin_body, problem
from tests.tiny_encoder import COLOURS

JSON = {"Content-Type": "application/json"}


def halves(left: str, right: str) -> bytes:
    image = Image.new("RGB", (40, 20), COLOURS[right])
    image.paste(COLOURS[left], (0, 0, 20, 20))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_words_find_pins_by_text_and_by_picture(reader: TestClient) -> None:
    answer = reader.get("/v1/search", params={"q": "red dress", "limit": 5})
    assert ids(answer)[0] == "dress-001"
    body = answer.json()
    assert set(body) == {"hits", "next", "nothing_relevant", "corrections", "took_ms"}
    assert set(body["hits"][0]) == {"id", "score", "pin", "picture"}
    assert 0 <= body["hits"][0]["score"] <= 1
    assert body["hits"][0]["pin"]["price"] == "39.90"
    # No word of it in its text, and yet its picture is right.
    assert "gown-1" in ids(answer)


def test_get_and_post_answer_alike(reader: TestClient) -> None:
    got = reader.get("/v1/search", params={"q": "red dress", "minus": "blue", "explain": "true"})
    posted = reader.post("/v1/search", json={"text": "red dress", "minus": "blue", "explain": True})
    assert got.json()["hits"] == posted.json()["hits"]


def test_an_explanation_has_both_legs(reader: TestClient) -> None:
    answer = reader.get("/v1/search", params={"q": "red dress", "explain": "true"})
    why = answer.json()["hits"][0]["why"]
    assert set(why) == {"found_by", "text", "image", "calibrated", "mixed", "weights"}
    assert why["text"]["matched_terms"]
    assert why["weights"]["lexical"] + why["weights"]["visual"] == pytest.approx(1)


def test_pages_follow_each_other_without_a_gap(reader: TestClient) -> None:
    whole = reader.get("/v1/search", params={"q": "red dress", "limit": 50}).json()
    seen: list[Any] = []
    cursor: str | None = None
    while True:
        asked: dict[str, Any] = {"q": "red dress", "limit": 3} | (
            {"cursor": cursor} if cursor else {}
        )
        page = reader.get("/v1/search", params=asked).json()
        seen += page["hits"]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == whole["hits"]
    assert whole["next"] is None


def test_a_copy_is_counted_with_the_pin_that_it_repeats(client: TestClient) -> None:
    again = pin_body(PINS[0]) | {"id": "again", "description": "A frock"}
    assert client.put("/v1/pins/again", json=again).status_code == 201
    asked: dict[str, Any] = {"text": "red summer dress", "limit": 3}
    hits = client.post("/v1/search", json=asked).json()["hits"]
    assert hits[0]["id"] == "dress-001"
    assert hits[0]["duplicates"] == {"count": 1, "ids": ["again"]}
    assert not any("duplicates" in hit for hit in hits[1:])
    plain = {"limit": 50, "collapse": False}
    every = client.post("/v1/search", json=asked | plain).json()["hits"]
    assert {hit["id"] for hit in every} == {pin["id"] for pin in PINS} | {"again"}
    assert not any("duplicates" in hit for hit in every)
    address = {"q": "red summer dress", "limit": "50", "collapse": "false"}
    assert client.get("/v1/search", params=address).json()["hits"] == every
    form = {"text": "red summer dress", "limit": "50", "collapse": "false"}
    files = {"image": picture("red")}
    assert "again" in ids(client.post("/v1/search", files=files, data=form))


def test_a_varied_answer_has_what_its_order_follows(reader: TestClient) -> None:
    plain = reader.get("/v1/search", params={"q": "red dress"}).json()["hits"]
    asked = {"q": "red dress", "diversity": "0.5"}
    varied = reader.get("/v1/search", params=asked).json()["hits"]
    assert {hit["id"]: hit["score"] for hit in varied} == {hit["id"]: hit["score"] for hit in plain}
    ranks = [hit["rank_score"] for hit in varied]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == 1
    assert not any("rank_score" in hit for hit in plain)
    posted = reader.post("/v1/search", json={"text": "red dress", "diversity": 0.5})
    assert posted.json()["hits"] == varied
    none = reader.post("/v1/search", json={"text": "red dress", "diversity": 0})
    assert none.json()["hits"] == plain


def test_filters_in_the_address_may_be_repeated(reader: TestClient) -> None:
    asked = {"q": "red", "filter": ["attributes.kind=dress,skirt", "price=10..40"]}
    assert set(ids(reader.get("/v1/search", params=asked))) == {"dress-001", "skirt-1"}
    asked = {"q": "red", "filter": ["has_text=no"]}
    assert set(ids(reader.get("/v1/search", params=asked))) == {"plain-1"}


def test_a_pin_is_a_query_and_never_its_own_answer(reader: TestClient) -> None:
    found = ids(reader.get("/v1/search", params={"pin": "dress-001"}))
    assert "dress-001" not in found
    assert found[0] in {"gown-1", "skirt-1"}


def test_a_crop_of_a_pin_is_a_query(reader: TestClient) -> None:
    asked = {"pin": "room-1", "crop": "0.5,0.5,0.5,0.5"}
    assert reader.get("/v1/search", params=asked).status_code == 200


def test_a_picture_as_json(reader: TestClient) -> None:
    for text in (inline(picture("green")), inline(picture("green")).partition(",")[2]):
        assert ids(reader.post("/v1/search", json={"image": text}))[0] == "room-1"


def test_a_crop_of_a_picture_decides(reader: TestClient) -> None:
    image = inline(halves("green", "brown"))
    left = reader.post("/v1/search", json={"image": image, "crop": "0,0,0.5,1"})
    right = reader.post("/v1/search", json={"image": image, "crop": "0.5,0,0.5,1"})
    assert ids(left)[0] == "room-1"
    assert ids(right)[0] == "room-2"


def test_signed_parts_add_and_subtract(reader: TestClient) -> None:
    parts = [{"text": "red"}, {"text": "blue", "weight": 1}, {"pin": "gown-1", "weight": -1}]
    assert ids(reader.post("/v1/search", json={"parts": parts}))[0] == "dress-010"


class TestForm:
    def test_a_file_and_fields(self, reader: TestClient) -> None:
        answer = reader.post(
            "/v1/search",
            files={"image": ("x.png", halves("green", "brown"), "image/png")},
            data={"crop": "0,0,0.5,1", "limit": "2", "explain": "true"},
        )
        assert ids(answer)[0] == "room-1"
        assert len(answer.json()["hits"]) == 2
        assert "why" in answer.json()["hits"][0]

    def test_the_same_as_json(self, reader: TestClient) -> None:
        data = picture("red")
        form = reader.post("/v1/search", files={"image": data}, data={"text": "skirt"})
        posted = reader.post("/v1/search", json={"image": inline(data), "text": "skirt"})
        assert form.json()["hits"] == posted.json()["hits"]

    def test_a_query_as_json_with_fields_over_it(self, reader: TestClient) -> None:
        query = {"parts": [{"text": "red"}], "limit": 5, "filter": {"attributes.kind": "skirt"}}
        form: dict[str, Any] = {"query": json.dumps(query), "limit": "1"}
        answer = reader.post("/v1/search", files={"image": picture("red")}, data=form)
        assert ids(answer) == ["skirt-1"]
        form["filter"] = ["price=50.."]
        answer = reader.post("/v1/search", files={"image": picture("red")}, data=form)
        assert ids(answer) == []

    def test_repeated_filters(self, reader: TestClient) -> None:
        form = {"filter": ["attributes.kind=dress", "price=50.."]}
        answer = reader.post("/v1/search", files={"image": picture("red")}, data=form)
        assert ids(answer) == ["dress-010"]

    @pytest.mark.parametrize(
        ("files", "data", "status", "slug"),
        [
            ({"photo": b"x"}, {}, 422, "invalid-request"),
            ({"image": b"x"}, {}, 422, "bad-image"),
            ({"image": b""}, {}, 422, "bad-image"),
            ({"image": b"x"}, {"colour": "red"}, 422, "invalid-request"),
            ({"image": b"x"}, {"limit": "many"}, 422, "invalid-request"),
            ({"image": b"x"}, {"limit": ["1", "2"]}, 422, "invalid-request"),
            ({"image": b"x"}, {"query": "{"}, 422, "invalid-request"),
            ({"image": b"x"}, {"query": "[]"}, 422, "invalid-request"),
            ({"image": b"x"}, {"image": "data:"}, 400, "bad-query"),
            ({"image": b"x"}, {"filter": "price"}, 400, "bad-filter"),
            ({"image": b"x"}, {"text": "y" * 1_100_000}, 400, "bad-request"),
        ],
    )
    def test_refusals(
        self, reader: TestClient, files: Any, data: Any, status: int, slug: str
    ) -> None:
        problem(reader.post("/v1/search", files=files, data=data), status, slug)

    def test_two_files_are_refused(self, reader: TestClient) -> None:
        files = [("image", picture("red")), ("image", picture("blue"))]
        problem(reader.post("/v1/search", files=files), 400, "bad-request")

    def test_a_form_without_boundary_is_refused(self, reader: TestClient) -> None:
        headers = {"Content-Type": "multipart/form-data"}
        problem(reader.post("/v1/search", content=b"x", headers=headers), 400, "bad-request")


@pytest.mark.parametrize(
    ("asked", "status", "slug"),
    [
        ({}, 400, "bad-query"),
        ({"q": "  "}, 400, "bad-query"),
        ({"q": "x" * 1_001}, 400, "bad-query"),
        ({"minus": "red"}, 400, "bad-query"),
        ({"q": "red", "limit": "0"}, 400, "bad-query"),
        ({"q": "red", "limit": "201"}, 400, "bad-query"),
        ({"q": "red", "limit": "ten"}, 422, "invalid-request"),
        ({"q": "red", "explain": "perhaps"}, 422, "invalid-request"),
        ({"q": "red", "collapse": "perhaps"}, 422, "invalid-request"),
        ({"q": "red", "diversity": "much"}, 422, "invalid-request"),
        ({"q": "red", "diversity": "1.5"}, 400, "bad-query"),
        ({"q": "red", "diversity": "nan"}, 400, "bad-query"),
        ({"q": "red", "cursor": "-1"}, 400, "bad-query"),
        ({"q": "red", "cursor": "99999"}, 400, "bad-query"),
        ({"q": "red", "cursor": "²"}, 400, "bad-query"),
        ({"q": "red", "filter": "price"}, 400, "bad-filter"),
        ({"q": "red", "filter": "colour=red"}, 400, "bad-filter"),
        ({"q": "red", "filter": "price=9..1"}, 400, "bad-filter"),
        ({"q": "red", "filter": ["price=1..", "price=..9"]}, 400, "bad-filter"),
        ({"q": "red", "crop": "0,0,1,1"}, 400, "bad-query"),
        ({"pin": "dress-001", "crop": "0.5,0.5,0.6,0.6"}, 400, "bad-crop"),
        ({"pin": "dress-001", "crop": "0,0,nan,1"}, 400, "bad-crop"),
        ({"pin": "nobody"}, 404, "unknown-pin"),
    ],
)
def test_bad_addresses(reader: TestClient, asked: Any, status: int, slug: str) -> None:
    problem(reader.get("/v1/search", params=asked), status, slug)


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ("", 422, "invalid-request"),
        ("{", 422, "invalid-request"),
        ("[]", 422, "invalid-request"),
        ("null", 422, "invalid-request"),
        ("[" * 5_000, 422, "invalid-request"),
        ('{"text": "\\ud800"}', 422, "invalid-request"),
        (b'{"text": "\xff"}', 422, "invalid-request"),
        ('{"text": "red", "limit": NaN}', 422, "invalid-request"),
        ('{"text": "red", "colour": "red"}', 422, "invalid-request"),
        ('{"text": 1}', 422, "invalid-request"),
        ('{"parts": [{"text": "red", "weight": 1e999}]}', 400, "bad-query"),
        ("{}", 400, "bad-query"),
        ('{"parts": [{}]}', 400, "bad-query"),
        ('{"text": "red", "diversity": -0.1}', 400, "bad-query"),
        ('{"text": "red", "collapse": []}', 422, "invalid-request"),
        ('{"parts": [{"text": "red", "pin": "dress-001"}]}', 400, "bad-query"),
        ('{"parts": [{"text": "red", "weight": 0}]}', 400, "bad-query"),
        ('{"parts": [{"text": "red", "weight": -1}]}', 400, "bad-query"),
        ('{"text": "red", "filter": {"price": [9, 1]}}', 400, "bad-filter"),
        ('{"text": "red", "filter": {"price": {}}}', 400, "bad-filter"),
        ('{"text": "red", "filter": {"price": 1' + "0" * 5_000 + "}}", 422, "invalid-request"),
        ('{"text": "red", "filter": {"price": 1' + "0" * 4_000 + "}}", 400, "bad-filter"),
        ('{"image": "http://127.0.0.1/x.png"}', 422, "bad-image"),
        ('{"image": "file:///etc/passwd"}', 422, "bad-image"),
        ('{"image": "/etc/passwd"}', 422, "bad-image"),
        ('{"image": "data:text/html;base64,AAAA"}', 422, "bad-image"),
        ('{"image": "data:image/png;base64,AAAA"}', 422, "bad-image"),
        ('{"image": "!"}', 422, "bad-image"),
    ],
)
def test_bad_bodies(reader: TestClient, body: str | bytes, status: int, slug: str) -> None:
    problem(reader.post("/v1/search", content=body, headers=JSON), status, slug)


def test_a_body_of_another_type_is_refused(reader: TestClient) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = reader.post("/v1/search", content='{"text": "red"}', headers=headers)
    problem(answer, 415, "unsupported-media-type")


def test_what_was_sent_is_not_sent_back(reader: TestClient) -> None:
    answer = reader.post("/v1/search", json={"text": ["S3CRET" * 100]})
    body = problem(answer, 422, "invalid-request")
    assert body["errors"] == [{"where": "text", "reason": body["errors"][0]["reason"]}]
    assert "S3CRET" not in answer.text


def test_a_picture_over_the_limits_is_too_large(library: Workspace) -> None:
    with client_of(library, images=ImageSettings(max_bytes=4_000, max_pixels=1_000)) as client:
        big = inline(picture("red", size=40))
        problem(client.post("/v1/search", json={"image": big}), 413, "image-too-large")
        heavy = inline(bytes(5_000))
        problem(client.post("/v1/search", json={"image": heavy}), 413, "image-too-large")
        answer = client.post("/v1/search", files={"image": bytes(5_000)})
        problem(answer, 413, "image-too-large")
        answer = client.put("/v1/pins/new", json=pin_body(PINS[0], 40) | {"id": "new"})
        problem(answer, 413, "image-too-large")


def test_an_empty_collection_answers_with_nothing(empty: TestClient) -> None:
    assert ids(empty.get("/v1/search", params={"q": "red dress"})) == []


def test_odd_words_are_only_words(reader: TestClient) -> None:
    for text in ("\x00", "http://localhost/x.png", "/etc/passwd", "🌸", "a" * 1_000, "''--"):
        assert reader.get("/v1/search", params={"q": text}).status_code in {200, 400}
