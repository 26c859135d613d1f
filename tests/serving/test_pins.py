"""The pin routes: put, get, delete, a batch, the picture, and pins like one."""

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from engine.ingestion.intake import Intake
from engine.ingestion.outcome import Outcome
from engine.queries import Query
from engine.retrieval.answers import Answer
from engine.serving.service import SEARCHING
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.workspace import Workspace
from tests.serving.conftest import PINS, client_of, ids, inline, picture, pin_body, problem

RED = inline(picture("red"))


class TestPut:
    def test_a_new_pin_is_created_and_found_at_once(self, empty: TestClient) -> None:
        body = pin_body(PINS[0])
        answer = empty.put("/v1/pins/dress-001", json=body)
        assert answer.status_code == 201
        stored = answer.json()
        assert stored.pop("image").startswith("sha256:")
        assert stored == {key: value for key, value in body.items() if key != "image"}
        assert empty.get("/v1/pins/dress-001").json() == answer.json()
        assert ids(empty.get("/v1/search", params={"q": "summer"})) == ["dress-001"]

    def test_another_put_replaces_the_whole_pin(self, client: TestClient) -> None:
        answer = client.put("/v1/pins/dress-001", json={"image": inline(picture("blue"))})
        assert answer.status_code == 200
        assert set(client.get("/v1/pins/dress-001").json()) == {"id", "image"}
        assert ids(client.get("/v1/search", params={"q": "dots"}))[0] != "dress-001"

    def test_the_same_pin_again_changes_nothing(self, client: TestClient) -> None:
        body = pin_body(PINS[1], 25)
        before = client.get("/v1/pins/dress-010").json()
        answer = client.put("/v1/pins/dress-010", json=body)
        assert answer.status_code == 200
        assert answer.json() == before

    def test_the_id_comes_from_the_address(self, empty: TestClient) -> None:
        assert empty.put("/v1/pins/a", json={"image": RED}).json()["id"] == "a"
        assert empty.put("/v1/pins/b:1", json={"image": RED, "id": "b:1"}).status_code == 201
        problem(empty.put("/v1/pins/a", json={"image": RED, "id": "b"}), 400, "bad-pin")

    @pytest.mark.parametrize(
        ("path", "body", "status", "slug"),
        [
            ("a", {}, 400, "bad-pin"),
            ("a", {"image": ""}, 400, "bad-pin"),
            ("a", {"image": 7}, 400, "bad-pin"),
            ("a", {"image": "photos/a.jpg"}, 422, "bad-image"),
            ("a", {"image": "/etc/passwd"}, 422, "bad-image"),
            ("a", {"image": "https://127.0.0.1/a.jpg"}, 422, "unfetchable-image"),
            ("a", {"image": "file:///etc/passwd"}, 422, "unfetchable-image"),
            ("a", {"image": "data:image/png;base64,AAAA"}, 422, "bad-image"),
            ("a", {"image": RED, "price": "cheap"}, 400, "bad-pin"),
            ("a", {"image": RED, "link": "javascript:alert(1)"}, 400, "bad-pin"),
            ("a", {"image": RED, "description": "x" * 10_001}, 400, "bad-pin"),
            ("a", {"image": RED, "attributes": ["red"]}, 400, "bad-pin"),
            ("a", [], 400, "bad-pin"),
            ("a", "null", 400, "bad-pin"),
        ],
    )
    def test_refusals_write_nothing(
        self, reader: TestClient, path: str, body: Any, status: int, slug: str
    ) -> None:
        problem(reader.put(f"/v1/pins/{path}", json=body), status, slug)
        problem(reader.get(f"/v1/pins/{path}"), 404, "unknown-pin")
        assert reader.get("/v1/info").json()["pins"] == len(PINS)

    def test_what_is_not_json_is_refused(self, reader: TestClient) -> None:
        problem(reader.put("/v1/pins/a", content=b"{"), 422, "invalid-request")
        headers = {"Content-Type": "image/png"}
        answer = reader.put("/v1/pins/a", content=picture("red"), headers=headers)
        problem(answer, 415, "unsupported-media-type")

    def test_writers_at_once_create_a_pin_once(self, empty: TestClient) -> None:
        codes: list[int] = []

        def put(colour: str) -> None:
            body = {"image": inline(picture(colour)), "description": colour}
            codes.append(empty.put("/v1/pins/a", json=body).status_code)

        threads = [threading.Thread(target=put, args=[each]) for each in ("red", "blue", "green")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == [200, 200, 201]
        assert empty.get("/v1/info").json()["pins"] == 1


class TestDelete:
    def test_a_deleted_pin_is_gone(self, client: TestClient) -> None:
        answer = client.delete("/v1/pins/dress-001")
        assert answer.status_code == 204
        assert answer.content == b""
        assert "dress-001" not in ids(client.get("/v1/search", params={"q": "red dress"}))
        for path in ("", "/related", "/image"):
            problem(client.get(f"/v1/pins/dress-001{path}"), 404, "unknown-pin")
        problem(client.delete("/v1/pins/dress-001"), 404, "unknown-pin")


class TestBatch:
    def test_each_pin_is_settled_on_its_own(self, empty: TestClient) -> None:
        batch = [
            {"id": "a", "image": RED, "likes": 3},
            {"id": "b", "image": "b.jpg"},
            {"id": "c", "image": "data:image/png;base64,AAAA"},
            "no pin",
            {"id": "not an id", "image": RED},
            {"id": "d"},
            {"id": "e", "image": inline(picture("blue")), "likes": 4, "mood": "calm"},
        ]
        body = empty.post("/v1/pins", json=batch).json()
        results = body["results"]
        assert [each["number"] for each in results] == list(range(1, 8))
        assert [each["id"] for each in results] == ["a", "b", "c", None, None, "d", "e"]
        assert [each["status"] for each in results] == ["added", *["rejected"] * 5, "added"]
        assert all(("reason" in each) == (each["status"] == "rejected") for each in results)
        assert body["unknown_keys"] == {"likes": 2, "mood": 1}
        assert empty.get("/v1/info").json()["pins"] == 2

    def test_the_last_of_a_repeated_id_stays(self, empty: TestClient) -> None:
        batch = [{"id": "a", "image": RED, "description": word} for word in ("one", "two")]
        results = empty.post("/v1/pins", json=batch).json()["results"]
        assert [each["status"] for each in results] == ["added", "updated"]
        assert empty.get("/v1/pins/a").json()["description"] == "two"

    def test_again_it_changes_nothing(self, client: TestClient) -> None:
        bodies = [pin_body(pin, 24 + number) for number, pin in enumerate(PINS)]
        results = client.post("/v1/pins", json=bodies).json()["results"]
        assert {each["status"] for each in results} == {"unchanged"}

    def test_more_than_one_window_comes_back_in_order(self, empty: TestClient) -> None:
        batch: list[Any] = [{"id": f"p{number}", "image": RED} for number in range(150)]
        batch[70] = 7
        results = empty.post("/v1/pins", json=batch).json()["results"]
        assert [each["number"] for each in results] == list(range(1, 151))
        assert [each["number"] for each in results if each["status"] == "rejected"] == [71]

    def test_refusals(self, reader: TestClient) -> None:
        problem(reader.post("/v1/pins", json={"id": "a"}), 422, "invalid-request")
        problem(reader.post("/v1/pins", json=[{}] * 1_001), 400, "bad-pin")
        assert reader.post("/v1/pins", json=[]).json() == {"results": [], "unknown_keys": {}}


class TestImage:
    def test_the_picture_is_a_small_upright_jpeg(self, empty: TestClient) -> None:
        image = Image.new("RGB", (1_200, 600), "red")
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        exif[0x010E] = "a private note"
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", exif=exif)
        empty.put("/v1/pins/a", json={"image": inline(buffer.getvalue())})
        answer = empty.get("/v1/pins/a/image")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        with Image.open(io.BytesIO(answer.content)) as kept:
            assert kept.format == "JPEG"
            assert kept.size == (256, 512)
            assert not kept.getexif()

    def test_it_is_sent_once(self, reader: TestClient) -> None:
        first = reader.get("/v1/pins/dress-001/image")
        tag = first.headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            again = reader.get("/v1/pins/dress-001/image", headers={"If-None-Match": known})
            assert again.status_code == 304
            assert again.content == b""
            assert again.headers["etag"] == tag
        other = reader.get("/v1/pins/dress-001/image", headers={"If-None-Match": '"other"'})
        assert other.content == first.content

    def test_a_thumbnail_is_small_and_has_a_tag_of_its_own(self, empty: TestClient) -> None:
        image = Image.effect_noise((600, 300), 60).convert("RGB")
        exif = Image.Exif()
        exif[0x010E] = "a private note"
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", exif=exif, comment=b"a private note")
        empty.put("/v1/pins/a", json={"image": inline(buffer.getvalue())})
        full, thumb = (
            empty.get("/v1/pins/a/image", params={"size": size}) for size in ("full", "thumb")
        )
        for answer, size in ((full, (512, 256)), (thumb, (320, 160))):
            assert b"private" not in answer.content
            with Image.open(io.BytesIO(answer.content)) as shown:
                assert (shown.format, shown.size) == ("JPEG", size)
                assert not shown.getexif()
                assert "comment" not in shown.info
        assert full.headers["etag"] != thumb.headers["etag"]
        assert "private" in full.headers["cache-control"]
        for known, status in ((thumb, 304), (full, 200)):
            headers = {"If-None-Match": known.headers["etag"]}
            again = empty.get("/v1/pins/a/image?size=thumb", headers=headers)
            assert again.status_code == status
        problem(empty.get("/v1/pins/a/image?size=huge"), 422, "invalid-request")

    def test_another_picture_has_another_tag(self, client: TestClient) -> None:
        tag = client.get("/v1/pins/dress-001/image").headers["etag"]
        client.put("/v1/pins/dress-001", json={"image": inline(picture("green"))})
        again = client.get("/v1/pins/dress-001/image", headers={"If-None-Match": tag})
        assert again.status_code == 200

    def test_what_is_not_kept_is_not_found(self, desk: Workspace) -> None:
        unkept = replace(desk, images=ImageStore(desk.images.folder, "reference"))
        with client_of(unkept) as client:
            client.put("/v1/pins/a", json={"image": RED})
            body = problem(client.get("/v1/pins/a/image"), 404, "unknown-picture")
            assert "ENGINE_IMAGES__MODE" in body["detail"]
            problem(
                client.get("/v1/pins/a/image", headers={"If-None-Match": "*"}),
                404,
                "unknown-picture",
            )

    def test_a_lost_file_is_not_found(
        self, reader: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ImageStore, "get", lambda _self, _key: None)
        problem(reader.get("/v1/pins/dress-001/image"), 404, "unknown-picture")


class TestRelated:
    def test_never_itself_and_the_picture_first(self, reader: TestClient) -> None:
        found = ids(reader.get("/v1/pins/dress-001/related", params={"explain": "true"}))
        assert "dress-001" not in found
        assert set(found[:2]) == {"gown-1", "skirt-1"}

    def test_filters_and_pages(self, reader: TestClient) -> None:
        asked: dict[str, Any] = {"filter": "board_title=Living room", "limit": 1}
        first = reader.get("/v1/pins/dress-001/related", params=asked)
        second = reader.get(
            "/v1/pins/dress-001/related", params=asked | {"cursor": first.json()["next"]}
        )
        assert {*ids(first), *ids(second)} == {"room-1", "room-2"}
        assert second.json()["next"] is None

    def test_they_may_be_varied(self, reader: TestClient) -> None:
        path = "/v1/pins/dress-001/related"
        plain = reader.get(path).json()["hits"]
        varied = reader.get(path, params={"diversity": 0.5}).json()["hits"]
        assert not any("rank_score" in hit for hit in plain)
        assert {hit["id"]: hit["score"] for hit in plain} == {
            hit["id"]: hit["score"] for hit in varied
        }
        ranks = [hit["rank_score"] for hit in varied]
        assert ranks == sorted(ranks, reverse=True)
        assert [hit["id"] for hit in varied] != [hit["id"] for hit in plain]

    def test_refusals(self, reader: TestClient) -> None:
        problem(reader.get("/v1/pins/nobody/related"), 404, "unknown-pin")
        path = "/v1/pins/dress-001/related"
        problem(reader.get(path, params={"limit": 0}), 400, "bad-query")
        problem(reader.get(path, params={"diversity": 2}), 400, "bad-query")
        problem(reader.get(path, params={"filter": "x=1"}), 400, "bad-filter")
        problem(reader.get(path, params={"cursor": "x"}), 400, "bad-query")


@pytest.mark.parametrize(
    "name",
    [
        "%2e%2e",
        "..%2f",
        "..%2f..%2fetc%2fpasswd",
        "a%2fb",
        "a/b",
        "a%20b",
        "%00",
        "a%0ab",
        "dress-001%0a",
        "%ff",
        "x" * 129,
    ],
)
def test_an_id_that_can_be_none_is_said_to_be_none(reader: TestClient, name: str) -> None:
    for method, path in (
        ("GET", ""),
        ("GET", "/related"),
        ("GET", "/image"),
        ("PUT", ""),
        ("DELETE", ""),
    ):
        body = {"image": RED} if method == "PUT" else None
        answer = reader.request(method, f"/v1/pins/{name}{path}", json=body)
        assert "is not valid: use" in problem(answer, 400, "bad-pin")["detail"]
    assert reader.get("/v1/info").json()["pins"] == len(PINS)


def test_what_was_written_is_on_disk_before_the_answer(
    empty: TestClient, desk: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    flush = type(desk.collection).flush

    def counted(collection: EdgeCollection) -> None:
        flushed.append(collection.count())
        flush(collection)

    monkeypatch.setattr(EdgeCollection, "flush", counted)
    batch = [{"id": name, "image": RED} for name in ("a", "b")]
    empty.post("/v1/pins", json=batch)
    assert flushed == [2]
    empty.post("/v1/pins", json=batch)
    # What is there already may not be on disk: who sent it before may have been told of an error.
    assert flushed == [2, 2]
    empty.put("/v1/pins/c", json={"image": RED})
    assert flushed == [2, 2, 3]


def body(**more: Any) -> dict[str, Any]:
    return {"image": RED} | more


EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


class TestVersions:
    def test_a_single_write_that_is_older_than_what_is_there_conflicts(
        self, empty: TestClient
    ) -> None:
        late = empty.put("/v1/pins/a", json=body(updated_at=LATE, description="late"))
        assert late.status_code == 201
        old = body(updated_at=EARLY, description="early")
        found = problem(empty.put("/v1/pins/a", json=old), 409, "stale-version")
        assert "newer version" in found["detail"]
        problem(empty.patch("/v1/pins/a", json={"updated_at": EARLY}), 409, "stale-version")
        answer = empty.delete("/v1/pins/a", params={"updated_at": EARLY})
        problem(answer, 409, "stale-version")
        assert empty.get("/v1/pins/a").json() == late.json()
        [result] = empty.post("/v1/pins", json=[old | {"id": "a"}]).json()["results"]
        assert (result["status"], result["type"]) == ("unchanged", "/problems/stale-version")

    def test_a_deletion_with_a_version_holds_back_what_has_yet_to_come(
        self, empty: TestClient
    ) -> None:
        answer = empty.delete("/v1/pins/a", params={"updated_at": LATE})
        assert answer.status_code == 204
        found = problem(empty.put("/v1/pins/a", json=body(updated_at=EARLY)), 409, "stale-version")
        assert "deleted" in found["detail"]
        problem(empty.delete("/v1/pins/a", params={"updated_at": "soon"}), 400, "bad-pin")
        problem(empty.delete("/v1/pins/a"), 404, "unknown-pin")

    def test_the_numbers_of_a_stream_order_writes(self, empty: TestClient) -> None:
        def sent(numbers: str, *pins: dict[str, Any]) -> Any:
            return empty.post("/v1/pins", json=pins, headers={"Engine-Sequence": numbers})

        both = [body(id=name, description="first") for name in ("a", "b")]
        assert sent("7,8", *both).status_code == 200
        results = sent("6,9", *(pin | {"description": "second"} for pin in both)).json()["results"]
        assert [each["status"] for each in results] == ["unchanged", "updated"]
        assert empty.get("/v1/pins/a").json()["description"] == "first"
        one = {"Engine-Sequence": "8"}
        problem(empty.put("/v1/pins/b", json=body(), headers=one), 409, "stale-version")
        answer = empty.patch("/v1/pins/b", json={"description": "x"}, headers=one)
        problem(answer, 409, "stale-version")
        problem(empty.delete("/v1/pins/b", headers=one), 409, "stale-version")
        assert empty.delete("/v1/pins/a", headers=one).status_code == 204
        problem(sent("1", *both), 400, "bad-pin")
        two = {"Engine-Sequence": "1,2"}
        problem(empty.put("/v1/pins/b", json=body(), headers=two), 400, "bad-pin")
        for wrong in ("x", "1,", "-1", "1" * 19):
            problem(sent(wrong, both[0]), 422, "invalid-request")

    def test_what_was_taken_down_conflicts(self, empty: TestClient, desk: Workspace) -> None:
        desk.eraser.take_down("pin", "gone")
        try:
            problem(empty.put("/v1/pins/gone", json=body()), 409, "taken-down")
        finally:
            desk.eraser.reinstate("pin", "gone")


def test_a_pin_says_of_which_pin_its_picture_is_a_copy(empty: TestClient) -> None:
    copy = inline(picture("red"))
    results = empty.post(
        "/v1/pins", json=[{"id": "first", "image": RED}, {"id": "copy", "image": copy}]
    ).json()["results"]
    assert [each.get("duplicate_of") for each in results] == [None, "first"]
    assert empty.get("/v1/pins/copy").json()["duplicate_of"] == "first"
    assert "duplicate_of" not in empty.get("/v1/pins/first").json()
    assert empty.put("/v1/pins/more", json=body()).json()["duplicate_of"] == "first"
    answer = empty.patch("/v1/pins/more", json={"description": "x"}).json()
    assert answer["duplicate_of"] == "first"
    again = empty.put("/v1/pins/more", json=answer | {"image": RED})
    assert again.json()["duplicate_of"] == "first"
    assert empty.delete("/v1/pins/first").status_code == 204
    left = {name: empty.get(f"/v1/pins/{name}").json() for name in ("copy", "more")}
    assert {"duplicate_of" in pin for pin in left.values()} == {True, False}


def test_a_rejected_pin_of_a_batch_names_the_kind_of_its_fault(empty: TestClient) -> None:
    pins = [{"id": "a", "image": "http://127.0.0.1/a.png"}, {"id": "b", "image": RED[:60]}, 7]
    results = empty.post("/v1/pins", json=pins).json()["results"]
    kinds = [each["type"] for each in results]
    assert kinds == ["/problems/unfetchable-image", "/problems/bad-image", "/problems/bad-pin"]


class Crowd:
    """Stands in for the work on a request: counts how many are inside at once."""

    def __init__(self) -> None:
        self.most = 0
        self._inside = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        time.sleep(0.05)  # so that those who are let in meet each other
        with self._lock:
            self._inside -= 1


def at_once(requests: list[Callable[[], Any]]) -> list[int]:
    with ThreadPoolExecutor(len(requests)) as pool:
        return [each.result().status_code for each in [pool.submit(ask) for ask in requests]]


def test_few_pictures_are_decoded_at_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd()
    search, run = Workspace.search, Intake.run

    def searched(workspace: Workspace, query: Query) -> Answer:
        crowd()
        return search(workspace, query)

    def taken(intake: Intake, arrivals: Any) -> list[Outcome]:
        crowd()
        return list(run(intake, arrivals))

    monkeypatch.setattr(Workspace, "search", searched)
    monkeypatch.setattr(Intake, "run", taken)
    body = {"image": RED}
    crop = {"pin": "dress-001", "crop": "0,0,1,1"}
    codes = at_once(
        [lambda: client.post("/v1/search", json=body)] * 3
        + [lambda: client.post("/v1/search", files={"image": picture("red")})] * 2
        + [lambda: client.get("/v1/search", params=crop)] * 3
        + [lambda: client.put("/v1/pins/new", json=body)] * 2
        + [lambda: client.post("/v1/pins", json=[{"id": "other", **body}])] * 2
    )
    assert set(codes) == {200, 201}
    assert crowd.most <= 2


def test_words_do_not_wait_for_pictures(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    search, meeting = Workspace.search, threading.Barrier(SEARCHING)

    def searched(workspace: Workspace, query: Query) -> Answer:
        meeting.wait(30)  # broken, which fails the request, unless as many are let in
        return search(workspace, query)

    monkeypatch.setattr(Workspace, "search", searched)
    asked = ({"q": "red"}, {"pin": "dress-001"}, {"q": "dress"}, {"q": "blue"})
    assert len(asked) % SEARCHING == 0
    assert at_once([partial(reader.get, "/v1/search", params=each) for each in asked]) == [200] * 4
