"""Streams of pins as JSON lines: a reader that survives bad lines, and a writer.

Memory does not grow with the stream. Knows nothing of pictures: `image` is passed on as written.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Literal

from engine.errors import BadPin
from engine.pins import Pin, merge_extra, pin_from_json, pin_to_json

MAX_LINE = 32 * 1024 * 1024
MAX_UNKNOWN = 1_000
MAX_KEY = 80
Extra = Literal["ignore", "keep"]


@dataclass(frozen=True)
class BadLine:
    """A line that holds no valid pin; `number` counts from 1."""

    file: str
    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.reason}"


@dataclass
class PinReader:
    """Yields a Pin or a BadLine for each line of a binary stream that is not blank.

    After the iteration, `unknown` counts the keys that no pin knows, as `count_unknown` does.
    """

    stream: IO[bytes]
    file: str
    extra: Extra = "ignore"
    max_line: int = MAX_LINE
    unknown: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Pin | BadLine]:
        return (item for _, item in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Pin | BadLine]]:
        """Iterate with each line's number, from 1."""
        number = 0
        while line := self.stream.readline(self.max_line + 1):
            number += 1
            if len(line) > self.max_line:
                self._skip_rest(line)
                reason = (
                    f"the line is longer than {self.max_line:,} bytes: "
                    "give the picture by its path or URL"
                )
                yield number, BadLine(self.file, number, reason)
                continue
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, self._parse(line, number)

    def _parse(self, line: bytes, number: int) -> Pin | BadLine:
        try:
            value = json.loads(line)
            if self.extra == "keep" and isinstance(value, dict):
                value = merge_extra(value)
            pin, unknown = pin_from_json(value)
        except UnicodeDecodeError as error:
            where = f"not UTF-8 at byte {error.start + 1}: save the file as UTF-8"
            return BadLine(self.file, number, where)
        except json.JSONDecodeError as error:
            where = f"not JSON: {error.msg} at column {error.colno}: write one object a line"
            return BadLine(self.file, number, where)
        except RecursionError:
            deep = "not a pin: the JSON is nested too deeply: a pin is flat but for attributes"
            return BadLine(self.file, number, deep)
        except ValueError as error:
            return BadLine(self.file, number, f"not JSON: {str(error)[:80]}")
        except BadPin as error:
            return BadLine(self.file, number, str(error))
        count_unknown(self.unknown, unknown)
        return pin

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self.stream.readline(self.max_line)


def count_unknown(unknown: Counter[str], keys: Iterable[str]) -> None:
    """Count keys that no pin knows: at most so many names, each fit to be shown."""
    for key in keys:
        name = "".join(c if c.isprintable() else "?" for c in key[:MAX_KEY])
        if name in unknown or len(unknown) < MAX_UNKNOWN:
            unknown[name] += 1


def write_pins(pins: Iterable[Pin], stream: IO[bytes]) -> int:
    """Write one line a pin and return how many."""
    count = 0
    for pin in pins:
        stream.write(json.dumps(pin_to_json(pin), ensure_ascii=False).encode() + b"\n")
        count += 1
    return count
