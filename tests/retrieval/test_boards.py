"""Boards like a board, over a real collection of vectors in two dimensions."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadQuery
from engine.pins import Pin
from engine.retrieval import boards
from engine.retrieval.boards import UnknownBoard, board_answer_to_json, related_boards
from engine.retrieval.parameters import Parameters
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record

# Board, angle of its pins in degrees, and how many they are.
BOARDS = (
    ("Red", 0, 6),
    ("Almost red", 10, 3),
    ("One red", 10, 1),
    ("Blue", 90, 3),
    ("Far", 180, 8),
)


def record(name: str, board: str | None, degrees: float, terms: str = "") -> Record:
    turn = math.radians(degrees)
    return Record(
        pin=Pin(name, "x.jpg", board_title=board),
        vector=np.array([math.cos(turn), math.sin(turn)], dtype=np.float32),
        description_terms="",
        board_terms=terms,
        image_sha256=name,
        image_key=None,
        dhash="0" * 16,
        digest=name,
    )


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    folder: Path = tmp_path_factory.mktemp("boards")
    with EdgeCollection.open(folder, Identity("e", 2, "a"), create=True) as opened:
        opened.upsert(
            [
                record(f"{title}-{number}".replace(" ", "-"), title, degrees + number)
                for title, degrees, count in BOARDS
                for number in range(count)
            ]
        )
        opened.upsert([record(f"loose-{number}", None, 45 + number) for number in range(5)])
        yield opened


def titles(collection: Collection, title: str, limit: int = 10) -> list[str]:
    found = related_boards(title, collection, Parameters(), limit=limit)
    return [board.title for board in found.boards]


def test_the_nearest_boards_come_first_and_never_itself(collection: Collection) -> None:
    assert titles(collection, "Red") == ["Almost red", "One red", "Blue", "Far"]
    assert titles(collection, "Far")[0] == "Blue"


def test_a_page_is_a_cut(collection: Collection) -> None:
    assert titles(collection, "Red", 2) == titles(collection, "Red")[:2]


def test_three_pins_speak_for_a_board_and_the_fourth_adds_nothing(collection: Collection) -> None:
    answer = related_boards("Red", collection, Parameters())
    by_title = {board.title: board for board in answer.boards}
    far = by_title["Far"]
    assert len(far.hits) == 3
    for board in answer.boards:
        scores = [hit.score for hit in board.hits]
        assert scores == sorted(scores, reverse=True)
        assert board.score == pytest.approx(sum(scores) / (len(scores) + 1))
        assert {hit.pin.board_title for hit in board.hits} == {board.title}


def test_own_pins_leave_room_for_others(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shallow = Parameters(vector_depth=3)
    assert related_boards("Red", collection, shallow).boards[0].title in {"Almost red", "One red"}
    # With fewer of them kept out, the board's own pins are all that is found so near.
    monkeypatch.setattr(boards, "OWN", 1)
    assert related_boards("Red", collection, shallow).boards == ()


def test_words_of_the_title_count(tmp_path: Path) -> None:
    with EdgeCollection.open(tmp_path, Identity("e", 2, "a"), create=True) as opened:
        opened.upsert(
            [
                record("a", "Oak tables", 0, "oak tabl"),
                record("b", "Oak chairs", 40, "oak chair"),
                record("c", "Tin chairs", 40, "tin chair"),
            ]
        )
        assert titles(opened, "Oak tables") == ["Oak chairs", "Tin chairs"]


def test_pins_that_cancel_each_other_out_are_no_error(tmp_path: Path) -> None:
    with EdgeCollection.open(tmp_path, Identity("e", 2, "a"), create=True) as opened:
        opened.upsert(
            [record("a", "Both", 0, "both"), record("b", "Both", 180, "both"), record("c", "C", 5)]
        )
        assert related_boards("Both", opened, Parameters()).boards == ()


def test_refusals(collection: Collection) -> None:
    with pytest.raises(UnknownBoard, match="'Nowhere'"):
        related_boards("Nowhere", collection, Parameters())
    for limit in (0, boards.MAX_BOARDS + 1):
        with pytest.raises(BadQuery, match="limit"):
            related_boards("Red", collection, Parameters(), limit=limit)


def test_the_answer_as_json(collection: Collection) -> None:
    answer = board_answer_to_json(related_boards("Red", collection, Parameters(), limit=1))
    assert set(answer) == {"boards", "took_ms"}
    board = answer["boards"][0]
    assert set(board) == {"title", "score", "hits"}
    assert set(board["hits"][0]) == {"id", "score", "pin"}
