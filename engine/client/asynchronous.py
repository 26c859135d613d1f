"""The client for asyncio. `synchronous.py` is made from this file: see tests/client."""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, cast

import httpx

from engine.client import answers as told
from engine.client.asking import (
    Filters,
    ForPerson,
    Part,
    Picture,
    Source,
    body,
    headers,
    inline,
    pin_body,
    place,
    query,
)
from engine.client.problem import problem_of

DEADLINE = "Engine-Deadline"
LONGEST_S = 3_600


class AsyncClient:
    """A service at an address; `key` is what `engine keys add` gave.

    Every method raises ProblemError for what the service refuses, and httpx.HTTPError when it can't
    be reached. A picture is bytes or a path; `crop` is x,y,w,h in fractions of it, upright.
    timeout_s: for each request; the service is told, and does not begin what would come too late.
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        always = {DEADLINE: f"{min(timeout_s, LONGEST_S):.3f}"}
        if key is not None:
            always["Authorization"] = f"Bearer {key}"
        self._http = httpx.AsyncClient(
            base_url=address, headers=always, timeout=timeout_s, transport=transport
        )

    async def search(
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
        return cast(told.SearchAnswer, await self._json("POST", "/v1/search", json=asked))

    async def hits(self, text: str | None = None, **asked: Any) -> AsyncIterator[told.HitAnswer]:
        """Go through all hits of a search, page by page; `asked` as in `search`."""
        while True:
            answer = await self.search(text, **asked)
            for hit in answer["hits"]:
                yield hit
            if answer["next"] is None:
                return
            asked["cursor"] = answer["next"]

    async def related(
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
        return cast(told.SearchAnswer, await self._json("GET", path, params=asked))

    async def feed(
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
        return cast(told.SearchAnswer, await self._json("POST", "/v1/feed", json=asked))

    async def suggest(self, text: str = "", *, limit: int = 8) -> told.SuggestAnswer:
        """Complete what was typed; and say what may have been meant where nothing begins so."""
        asked = query(q=text, limit=limit)
        return cast(told.SuggestAnswer, await self._json("GET", "/v1/suggest", params=asked))

    async def facets(
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
        return cast(told.FacetsAnswer, await self._json("GET", "/v1/facets", params=asked))

    async def regions(
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
        return cast(told.RegionsAnswer, await self._json("POST", "/v1/regions", json=asked))

    async def recognize(
        self, image: Source | None = None, *, pin: str | None = None, crop: str | None = None
    ) -> told.RecognizeAnswer:
        """Say what a picture shows, with how sure that is."""
        asked = body(image=image, pin=pin, crop=crop)
        return cast(told.RecognizeAnswer, await self._json("POST", "/v1/recognize", json=asked))

    async def shop(
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
        return cast(told.ShopAnswer, await self._json("POST", "/v1/shop", json=asked))

    async def segments(
        self, *, count: int | None = None, refresh: bool = False
    ) -> told.SegmentsAnswer:
        """Say what the collection is made of."""
        asked = body(count=count, refresh=refresh)
        return cast(told.SegmentsAnswer, await self._json("POST", "/v1/segments", json=asked))

    async def audience(
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
        return cast(told.AudienceAnswer, await self._json("POST", path, json=asked))

    async def duplicates(
        self, pin: str | None = None, *, limit: int = 20, thorough: bool = False
    ) -> told.DuplicatesAnswer:
        """Find the copies of a pin; without one, all groups of copies."""
        asked = body(pin=pin, limit=limit, thorough=thorough)
        return cast(told.DuplicatesAnswer, await self._json("POST", "/v1/duplicates", json=asked))

    async def boards(self, *, limit: int = 100) -> told.BoardList:
        """Return the largest boards, largest first."""
        asked = query(limit=limit)
        return cast(told.BoardList, await self._json("GET", "/v1/boards", params=asked))

    async def search_board(
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
        return cast(told.SearchAnswer, await self._json("GET", path, params=asked))

    async def related_boards(self, title: str, *, limit: int = 10) -> told.RelatedBoards:
        """Find boards like a board."""
        asked = query(title=title, limit=limit)
        path = "/v1/boards/related"
        return cast(told.RelatedBoards, await self._json("GET", path, params=asked))

    async def get(self, pin: str) -> told.PinAnswer:
        """Return a pin as it is stored."""
        return cast(told.PinAnswer, await self._json("GET", place("pins", pin)))

    async def picture(
        self, pin: str, *, size: Literal["full", "thumb"] = "full", etag: str | None = None
    ) -> Picture:
        """Return the picture of a pin, a JPEG; `thumb` is a small one.

        etag: of the picture that is known already, which is not sent again.
        """
        asked, known = query(size=size), headers(If_None_Match=etag)
        answer = await self._sent("GET", place("pins", pin, "image"), params=asked, headers=known)
        return Picture(answer.content, answer.headers["etag"], answer.status_code == 200)

    async def put(
        self,
        pin: str,
        image: Source | str,
        *,
        description: str | None = None,
        board_title: str | None = None,
        link: str | None = None,
        price: str | None = None,
        currency: str | None = None,
        merchant: str | None = None,
        created_at: str | None = None,
        updated_at: str | None = None,
        language: str | None = None,
        attributes: Mapping[str, str] | None = None,
        blocked: bool | None = None,
        sequence: int | None = None,
    ) -> told.PinAnswer:
        """Add a pin or replace all of it; a text for its picture is a URL or a data: URI."""
        facts = body(
            image=inline(image),
            description=description,
            board_title=board_title,
            link=link,
            price=price,
            currency=currency,
            merchant=merchant,
            created_at=created_at,
            updated_at=updated_at,
            language=language,
            attributes=attributes,
            blocked=blocked,
        )
        numbered = headers(Engine_Sequence=sequence)
        path = place("pins", pin)
        return cast(told.PinAnswer, await self._json("PUT", path, json=facts, headers=numbered))

    async def put_many(
        self,
        pins: Sequence[Mapping[str, Any]],
        *,
        sequence: Sequence[int] | None = None,
        prefer: str | None = None,
    ) -> told.BatchAnswer | told.QueuedAnswer:
        """Add or replace up to 1,000 pins; their pictures are bytes, paths, URLs or data: URIs.

        With a queue the answer has a `ticket` for `submission`; `prefer="wait=120"` has them
        written at once all the same.
        """
        numbers = list(sequence) if sequence is not None else None
        more = headers(Engine_Sequence=numbers, Prefer=prefer)
        sent = [pin_body(each) for each in pins]
        answer = await self._json("POST", "/v1/pins", json=sent, headers=more)
        return cast(told.BatchAnswer | told.QueuedAnswer, answer)

    async def patch(
        self, pin: str, changes: Mapping[str, Any], *, sequence: int | None = None
    ) -> told.PinAnswer:
        """Change what is given of a pin; None takes a value away (RFC 7396)."""
        sent = dict(changes)
        if sent.get("image") is not None:
            sent["image"] = inline(sent["image"])
        numbered = headers(Engine_Sequence=sequence)
        path = place("pins", pin)
        return cast(told.PinAnswer, await self._json("PATCH", path, json=sent, headers=numbered))

    async def delete(
        self, pin: str, *, updated_at: str | None = None, sequence: int | None = None
    ) -> None:
        """Delete a pin; with a version also one that has yet to come."""
        asked, numbered = query(updated_at=updated_at), headers(Engine_Sequence=sequence)
        await self._sent("DELETE", place("pins", pin), params=asked, headers=numbered)

    async def submission(self, ticket: str) -> told.SubmissionAnswer:
        """Return what became of pins that went to the queue."""
        path = place("submissions", ticket)
        return cast(told.SubmissionAnswer, await self._json("GET", path))

    async def feedback(self, events: Sequence[Mapping[str, Any]]) -> told.FeedbackAnswer:
        """Tell what was done with answers, up to 1,000 events."""
        sent = body(events=list(events))["events"]
        return cast(told.FeedbackAnswer, await self._json("POST", "/v1/feedback", json=sent))

    async def person(self, person: str) -> told.PersonAnswer:
        """Return all that is kept of somebody."""
        return cast(told.PersonAnswer, await self._json("GET", place("people", person)))

    async def forget_person(self, person: str) -> told.ForgottenAnswer:
        """Forget somebody."""
        return cast(told.ForgottenAnswer, await self._json("DELETE", place("people", person)))

    async def like(self, person: str, pin: str) -> told.PersonAnswer:
        """Keep that somebody likes a pin."""
        path = place("people", person, "likes", pin)
        return cast(told.PersonAnswer, await self._json("PUT", path))

    async def unlike(self, person: str, pin: str) -> told.ForgottenAnswer:
        """Forget that somebody likes a pin."""
        path = place("people", person, "likes", pin)
        return cast(told.ForgottenAnswer, await self._json("DELETE", path))

    async def hide(self, person: str, pin: str) -> told.PersonAnswer:
        """Keep that somebody wants no such pin."""
        path = place("people", person, "hides", pin)
        return cast(told.PersonAnswer, await self._json("PUT", path))

    async def unhide(self, person: str, pin: str) -> told.ForgottenAnswer:
        """Forget that somebody hid a pin."""
        path = place("people", person, "hides", pin)
        return cast(told.ForgottenAnswer, await self._json("DELETE", path))

    async def takedowns(self) -> told.TakedownList:
        """Return what was taken down."""
        return cast(told.TakedownList, await self._json("GET", "/v1/takedowns"))

    async def take_down(
        self, kind: Literal["pin", "picture"], value: str, *, reason: str = ""
    ) -> told.RemovedAnswer:
        """Remove a pin, or all that show a picture (its SHA-256), for good."""
        path, asked = place("takedowns", kind, value), query(reason=reason)
        return cast(told.RemovedAnswer, await self._json("PUT", path, params=asked))

    async def lift(self, kind: Literal["pin", "picture"], value: str) -> told.LiftedAnswer:
        """Let a pin or a picture that was taken down come again."""
        path = place("takedowns", kind, value)
        return cast(told.LiftedAnswer, await self._json("DELETE", path))

    async def snapshot(self) -> told.SnapshotAnswer:
        """Copy the collection as it is now, for a backup on the service's machine."""
        return cast(told.SnapshotAnswer, await self._json("POST", "/v1/snapshots"))

    async def info(self) -> told.Info:
        """Return what the service serves."""
        return cast(told.Info, await self._json("GET", "/v1/info"))

    async def alive(self) -> told.Alive:
        """Return whether the process runs."""
        return cast(told.Alive, await self._json("GET", "/livez"))

    async def ready(self) -> told.Ready:
        """Return whether the service answers; ProblemError until it does."""
        return cast(told.Ready, await self._json("GET", "/readyz"))

    async def _json(self, method: str, path: str, **request: Any) -> Any:
        answer = await self._sent(method, path, **request)
        return answer.json()

    async def _sent(self, method: str, path: str, **request: Any) -> httpx.Response:
        response = await self._http.request(method, path, **request)
        if response.status_code >= 400:
            raise problem_of(response)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
