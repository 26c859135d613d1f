"""The dead letters of a queue, in a stream of their own, where they can be counted and replayed.

A letter's subject ends in a digest of its pin's id, so that a deleted pin's letters go at once.
"""

import hashlib
import json
from collections.abc import Iterable

import nats.js.errors

from engine.errors import StoreError
from engine.ingestion.dead import DeadLetter, letter_from_json
from engine.ingestion.queue import MAX_MESSAGE, Queue, encoded, errors

# A letter holds the message and some words around it; the server takes messages of this size.
ROOM = 8 * 1024


async def bury(queue: Queue, letter: DeadLetter, stored: str | None, message_id: str) -> None:
    """Keep a letter; a second one of the same message id within two minutes is dropped.

    stored: name of the pin's picture in the inbox.
    """
    body = encoded(letter.to_json())
    if len(body) > MAX_MESSAGE - ROOM:
        # The picture is what is long. It is lost, and the letter says so.
        value = {**letter.value, "image": "(too long to be kept)"}
        body = encoded(letter.to_json() | {"value": value})
    headers = {"Nats-Msg-Id": message_id}
    if stored is not None:
        headers["Engine-Image"] = stored
    async with errors(queue.settings):
        await queue.js.publish(_subject(queue, letter.pin_id), body, headers=headers)


async def letters(
    queue: Queue, subject: str | None = None
) -> dict[int, tuple[DeadLetter, str | None]]:
    """Return each letter and the name of its picture in the inbox, by sequence, oldest first.

    subject: that of one pin's letters, of all without one.
    """
    wanted = subject or f"{queue.settings.name}.dead.>"
    found: dict[int, tuple[DeadLetter, str | None]] = {}
    async with errors(queue.settings):
        state = (await queue.js.stream_info(queue.dead_stream)).state
        after = state.first_seq
        while len(found) < state.messages and after <= state.last_seq:
            try:
                message = await queue.js.get_msg(
                    queue.dead_stream, seq=after, subject=wanted, next=True
                )
            except nats.js.errors.NotFoundError:
                break
            sequence = message.seq or 0
            after = sequence + 1
            try:
                letter = letter_from_json(json.loads(message.data or b"{}"))
            except ValueError:
                raise StoreError(
                    f"message {sequence} of {queue.dead_stream} is no dead letter"
                ) from None
            found[sequence] = (letter, (message.headers or {}).get("Engine-Image"))
    return found


async def retry(queue: Queue, sequences: Iterable[int]) -> int:
    """Publish letters' jobs anew and drop the letters; return how many."""
    known = await letters(queue)
    count = 0
    for sequence in sequences:
        if sequence not in known:
            continue
        letter, stored = known[sequence]
        message_id = f"dead-{sequence}-{letter.at}"
        await queue.publish(
            letter.kind,
            letter.value,
            stored=stored,
            message_id=message_id,
            sequence=letter.sequence,
        )
        count += await _remove(queue, sequence)
    return count


async def drop(queue: Queue, sequences: Iterable[int]) -> int:
    """Forget letters and return how many there were."""
    return sum([await _remove(queue, sequence) for sequence in sequences])


async def forget(queue: Queue, pin_id: str) -> list[str]:
    """Forget all letters of a pin and return the names of their pictures in the inbox."""
    subject = _subject(queue, pin_id)
    stored = [name for _, name in (await letters(queue, subject)).values() if name is not None]
    async with errors(queue.settings):
        await queue.js.purge_stream(queue.dead_stream, subject=subject)
    return stored


async def _remove(queue: Queue, sequence: int) -> int:
    async with errors(queue.settings):
        try:
            await queue.js.delete_msg(queue.dead_stream, sequence)
        except nats.js.errors.APIError as error:
            if error.err_code == NO_MESSAGE:
                return 0  # somebody else was quicker
            raise
    return 1


NO_MESSAGE = 10057


def _subject(queue: Queue, pin_id: str | None) -> str:
    if pin_id is None:
        return f"{queue.settings.name}.dead.-"
    return f"{queue.settings.name}.dead.{hashlib.sha256(pin_id.encode()).hexdigest()[:32]}"
