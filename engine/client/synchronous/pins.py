# Made from `client/asynchronous` by tests/client/unasync.py.
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
from engine.client.synchronous.connection import Connection


class Pins(Connection):
    """What a collection holds, and what is kept beside it."""

    def get(self, pin: str) -> told.PinAnswer:
        """Return a pin as it is stored."""
        return cast(told.PinAnswer, self._json("GET", place("pins", pin)))

    def picture(
        self, pin: str, *, size: Literal["full", "thumb"] = "full", etag: str | None = None
    ) -> Picture:
        """Return the picture of a pin, a JPEG; `thumb` is a small one.

        etag: of the picture that is known already, which is not sent again.
        """
        asked, known = query(size=size), headers(If_None_Match=etag)
        answer = self._sent("GET", place("pins", pin, "image"), params=asked, headers=known)
        return Picture(answer.content, answer.headers["etag"], answer.status_code == 200)

    def put(
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
        return cast(told.PinAnswer, self._json("PUT", path, json=facts, headers=numbered))

    def put_many(
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
        answer = self._json("POST", "/v1/pins", json=sent, headers=more)
        return cast(told.BatchAnswer | told.QueuedAnswer, answer)

    def patch(
        self, pin: str, changes: Mapping[str, Any], *, sequence: int | None = None
    ) -> told.PinAnswer:
        """Change what is given of a pin; None takes a value away (RFC 7396)."""
        sent = dict(changes)
        if sent.get("image") is not None:
            sent["image"] = inline(sent["image"])
        numbered = headers(Engine_Sequence=sequence)
        path = place("pins", pin)
        return cast(told.PinAnswer, self._json("PATCH", path, json=sent, headers=numbered))

    def delete(
        self, pin: str, *, updated_at: str | None = None, sequence: int | None = None
    ) -> None:
        """Delete a pin; with a version also one that has yet to come."""
        asked, numbered = query(updated_at=updated_at), headers(Engine_Sequence=sequence)
        self._sent("DELETE", place("pins", pin), params=asked, headers=numbered)

    def submission(self, ticket: str) -> told.SubmissionAnswer:
        """Return what became of pins that went to the queue."""
        path = place("submissions", ticket)
        return cast(told.SubmissionAnswer, self._json("GET", path))

    def feedback(self, events: Sequence[Mapping[str, Any]]) -> told.FeedbackAnswer:
        """Tell what was done with answers, up to 1,000 events."""
        sent = body(events=list(events))["events"]
        return cast(told.FeedbackAnswer, self._json("POST", "/v1/feedback", json=sent))

    def person(self, person: str) -> told.PersonAnswer:
        """Return all that is kept of somebody."""
        return cast(told.PersonAnswer, self._json("GET", place("people", person)))

    def forget_person(self, person: str) -> told.ForgottenAnswer:
        """Forget somebody."""
        return cast(told.ForgottenAnswer, self._json("DELETE", place("people", person)))

    def like(self, person: str, pin: str) -> told.PersonAnswer:
        """Keep that somebody likes a pin."""
        path = place("people", person, "likes", pin)
        return cast(told.PersonAnswer, self._json("PUT", path))

    def unlike(self, person: str, pin: str) -> told.ForgottenAnswer:
        """Forget that somebody likes a pin."""
        path = place("people", person, "likes", pin)
        return cast(told.ForgottenAnswer, self._json("DELETE", path))

    def hide(self, person: str, pin: str) -> told.PersonAnswer:
        """Keep that somebody wants no such pin."""
        path = place("people", person, "hides", pin)
        return cast(told.PersonAnswer, self._json("PUT", path))

    def unhide(self, person: str, pin: str) -> told.ForgottenAnswer:
        """Forget that somebody hid a pin."""
        path = place("people", person, "hides", pin)
        return cast(told.ForgottenAnswer, self._json("DELETE", path))

    def takedowns(self) -> told.TakedownList:
        """Return what was taken down."""
        return cast(told.TakedownList, self._json("GET", "/v1/takedowns"))

    def take_down(
        self, kind: Literal["pin", "picture"], value: str, *, reason: str = ""
    ) -> told.RemovedAnswer:
        """Remove a pin, or all that show a picture (its SHA-256), for good."""
        path, asked = place("takedowns", kind, value), query(reason=reason)
        return cast(told.RemovedAnswer, self._json("PUT", path, params=asked))

    def lift(self, kind: Literal["pin", "picture"], value: str) -> told.LiftedAnswer:
        """Let a pin or a picture that was taken down come again."""
        path = place("takedowns", kind, value)
        return cast(told.LiftedAnswer, self._json("DELETE", path))

    def snapshot(self) -> told.SnapshotAnswer:
        """Copy the collection as it is now, for a backup on the service's machine."""
        return cast(told.SnapshotAnswer, self._json("POST", "/v1/snapshots"))

    def switch(self, generation: str, *, leave_out: bool = False) -> told.SwitchedAnswer:
        """Have another encoder answer, by a generation that `engine reindex` filled."""
        path, asked = place("generations", generation, "switch"), query(leave_out=leave_out)
        return cast(told.SwitchedAnswer, self._json("POST", path, params=asked))

    def info(self) -> told.Info:
        """Return what the service serves."""
        return cast(told.Info, self._json("GET", "/v1/info"))

    def alive(self) -> told.Alive:
        """Return whether the process runs."""
        return cast(told.Alive, self._json("GET", "/livez"))

    def ready(self) -> told.Ready:
        """Return whether the service answers; ProblemError until it does."""
        return cast(told.Ready, self._json("GET", "/readyz"))
