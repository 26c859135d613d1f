"""Pins that something is asked with: a pin that no answer has is no pin to a reader."""

from collections.abc import Sequence

from engine.errors import UnknownPin
from engine.store.collection import Collection
from engine.store.records import Record


def asked_with(collection: Collection, pin_ids: Sequence[str]) -> list[Record]:
    """Return the records of pins, in their order; raise UnknownPin, also for a blocked one."""
    found = collection.get(list(dict.fromkeys(pin_ids)))
    for pin in pin_ids:
        if pin not in found or found[pin].blocked:
            raise UnknownPin(f"no pin {pin!r} is in this collection")
    return [found[pin] for pin in pin_ids]
