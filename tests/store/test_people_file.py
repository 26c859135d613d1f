"""The file of known people: order, bounds, and what is left when something goes."""

import threading
from pathlib import Path

import pytest

from engine.discovery.known_people import known
from engine.errors import BadQuery, StoreError
from engine.queries import MAX_TOLD, For
from engine.store import people_file
from engine.store.people_file import Felt, PeopleFile, person_id


def felt(people: PeopleFile, person: str) -> list[tuple[str, str]]:
    return [(each.pin, each.feeling) for each in people.of(person)]


@pytest.fixture
def people(tmp_path: Path) -> PeopleFile:
    return PeopleFile(tmp_path / "deep" / "people.db")


def test_what_is_felt_again_is_the_newest(people: PeopleFile) -> None:
    for pin in ("a", "b", "a"):
        people.feel("ann", pin, "like")
    people.feel("ann", "b", "hide")
    assert felt(people, "ann") == [("a", "like"), ("b", "hide")]
    assert felt(people, "bob") == []


def test_the_oldest_is_forgotten_beyond_the_bound(
    people: PeopleFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_file, "MOST_KEPT", 3)
    people.feel("ann", "hidden", "hide")
    for pin in "abcde":
        people.feel("ann", pin, "like")
        people.feel("bob", pin, "hide")
    assert felt(people, "ann") == [("hidden", "hide"), ("c", "like"), ("d", "like"), ("e", "like")]
    assert len(felt(people, "bob")) == 3


def test_nothing_makes_no_file(people: PeopleFile, tmp_path: Path) -> None:
    people.forget_pins(["a"])
    assert people.forget("ann") == 0
    assert not people.unfeel("ann", "a", "like")
    assert people.of("ann") == []
    assert list(tmp_path.iterdir()) == []


def test_pins_that_go_are_felt_by_nobody(people: PeopleFile) -> None:
    for person in ("ann", "bob"):
        for pin in "abc":
            people.feel(person, pin, "like")
    people.forget_pins(["a", "c", "z"])
    assert felt(people, "ann") == felt(people, "bob") == [("b", "like")]
    assert people.forget("ann") == 1
    assert felt(people, "bob") == [("b", "like")]


def test_threads_share_it(people: PeopleFile) -> None:
    def liking(start: int) -> None:
        for number in range(start, start + 10):
            people.feel("ann", f"p{number}", "like")

    threads = [threading.Thread(target=liking, args=(10 * each,)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(pin for pin, _ in felt(people, "ann")) == sorted(f"p{n}" for n in range(40))


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    path.write_text("not a database, but long enough to be looked at as one" * 30)
    with pytest.raises(StoreError, match=r"people\.db"):
        PeopleFile(path).of("ann")


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a b", "é", "x" * 129, "a\n"])
def test_ids_that_nobody_has(text: str) -> None:
    with pytest.raises(BadQuery, match="is not an id"):
        person_id(text)
    assert person_id("ann.b-2@shop.example:eu") == "ann.b-2@shop.example:eu"


def test_what_is_told_stands_after_what_is_kept_and_instead_of_it() -> None:
    kept = [Felt("a", "like", ""), Felt("b", "hide", ""), Felt("c", "like", "")]
    told = known(For(("b",), ("c",), 0.3, "ann"), kept)
    assert (told.likes, told.hides, told.strength) == (("a", "b"), ("c",), 0.3)
    many = [Felt(f"p{n}", "like", "") for n in range(MAX_TOLD)]
    assert known(For(("new",)), many).likes == (*(f"p{n}" for n in range(1, MAX_TOLD)), "new")
