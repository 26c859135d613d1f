"""What people did becomes grades: corrected for places, never from too little."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.relevance.feedback import BETTER, CLIPPED, GOOD, Counting, judged, query_name
from engine.store.feedback_log import Event, FeedbackLog, Kind

SHOWN = tuple(f"p{place}" for place in range(1, 11))
AT = "2026-01-02T03:04:05+00:00"


def event(
    what: Kind,
    pin: str | None,
    *,
    answer: str = "",
    text: str = "red",
    shown: tuple[str, ...] = SHOWN,
) -> Event:
    return Event(what, {"text": text}, pin, 1, shown, answer, AT)


def clicks(pin: str, count: int, looks: int, what: Kind = "click") -> list[Event]:
    """So many of what was done with a pin, in so many looks at the answer."""
    return [event(what, pin) for _ in range(count)] + [
        event("view", None) for _ in range(looks - count)
    ]


def grades(events: list[Event], counting: Counting | None = None) -> dict[str, int]:
    found, queries = judged(events, counting)
    name = query_name({"text": "red"})
    assert queries[name] == {"text": "red"}
    return dict(found[name])


def test_grades_by_what_was_done() -> None:
    assert grades(clicks("p1", 5, 20))["p1"] == GOOD
    assert grades(clicks("p1", 5, 20, "save"))["p1"] == BETTER
    assert grades(clicks("p1", 1, 20))["p1"] == 0
    assert grades(clicks("p1", 5, 20))["p2"] == 0
    hidden = clicks("p1", 5, 20) + clicks("p1", 5, 5, "hide")
    assert grades(hidden)["p1"] == 0


def test_a_late_click_says_more_than_an_early_one() -> None:
    """One in forty at the eighth place is one in five of those who looked there."""
    assert grades(clicks("p8", 1, 40))["p8"] == GOOD
    assert grades(clicks("p1", 1, 40))["p1"] == 0
    assert grades(clicks("p8", 1, 40), Counting(eta=0.0))["p8"] == 0


def test_a_weight_is_clipped() -> None:
    weights = [Counting().weight(place) for place in (1, 2, 10, 11, 200)]
    assert weights == [1.0, 2.0, CLIPPED, CLIPPED, CLIPPED]


def test_too_few_looks_say_nothing() -> None:
    found, _ = judged(clicks("p1", 4, 4))
    assert found == {}
    assert grades(clicks("p1", 5, 5))["p1"] == GOOD


def test_events_of_one_answer_are_one_look() -> None:
    """A click and a save of the same pin, twice, in the same answer."""
    done = [event("click", "p1", answer="a"), event("save", "p1", answer="a")] * 2
    assert judged(done * 3)[0] == {}
    five = [replace(each, answer=f"a{n}") for n in range(5) for each in done]
    assert grades(five)["p1"] == BETTER


def test_likings_are_found_again_through_the_places() -> None:
    """Clicks drawn by the position-based model; orders differ, so that places tell nothing."""
    random = np.random.default_rng(3)
    liking = {pin: (0.6 if number < 3 else 0.02) for number, pin in enumerate(SHOWN)}
    events = []
    for look in range(3_000):
        # The liked ones mostly stand last.
        order = sorted(SHOWN, key=lambda pin: liking[pin] + 0.4 * random.random())
        shown = tuple(order)
        done = [pin for place, pin in enumerate(order, 1) if random.random() < liking[pin] / place]
        events += [event("click", pin, answer=f"a{look}", shown=shown) for pin in done]
        events += [] if done else [event("view", None, answer=f"a{look}", shown=shown)]
    found = grades(events, Counting(liked=0.3))
    assert {pin for pin, grade in found.items() if grade} == set(SHOWN[:3])
    # Without correction nobody seems to like what stands last.
    assert not any(grades(events, Counting(liked=0.3, eta=0.0)).values())


def test_a_pin_liked_for_one_query_has_no_grade_for_another() -> None:
    events = clicks("p1", 20, 20) + [event("view", None, text="blue") for _ in range(20)]
    found, _ = judged(events)
    assert found[query_name({"text": "red"})]["p1"] == GOOD
    assert found[query_name({"text": "blue"})]["p1"] == 0


def test_the_log_keeps_what_was_appended(tmp_path: Path) -> None:
    log = FeedbackLog(tmp_path / "feedback.jsonl")
    assert log.events() == []
    first, second = event("click", "p1", answer="a"), event("view", None)
    assert log.append([first]) == 1
    assert log.append([]) == 0
    # A crash in the middle of a line costs that line alone.
    with log.path.open("a") as file:
        file.write('{"event": "cli')
    log.append([second])
    assert log.events() == [first, second]


def test_a_pin_that_goes_leaves_nothing(tmp_path: Path) -> None:
    log = FeedbackLog(tmp_path / "feedback.jsonl")
    about = event("click", "p1")
    asked_with = replace(event("view", None), query={"parts": [{"pin": "p1"}, {"text": "x"}]})
    beside = event("click", "p3")
    log.append([about, asked_with, beside])
    log.forget(["p1", "nobody"])
    [left] = log.events()
    assert left.pin == "p3"
    # The others keep their places.
    assert left.shown == (None, *SHOWN[1:])
    assert "p1" not in [part.strip('"') for part in log.path.read_text().split(", ")]
    found, _ = judged([left] * 5)
    assert "p1" not in found[query_name({"text": "red"})]


def test_a_full_file_makes_room(tmp_path: Path) -> None:
    log = FeedbackLog(tmp_path / "feedback.jsonl", max_bytes=2_000)
    for number in range(60):
        log.append([event("click", "p1", answer=str(number))])
    kept = [int(each.answer) for each in log.events()]
    assert kept == list(range(kept[0], 60))
    assert kept[0] > 0
    assert sum(path.stat().st_size for path in tmp_path.glob("*.jsonl")) < 5_000
    log.forget(["p1"])
    assert log.events() == []


@pytest.mark.parametrize("pins", [[], ["p1"]])
def test_forgetting_where_nothing_is_makes_no_file(tmp_path: Path, pins: list[str]) -> None:
    FeedbackLog(tmp_path / "feedback.jsonl").forget(pins)
    assert list(tmp_path.iterdir()) == []
