"""Where pins come from: JSON lines, CSV tables, folders of pictures. Each is a stream.

A bad line becomes a `BadLine` in the stream and never ends it. Knows nothing of pictures' content.
"""

import csv
import hashlib
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadPin, UsageError
from engine.jsonl import BadLine, Extra, PinReader, count_unknown
from engine.pins import Pin, is_text, merge_extra, pin_from_json

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff", ".heic"}
MAX_CELL = 1024 * 1024


@dataclass(frozen=True)
class Arrival:
    """A pin on its way in.

    base: the folder below which its `image` path may lie; None where paths are not allowed.
    origin: what to call it in a message, such as `pins.jsonl:12`.
    sequence: its number in a stream whose numbers only grow, which orders what has no time.
    """

    pin: Pin
    base: Path | None
    origin: str
    sequence: int | None = None


@dataclass
class Arrivals:
    """The pins of one file, folder or standard input; `unknown` counts keys that no pin knows."""

    path: Path
    extra: Extra = "ignore"
    unknown: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if str(self.path) == "-":
            return
        try:
            self.path.stat()
        except OSError as error:
            raise UsageError(
                f"{str(self.path)[:200]} does not exist or can't be read ({error.strerror}): "
                "give a JSONL or CSV file, a folder, or - for standard input"
            ) from None

    def __iter__(self) -> Iterator[Arrival | BadLine]:
        if str(self.path) == "-":
            yield from self._lines(sys.stdin.buffer, "<stdin>", Path.cwd())
        elif self.path.is_dir():
            yield from self._pictures()
        elif self.path.suffix.lower() in {".csv", ".tsv"}:
            yield from self._rows()
        else:
            with self.path.open("rb") as stream:
                yield from self._lines(stream, str(self.path), self.path.parent)

    def expected(self) -> int | None:
        """Return about how many pins will come, for a progress bar; None when it can't be known."""
        if self.path.is_dir():
            return sum(1 for _ in _picture_files(self.path))
        if not self.path.is_file():
            return None  # a pipe can be read but once
        with self.path.open("rb") as stream:
            lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
        return max(lines, 1)

    def _lines(self, stream: Any, name: str, base: Path) -> Iterator[Arrival | BadLine]:
        reader = PinReader(stream, name, self.extra, unknown=self.unknown)
        for number, item in reader.numbered():
            yield item if isinstance(item, BadLine) else Arrival(item, base, f"{name}:{number}")

    def _rows(self) -> Iterator[Arrival | BadLine]:
        name = str(self.path)
        csv.field_size_limit(MAX_CELL)
        delimiter = "\t" if self.path.suffix.lower() == ".tsv" else ","
        with self.path.open("rb") as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="strict", newline="")
            rows = csv.DictReader(text, delimiter=delimiter)
            while True:
                try:
                    row = next(rows, None)
                except (csv.Error, UnicodeDecodeError) as error:
                    yield BadLine(name, rows.line_num + 1, f"not a CSV row in UTF-8: {error}")
                    if isinstance(error, UnicodeDecodeError):
                        return  # the decoder can't find its place again
                    continue
                if row is None:
                    return
                yield self._row(row, f"{name}:{rows.line_num}", rows.line_num)

    def _row(self, row: dict[str | None, Any], origin: str, number: int) -> Arrival | BadLine:
        value: dict[str, Any] = {}
        attributes: dict[str, str] = {}
        for key, cell in row.items():
            if key is None or not isinstance(cell, str) or not cell.strip():
                continue
            if key.startswith("attributes."):
                attributes[key.removeprefix("attributes.")] = cell
            else:
                value[key] = cell
        if attributes:
            value["attributes"] = attributes
        if self.extra == "keep":
            value = merge_extra(value)
        try:
            pin, unknown = pin_from_json(value)
        except BadPin as error:
            return BadLine(str(self.path), number, str(error))
        count_unknown(self.unknown, unknown)
        return Arrival(pin, self.path.parent, origin)

    def _pictures(self) -> Iterator[Arrival | BadLine]:
        for path in _picture_files(self.path):
            relative = path.relative_to(self.path)
            board = " ".join(relative.parts[:-1]).replace("_", " ").replace("-", " ").strip()
            if not is_text(str(relative)):
                yield BadLine(repr(str(path)), 1, "the file's name is not UTF-8: rename it")
                continue
            # Not by way of JSON: a name may begin with a blank, and must keep it.
            pin = Pin(path_id(relative), str(relative), board_title=board or None)
            yield Arrival(pin, self.path, str(path))


def path_id(relative: Path) -> str:
    """Return a pin id for a picture's path; two paths never share one.

    `a/b.jpg` becomes `a:b.jpg`. Where other characters must go, a digest of the path is added.
    """
    plain = ":".join(relative.parts)
    safe = re.sub(r"[^A-Za-z0-9._:-]", "-", plain)
    if safe == plain and len(safe) <= 128 and not any(":" in part for part in relative.parts):
        return safe
    digest = hashlib.sha256(str(relative).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{safe[:115]}-{digest}"


def unknown_keys(unknown: Counter[str]) -> str:
    """Return the one warning that names and counts the keys that were ignored."""
    shown = ", ".join(f"{key} ({count:,})" for key, count in unknown.most_common(8))
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    return f"ignored unknown keys: {shown}{more}; --extra keep puts scalars into attributes"


def _picture_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES and path.is_file() and not _hidden(path, folder):
            yield path


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
