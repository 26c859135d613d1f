"""The page's files as a browser gets them: complete, cached for good, and under a strict policy."""

import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from engine.serving.web import bundle
from tests.serving.conftest import problem

IMPORT = re.compile(r'(?:from|import) "\./([a-z]+\.js)"')


class Tags(HTMLParser):
    """All start tags of a page with their attributes, and what stands inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside in {"script", "style"}:
            self.inline += data.strip()


@pytest.fixture(scope="module")
def page(reader: TestClient) -> Any:
    answer = reader.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    return answer


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(page: Any) -> None:
    tags = Tags(page.text)
    assert not tags.inline
    for name, attributes in tags.tags:
        assert "style" not in attributes, name
        assert not [key for key in attributes if key.startswith("on")], name
        for key in ("src", "href"):
            address = attributes.get(key)
            assert address is None or not re.match(r"[a-z]+:|//", address), address


def test_the_policy_lets_nothing_else_run(page: Any) -> None:
    parts = page.headers["content-security-policy"].split(";")
    policy = {name: values for name, _, values in (part.strip().partition(" ") for part in parts)}
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_every_file_that_the_page_names_is_there_and_may_be_kept(
    reader: TestClient, page: Any
) -> None:
    named = {
        address
        for _, attributes in Tags(page.text).tags
        for key in ("src", "href")
        if (address := attributes.get(key) or "").startswith("static/")
    }
    assert len(named) > 20
    kinds = set()
    for address in named:
        answer = reader.get(f"/{address}")
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
        kinds.add(answer.headers["content-type"].partition(";")[0])
    assert {"text/javascript", "text/css", "image/svg+xml", "font/woff2"} <= kinds


def test_modules_are_named_beforehand_and_import_each_other(page: Any) -> None:
    contents = bundle().contents
    preloaded = {
        str(attributes["href"]).rpartition("/")[2]
        for name, attributes in Tags(page.text).tags
        if name == "link" and attributes["rel"] == "modulepreload"
    }
    assert preloaded == set(bundle().modules)
    imported = {name for each in preloaded for name in IMPORT.findall(contents[each].decode())}
    assert imported == preloaded - {"main.js"}


def test_no_module_makes_html_of_a_string() -> None:
    for name, data in bundle().contents.items():
        if name.endswith(".js"):
            assert not re.search(
                rb"(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
                data,
            ), name


def test_the_page_is_asked_for_again_and_mostly_unchanged(reader: TestClient, page: Any) -> None:
    assert page.headers["cache-control"] == "no-cache"
    again = reader.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert reader.get("/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_page_says_what_is_offered(reader: TestClient, page: Any) -> None:
    offers = next(a["data-offers"] or "" for name, a in Tags(page.text).tags if name == "html")
    paths = reader.get("/openapi.json").json()["paths"]
    assert {each for each in offers.split() if ":" not in each} == set(paths)
    assert {"/v1/search:parts", "/v1/pins/{id}/related:diversity"} <= set(offers.split())
    assert "/v1/search:no-such-thing" not in offers.split()


@pytest.mark.parametrize(
    "path",
    [
        "/static/0000000000000000/main.js",
        "/static/{}/index.html",
        "/static/{}/web.py",
        "/static/{}/..%2fweb.py",
        "/static/{}/%2e%2e/%2e%2e/web.py",
    ],
)
def test_other_files_are_not_given_away(reader: TestClient, path: str) -> None:
    problem(reader.get(path.format(bundle().digest)), 404, "not-found")


def test_every_hit_says_how_large_its_picture_is(reader: TestClient) -> None:
    for path in ("/v1/search?q=red&limit=5", "/v1/pins/dress-001/related?limit=5"):
        hits = reader.get(path).json()["hits"]
        assert hits
        for hit in hits:
            data = reader.get(f"/v1/pins/{hit['id']}/image").content
            with Image.open(io.BytesIO(data)) as picture:
                assert hit["picture"] == {"width": picture.width, "height": picture.height}
