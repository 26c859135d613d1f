"""What works on a service while its encoder is changed: workers follow, requests under way end."""

import threading
from dataclasses import replace
from pathlib import Path

from engine.ingestion.arrivals import Arrival
from engine.ingestion.metrics import Metrics
from engine.pins import pin_from_json
from engine.serving.service import Service
from engine.serving.underway import UnderWay
from engine.serving_worker import ServiceSink
from tests.ingestion.conftest import drawn
from tests.ingestion.taking_in import opened


def test_what_was_before_ends_after_the_requests_that_began_with_it() -> None:
    under_way = UnderWay()
    ended = threading.Event()
    first, second = under_way.enter(), under_way.enter()
    under_way.leave(first)
    waiting = under_way.change(ended.set)
    later = under_way.enter()
    assert not ended.wait(0.05)
    under_way.leave(second)
    waiting.join(10)
    assert ended.is_set()
    # Of the requests since nobody waits for this one, but the next change does.
    again = threading.Event()
    waiting = under_way.change(again.set)
    assert not again.wait(0.05)
    under_way.leave(later)
    waiting.join(10)
    assert again.is_set()


def test_a_worker_writes_to_what_answers(tmp_path: Path) -> None:
    with opened(tmp_path / "before") as before, opened(tmp_path / "after") as after:
        service = Service(before)
        sink = ServiceSink(service, Metrics())

        def take(number: int) -> None:
            pin = pin_from_json(drawn(number))[0]
            [outcome] = sink.take([Arrival(pin, None, pin.id)])
            assert outcome.status == "added"

        take(1)
        service.workspace = replace(after)
        take(2)
        assert list(before.collection.facts(["pin-00001", "pin-00002"])) == ["pin-00001"]
        assert list(after.collection.facts(["pin-00001", "pin-00002"])) == ["pin-00002"]
