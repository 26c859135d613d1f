"""The page at `/docs`: Swagger UI on the app's OpenAPI document.

Its scripts come from an installed package, so the page works offline and runs nothing from
elsewhere; its policy lets the browser load from this server alone.
"""

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

router = APIRouter(prefix="/docs", include_in_schema=False)

# Addresses are relative, so that the page also works under a path of a proxy.
PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pin engine</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="reference"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  validatorUrl: null,
});
"""
# Swagger UI sets styles inline, and shows a picture that was answered as a blob.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STORED: Final = "private, max-age=3600"


@router.get("")
async def get_page() -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


@router.get("/start.js")
async def get_start() -> Response:
    """Return the page's own script."""
    return Response(START, media_type="text/javascript")


@router.get("/swagger-ui-bundle.js")
async def get_script() -> FileResponse:
    """Return Swagger UI."""
    return _asset("swagger-ui-bundle.js", "text/javascript")


@router.get("/swagger-ui.css")
async def get_style() -> FileResponse:
    """Return Swagger UI's style."""
    return _asset("swagger-ui.css", "text/css")


def _asset(name: str, kind: str) -> FileResponse:
    path = Path(str(files("fastapi_offline") / "static" / name))
    return FileResponse(path, media_type=kind, headers={"Cache-Control": STORED})
