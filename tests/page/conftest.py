"""The real server on the sample pins, and Chromium to look at its page as a person would.

What is seen is kept below ENGINE_TEST_ARTEFACTS (out/artefacts/ where it is not set). Some pins
have what a careless page would run, see `hostile.py`.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from tests.conftest import ROOT, absent
from tests.page.hostile import HIT, hostile_pins
from tests.relevance.chromium import NAMES

SCREENS = Path(os.environ.get("ENGINE_TEST_ARTEFACTS", ROOT / "out" / "artefacts")) / "screens"
WAIT_MS = 30_000


@dataclass
class Engine:
    """`engine serve` on a folder, always at one address, however often it is killed."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "engine.cli", *words]

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_")}
        return kept | {"ENGINE_DATA": str(self.data)} | self.settings

    def start(self) -> None:
        """Start it, and return once it serves."""
        if not self.port:
            with closing(socket.create_server(("127.0.0.1", 0))) as free:
                self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            self.command("serve", "--port", str(self.port)),
            cwd=ROOT,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert re.search(r"serving 'pins' on", line), line + self.process.stderr.read()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="session")
def engine(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The server on the sample pins and those that are hostile, indexed once."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(samples / "images", folder / "images")
    lines = (samples / "pins.jsonl").read_text().splitlines()
    lines += [json.dumps(pin) for pin in hostile_pins(folder)]
    (folder / "pins.jsonl").write_text("\n".join(lines))
    made = Engine(folder / "data")
    subprocess.run(
        made.command("index", str(folder / "pins.jsonl")),
        cwd=ROOT,
        env=made.environment,
        check=True,
        capture_output=True,
    )
    made.start()
    yield made
    made.kill()


# For a file at a time: Playwright keeps an event loop running, which other tests must not meet.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        absent("chromium", "install the package chromium")
    # The sandbox needs rights that a container does not give; the page is the test's own.
    with sync_playwright() as tools:
        started = tools.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@dataclass(frozen=True)
class Visitor:
    """A person with a browser of their own: opens the page, and sees no error of a script."""

    browser: Browser
    engine: Engine
    errors: list[str]

    def open(self, address: str = "", **context: Any) -> Page:
        """Open an address of the page in a new profile."""
        given = {"viewport": {"width": 1280, "height": 860}} | context
        page = self.browser.new_context(**given).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._heard(message.text))
        page.add_init_script(HIT)
        page.goto(self.engine.address + address)
        return page

    def _heard(self, text: str) -> None:
        if "Content Security Policy" in text or "Trusted" in text:
            self.errors.append(text)


@pytest.fixture
def visitor(browser: Browser, engine: Engine) -> Iterator[Visitor]:
    """A visitor of the samples; what scripts complain about fails the test."""
    errors: list[str] = []
    yield Visitor(browser, engine, errors)
    for context in browser.contexts:
        context.close()
    assert errors == []


expect.set_options(timeout=WAIT_MS)


def screen(page: Page, name: str) -> None:
    """Keep what is seen, once the pictures in sight are there and nothing moves."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('.tile .frame:not(.gone) img')].every(each => {
            const box = each.getBoundingClientRect();
            return box.top > innerHeight || box.bottom < 0 || each.complete;
        }) && document.getAnimations().every(each => each.playState !== 'running'
            || each.effect.getTiming().iterations === Infinity)"""
    )
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png")


def tiles(page: Page) -> list[str]:
    """Return the ids of the pins in the main grid, in order."""
    expect(page.locator("#results .tile:not(.skeleton)").first).to_be_visible()
    found: list[str] = page.eval_on_selector_all(
        "#results .tile:not(.skeleton)", "all => all.map(each => each.dataset.id)"
    )
    return found


def search(page: Page, words: str) -> list[str]:
    """Type words, wait for the answer, and return its ids."""
    with page.expect_response(
        lambda each: each.url.endswith("/v1/search") and words in (each.request.post_data or "")
    ) as waited:
        page.get_by_role("combobox", name="Search for").fill(words)
    hits = [hit["id"] for hit in waited.value.json()["hits"]]
    page.wait_for_function(
        "id => document.querySelector('#results .tile')?.dataset.id === id", arg=hits[0]
    )
    return hits


def asking(wanted: Callable[[dict[str, Any]], bool]) -> Callable[[Response], bool]:
    """Return what tells the answer to one search from others that may still be on their way."""

    def is_it(answer: Response) -> bool:
        body = answer.request.post_data
        return answer.url.endswith("/v1/search") and body is not None and wanted(json.loads(body))

    return is_it


def sent_with(waited: Any) -> dict[str, Any]:
    """Return the body of the request behind a response that was waited for."""
    sent: dict[str, Any] = json.loads(waited.value.request.post_data or "{}")
    return sent
