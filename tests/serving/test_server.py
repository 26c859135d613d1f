"""The process from outside: started on a free port, asked over loopback, ended by a signal."""

import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import threadpoolctl

from engine.serving import server
from engine.settings import load_settings
from engine.store.ownership import owner_of
from engine.workspace import collection_folder
from tests.conftest import absent
from tests.serving.conftest import PINS, inline, picture, pin_body
from tests.serving.process import WAIT_S, command, served


def test_a_server_from_start_to_end(tmp_path: Path) -> None:
    with (
        served(tmp_path, "--allow-write") as server,
        httpx2.Client(base_url=server.address) as http,
    ):
        assert http.get("/readyz").json() == {"status": "ready"}
        owner = owner_of(collection_folder(load_settings(data=tmp_path)))
        assert owner is not None
        assert owner.pid == server.process.pid
        assert owner.address == server.address

        bodies = [pin_body(pin, 24 + number) for number, pin in enumerate(PINS)]
        assert http.post("/v1/pins", json=bodies).status_code == 200
        image = {"image": inline(picture("green"))}
        found = http.post("/v1/search", json=image).json()
        assert found["hits"][0]["id"] == "room-1"
        big = http.post("/v1/search", content=iter([b"x" * 1_000_000] * 40))
        assert big.status_code == 413
        # A refusal arrives although its body is of no use, and the connection goes on.
        wrong = {"Authorization": "Bearer wrong"}
        for _ in range(20):
            refused = http.post("/v1/search", content=b"x" * 900_000, headers=wrong)
            assert refused.status_code == 401
            assert "connection" not in refused.headers

        # One owner: a second server says who it is and where.
        with command(tmp_path) as second:
            _, errors = second.communicate(timeout=WAIT_S)
        assert second.returncode == 1
        assert server.address in errors
        assert "Traceback" not in errors

        code, errors = server.stop(signal.SIGTERM)
        assert (code, errors) == (0, "")
    assert owner_of(collection_folder(load_settings(data=tmp_path))) is None

    # What was written is there after a restart, and Ctrl-C ends it as well.
    with served(tmp_path) as server:
        assert httpx2.get(f"{server.address}/v1/info").json()["pins"] == len(PINS)
        assert server.stop(signal.SIGINT) == (0, "")


def test_products_keep_to_one_thread() -> None:
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        server._multiply_in_one_thread()
        blas = [
            each["num_threads"]
            for each in threadpoolctl.threadpool_info()
            if each["user_api"] == "blas"
        ]
        assert blas
        assert set(blas) == {1}


def test_requests_under_way_are_finished(tmp_path: Path) -> None:
    """More than there are threads, so that some wait for one when the end is asked for."""
    many = 20
    with served(tmp_path) as server:
        go_on = threading.Event()
        reached = threading.Semaphore(0)
        answers: list[int] = []

        def slowly() -> Iterator[bytes]:
            yield b'{"text":'
            reached.release()
            go_on.wait(WAIT_S)
            yield b'"red"}'

        def ask() -> None:
            answer = httpx2.post(f"{server.address}/v1/search", content=slowly(), timeout=WAIT_S)
            answers.append(answer.status_code)

        asking = [threading.Thread(target=ask) for _ in range(many)]
        for each in asking:
            each.start()
        for _ in asking:
            assert reached.acquire(timeout=WAIT_S)
        httpx2.get(f"{server.address}/livez")  # the first parts have arrived before this
        server.process.send_signal(signal.SIGTERM)
        go_on.set()
        for each in asking:
            each.join(WAIT_S)
        assert answers == [200] * many
        assert server.process.wait(WAIT_S) == 0


def test_another_address_of_loopback_is_its_name(tmp_path: Path) -> None:
    with served(tmp_path, "--host", "127.0.0.2") as server:
        assert server.address.startswith("http://127.0.0.2:")
        assert httpx2.get(f"{server.address}/v1/info").status_code == 200
        other = httpx2.get(f"{server.address}/v1/info", headers={"Host": "127.0.0.3"})
        assert other.status_code == 421


def test_a_browser_shows_the_reference_without_a_network(tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        absent("chromium", "install Debian's package of that name")
    with served(tmp_path / "data") as server:
        shown = subprocess.run(
            [
                *(str(browser), "--headless", "--no-sandbox", "--disable-gpu"),
                *("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--dump-dom"),
                *("--virtual-time-budget=10000", f"--user-data-dir={tmp_path / 'browser'}"),
                f"{server.address}/docs",
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
    for path in ("/v1/search", "/v1/pins/{id}/related", "/v1/boards", "/readyz"):
        assert f'data-path="{path}"' in shown


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ENGINE_SERVE__HOST": "0.0.0.0"}, "ENGINE_SERVE__API_KEY"),
        ({"ENGINE_SERVE__HOST": "192.0.2.1", "ENGINE_SERVE__API_KEY": "k"}, "ENGINE_SERVE__HOST"),
        ({"ENGINE_SERVE__PORT": "many"}, "ENGINE_SERVE__PORT"),
    ],
)
def test_it_does_not_start(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with command(tmp_path / "data", **settings) as process:
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 2
    assert errors.startswith("engine: ")
    assert message in errors
    assert len(errors.strip().splitlines()) == 1
    assert not (tmp_path / "data").exists()
