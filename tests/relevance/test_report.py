"""The report: one page, whole in itself, that shows hostile words as words, in a real browser."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.commands import Commands
from tests.relevance.chromium import dom, screenshot
from tests.relevance.conftest import HOSTILE
from tests.tiny_encoder import COLOURS

GAIN = (0x2F, 0x7D, 0x5B)


@pytest.fixture
def page(commands: Commands, judged: Path) -> Path:
    (judged / "a$b$ <b>run.txt").write_text("q-red Q0 red-told 1 1.0 t\n")
    given = ("--queries", "queries.jsonl", "--judgments", "qrels.txt")
    done = commands("evaluate", *given, "--run", "a$b$ <b>run.txt", "--report", "out.html")
    assert done.status == 0, done.err
    return judged / "out.html"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and all of its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_needs_nothing_beside_it(page: Path) -> None:
    elements = Elements(page.read_text())
    tags = {tag for tag, _ in elements.found}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form"}
    sources = [each["src"] or "" for tag, each in elements.found if tag == "img"]
    assert len(sources) >= 20
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not re.search(r"url\((?!#)|@import", page.read_text())
    linked = [value for _, each in elements.found for name, value in each.items() if "href" in name]
    assert all(value and value.startswith("#") for value in linked)
    [policy] = [each["content"] for _, each in elements.found if "http-equiv" in each]
    assert policy is not None
    assert "default-src 'none'" in policy


def test_words_from_outside_stay_words(page: Path) -> None:
    raw = page.read_text()
    assert HOSTILE not in raw
    text = "".join(Elements(raw).text)
    assert f"“{HOSTILE}”" in text
    # In tables and, as letters and no formula, in the plots.
    assert text.count("a$b$ <b>run") >= 5
    assert "<b>run" not in raw


def test_all_that_was_found_is_on_the_page(page: Path) -> None:
    elements = Elements(page.read_text())
    text = " ".join(" ".join(elements.text).split())
    for said in ("Systems", "Slices", "Reach of silent pins", "Greatest gains", "Greatest losses"):
        assert said in text
    for system in ("this engine", "BM25 alone", "vectors alone", "RRF k=60", "naive rerank"):
        assert text.count(system) >= 4, system
    assert [tag for tag, _ in elements.found].count("svg") == 3
    assert "12 judged queries over 24 pins, 8 of them without a word of text" in text


def test_the_page_opens_in_chromium(page: Path, tmp_path: Path) -> None:
    understood = Elements(dom(page, tmp_path))
    assert [tag for tag, _ in understood.found].count("svg") == 3
    assert "Wins and losses in pictures" in "".join(understood.text)
    seen = screenshot(page, tmp_path, (1200, 9000))  # taller than the page: all of it
    colours = seen.getcolors(seen.width * seen.height) or []
    pixels = np.array([colour for _, colour in colours])
    assert (pixels == GAIN).all(axis=1).any()  # frames of relevant pins
    # The pins' own pictures.
    near = [(np.abs(pixels - rgb).max(axis=1) <= 12).any() for rgb in COLOURS.values()]
    assert sum(near) >= 4


def test_a_narrow_window_needs_no_scrolling_sideways(page: Path, tmp_path: Path) -> None:
    """Wide tables scroll inside themselves: right of the page there is paper alone."""
    seen = screenshot(page, tmp_path, (560, 1400))
    edge = seen.crop((556, 0, 560, 1400))
    assert len(edge.getcolors(10_000) or []) <= 2
