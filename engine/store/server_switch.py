"""Where all processes are told which of a server's collections answers, and what was written.

One point in the collection of removals, read from a majority, changed only by who knows what it
said before. Beside it, while another collection is filled, lie the keys of pins that were written.
Who writes looks there *after* the write and before it tells anybody; decision 53 says why no
clock, lock or lease is needed then. Knows nothing of encoders, nor of what is copied.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from qdrant_client import QdrantClient, models

from engine.errors import EncoderChanged
from engine.store.identity import Identity
from engine.store.server_calls import Calls
from engine.store.server_removals import AGREED, ENDING, PAGE, entry, holds, pages, point
from engine.store.standing import Standing

STANDING: Final = "standing"
WRITTEN: Final = "written"
_STATE: Final = "state"
_TOKEN: Final = "token"  # noqa: S105 - nothing is opened by it
_STRONG: Final = models.WriteOrdering.STRONG
# A change is made within a second or so; who waits longer takes it that its maker was ended.
PATIENCE_S = 10.0
PAUSE_S: Final = 0.05


class Written(NamedTuple):
    """A pin that was written or deleted; `token` is another each time."""

    key: str
    token: str


class ServerSwitch:
    """What is said of the collections of one name; `name` is the one that people give."""

    def __init__(
        self,
        client: QdrantClient,
        name: str,
        calls: Calls | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._client = client
        self._list = name + ENDING
        self._calls = calls or Calls()
        self._sleep = sleep
        self._there = False

    def standing(self) -> Standing | None:
        """Return what is said; None before the first change."""
        if not self._there:
            self._there = self._calls(lambda: self._client.collection_exists(self._list))
            if not self._there:
                return None
        found = self._calls(
            lambda: self._client.retrieve(
                self._list, [point(STANDING, "")], with_payload=True, consistency=AGREED
            )
        )
        if not found:
            return None
        payload: dict[str, Any] = found[0].payload or {}
        return Standing.from_text(str(payload.get(_STATE)), str(payload.get(_TOKEN)))

    def wrote(self, collection: str, keys: Sequence[str]) -> None:
        """Look, after a write or a look that is as good as one, whether it was to what answers.

        Returns once it may be told that the pins are there. Raises EncoderChanged where another
        collection answers by now: the pins have to be written there.
        """
        noted = False
        waiting_since: float | None = None
        while (now := self.standing()) is not None:
            if now.current != collection:
                raise EncoderChanged(
                    "the collection's encoder was changed meanwhile: do the same again, what is "
                    "there already is passed over"
                )
            if now.closing:
                waiting_since = waiting_since or time.monotonic()
                if time.monotonic() - waiting_since > PATIENCE_S:
                    self.change(now, replace(now, closing=False))
                else:
                    self._sleep(PAUSE_S)
            elif now.beside is None or noted:
                return
            else:
                self._note(keys)
                noted = True

    # For the one process that fills a collection and changes over to it.

    def begin(self, current: str, encoder: str) -> Standing:
        """Return what is said, having said it if nothing was yet; one process at a time."""
        found = self.standing()
        if found is not None:
            return found
        made = Standing(current, {current: encoder})
        first = entry(STANDING, "", unfinished=0, state=made.to_text(), token=uuid.uuid4().hex)
        self._calls(partial(self._client.upsert, self._list, [first], ordering=_STRONG))
        self._there = True
        return self.standing() or made

    def change(self, seen: Standing, wanted: Standing) -> Standing | None:
        """Say something else, unless it is no longer what was seen; then return None."""
        token = uuid.uuid4().hex
        same = models.Filter(
            must=[models.HasIdCondition(has_id=[point(STANDING, "")]), holds(_TOKEN, seen.token)]
        )
        self._calls(
            lambda: self._client.set_payload(
                self._list,
                {_STATE: wanted.to_text(), _TOKEN: token},
                points=same,
                ordering=_STRONG,
            )
        )
        now = self.standing()
        return now if now is not None and now.token == token else None

    def written(self) -> Iterator[list[Written]]:
        """Yield the pins that were written while a collection is filled, page by page."""
        wanted = models.Filter(must=[holds("kind", WRITTEN)])
        for page in pages(self._client, self._calls, self._list, wanted):
            yield [Written(str(each["value"]), str(each[_TOKEN])) for each in page]

    def brought(self, written: Sequence[Written]) -> None:
        """Forget pins that were brought in, but for those that were written again since."""
        if not written:
            return
        # Each token belongs to one writing of one pin.
        these = models.Filter(
            must=[
                models.HasIdCondition(has_id=[point(WRITTEN, each.key) for each in written]),
                models.FieldCondition(
                    key=_TOKEN, match=models.MatchAny(any=[each.token for each in written])
                ),
            ]
        )
        self._delete(these)

    def forget(self) -> None:
        """Forget all pins that were written."""
        self._delete(models.Filter(must=[holds("kind", WRITTEN)]))

    def collections(self) -> dict[str, Identity]:
        """Return what each of the collections that go by the name holds."""
        listed = self._calls(self._client.get_collections).collections
        names = [
            each.name
            for each in listed
            if each.name == self.name or each.name.startswith(f"{self.name}@")
        ]
        out = {}
        for name in names:
            facts = self._calls(partial(self._client.get_collection, name))
            out[name] = Identity.from_json(facts.config.metadata, f"collection {name!r}")
        return out

    def remove(self, collection: str) -> None:
        """Remove a collection that does not answer."""
        self._calls(lambda: self._client.delete_collection(collection))

    def _delete(self, these: models.Filter) -> None:
        chosen = models.FilterSelector(filter=these)
        self._calls(lambda: self._client.delete(self._list, chosen, ordering=_STRONG))

    def _note(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), PAGE):
            part = [
                entry(WRITTEN, key, unfinished=0, token=uuid.uuid4().hex)
                for key in keys[start : start + PAGE]
            ]
            self._calls(partial(self._client.upsert, self._list, part, ordering=_STRONG))
