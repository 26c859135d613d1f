"""Pins in, out and away; people, removals, and the service itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from engine.client import answers as told
from engine.client.asking import (
    Picture,
    Source,
    body,
    headers,
    inline,
    pin_body,
    place,
    query,
)
from engine.client.asynchronous.connection import Connection


class Pins(Connection):
    """What a collection holds, and what is kept beside it."""

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

    async def switch(self, generation: str, *, leave_out: bool = False) -> told.SwitchedAnswer:
        """Have another encoder answer, by a generation that `engine reindex` filled."""
        path, asked = place("generations", generation, "switch"), query(leave_out=leave_out)
        return cast(told.SwitchedAnswer, await self._json("POST", path, params=asked))

    async def info(self) -> told.Info:
        """Return what the service serves."""
        return cast(told.Info, await self._json("GET", "/v1/info"))

    async def alive(self) -> told.Alive:
        """Return whether the process runs."""
        return cast(told.Alive, await self._json("GET", "/livez"))

    async def ready(self) -> told.Ready:
        """Return whether the service answers; ProblemError until it does."""
        return cast(told.Ready, await self._json("GET", "/readyz"))
