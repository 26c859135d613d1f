"""What the Kubernetes files promise, read together: names meet, nobody is root, probes are there.

`make lint` holds each file against Kubernetes' own schemas; no cluster is needed for either.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.serving.addresses import require_key
from engine.settings import load_settings
from tests.conftest import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())


def documents() -> Iterator[dict[str, Any]]:
    for name in KUSTOMIZATION["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


ALL = list(documents())
WORKLOADS = [each for each in ALL if each["kind"] in {"Deployment", "StatefulSet"}]
NAMES = [each["metadata"]["name"] for each in WORKLOADS]
workloads = pytest.mark.parametrize("workload", WORKLOADS, ids=NAMES)


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in ALL if each["kind"] == kind]


def container(workload: dict[str, Any]) -> dict[str, Any]:
    [only] = workload["spec"]["template"]["spec"]["containers"]
    return dict(only)


def keys_of(path: Path) -> set[str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {line.partition("=")[0] for line in lines}


def test_every_file_is_named() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])


@workloads
def test_nobody_is_root_and_nothing_is_writable_by_chance(workload: dict[str, Any]) -> None:
    pod = workload["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    rights = container(workload)["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}


@workloads
def test_probes_and_limits_are_there_and_ports_have_the_names_used(
    workload: dict[str, Any],
) -> None:
    here = container(workload)
    ports = {port["name"] for port in here["ports"]}
    for probe in ("startupProbe", "livenessProbe"):
        assert here[probe]["httpGet"]["port"] in ports
    assert "memory" in here["resources"]["limits"]
    assert {"cpu", "memory"} <= set(here["resources"]["requests"])


@workloads
def test_mounts_have_their_volumes(workload: dict[str, Any]) -> None:
    pod = workload["spec"]["template"]["spec"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    volumes |= {
        claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", ())
    }
    mounts = [mount["name"] for mount in container(workload)["volumeMounts"]]
    assert set(mounts) == volumes
    claims = {each["metadata"]["name"] for each in of_kind("PersistentVolumeClaim")}
    maps = {each["name"] for each in KUSTOMIZATION["configMapGenerator"]}
    for volume in pod["volumes"]:
        assert volume.get("persistentVolumeClaim", {"claimName": None})["claimName"] in {
            None,
            *claims,
        }
        assert volume.get("configMap", {"name": None})["name"] in {None, *maps}


def test_secrets_come_from_the_one_file_that_is_not_committed() -> None:
    [keys] = KUSTOMIZATION["secretGenerator"]
    assert keys["envs"] == ["secrets.env"]
    assert "deploy/kubernetes/secrets.env" in (ROOT / ".gitignore").read_text().splitlines()
    example = FOLDER / "secrets.env.example"
    assert all(line.endswith("=") for line in example.read_text().splitlines())
    used = set(re.findall(r"secretKeyRef: \{name: keys, key: (\w+)\}", _text()))
    assert used == keys_of(example)


def _text() -> str:
    return "".join((FOLDER / name).read_text() for name in KUSTOMIZATION["resources"])


def test_services_budgets_and_policies_choose_pods_that_exist() -> None:
    labels = {each["metadata"]["name"]: each["spec"]["template"]["metadata"] for each in WORKLOADS}
    apps = {meta["labels"]["app"] for meta in labels.values()}
    for service in of_kind("Service"):
        app = service["spec"]["selector"]["app"]
        ports = {port["name"] for port in container(_workload(app))["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in of_kind("PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"]["app"] in apps
    chosen = [policy["spec"]["podSelector"] for policy in of_kind("NetworkPolicy")]
    assert {} in chosen
    assert {each["matchLabels"]["app"] for each in chosen if each} == apps
    for scaler in of_kind("HorizontalPodAutoscaler"):
        assert _workload(scaler["spec"]["scaleTargetRef"]["name"])["kind"] == "Deployment"
        assert (
            scaler["spec"]["minReplicas"]
            >= _workload(scaler["metadata"]["name"])["spec"]["replicas"]
        )


def _workload(name: str) -> dict[str, Any]:
    [found] = [each for each in WORKLOADS if each["metadata"]["name"] == name]
    return found


def test_the_engine_understands_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (FOLDER / "engine.env").read_text().splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    for variable in container(_workload("engine"))["env"]:
        value = variable.get("value", "a-key").replace("$(NATS_PASSWORD)", "a-key")
        monkeypatch.setenv(variable["name"], value)
    settings = load_settings()
    require_key(settings.serve)
    assert settings.store.url is not None
    services = {each["metadata"]["name"] for each in of_kind("Service")}
    for address in (settings.store.url, settings.queue.url or ""):
        assert re.split(r"[@/:]+", address)[-2] in services
    [mount] = [m for m in container(_workload("engine"))["volumeMounts"] if m["name"] == "pictures"]
    assert mount["mountPath"] == str(settings.data)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl renders it where it is there")
def test_it_renders(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "secrets.env").write_text((FOLDER / "secrets.env.example").read_text())
    done = subprocess.run(
        ["kubectl", "kustomize", str(tmp_path)], capture_output=True, text=True, check=True
    )
    rendered = list(yaml.safe_load_all(done.stdout))
    assert len(rendered) == len(ALL) + 3  # two config maps, one secret
    others = [each for each in rendered if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in others} == {"pin-engine"}
