"""The words of a collection: counted, kept over a restart, made anew when they are missing."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StoreError, StoreUnreachable
from engine.pins import Pin
from engine.store import vocabulary
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.kept_words import NAME, KeptWords
from engine.store.records import Record
from engine.store.vocabulary import Vocabulary, words_of
from tests.store.conftest import IDENTITY, record

pytestmark = [
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
]


def opened(folder: Path) -> EdgeCollection:
    return EdgeCollection.open(folder, IDENTITY, create=True, min_free_bytes=0)


def put(collection: Collection, *texts: tuple[str, str], first: int = 0) -> None:
    records: list[Record] = []
    for number, (description, board) in enumerate(texts, first):
        made = record(f"pin-{number}", description, board, seed=number)
        records.append(replace(made, pin=replace(made.pin, board_title=board or None)))
    collection.upsert(records)


def test_words_of_a_text() -> None:
    assert words_of("Two T-shirts, the women's!") == {"two", "shirts", "tshirts", "the", "women"}
    assert words_of("ＲＥＤ Crème 27 a 東京 タワー") == {"red", "crème"}
    assert words_of("") == set()


def test_a_pin_counts_once_for_each_of_its_words(collection: Collection) -> None:
    put(collection, ("red red dress", "Red things"), ("blue dress", ""), ("", ""))
    found = collection.vocabulary()
    assert dict(found) == {"red": 1, "dress": 2, "things": 1, "blue": 1}
    assert (found.pins, found.get("green"), "green" in found) == (3, None, False)
    assert collection.frequencies(["dress", "green"]) == {"dress": 2, "green": 0}


def test_words_written_later_are_there_at_once(collection: Collection) -> None:
    assert not collection.vocabulary()
    put(collection, ("red dress", ""))
    assert "dress" in collection.vocabulary()


def test_words_outlive_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as collection:
        put(collection, ("red dress", ""))
    with opened(tmp_path) as collection:
        put(collection, ("blue dress", ""), first=1)
    monkeypatch.setattr(EdgeCollection, "_texts", lambda _: pytest.fail("nothing is to be read"))
    with opened(tmp_path) as collection:
        assert dict(collection.vocabulary()) == {"red": 1, "dress": 2, "blue": 1}


@pytest.mark.parametrize("damage", ["missing", "garbage", "short", "bytes", "other"])
def test_words_that_are_missing_damaged_or_of_others_are_made_anew(
    tmp_path: Path, damage: str
) -> None:
    with opened(tmp_path) as collection:
        put(collection, ("red dress", ""), ("blue dress", ""))
    file = tmp_path / NAME
    whole = file.read_text()
    match damage:
        case "missing":
            file.unlink()
        case "garbage":
            file.write_text("not words")
        case "short":
            file.write_text(whole[:-4])
        case "bytes":
            file.write_bytes(b"\xff\xfe")
        case "other":
            file.write_text(Vocabulary({"lamp": 7}, 7).dumps())
    with opened(tmp_path) as collection:
        assert dict(collection.vocabulary()) == {"red": 1, "dress": 2, "blue": 1}
    assert Vocabulary.loads(file.read_text()) == Vocabulary.loads(whole)


def test_deleted_pins_are_counted_out_at_the_next_opening(tmp_path: Path) -> None:
    with opened(tmp_path) as collection:
        put(collection, ("red dress", ""), ("blue lamp", ""))
        collection.delete(["pin-1"])
        assert collection.frequencies(["lamp"]) == {"lamp": 0}
    with opened(tmp_path) as collection:
        assert dict(collection.vocabulary()) == {"red": 1, "dress": 1}


def test_a_collection_that_never_needs_its_words_opens_and_closes_without(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    assert not (tmp_path / NAME).exists()


def kept(
    path: Path | None, pages: Callable[[], Iterator[list[str]]], points: int, **more: int
) -> KeptWords:
    return KeptWords(path, pages, lambda: points, **more)


def test_a_large_collection_is_gone_through_while_queries_go_on(tmp_path: Path) -> None:
    go_on = threading.Event()

    def pages() -> Iterator[list[str]]:
        yield ["red dress"]
        assert go_on.wait(10)
        yield ["blue lamp"]

    words = kept(tmp_path / NAME, pages, 3, at_once=1)
    assert not words.current()
    words.wrote([Pin("a", "a.jpg", "green sofa")])
    assert set(words.current()) == {"green", "sofa"}
    go_on.set()
    scan = words._scan
    assert scan is not None
    scan.join()
    assert set(words.current()) == {"red", "dress", "blue", "lamp", "green", "sofa"}
    words.close()
    assert set(Vocabulary.loads((tmp_path / NAME).read_text())) == set(words.current())


def test_closing_does_not_wait_for_all_pins(tmp_path: Path) -> None:
    def endless() -> Iterator[list[str]]:
        while True:
            yield ["red dress"]

    words = kept(tmp_path / NAME, endless, 100_000)
    words.current()
    words.close()
    assert not (tmp_path / NAME).exists()


def test_a_sample_ends(tmp_path: Path) -> None:
    def endless() -> Iterator[list[str]]:
        while True:
            yield ["red dress", "blue dress"]

    words = kept(None, endless, 6, sample=5)
    assert dict(words.current()) == {"red": 3, "dress": 6, "blue": 3}
    words.close()


def test_a_sample_is_renewed(tmp_path: Path) -> None:
    told = iter(("red", "blue"))
    words = kept(None, lambda: iter([[next(told)]]), 1, renew_s=-1)
    assert set(words.current()) == {"red"}
    assert set(words.current()) == {"blue"}


def test_words_that_can_not_be_counted_are_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Iterator[list[str]]:
        raise StoreUnreachable("the server does not answer")
        yield []

    with caplog.at_level(logging.WARNING):
        assert not kept(None, broken, 5).current()
        aside = kept(None, broken, 5, at_once=1)
        assert not aside.current()
        aside.close()
    assert caplog.text.count("does not answer") == 2


def test_the_rarest_words_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "CAPACITY", 3)
    found = Vocabulary()
    found.add(["red dress", "red dress", "red dress blue green lamp"])
    assert set(found) == {"red", "dress"}


def test_letters_by_script() -> None:
    found = Vocabulary({"dress": 1, "été": 1, "платье": 1})
    assert found.letters("LATIN") == frozenset("dresét")
    assert found.letters("CYRILLIC") == frozenset("платье")
    assert found.letters("GREEK") == frozenset()


@given(texts=st.lists(st.text(max_size=30), max_size=5))
def test_what_is_written_is_read(texts: list[str]) -> None:
    made = Vocabulary()
    made.add(texts)
    read = Vocabulary.loads(made.dumps())
    assert read.pins == len(texts)
    assert dict(read) == {word: pins for word, pins in made.items() if len(word) <= 48}


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 2, "pins": 1}\n', '{"version": 1}\n', "[]"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(StoreError):
        Vocabulary.loads(text)
