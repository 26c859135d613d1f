"""A contact sheet: pictures of hits in rows, so that an answer can be judged at a glance."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

CELL = 168
GAP = 12
LINE = 18
PAPER = (250, 249, 246)
INK = (40, 38, 36)
FAINT = (130, 126, 120)
EMPTY = (226, 223, 217)


@dataclass(frozen=True)
class Cell:
    """One picture (JPEG bytes, None where none is kept) with the two lines below it."""

    picture: bytes | None
    title: str
    note: str


@dataclass(frozen=True)
class Row:
    """One answer: what was asked, and its hits, best first."""

    asked: str
    cells: Sequence[Cell]


def draw(rows: Sequence[Row], columns: int = 6) -> Image.Image:
    """Return the sheet: each row under its question, cut or wrapped after `columns` pictures."""
    title, small = ImageFont.load_default(17), ImageFont.load_default(12)
    lines = [max(1, -(-len(row.cells) // columns)) for row in rows]
    step = CELL + 2 * LINE + GAP
    height = GAP + sum(30 + count * step + GAP for count in lines)
    sheet = Image.new("RGB", (GAP + columns * (CELL + GAP), height), PAPER)
    pen = ImageDraw.Draw(sheet)
    top = GAP
    for row, count in zip(rows, lines, strict=True):
        pen.text((GAP, top), row.asked, INK, title)
        top += 30
        for number, cell in enumerate(row.cells):
            left = GAP + (number % columns) * (CELL + GAP)
            upper = top + (number // columns) * step
            _place(sheet, cell.picture, (left, upper))
            pen.text((left, upper + CELL + 4), _fit(pen, cell.title, small), INK, small)
            pen.text((left, upper + CELL + 4 + LINE), _fit(pen, cell.note, small), FAINT, small)
        top += count * step + GAP
    return sheet


def save(rows: Sequence[Row], path: Path, columns: int = 6) -> None:
    """Write the sheet as a picture in the format of the path's suffix."""
    draw(rows, columns).save(path)


def _place(sheet: Image.Image, data: bytes | None, corner: tuple[int, int]) -> None:
    cell = Image.new("RGB", (CELL, CELL), EMPTY)
    if data is not None:
        with Image.open(io.BytesIO(data)) as picture:
            small = ImageOps.contain(picture.convert("RGB"), (CELL, CELL))
        cell.paste(small, ((CELL - small.width) // 2, (CELL - small.height) // 2))
    sheet.paste(cell, corner)


def _fit(
    pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> str:
    printable = "".join(c for c in text if c.isprintable())
    if pen.textlength(printable, font) <= CELL:
        return printable
    while printable and pen.textlength(printable + "…", font) > CELL:
        printable = printable[:-1]
    return printable + "…"
