"""What the deployment files promise: keys, pinned images, no root, nothing open to the network.

No container engine is needed: the files are read, and the health checks run as they stand.
"""

import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import yaml

from engine.serving.addresses import require_key
from engine.settings import load_settings
from tests.conftest import ROOT, absent

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
KEYS = {
    "ENGINE_API_KEY": "an-engine-key",
    "QDRANT_API_KEY": "a-store-key",
    "NATS_PASSWORD": "a-queue-key",
    "GRAFANA_PASSWORD": "a-person's-key",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    found: dict[str, Any] = document["services"]
    return found


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(None, 1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


@pytest.mark.parametrize(
    ("service", "variable", "source"),
    [
        ("engine", "ENGINE_SERVE__API_KEY", "ENGINE_API_KEY"),
        ("engine", "ENGINE_STORE__API_KEY", "QDRANT_API_KEY"),
        ("qdrant", "QDRANT__SERVICE__API_KEY", "QDRANT_API_KEY"),
    ],
)
def test_nothing_starts_without_its_keys(
    services: dict[str, Any], service: str, variable: str, source: str
) -> None:
    assert re.fullmatch(rf"\$\{{{source}:\?.+\}}", services[service]["environment"][variable])


def test_no_key_is_written_down() -> None:
    example = (ROOT / "deploy" / "env.example").read_text()
    for name in KEYS:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)


def test_the_engine_understands_its_environment(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in services["engine"]["environment"].items():
        given = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: KEYS[found[1]], str(value))
        monkeypatch.setenv(name, given)
    settings = load_settings()
    require_key(settings.serve)
    assert settings.store.url == "http://qdrant:6333"
    assert settings.store.api_key is not None
    assert settings.store.api_key.get_secret_value() == KEYS["QDRANT_API_KEY"]
    assert settings.queue.url == f"nats://engine:{KEYS['NATS_PASSWORD']}@nats:4222"
    assert settings.serve.host == "0.0.0.0"
    assert settings.serve.api_key is not None
    assert settings.serve.api_key.get_secret_value() == KEYS["ENGINE_API_KEY"]
    mounts = [mount.partition(":")[2] for mount in services["engine"]["volumes"]]
    assert str(settings.data) in mounts


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values()]
    stages = [line.split(" AS ") for line in instructions("FROM")]
    images += [source for source, _ in stages if source not in {name for _, name in stages}]
    for image in images:
        assert re.search(r":v?\d+\.\d+\.\d+", image), image
    assert services["qdrant"]["image"] == "qdrant/qdrant:v1.20.0"


def test_the_store_is_reached_by_the_engine_alone(services: dict[str, Any]) -> None:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert "ports" not in services["qdrant"]
    assert services["qdrant"].get("network_mode") is None
    for network in services["qdrant"]["networks"]:
        assert document["networks"][network]["internal"] is True
    assert set(services["qdrant"]["networks"]) & set(services["engine"]["networks"])


def test_ports_are_published_on_loopback(services: dict[str, Any]) -> None:
    for service in services.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), port


def test_the_engine_has_few_rights(services: dict[str, Any]) -> None:
    engine = services["engine"]
    assert engine["user"].split(":")[0] not in {"0", "root"}
    assert instructions("USER")[-1] == engine["user"]
    assert engine["read_only"] is True
    assert "/tmp" in engine["tmpfs"]
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert "privileged" not in service


def test_the_engine_waits_for_its_store(services: dict[str, Any]) -> None:
    assert services["engine"]["depends_on"]["qdrant"]["condition"] == "service_healthy"


def test_volumes_and_networks_are_declared(services: dict[str, Any]) -> None:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for service in services.values():
        assert set(service["networks"]) <= set(document["networks"])
        for mount in service["volumes"]:
            source, _, place = mount.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert place.endswith(":ro"), mount
            else:
                assert source in document["volumes"]


def test_what_is_built_without_a_name_leaves_torch_out() -> None:
    stages = [line.split(" AS ") for line in instructions("FROM")]
    assert stages[-1] == ["run", "cpu"]
    assert "torch" not in DOCKERFILE.split(" AS cpu\n")[1]
    override = yaml.safe_load((ROOT / "deploy" / "compose.gpu.yml").read_text())
    assert override["services"]["engine"]["build"]["target"] in {name for _, name in stages}


def test_the_image_is_built_from_files_that_exist() -> None:
    allowed = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    for line in instructions("COPY"):
        if line.startswith("--from="):
            continue
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in allowed, source


def test_the_image_has_all_dependencies_but_the_heavy_two() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)["project"]["dependencies"]
    heavy = ("torch", "sentence-transformers")
    listed = (ROOT / "deploy" / "requirements.txt").read_text().splitlines()[1:]
    assert listed == [name for name in declared if not name.startswith(heavy)]
    assert "-r deploy/requirements.txt" in (ROOT / "deploy" / "Dockerfile").read_text()


class Answering(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(status: int) -> Iterator[int]:
    handler = type("Handler", (Answering,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def healthy(service: dict[str, Any], inner: int, outer: int) -> bool:
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD"
    # As compose reads it: a doubled dollar is one.
    command = [part.replace("$$", "$").replace(str(inner), str(outer)) for part in command]
    if command[0] == "python":
        command[0] = sys.executable
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


@pytest.mark.parametrize(("name", "port"), [("engine", 8000), ("qdrant", 6333)])
def test_health_checks_tell_ready_from_not(services: dict[str, Any], name: str, port: int) -> None:
    if shutil.which("bash") is None:
        absent("bash", "install bash")
    with answering(200) as ready:
        assert healthy(services[name], port, ready)
    assert not healthy(services[name], port, ready)  # nobody listens there any more
    with answering(503) as busy:
        assert not healthy(services[name], port, busy)
