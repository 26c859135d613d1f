"""Searching on the page: words, pictures, crops, plus and minus, filters, the address."""

import base64
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.page.conftest import Visitor, asking, screen, search, sent_with, tiles

DROP = """([data, name]) => {
    const bytes = Uint8Array.from(atob(data), each => each.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, {type: 'image/jpeg'}));
    const given = {dataTransfer: carried, bubbles: true, cancelable: true};
    const event = kind => new DragEvent(kind, given);
    document.body.dispatchEvent(event('dragover'));
    document.body.dispatchEvent(event('drop'));
}"""


def drop(page: Page, picture: Path) -> None:
    data = base64.b64encode(picture.read_bytes()).decode()
    page.evaluate(DROP, [data, picture.name])
    expect(page.locator(".lens .frame img")).to_be_visible()


def settled(page: Page, first: str) -> list[str]:
    page.wait_for_function(
        "id => document.querySelector('#results .tile')?.dataset.id === id", arg=first
    )
    return tiles(page)


def test_results_come_as_one_types_and_the_address_leads_back(visitor: Visitor) -> None:
    page = visitor.open()
    start = tiles(page)
    screen(page, "start")
    first = search(page, "sofa")
    assert sum(each.startswith("sofa") for each in first[:6]) >= 4
    assert "q=sofa" in page.url
    screen(page, "search")
    page.keyboard.press("Enter")
    second = search(page, "mountain lake")
    assert second[:3] != first[:3]
    page.go_back()
    assert settled(page, first[0])[:10] == first[:10]
    page.go_back()
    assert settled(page, start[0])[:10] == start[:10]
    page.go_forward()
    page.reload()
    assert settled(page, first[0])[:10] == first[:10]
    assert page.get_by_role("combobox", name="Search for").input_value() == "sofa"


def test_suggestions_and_misspelt_words(visitor: Visitor) -> None:
    page = visitor.open()
    box = page.get_by_role("combobox", name="Search for")
    box.press_sequentially("dre", delay=20)
    option = page.get_by_role("option", name="dress", exact=False)
    expect(option.first).to_be_visible()
    screen(page, "suggestions")
    box.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True).get_attribute("data-text")
    box.press("Enter")
    expect(box).to_have_value(chosen or "")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_hidden()
    search(page, "red drss")
    expect(page.locator(".told")).to_contain_text("drss")


def test_a_stale_answer_is_dropped(visitor: Visitor) -> None:
    page = visitor.open()
    tiles(page)
    held = []
    page.route(
        "**/v1/search",
        lambda route: (
            held.append(route) if '"lamp"' in (route.request.post_data or "") else route.continue_()
        ),
    )
    page.get_by_role("combobox", name="Search for").fill("lamp")
    page.wait_for_function("() => location.search.includes('lamp')")
    hits = search(page, "cake")
    for route in held:
        route.continue_()
    page.wait_for_timeout(300)
    assert tiles(page)[:5] == hits[:5]


def test_a_picture_is_dropped_and_cropped(visitor: Visitor, samples: Path) -> None:
    page = visitor.open()
    tiles(page)
    drop(page, samples / "images" / "scene-005.jpg")
    assert settled(page, "scene-005")
    screen(page, "picture")
    frame = page.locator(".lens .frame")
    expect(frame.locator(".region").first).to_be_visible()
    box = frame.bounding_box()
    assert box is not None
    # The lamp, at the right.
    with page.expect_response(asking(lambda sent: "crop" in sent["parts"][0])) as waited:
        page.mouse.move(box["x"] + 0.70 * box["width"], box["y"] + 0.28 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.99 * box["width"], box["y"] + 0.88 * box["height"], steps=4)
        page.mouse.up()
    sent = sent_with(waited)["parts"][0]
    x, y, width, height = (float(each) for each in sent["crop"].split(","))
    assert abs(x - 0.70) < 0.02
    assert abs(y - 0.28) < 0.02
    assert abs(width - 0.29) < 0.02
    assert abs(height - 0.60) < 0.02
    hits = [hit["id"] for hit in waited.value.json()["hits"]]
    assert any(each.startswith("lamp") for each in hits[:6])
    screen(page, "crop")
    # Reload keeps the picture and the box, for they are this tab's.
    address = page.url
    page.reload()
    settled(page, hits[0])
    assert page.url == address
    # The keyboard moves the box, and takes the whole picture again.
    cut = page.locator(".lens .cut")
    cut.focus()
    with page.expect_response(
        asking(lambda body: body["parts"][0].get("crop", sent["crop"]) != sent["crop"])
    ) as moved:
        cut.press("ArrowLeft")
    left = float(sent_with(moved)["parts"][0]["crop"].split(",")[0])
    assert left < x
    with page.expect_response(asking(lambda body: "crop" not in body["parts"][0])) as whole:
        cut.press("Escape")
    assert "crop" not in sent_with(whole)["parts"][0]
    # What was found in the picture is a box at a click.
    with page.expect_response(asking(lambda body: "crop" in body["parts"][0])) as chosen:
        frame.locator(".region").first.click()
    assert "crop" in sent_with(chosen)["parts"][0]


