"""Who uses the page how: keyboard alone, screen readers (axe), a phone, the dark, behind a key."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.page.conftest import Engine, Visitor, screen, search, tiles

KEY = "k3y-for-the-page"
PHONE: dict[str, Any] = {
    "viewport": {"width": 375, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


def serious(page: Page) -> list[str]:
    """Return what axe finds serious or critical once nothing fades in any more."""
    page.wait_for_function(
        "() => document.getAnimations().every("
        "each => each.playState !== 'running' || each.effect.getTiming().iterations === Infinity)"
    )
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


def focus(page: Page) -> str:
    """Return what has the focus: a pin's id, or the name of the element."""
    told: str = page.evaluate(
        """() => {
            const here = document.activeElement;
            return here.closest('.tile')?.dataset.id ?? here.id ?? here.tagName;
        }"""
    )
    return told


def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    page = visitor.open()
    start = tiles(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Skip to the pins").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focus(page) == start[0]
    page.keyboard.press("ArrowRight")
    right = focus(page)
    assert right in start
    assert right != start[0]
    page.keyboard.press("ArrowDown")
    assert focus(page) not in {right, start[0]}
    screen(page, "keyboard")
    page.keyboard.press("Home")
    assert focus(page) == start[0]
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".close-up")).to_be_visible()
    for _ in range(40):  # the focus stays inside
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focus(page) == start[0]
    page.keyboard.press("/")
    assert focus(page) == "words"
    page.keyboard.type("cake")
    page.wait_for_function("() => location.search.includes('cake')")
    # From a pin, its buttons come next.
    hits = search(page, "cake")
    page.locator("#results .tile-link").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Liked")
    assert focus(page) == hits[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visitor: Visitor, scheme: str, samples: Path) -> None:
    page = visitor.open(color_scheme=scheme)
    tiles(page)
    assert serious(page) == []
    page.goto(visitor.engine.address + "?q=sofa&part=-0.5:text::dots&f.merchant=Lumen Loft")
    tiles(page)
    assert serious(page) == []
    page.locator("#results .tile-link").first.click()
    expect(page.locator(".related .tile").first).to_be_visible()
    page.get_by_text("Why this pin?").click()
    expect(page.locator(".why")).to_be_visible()
    page.wait_for_timeout(600)
    assert serious(page) == []
    screen(page, f"why-{scheme}")
    page.goto(visitor.engine.address)
    page.set_input_files("#file", samples / "images" / "scene-005.jpg")
    expect(page.locator(".lens .frame img")).to_be_visible()
    tiles(page)
    assert serious(page) == []
    page.goto(visitor.engine.address + "?q=sofa&f.price=99999..")
    expect(page.locator(".message")).to_be_visible()
    assert serious(page) == []


def test_the_dark_follows_the_system_and_the_switch(visitor: Visitor) -> None:
    page = visitor.open("?q=lighthouse", color_scheme="dark")
    tiles(page)

    def ground() -> int:
        told: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return int(re.findall(r"\d+", told)[0])

    assert ground() < 60
    screen(page, "dark")
    switch = page.get_by_role("button", name="Appearance")
    switch.click()
    assert ground() > 200
    page.reload()
    assert ground() > 200
    switch.click()
    assert ground() < 60


def test_a_phone_has_two_columns_and_nothing_sticks_out(visitor: Visitor, samples: Path) -> None:
    page = visitor.open(**PHONE)

    def wide() -> int:
        width: int = page.evaluate("document.documentElement.scrollWidth")
        return width

    tiles(page)
    assert wide() == 375
    screen(page, "phone-start")
    hits = search(page, "striped sofa")
    assert hits
    screen(page, "phone-search")
    lefts = page.eval_on_selector_all(
        "#results .tile",
        "all => new Set(all.map(each => Math.round(each.getBoundingClientRect().left))).size",
    )
    assert lefts == 2
    assert wide() == 375
    assert serious(page) == []
    page.locator("#results .tile-link").first.tap()
    expect(page.locator("dialog .close-up")).to_be_visible()
    expect(page.locator(".related .tile").first).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').scrollWidth") == 375
    screen(page, "phone-detail")
    page.get_by_role("button", name="Search in this picture").tap()
    expect(page.locator(".lens .frame img")).to_be_visible()
    assert wide() == 375
    screen(page, "phone-lens")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = Engine(tmp_path_factory.mktemp("keyed"), {"ENGINE_SERVE__API_KEY": KEY})
    made.start()
    yield made
    made.kill()


def test_a_key_is_asked_for_and_pictures_come_with_it(
    browser: Browser, keyed: Engine, samples: Path
) -> None:
    page = Visitor(browser, keyed, []).open()
    field = page.locator("#key")
    field.fill("wrong")
    screen(page, "key")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That key is not right.")).to_be_visible()
    assert serious(page) == []
    field = page.locator("#key")
    field.fill(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No pins yet")).to_be_visible()
    screen(page, "empty")
    page.evaluate(
        """async ([key, picture]) => {
            const body = JSON.stringify({image: picture, description: 'Forest'});
            const headers = {Authorization: `Bearer ${key}`, 'Content-Type': 'application/json'};
            const answer = await fetch('v1/pins/forest', {method: 'PUT', headers, body});
            if (!answer.ok) throw new Error(await answer.text());
        }""",
        [KEY, _inline(samples / "images" / "forest-001.jpg")],
    )
    page.reload()
    assert tiles(page) == ["forest"]
    picture = page.locator("#results .frame.shown img")
    expect(picture).to_have_count(1)
    assert (picture.get_attribute("src") or "").startswith("blob:")
    assert KEY not in page.url
    assert page.evaluate("JSON.stringify(localStorage)").count(KEY) == 0
    page.context.close()


def _inline(path: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()
