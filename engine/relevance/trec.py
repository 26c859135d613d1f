"""The lines of TREC's files: columns between blanks, one record a line.

Knows nothing of what the columns mean: `judgments.py` and `runs.py` do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from engine.errors import BadPin, EngineError
from engine.pins import pin_id

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """One record and where it stands; `number` counts from 1."""

    file: Path
    number: int
    columns: tuple[str, ...]

    def refuse(self, reason: str) -> NoReturn:
        """Raise an error that names the line; `reason` ends with the remedy."""
        raise EngineError(f"{self.file}:{self.number}: {reason}")

    def pin(self, column: int) -> str:
        """Return the pin id in a column, which TREC calls a docno."""
        try:
            return pin_id(self.columns[column])
        except BadPin as error:
            self.refuse(str(error))


def lines(file: Path, columns: str) -> Iterator[Line]:
    """Yield the records of a file; `columns` names what each must hold, as it is told to people."""
    expected = len(columns.split())
    with file.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            # Bytes are split at ASCII blanks alone, as trec_eval does.
            cells = raw.removeprefix(_BOM if number == 1 else b"").split()
            if not cells:
                continue
            line = Line(file, number, tuple(cell.decode(errors="replace") for cell in cells))
            if any("\ufffd" in cell for cell in line.columns):
                line.refuse("not UTF-8: save the file as UTF-8")
            if len(cells) != expected:
                line.refuse(f"{len(cells)} columns where {expected} belong: write {columns!r}")
            yield line
