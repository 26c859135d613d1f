"""What all tests share: where the real data is, and what may not be skipped."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = os.environ.get("ENGINE_TEST_REQUIRE") == "all"


def absent(part: str, remedy: str) -> None:
    """Skip a test for a missing part, or fail where every part is required."""
    if REQUIRED:
        pytest.fail(f"{part} is missing, and ENGINE_TEST_REQUIRE=all asks for it: {remedy}")
    pytest.skip(f"{part} is missing: {remedy}")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of the sample pins."""
    return ROOT / "data" / "samples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of the shared data; tests that need it skip where it is absent."""
    place = Path(os.environ.get("ENGINE_TEST_SHARED", ROOT.parent / "shared"))
    if not (place / "data" / "fashion" / "pins.jsonl").exists():
        absent("the shared data", "set ENGINE_TEST_SHARED to its folder")
    return place


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees no ENGINE_* of the person who runs it, but for the tests' own switches."""
    for name in list(os.environ):
        if name.startswith("ENGINE_") and not name.startswith("ENGINE_TEST_"):
            monkeypatch.delenv(name)


# A busy machine is no finding: nothing in the tests is timed.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
