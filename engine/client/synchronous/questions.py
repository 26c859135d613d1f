# Made from `client/asynchronous` by tests/client/unasync.py.
"""What can be asked of a collection."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from engine.client import answers as told
from engine.client.asking import Filters, ForPerson, Part, Source, body, place, query
from engine.client.synchronous.connection import Connection


class Questions(Connection):
    """Searches, and what the engine sees in pictures."""

    def search(
        self,
        text: str | None = None,
        *,
        image: Source | None = None,
        pin: str | None = None,
        crop: str | None = None,
        minus: str | None = None,
        parts: Sequence[Part] | None = None,
        filters: Filters | None = None,
        limit: int = 20,
        cursor: str | None = None,
        min_relevance: float = 0.0,
        collapse: bool = True,
        diversity: float = 0.0,
        for_: ForPerson | None = None,
        explain: bool = False,
    ) -> told.SearchAnswer:
        """Find pins by words, a picture, a pin, or any signed mix of them."""
        asked = body(
            text=text,
            image=image,
            pin=pin,
            crop=crop,
            minus=minus,
            parts=parts,
            filter=filters,
            limit=limit,
            cursor=cursor,
            min_relevance=min_relevance,
            collapse=collapse,
            diversity=diversity,
            explain=explain,
            **{"for": for_},
        )
        return cast(told.SearchAnswer, self._json("POST", "/v1/search", json=asked))

    def hits(self, text: str | None = None, **asked: Any) -> Iterator[told.HitAnswer]:
        """Go through all hits of a search, page by page; `asked` as in `search`."""
        while True:
            answer = self.search(text, **asked)
            yield from answer["hits"]
            if answer["next"] is None:
                return
            asked["cursor"] = answer["next"]

    def related(
        self,
        pin: str,
        *,
        but: str | None = None,
        minus: str | None = None,
        filters: Filters | None = None,
        limit: int = 20,
        cursor: str | None = None,
        diversity: float = 0.0,
        explain: bool = False,
    ) -> told.SearchAnswer:
        """Find pins like a pin: never itself or its copies."""
        asked = query(
            filters,
            but=but,
            minus=minus,
            limit=limit,
            cursor=cursor,
            diversity=diversity,
            explain=explain,
        )
        path = place("pins", pin, "related")
        return cast(told.SearchAnswer, self._json("GET", path, params=asked))

    def feed(
        self,
        *,
        likes: Sequence[str] = (),
        hides: Sequence[str] = (),
        person: str | None = None,
        filters: Filters | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> told.SearchAnswer:
        """Find what a person would like, by pins that were liked and hidden."""
        asked = body(
            likes=likes, hides=hides, person=person, filter=filters, limit=limit, cursor=cursor
        )
        return cast(told.SearchAnswer, self._json("POST", "/v1/feed", json=asked))

    def suggest(self, text: str = "", *, limit: int = 8) -> told.SuggestAnswer:
        """Complete what was typed; and say what may have been meant where nothing begins so."""
        asked = query(q=text, limit=limit)
        return cast(told.SuggestAnswer, self._json("GET", "/v1/suggest", params=asked))

    def facets(
        self,
        keys: Sequence[str] = (),
        *,
        text: str | None = None,
        filters: Filters | None = None,
        min_relevance: float = 0.0,
        limit: int = 20,
    ) -> told.FacetsAnswer:
        """Count the pins of each value of some keys, of all of them if none are given."""
        asked = query(filters, key=list(keys), q=text, min_relevance=min_relevance, limit=limit)
        return cast(told.FacetsAnswer, self._json("GET", "/v1/facets", params=asked))

    def regions(
        self,
        image: Source | None = None,
        *,
        pin: str | None = None,
        crop: str | None = None,
        limit: int = 10,
        vectors: bool = False,
    ) -> told.RegionsAnswer:
        """Find the things in a picture: boxes worth searching."""
        asked = body(image=image, pin=pin, crop=crop, limit=limit, vectors=vectors)
        return cast(told.RegionsAnswer, self._json("POST", "/v1/regions", json=asked))

    def recognize(
        self, image: Source | None = None, *, pin: str | None = None, crop: str | None = None
    ) -> told.RecognizeAnswer:
        """Say what a picture shows, with how sure that is."""
        asked = body(image=image, pin=pin, crop=crop)
        return cast(told.RecognizeAnswer, self._json("POST", "/v1/recognize", json=asked))

    def shop(
        self,
        text: str | None = None,
        *,
        image: Source | None = None,
        pin: str | None = None,
        crop: str | None = None,
        regions: bool = False,
        filters: Filters | None = None,
        limit: int = 10,
    ) -> told.ShopAnswer:
        """Find where to buy it: offers in groups, the thing itself before what is like it."""
        asked = body(
            text=text,
            image=image,
            pin=pin,
            crop=crop,
            regions=regions,
            filter=filters,
            limit=limit,
        )
        return cast(told.ShopAnswer, self._json("POST", "/v1/shop", json=asked))

    def segments(self, *, count: int | None = None, refresh: bool = False) -> told.SegmentsAnswer:
        """Say what the collection is made of."""
        asked = body(count=count, refresh=refresh)
        return cast(told.SegmentsAnswer, self._json("POST", "/v1/segments", json=asked))

    def audience(
        self,
        text: str | None = None,
        *,
        image: Source | None = None,
        people: Mapping[str, Sequence[str]] | None = None,
        limit: int = 10,
    ) -> told.AudienceAnswer:
        """Say which segments, boards and people a creative speaks to; `people` by liked pins."""
        asked = body(image=image, text=text, people=people, limit=limit)
        path = "/v1/segments/audience"
        return cast(told.AudienceAnswer, self._json("POST", path, json=asked))

    def duplicates(
        self, pin: str | None = None, *, limit: int = 20, thorough: bool = False
    ) -> told.DuplicatesAnswer:
        """Find the copies of a pin; without one, all groups of copies."""
        asked = body(pin=pin, limit=limit, thorough=thorough)
        return cast(told.DuplicatesAnswer, self._json("POST", "/v1/duplicates", json=asked))

    def boards(self, *, limit: int = 100) -> told.BoardList:
        """Return the largest boards, largest first."""
        asked = query(limit=limit)
        return cast(told.BoardList, self._json("GET", "/v1/boards", params=asked))

    def search_board(
        self,
        title: str,
        text: str,
        *,
        limit: int = 20,
        cursor: str | None = None,
        explain: bool = False,
    ) -> told.SearchAnswer:
        """Find pins of one board by words."""
        asked = query(title=title, q=text, limit=limit, cursor=cursor, explain=explain)
        path = "/v1/boards/search"
        return cast(told.SearchAnswer, self._json("GET", path, params=asked))

    def related_boards(self, title: str, *, limit: int = 10) -> told.RelatedBoards:
        """Find boards like a board."""
        asked = query(title=title, limit=limit)
        path = "/v1/boards/related"
        return cast(told.RelatedBoards, self._json("GET", path, params=asked))
