"""Topics: queries with names, one JSON object a line, that judgments and runs speak of.

Knows nothing of how a query is written but for its `id`: who reads a file says how to read a query.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from engine.errors import UsageError
from engine.jsonl import BadLine
from engine.queries import Query

ID = re.compile(r"[!-~]{1,128}")
MAX_LINE = 32 * 1024 * 1024
MAX_SAID = 160


@dataclass(frozen=True)
class Topic:
    """A query by its name; `number` is its line in the file, from 1, where it has one."""

    id: str
    number: int
    query: Query
    file: str = ""

    @property
    def said(self) -> str:
        """What was asked, for people: `"blue" + pin dress-001 - "dots"`."""
        words = []
        for part in self.query.parts:
            named = {"text": f"“{part.value!s}”", "pin": f"pin {part.value!s}"}
            sign = "−" if part.weight < 0 else "+"
            words += [sign, named.get(part.kind, "a picture")]
        told = " ".join(words).removeprefix("+ ")
        return told if len(told) <= MAX_SAID else told[: MAX_SAID - 1] + "…"

    @property
    def pins(self) -> frozenset[str]:
        """The pins that the query shows, which never answer it."""
        return frozenset(str(part.value) for part in self.query.parts if part.kind == "pin")


def read_topics(
    file: Path, to_query: Callable[[dict[str, Any]], Query]
) -> Iterator[Topic | BadLine]:
    """Yield each line's topic, or what is wrong with it; blank lines are passed over.

    to_query: makes the query of a line from its object without `id`; raises UsageError.
    """
    seen: dict[str, int] = {}
    with file.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.strip():
                continue
            try:
                topic = _topic(line, number, str(file), to_query)
            except UsageError as error:
                yield BadLine(str(file), number, str(error))
                continue
            if (before := seen.setdefault(topic.id, number)) != number:
                told = f"id {topic.id!r} is that of line {before} too: rename one"
                yield BadLine(str(file), number, told)
                continue
            yield topic


def _topic(
    line: bytes, number: int, file: str, to_query: Callable[[dict[str, Any]], Query]
) -> Topic:
    try:
        # As the service reads a body: no NaN, no halves of surrogates, nothing too deep.
        value = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise UsageError(f"not JSON: {str(error)[:80]}: write one object a line") from None
    if not isinstance(value, dict):
        raise UsageError('not a query: write {"id": "q1", "text": "red dress"}')
    named = value.pop("id", None)
    if not isinstance(named, str) or not ID.fullmatch(named):
        raise UsageError(
            f"id {str(named)[:40]!r} is not valid: a text of 1 to 128 ASCII characters, no blanks"
        )
    return Topic(named, number, to_query(value), file)
