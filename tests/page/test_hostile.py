"""Nothing that a pin, an address or an answer says is ever run: it is shown as the text it is.

The page's policy would stop most of it; what it has to stop fails the tests too (see `Visitor`).
"""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from engine.errors import BadPin
from engine.pins import KNOWN_KEYS, pin_from_json
from tests.page.conftest import Visitor, screen, search, tiles
from tests.page.hostile import PAYLOAD, REFUSED, SCRIPT, TAKEN, UNSEEN, hostile_id

# Ids lead to pins and pictures, and a cursor to the next page: without them little would be shown.
KEPT = {"id", "ids", "pin", "next", "box", "crop", "key", "type", "kind", "facet"}


def harmless(page: Page) -> None:
    """Check that nothing was run, and that nothing came about that could be."""
    page.wait_for_timeout(50)  # a picture that does not load fails a moment later
    assert page.evaluate("window.hit") == 0
    # The page's own pictures have no such attribute: it listens by addEventListener.
    made = page.locator("[onerror], [onload], [onclick], iframe, script:not([src])")
    assert made.count() == 0
    schemes = page.eval_on_selector_all("a[href]", "all => all.map(each => each.protocol)")
    assert set(schemes) <= {"http:", "https:"}


def test_each_field_takes_it_as_a_text_or_not_at_all() -> None:
    assert {key for values in TAKEN.values() for key in values} | set(REFUSED) == set(KNOWN_KEYS)
    for values in TAKEN.values():
        pin_from_json({"id": "a", "image": "a.jpg"} | values)
    for field, value in REFUSED.items():
        with pytest.raises(BadPin):
            pin_from_json({"id": "a", "image": "a.jpg", field: value})


def test_a_hostile_pin_is_shown_everywhere_as_text(visitor: Visitor) -> None:
    page = visitor.open("?q=zebra")
    found = tiles(page)
    for field, values in TAKEN.items():
        pin = hostile_id(field)
        assert pin in found
        made = page.locator(f"#results .tile[data-id='{pin}']")
        made.hover()  # its buttons are made now
        made.get_by_role("button", name="Like", exact=True).click()
        made.locator(".tile-link").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".close-up")).to_be_visible()
        expect(dialog.locator(".related .tile").first).to_be_visible()
        page.get_by_text("Why this pin?").click()
        expect(dialog.locator(".why")).to_be_visible()
        if field not in UNSEEN | {"link"}:
            expect(dialog).to_contain_text("h()")
        if field == "link":
            href = dialog.locator("a.primary[target]").get_attribute("href") or ""
            assert href.startswith("https://x.example/%22")
        harmless(page)
        if field == "merchant":
            screen(page, "hostile-detail")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert values
    screen(page, "hostile-grid")
    harmless(page)
    # What filters, suggestions and likes show of them.
    for pill in page.locator(".filters .filter > .pill").all():
        pill.click()
        page.wait_for_timeout(100)
        harmless(page)
        page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Search for").fill("")
    page.get_by_role("combobox", name="Search for").press_sequentially("zeb", delay=20)
    expect(page.get_by_role("option").first).to_be_visible()
    harmless(page)
    page.get_by_role("combobox", name="Search for").press("Escape")
    page.get_by_role("link", name="Liked pins").click()
    expect(page.locator("#results .tile")).to_have_count(len(TAKEN))
    harmless(page)
    made = page.locator(f"#results .tile[data-id='{hostile_id('description')}']")
    made.hover()
    made.get_by_role("button", name="More like this").click()
    expect(page.locator(".chip .label").first).to_contain_text("onerror")
    harmless(page)


def test_hostile_words_in_an_address_stay_words(visitor: Visitor) -> None:
    page = visitor.open()
    search(page, "<img src=x onerror=h()>")
    payload = "%3Cimg src=x onerror=h()%3E"
    page.goto(
        visitor.engine.address + f"?q={payload}&part=1:text::{payload}&f.merchant={payload}"
        f"&f.{payload}={payload}&pin={payload}"
    )
    expect(page.get_by_role("dialog")).to_contain_text("is not valid")
    harmless(page)
    page.goto(visitor.engine.address + f"?q={payload}&part=1:text::{payload}&f.merchant={payload}")
    expect(page.locator(".chip .label").first).to_contain_text("<img")
    screen(page, "hostile")
    harmless(page)


def test_whatever_the_service_answers_is_text(visitor: Visitor) -> None:
    """Every text of every answer is hostile, also where no pin could have brought it."""

    def worse(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: worse(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [worse(each, name) for each in value]
        if not isinstance(value, str) or name in KEPT:
            return value
        return "javascript:h()" if name == "link" else PAYLOAD + SCRIPT

    def answer(route: Route) -> None:
        fetched = route.fetch()
        if "json" not in fetched.headers.get("content-type", ""):
            route.fulfill(response=fetched)
            return
        route.fulfill(response=fetched, body=json.dumps(worse(fetched.json())))

    page = visitor.open()
    tiles(page)
    page.route("**/v1/**", answer)
    page.goto(visitor.engine.address)
    tiles(page)
    harmless(page)
    page.goto(visitor.engine.address + "?q=dress")
    first = tiles(page)[0]
    page.locator(f"#results .tile[data-id='{first}'] .tile-link").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".shop li").first).to_be_visible()
    expect(dialog).to_contain_text("<iframe")
    page.get_by_text("Why this pin?").click()
    expect(dialog.locator(".why")).to_be_visible()
    harmless(page)
    assert dialog.locator("a[href^='javascript']").count() == 0
    page.keyboard.press("Escape")
    box = page.get_by_role("combobox", name="Search for")
    box.fill("")
    box.press_sequentially("la", delay=20)
    expect(page.get_by_role("option").first).to_contain_text("<script")
    harmless(page)
    # Problems as well.
    page.route(
        "**/v1/search",
        lambda route: route.fulfill(
            status=400, json={"type": PAYLOAD, "title": PAYLOAD, "detail": PAYLOAD}
        ),
    )
    page.goto(visitor.engine.address + "?q=sofa")
    expect(page.locator(".message")).to_contain_text("onerror")
    harmless(page)
