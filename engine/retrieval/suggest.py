"""What a half-typed query may become, in the collection's own words and board titles.

The list of both is made now and then, aside where it takes long; how many pins a suggestion leads
to is the store's to say.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.errors import BadQuery, EngineError
from engine.features.text import Analyzer
from engine.pins import is_text
from engine.queries import MAX_QUERY_TEXT
from engine.retrieval.completion import Completions, folded
from engine.retrieval.spelling import Speller
from engine.store.collection import Collection

MAX_SUGGESTIONS: Final = 20
# So many of the words that begin as typed are looked at: the store knows what they lead to together
# with the words before them.
LOOKED_AT: Final = 24
BOARDS: Final = 10_000
# What is typed most, the first letters, is counted before anybody asks.
COUNTED_AHEAD: Final = 300
MAX_AGE_S: Final = 60.0
# A list that was made in less is made anew while the one who asks waits, at each change.
QUICK_S: Final = 0.02
# Else the making of lists takes at most this share of the time.
SHARE: Final = 0.05
log = logging.getLogger("engine.retrieval")


@dataclass(frozen=True)
class Suggestion:
    """A query that may be meant; `pins` say it, or are on the board of that title."""

    text: str
    kind: Literal["words", "board"]
    pins: int


@dataclass(frozen=True)
class Suggestions:
    """Suggestions, most useful first; `did_you_mean` only where there are none."""

    found: tuple[Suggestion, ...]
    did_you_mean: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON."""
        shown = [{"text": each.text, "kind": each.kind, "pins": each.pins} for each in self.found]
        return {"suggestions": shown, "did_you_mean": self.did_you_mean}


class Suggester:
    """Completes queries on one collection; threads may share it.

    familiar: whether a word means something to the encoder, see `Speller`.
    """

    def __init__(
        self, collection: Collection, analyzer: Analyzer, familiar: Callable[[str], bool]
    ) -> None:
        self._collection = collection
        self._analyzer = analyzer
        self._familiar = familiar
        self._list = _Listed(Completions.of({}, {}), -1, 0.0, 0.0)
        self._making = threading.Lock()

    def suggest(self, text: str, limit: int = 8) -> Suggestions:
        """Return what a text may become, with the number of pins that each leads to.

        The last word is taken for the beginning of one, unless a blank ends the text.
        Raises BadQuery.
        """
        if not 1 <= limit <= MAX_SUGGESTIONS:
            raise BadQuery(f"limit {limit} is out of range: 1 to {MAX_SUGGESTIONS}")
        if len(text) > MAX_QUERY_TEXT or not is_text(text):
            raise BadQuery(f"q is no text of up to {MAX_QUERY_TEXT:,} characters: shorten it")
        typed = text.split()
        if not typed:
            return Suggestions((), None)
        listed = self._current()
        whole = text[-1].isspace()
        head, last = (typed, "") if whole else (typed[:-1], typed[-1])
        found = [*self._titles(listed, head, last, limit), *self._words(listed, head, last, limit)]
        best: dict[str, Suggestion] = {}
        for each in sorted(found, key=lambda each: (-each.pins, each.text)):
            best.setdefault(folded(each.text), each)
        shown = tuple(best.values())[:limit]
        return Suggestions(shown, None if shown else self._meant(" ".join(typed)))

    def _titles(
        self, listed: "_Listed", head: list[str], last: str, limit: int
    ) -> list[Suggestion]:
        before = [folded(word) for word in head]
        titles = listed.completions.titles_with(before, folded(last), limit)
        return [Suggestion(title, "board", pins) for title, pins in titles]

    def _words(self, listed: "_Listed", head: list[str], last: str, limit: int) -> list[Suggestion]:
        before = tuple(self._analyzer.telling_terms(" ".join(head)))
        out: list[Suggestion] = []
        told: set[tuple[str, ...]] = set()
        for word, _ in listed.completions.words.commonest(folded(last), max(LOOKED_AT, 2 * limit)):
            terms = tuple(self._analyzer.telling_terms(word))
            # Two numbers of one noun lead to the same pins: the commoner stands for both.
            if not terms or terms in told or set(terms) <= set(before):
                continue
            told.add(terms)
            if pins := self._pins(listed, (*before, *terms)):
                out.append(Suggestion(" ".join([*head, word]), "words", pins))
        return out

    def _pins(self, listed: "_Listed", terms: tuple[str, ...]) -> int:
        if terms not in listed.counts:
            listed.counts[terms] = self._collection.saying(terms)
        return listed.counts[terms]

    def _meant(self, text: str) -> str | None:
        speller = Speller(
            self._collection.vocabulary(),
            self._known,
            self._familiar,
            english=self._analyzer.language == "english",
        )
        reading = speller.read(text)
        return reading.text if reading.readings else None

    def _known(self, word: str) -> bool:
        terms = self._analyzer.telling_terms(word)
        return not terms or any(self._collection.frequencies(terms).values())

    def _current(self) -> "_Listed":
        """Return the list; one that is no longer true is made anew, now if that is quick."""
        listed = self._list
        age = time.monotonic() - listed.made
        changed = self._collection.vocabulary().pins != listed.state
        old = (changed and age * SHARE > listed.took) or age > MAX_AGE_S
        if (changed and listed.took < QUICK_S) or not listed.made:
            with self._making:
                if self._list is listed:
                    self._list = self._made()
        elif old and self._making.acquire(blocking=False):
            threading.Thread(target=self._make_aside, name="suggestions", daemon=True).start()
        return self._list

    def _make_aside(self) -> None:
        try:
            made = self._made()
            for word, _ in made.completions.words.commonest("", COUNTED_AHEAD):
                if terms := tuple(self._analyzer.telling_terms(word)):
                    self._pins(made, terms)
            self._list = made
        except EngineError as error:
            log.warning("the list of suggestions can't be made anew: %s", error)
        finally:
            self._making.release()

    def _made(self) -> "_Listed":
        started = time.monotonic()
        words = self._collection.vocabulary()
        state = words.pins
        boards = dict(self._collection.facet("board_title", BOARDS))
        completions = Completions.of(words.counts(), boards)
        took = time.monotonic() - started
        return _Listed(completions, state, time.monotonic(), took)


class _Listed:
    """What can be suggested as of a moment.

    state: how many pins the vocabulary had counted. counts: pins by terms, as they are asked for.
    """

    def __init__(self, completions: Completions, state: int, made: float, took: float) -> None:
        self.completions = completions
        self.state = state
        self.made = made
        self.took = took
        self.counts: dict[tuple[str, ...], int] = {}
