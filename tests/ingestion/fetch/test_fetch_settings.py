"""The settings of fetching, as an operator gives them."""

from ipaddress import ip_network

import pytest

from engine.errors import BadSetting
from engine.ingestion.fetch import FetchRules
from engine.settings import load_settings


def test_the_defaults_are_those_of_the_rules() -> None:
    assert FetchRules.of(load_settings().fetch) == FetchRules()


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_FETCH__ALLOW", " 10.1.0.0/16, fd00::/8 ,127.0.0.1,")
    monkeypatch.setenv("ENGINE_FETCH__PORTS", "80, 8080")
    monkeypatch.setenv("ENGINE_FETCH__TIMEOUT_S", "2.5")
    monkeypatch.setenv("ENGINE_FETCH__PER_HOST", "1")
    rules = FetchRules.of(load_settings().fetch)
    assert rules.allowed == tuple(map(ip_network, ("10.1.0.0/16", "fd00::/8", "127.0.0.1")))
    assert rules.ports == frozenset({80, 8080})
    assert (rules.timeout_s, rules.per_host) == (2.5, 1)
    monkeypatch.setenv("ENGINE_FETCH__PORTS", "any")
    assert FetchRules.of(load_settings().fetch).ports is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOW", "10.1.0.1/16"),
        ("ALLOW", "localhost"),
        ("PORTS", ""),
        ("PORTS", "http"),
        ("PORTS", "80,0"),
        ("PORTS", "65536"),
        ("TIMEOUT_S", "0"),
        ("ATTEMPTS", "0"),
        ("PER_HOST", "0"),
    ],
)
def test_settings_that_cannot_be_used(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ENGINE_FETCH__{name}", value)
    with pytest.raises(BadSetting, match=f"ENGINE_FETCH__{name}"):
        load_settings()
