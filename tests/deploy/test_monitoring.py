"""What dashboards, alerts and autoscaling look at is what the engine tells of itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from engine.ingestion.metrics import Metrics
from engine.serving.figures import RequestMetrics
from tests.conftest import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
NAME = re.compile(r"\bengine_[a-z0-9_]+\b")
PLACE = re.compile(r'route="([^"]+)"')


def told(registry: CollectorRegistry) -> set[str]:
    """Return the names of all samples that a registry can give, also of labels not yet used."""
    names: set[str] = set()
    for family in registry.collect():
        names.add(family.name)
        if family.type == "counter":
            names.add(f"{family.name}_total")
        if family.type == "histogram":
            names |= {f"{family.name}_{end}" for end in ("bucket", "sum", "count")}
    return names


def expressions() -> Iterator[tuple[str, str]]:
    board = json.loads((FOLDER / "dashboards" / "pin-engine.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    alerts = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    for rule in alerts["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("title", "expression"), list(expressions()))
def test_what_is_looked_at_exists(title: str, expression: str) -> None:
    known = told(Metrics().registry) | told(RequestMetrics().registry)
    named = set(NAME.findall(expression))
    assert named <= known, title
    assert named or "up{" in expression
    assert expression.count("(") == expression.count(")")
    for route in PLACE.findall(expression):
        assert route == "/v1/search"


def test_panels_do_not_overlap_and_have_data() -> None:
    board: dict[str, Any] = json.loads((FOLDER / "dashboards" / "pin-engine.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_prometheus_asks_where_the_services_are() -> None:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    for job in scraped:
        [target] = job["static_configs"][0]["targets"]
        service = document["services"][target.partition(":")[0]]
        assert set(service["networks"]) & set(document["services"]["prometheus"]["networks"])


def test_grafana_knows_the_source_that_its_panels_name() -> None:
    source = FOLDER / "provisioning" / "datasources" / "prometheus.yml"
    [known] = yaml.safe_load(source.read_text())["datasources"]
    board = json.loads((FOLDER / "dashboards" / "pin-engine.json").read_text())
    used = {panel["datasource"]["uid"] for panel in board["panels"] if "datasource" in panel}
    assert used == {known["uid"]}
