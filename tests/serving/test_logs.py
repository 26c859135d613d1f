"""The log: a line for each request, with its id and never a secret, for people and for programs."""

import io
import json
import logging
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from engine.serving import logs
from engine.serving.app import create_app
from engine.settings import ServeSettings
from engine.store.key_file import KeyFile
from engine.workspace import Workspace
from tests.serving.conftest import BASE, problem
from tests.serving.process import command, served

OWN = "the-key-of-the-settings"
FORMS: tuple[logs.Form, ...] = ("json", "plain")


class Log:
    """What `engine serve` would write, as JSON."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self.handler = logs.writing("json", self._text)

    @property
    def text(self) -> str:
        return self._text.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    logger, made = logging.getLogger("engine"), Log()
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(made.handler)
    yield made
    logger.removeHandler(made.handler)
    logger.setLevel(before)


@pytest.fixture
def keyed(library: Workspace, tmp_path: Path) -> Iterator[tuple[TestClient, KeyFile]]:
    settings = library.settings.model_copy(
        update={"data": tmp_path, "serve": ServeSettings(api_key=SecretStr(OWN))}
    )
    app = create_app(replace(library, settings=settings))
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client, KeyFile(tmp_path)


def test_one_line_a_request_says_what_became_of_it(
    keyed: tuple[TestClient, KeyFile], log: Log
) -> None:
    client, keys = keyed
    key, text = keys.add("shop-page", "read")
    asked = {"Authorization": f"Bearer {text}", "X-Request-ID": "abc-1"}
    client.get("/v1/search?q=private-words", headers=asked)
    client.get("/v1/pins/private-pin", headers=asked)
    client.get("/v1/info", headers={"Authorization": f"Bearer {OWN}"})
    client.get("/v1/info", headers={"Authorization": "Bearer a-wrong-key"})
    client.get("/private-path")
    told = [(each["route"], each["status"], each["key"]) for each in log.lines]
    name = f"shop-page ({key.id})"
    assert told == [
        ("/v1/search", 200, name),
        ("/v1/pins/{id}", 404, name),
        ("/v1/info", 200, "ENGINE_SERVE__API_KEY"),
        ("other", 401, None),
        ("other", 404, None),
    ]
    for each in log.lines:
        assert each["method"] == "GET"
        assert each["ms"] >= 0
        assert (each["level"], each["logger"]) == ("INFO", "engine.requests")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", each["time"])
    assert log.lines[0]["request_id"] == log.lines[1]["request_id"] == "abc-1"
    for secret in (text, OWN, "a-wrong-key", "private"):
        assert secret not in log.text


def test_the_id_is_the_same_in_header_problem_and_log(
    keyed: tuple[TestClient, KeyFile], log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("it failed")

    client, _ = keyed
    monkeypatch.setattr(Workspace, "search", fail)
    own = {"Authorization": f"Bearer {OWN}"}
    for path, headers, status, slug in (
        ("/v1/info", {}, 401, "unauthorized"),
        ("/v1/pins/nobody", own, 404, "unknown-pin"),
        ("/v1/search?q=red&limit=x", own, 422, "invalid-request"),
        ("/v1/search?q=red", own, 500, "internal-error"),
    ):
        answer = client.get(path, headers=headers)
        body = problem(answer, status, slug)
        last = log.lines[-1]
        assert body["request_id"] == answer.headers["x-request-id"] == last["request_id"]
        assert last["status"] == status


def test_what_goes_wrong_is_one_line_too() -> None:
    for form in FORMS:
        stream = io.StringIO()
        handler = logs.writing(form, stream)
        why = ValueError("bad\nthing")
        record = logging.getLogger("x").makeRecord(
            "engine.store", logging.ERROR, "f", 1, "it broke: %s", ("ü",), (type(why), why, None)
        )
        handler.handle(record)
        text = stream.getvalue()
        assert "it broke: ü" in text
        assert "ValueError" in text
        if form == "json":
            [line] = text.splitlines()
            assert json.loads(line)["exc_info"] == "ValueError: bad\nthing"


def test_the_process_writes_json_alone(tmp_path: Path) -> None:
    with command(tmp_path, ENGINE_SERVE__LOG="json") as process:
        assert process.stderr is not None
        first = json.loads(process.stderr.readline())
        address = re.search(r"serving 'pins' on (http://[\d.:]+)$", first["message"])
        assert address is not None
        httpx2.get(f"{address[1]}/livez", headers={"X-Request-ID": "probe-7"})
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    [line] = [json.loads(each) for each in errors.splitlines()]
    assert (line["route"], line["status"], line["request_id"]) == ("/livez", 200, "probe-7")


def test_the_process_writes_lines_for_people(tmp_path: Path) -> None:
    with served(tmp_path, ENGINE_SERVE__LOG="plain") as server:
        httpx2.get(f"{server.address}/livez", headers={"X-Request-ID": "probe-7"})
        _, errors = server.stop(signal.SIGTERM)
    [line] = errors.splitlines()
    assert re.search(r"Z INFO engine.requests: GET /livez 200 in [\d.]+ ms \[probe-7\]$", line)
