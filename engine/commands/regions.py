"""`engine regions`: the things in a picture, as a table, as JSON, or drawn into it."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image, ImageDraw, ImageFont

from engine.access import reach
from engine.commands.options import (
    AsJson,
    Collection,
    picture_text,
    pin_named,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import NoCollection, UsageError
from engine.features.images import WORKING_SIDE, ImageLimits, decode
from engine.queries import Crop
from engine.serving.regions import RegionsRequest
from engine.settings import Settings

SHADES = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#bcbd22", "#e377c2")
LEAST_SIDE = 480


def regions(
    file: Annotated[Path | None, typer.Argument(help="A picture.")] = None,
    pin: Annotated[str | None, typer.Option(help="Id of a pin, instead of a file.")] = None,
    crop: Annotated[
        str | None, typer.Option(help="x,y,w,h in fractions: your own region, which wins.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many regions to show.")] = 10,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw the picture with its regions into this PNG.")
    ] = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Find the things in a picture: boxes to search by, with labels where they are sure."""
    settings = settings_for(collection)
    if (file is None) == (pin is None):
        raise UsageError("give a FILE, or --pin ID")
    image = picture_text(file, settings.images.max_bytes) if file is not None else None
    named = None if pin is None else pin_named(pin)
    request = RegionsRequest(image=image, pin=named, crop=crop, limit=limit)
    answer, picture = _answered(request, settings)
    if sheet is not None:
        _draw(answer["regions"], picture, sheet)
    if as_json:
        print_json(answer)
    else:
        terminal.regions(answer)


def _answered(request: RegionsRequest, settings: Settings) -> tuple[dict[str, Any], Image.Image]:
    limits = ImageLimits(bytes=settings.images.max_bytes, pixels=settings.images.max_pixels)
    data = base64.b64decode(request.image) if request.image is not None else None
    try:
        with reach(settings) as access:
            answer = access.ask(request)
            data = data or (access.picture(request.pin) if request.pin is not None else None)
    except NoCollection:
        if request.pin is not None:
            raise
        from engine.workspace import finder_of

        answer = request.without_collection(finder_of(settings), limits)
    return answer, decode(data or b"", limits, longest=WORKING_SIDE)


def _draw(found: list[dict[str, Any]], picture: Image.Image, path: Path) -> None:
    scale = max(1.0, LEAST_SIDE / max(picture.size))
    size = (round(picture.width * scale), round(picture.height * scale))
    sheet = picture.resize(size, Image.Resampling.BICUBIC)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    # The best box last, so that it lies on top.
    for number, each in reversed(list(enumerate(found))):
        box, shade = Crop.parse(each["box"]), SHADES[number % len(SHADES)]
        left, top = box.x * size[0], box.y * size[1]
        corner = (left + box.width * size[0] - 1, top + box.height * size[1] - 1)
        pen.rectangle((left, top, *corner), outline=shade, width=3)
        words = f"{number + 1} {each['label'] or '?'} {each['score']:.2f}"
        pen.rectangle(pen.textbbox((left + 4, top + 4), words, font), fill=shade)
        pen.text((left + 4, top + 4), words, "white", font)
    try:
        stream = io.BytesIO()
        sheet.save(stream, "PNG")
        path.write_bytes(stream.getvalue())
    except (OSError, ValueError) as error:
        raise UsageError(f"--sheet {path} can't be written: {error}") from None
