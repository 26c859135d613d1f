"""The takedown routes: what is taken down goes, stays away, is listed, and may be let in again."""

import hashlib

from starlette.testclient import TestClient

from tests.serving.conftest import inline, picture, problem

RED = picture("red")


def test_a_pin_goes_and_stays_away(empty: TestClient) -> None:
    empty.put("/v1/pins/a", json={"image": inline(RED)})
    path = "/v1/takedowns/pin/a"
    answer = empty.put(path, params={"reason": "asked by its owner"})
    assert answer.json() == {"removed": ["a"]}
    problem(empty.get("/v1/pins/a"), 404, "unknown-pin")
    problem(empty.put("/v1/pins/a", json={"image": inline(RED)}), 409, "taken-down")
    [listed] = [each for each in listing(empty) if each["value"] == "a"]
    assert listed.pop("since")
    assert listed == {"kind": "pin", "value": "a", "reason": "asked by its owner"}
    assert empty.put(path).json() == {"removed": []}
    assert empty.delete(path).json() == {"lifted": True}
    assert empty.delete(path).json() == {"lifted": False}
    assert empty.put("/v1/pins/a", json={"image": inline(RED)}).status_code == 201


def test_a_picture_takes_all_its_pins_along(empty: TestClient) -> None:
    other = inline(picture("blue"))
    pins = [{"id": "a", "image": inline(RED)}, {"id": "b", "image": inline(RED)}]
    empty.post("/v1/pins", json=[*pins, {"id": "c", "image": other}])
    path = f"/v1/takedowns/picture/{hashlib.sha256(RED).hexdigest()}"
    assert sorted(empty.put(path).json()["removed"]) == ["a", "b"]
    results = empty.post("/v1/pins", json=pins).json()["results"]
    assert {each["type"] for each in results} == {"/problems/taken-down"}
    assert empty.get("/v1/pins/c").status_code == 200
    assert empty.delete(path).json() == {"lifted": True}


def test_refusals(empty: TestClient) -> None:
    before = listing(empty)
    problem(empty.put("/v1/takedowns/picture/red"), 400, "bad-pin")
    problem(empty.put("/v1/takedowns/pin/a%20b"), 400, "bad-pin")
    problem(empty.put("/v1/takedowns/board/a"), 422, "invalid-request")
    problem(
        empty.put("/v1/takedowns/pin/a", params={"reason": "x" * 1_001}), 422, "invalid-request"
    )
    assert listing(empty) == before


def listing(client: TestClient) -> list[dict[str, str]]:
    takedowns: list[dict[str, str]] = client.get("/v1/takedowns").json()["takedowns"]
    return takedowns
