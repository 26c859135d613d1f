"""The page at `/`: files of the package, sent as they are, under a policy that runs nothing else.

All files lie below an address that holds a digest of them all, so that browsers may keep them for
good and never mix two versions. Only the page itself is asked for again.
"""

import hashlib
import html
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)

INDEX: Final = "index.html"
FOLDER: Final = "page"
CLASSIC: Final = frozenset({"theme.js"})
# Pictures that a person drops, and those that need a key, are shown as blobs.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FOREVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Bundle:
    """The files of the page by name, and a digest of them all."""

    contents: dict[str, bytes]
    digest: str

    @property
    def modules(self) -> list[str]:
        """Names of the modules, which the browser may fetch before it has read the first."""
        return sorted(
            name for name in self.contents if name.endswith(".js") and name not in CLASSIC
        )


@cache
def bundle() -> Bundle:
    """Return what the package holds, read once."""
    folder = files("engine.serving") / FOLDER
    contents = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
    return Bundle(contents, whole.hexdigest()[:16])


def page(offers: str) -> str:
    """Return the page with its addresses filled in.

    offers: what this server can, see `offers_of`. Addresses are relative, so that the page also
    works under a path of a proxy.
    """
    found = bundle()
    place = f"static/{found.digest}"
    preloads = "\n".join(
        f'<link rel="modulepreload" href="{place}/{name}">' for name in found.modules
    )
    text = found.contents[INDEX].decode()
    filled = {"static": place, "preloads": preloads, "offers": html.escape(offers)}
    for name, value in filled.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def offers_of(document: dict[str, Any]) -> str:
    """Return what an OpenAPI document offers, as words: `/v1/feed`, `/v1/search:for` and the like.

    A path alone says that it is there; with a name behind it, what may be asked of it there.
    """
    schemas = document["components"]["schemas"]
    found = [f"/v1/search:{name}" for name in schemas["SearchRequest"]["properties"]]
    for path, methods in document["paths"].items():
        named = methods.get("get", {}).get("parameters", ())
        found += [path, *(f"{path}:{each['name']}" for each in named if each["in"] == "query")]
    return " ".join(dict.fromkeys(found))


@router.get("/")
def get_page(request: Request, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Return the page."""
    text = page(offers_of(request.app.openapi()))
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": tag, "Cache-Control": "no-cache"}
    if tag in (if_none_match or ""):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(text, headers=headers)


@router.get("/static/{digest}/{name}")
async def get_file(digest: str, name: str) -> Response:
    """Return one of the page's files."""
    found = bundle()
    data = found.contents.get(name)
    if data is None or digest != found.digest or name == INDEX:
        raise HTTPException(404, "no such file of the page: load the page again")
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    headers = {**HEADERS, "Cache-Control": FOREVER}
    return Response(data, headers=headers, media_type=kind or "application/octet-stream")