def test_pins_become_plus_and_minus_with_weights(visitor: Visitor) -> None:
    page = visitor.open("?q=dress")
    first, second = tiles(page)[:2]

    def mix(pin: str, name: str) -> dict[str, Any]:
        made = page.locator(f"#results .tile[data-id='{pin}']")
        made.hover()
        with page.expect_response(asking(lambda body: pin in json.dumps(body))) as waited:
            made.get_by_role("button", name=name).click()
        return sent_with(waited)

    assert mix(first, "More like this")["parts"] == [
        {"text": "dress", "weight": 1},
        {"pin": first, "weight": 1},
    ]
    if second not in tiles(page):
        second = tiles(page)[1]
    assert {"pin": second, "weight": -0.5} in mix(second, "Less like this")["parts"]
    chips = page.get_by_role("region", name="What the search is made of")
    chips.locator(".chip .what").nth(1).click()
    slider = page.get_by_role("slider")
    with page.expect_response(asking(lambda body: "1.1" in json.dumps(body))) as waited:
        slider.press("ArrowRight")
    assert {"pin": first, "weight": 1.1} in sent_with(waited)["parts"]
    screen(page, "chips")
    page.keyboard.press("Escape")
    chips.get_by_placeholder("add words").fill("-dots")
    with page.expect_response(asking(lambda body: "dots" in json.dumps(body))) as waited:
        page.keyboard.press("Enter")
    assert {"text": "dots", "weight": -0.5} in sent_with(waited)["parts"]
    chips.get_by_role("button", name="Remove dots").click()
    expect(chips.get_by_role("group", name="dots")).to_have_count(0)
    assert "dots" not in page.url


def test_filters_narrow_and_are_cleared(visitor: Visitor) -> None:
    page = visitor.open("?q=dress")
    every = tiles(page)
    filters = page.get_by_role("region", name="Filters")
    filters.get_by_role("button", name="Kind").click()
    with page.expect_response(asking(lambda body: "skirt" in json.dumps(body))):
        page.get_by_role("checkbox", name="skirt").check()
    screen(page, "filter")
    page.keyboard.press("Escape")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#results .tile')]"
        ".every(each => each.dataset.id.startsWith('skirt'))"
    )
    filters.get_by_role("button", name="Price").click()
    page.get_by_role("spinbutton", name="Highest").fill("60")
    with page.expect_response(asking(lambda body: "price" in body.get("filter", {}))) as waited:
        page.keyboard.press("Enter")
    assert sent_with(waited)["filter"] == {
        "attributes.kind": ["skirt"],
        "price": "..60",
    }
    assert all(float(hit["pin"]["price"]) <= 60 for hit in waited.value.json()["hits"])
    filters.get_by_role("button", name="Clear filters").click()
    assert settled(page, every[0])[:5] == every[:5]


def test_nothing_relevant_is_said_and_so_is_an_empty_answer(visitor: Visitor) -> None:
    page = visitor.open("?q=qwertzuiop+asdfghjkl")
    expect(page.locator(".doubt")).to_contain_text("Nothing here is likely")
    screen(page, "doubt")
    page.goto(visitor.engine.address + "?q=dress&f.price=99999..")
    expect(page.get_by_role("heading", name="No pin passes the filters")).to_be_visible()
    screen(page, "none")
    page.goto(visitor.engine.address + "?part=-0.5:text::dots")
    expect(page.get_by_role("heading", name="Add something to look for")).to_be_visible()
    page.goto(visitor.engine.address + "?part=1:image::0123456789abcdef")
    expect(page.locator(".message")).to_contain_text("Choose it again")


def test_the_end_comes_by_scrolling(visitor: Visitor) -> None:
    page = visitor.open("?q=dress")
    some = len(tiles(page))
    for _ in range(30):
        page.mouse.wheel(0, 4_000)
        page.wait_for_timeout(100)
        if len(tiles(page)) > some:
            break
    every = tiles(page)
    assert len(every) > some
    assert len(set(every)) == len(every)
