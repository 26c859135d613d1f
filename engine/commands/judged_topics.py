"""Judged queries as commands read them: a file's topics, asked one after the other, faults told.

Knows nothing of what is done with the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from engine.commands.options import terminal
from engine.errors import BadQuery, UsageError
from engine.jsonl import BadLine
from engine.queries import Query
from engine.relevance.topics import Topic, read_topics
from engine.serving.models import SearchRequest

if TYPE_CHECKING:
    from engine.relevance.asking import Asker
    from engine.relevance.systems import Asked
    from engine.retrieval.parameters import Parameters


@dataclass
class JudgedTopics:
    """Reads and asks topics; `bad` has what could not be read or asked, told to the person too."""

    max_bytes: int
    bad: list[BadLine] = field(default_factory=list)

    def read(self, file: Path) -> Iterator[Topic]:
        """Yield the queries of a file."""
        for item in read_topics(file, lambda given: as_query(given, self.max_bytes)):
            if isinstance(item, Topic):
                yield item
            else:
                self.tell(item)

    def ask(self, topics: Sequence[Topic], asker: Asker, parameters: Parameters) -> Iterator[Asked]:
        """Ask the collection for the candidates of each query, with a progress bar."""
        for topic in watched(topics):
            try:
                yield asker.ask(topic, parameters)
            except UsageError as error:
                self.tell(BadLine(topic.file, topic.number, str(error)))

    def tell(self, line: BadLine) -> None:
        """Keep what is wrong and say it."""
        terminal.warn(str(line))
        self.bad.append(line)


def as_query(given: dict[str, Any], max_bytes: int) -> Query:
    """Return the query of an object as /v1/search takes it; raise UsageError."""
    try:
        return SearchRequest.model_validate(given).to_query(max_bytes)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadQuery(f"{where}: {first['msg']}: write it as /v1/search takes it") from None


def tell_left_out(counts: dict[str, int]) -> None:
    """Say of what kinds something was left out, and how much."""
    for what, count in counts.items():
        if count:
            terminal.err.print(f"[dim]left out: {count:,} {what}[/dim]")


def watched(topics: Sequence[Topic]) -> Iterator[Topic]:
    """Pass topics on, with a progress bar where somebody watches."""
    if not terminal.err.is_terminal:
        yield from topics
        return
    with terminal.progress("asking", len(topics)) as bars:
        yield from bars.track(topics, task_id=bars.task_ids[0])
