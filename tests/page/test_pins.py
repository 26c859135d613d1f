"""One pin up close, likes and hides, and the server that goes and comes back."""

import json
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.page.conftest import Visitor, asking, screen, sent_with, tiles


def opened(page: Page, at: int = 0) -> str:
    """Open a pin of the grid and return its id."""
    pin = tiles(page)[at]
    page.locator(f"#results .tile[data-id='{pin}'] .tile-link").click()
    expect(page.locator("dialog.detail .close-up")).to_be_visible()
    return pin


def test_a_pin_up_close_says_why_and_leads_on(visitor: Visitor) -> None:
    page = visitor.open("?q=striped+sofa")
    pin = opened(page)
    dialog = page.get_by_role("dialog")
    assert f"pin={pin}" in page.url
    page.get_by_text("Why this pin?").click()
    why = dialog.locator(".why")
    expect(why.locator(".signal")).to_have_count(2)
    widths = why.locator(".fill").evaluate_all(
        "all => all.map(each => parseFloat(each.style.width))"
    )
    told = [int(each.split()[0]) for each in why.locator(".head b").all_inner_texts()]
    assert [round(each) for each in widths] == told
    related = dialog.locator(".related .tile")
    expect(related.first).to_be_visible()
    screen(page, "detail")
    assert pin not in related.evaluate_all("all => all.map(each => each.dataset.id)")
    with page.expect_response(lambda each: "green" in f"{each.url}{each.request.post_data}"):
        dialog.get_by_role("textbox", name="More like this, but").fill("green")
    related.first.locator(".tile-link").click()
    page.wait_for_function("pin => !location.search.includes(`pin=${pin}`)", arg=pin)
    page.go_back()
    expect(dialog.get_by_role("heading", level=2)).to_be_visible()
    page.wait_for_function("pin => location.search.includes(`pin=${pin}`)", arg=pin)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert "pin=" not in page.url
    assert page.evaluate("document.activeElement.closest('.tile').dataset.id") == pin
    # The address of a pin leads to it.
    page.goto(visitor.engine.address + f"?pin={pin}")
    expect(page.get_by_role("dialog").locator(".close-up")).to_be_visible()
    page.goto(visitor.engine.address + "?pin=not-there")
    expect(page.get_by_role("dialog")).to_contain_text("not here")


def test_a_shop_link_opens_apart_and_tells_it_nothing(visitor: Visitor) -> None:
    page = visitor.open("?pin=dress-001")
    link = page.get_by_role("link", name="Visit", exact=False).first
    expect(link).to_have_attribute("target", "_blank")
    assert "noopener" in (link.get_attribute("rel") or "")
    assert urlsplit(link.get_attribute("href") or "").scheme == "https"


def test_likes_and_hides_stay_in_the_browser_and_can_be_undone(visitor: Visitor) -> None:
    page = visitor.open("?q=lamp")
    first, second = tiles(page)[:2]
    made = page.locator(f"#results .tile[data-id='{first}']")
    made.hover()
    made.get_by_role("button", name="Like", exact=True).click()
    expect(made.get_by_role("button", name="Like", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    hidden = page.locator(f"#results .tile[data-id='{second}']")
    hidden.hover()
    hidden.get_by_role("button", name="Hide").click()
    expect(hidden).to_have_count(0)
    screen(page, "hidden")
    page.get_by_role("button", name="Undo").click()
    expect(hidden).to_have_count(1)
    hidden.hover()
    hidden.get_by_role("button", name="Hide").click()
    expect(hidden).to_have_count(0)
    page.reload()
    assert second not in tiles(page)
    page.get_by_role("link", name="Liked pins").click()
    expect(page.locator("#results .tile")).to_have_count(1)
    assert tiles(page) == [first]
    screen(page, "likes")
    # Where the engine can use a taste, the next question carries it, and only then.
    offers = (page.locator("html").get_attribute("data-offers") or "").split()
    with page.expect_response(asking(lambda sent: "lamp" in json.dumps(sent))) as waited:
        page.get_by_role("combobox", name="Search for").fill("lamp")
    sent = sent_with(waited)
    assert ("for" in sent) == ("/v1/search:for" in offers)
    if "for" in sent:
        assert (sent["for"]["likes"], sent["for"]["hides"]) == ([first], [second])
    assert waited.value.status == 200
    if "/v1/feed" in offers:
        with page.expect_response("**/v1/feed") as fed:
            page.get_by_role("link", name="Start page").click()
        assert fed.value.status == 200
        assert sent_with(fed)["likes"] == [first]
        assert second not in tiles(page)


def test_a_link_that_is_no_link_is_not_shown(visitor: Visitor) -> None:
    page = visitor.open()
    tiles(page)
    page.route(
        "**/v1/pins/dress-001",
        lambda route: route.fulfill(
            json={"id": "dress-001", "image": "x", "link": "javascript:window.hit=1"}
        ),
    )
    page.goto(visitor.engine.address + "?pin=dress-001")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".close-up")).to_be_visible()
    # Its own link; those of offers like it, which may be there by now, have another class.
    assert dialog.locator("a.primary[target]").count() == 0
    assert dialog.locator("a[href^='javascript']").count() == 0


def test_the_server_goes_and_comes_back(visitor: Visitor) -> None:
    page = visitor.open("?q=lamp")
    before = tiles(page)
    visitor.engine.kill()
    try:
        page.get_by_role("combobox", name="Search for").fill("cake")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        # More may have been loaded below before the server went.
        assert tiles(page)[: len(before)] == before
        screen(page, "offline")
    finally:
        visitor.engine.start()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.wait_for_function(
        "() => document.querySelector('#results .tile').dataset.id.startsWith('cake')"
    )


def test_slow_and_failed_answers_have_their_looks(visitor: Visitor) -> None:
    page = visitor.open("?q=lamp")
    tiles(page)
    held = []
    page.route("**/v1/search", lambda route: held.append(route))  # noqa: PLW0108 - takes attributes
    page.goto(visitor.engine.address + "?q=sofa", wait_until="commit")
    expect(page.locator(".skeleton").first).to_be_visible()
    screen(page, "slow")
    problem = {"type": "/problems/internal-error", "detail": "the engine failed on this request"}
    held[0].fulfill(status=500, json=problem)
    expect(page.get_by_role("heading", name="The engine could not answer")).to_be_visible()
    screen(page, "failed")
    page.unroute("**/v1/search")
    page.get_by_role("button", name="Try again").click()
    assert tiles(page)[0].startswith("sofa")
