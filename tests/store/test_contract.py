"""What every collection must do, whichever engine holds it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from engine.errors import BadVector
from engine.pins import Pin
from engine.queries import Filter, parse_filter
from engine.store import schema
from engine.store.collection import Collection
from engine.store.legs import Scope, VectorLeg
from engine.store.plan import Bm25, Candidates, Plan
from engine.store.records import Record, point_id
from engine.store.versions import Version

MakeRecord = Callable[..., Record]

# What the client's local mode does not do, it says; nothing here needs it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
]


def unit(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    row = np.random.default_rng(seed).standard_normal(8)
    return (row / np.linalg.norm(row)).astype(np.float32)


def ids(found: Candidates, records: Sequence[Record]) -> set[str]:
    names = {point_id(each.pin.id): each.pin.id for each in records}
    return {names[key] for key in found.keys}


def row(found: Candidates, pin_id: str) -> int:
    return found.keys.index(point_id(pin_id))


def test_an_empty_collection_answers_with_nothing(collection: Collection) -> None:
    found = collection.candidates(Plan(("lamp",), unit(1)))
    assert len(found) == 0
    assert found.cosine.shape == found.has_text.shape == found.lexical_rank.shape == (0,)
    assert collection.count() == 0
    assert collection.boards(5) == []
    assert collection.scroll() == []
    assert list(collection.records()) == []
    assert collection.info().points == 0


def test_records_come_back_exactly(collection: Collection) -> None:
    pin = Pin(
        id="a:b.c-d_e",
        image="https://example.com/a.jpg",
        description="Größe 😀 “quoted” \\ back",
        board_title="Räume, = und mehr",
        link="https://example.com/?a=b&c",
        price=Decimal("12.30"),
        currency="EUR",
        merchant="Müller & Söhne",
        created_at=datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC),
        updated_at=datetime(2026, 2, 1, tzinfo=UTC),
        language="de",
        attributes={"colour": "red=ish", "kind": "lamp"},
    )
    whole = Record(
        pin,
        unit(9) * 7,
        "gross emojiu1f600",
        "raum",
        "ab" * 32,
        "cd" * 32,
        "f" * 16,
        "9",
        Version(5, 7),
        "-",
        "0123456789abcdef",
    )
    collection.upsert([whole])
    kept = collection.get([pin.id, "missing"])
    assert list(kept) == [pin.id]
    np.testing.assert_allclose(kept[pin.id].vector, unit(9), atol=1e-6)
    assert replace(kept[pin.id], vector=whole.vector) == whole
    assert str(kept[pin.id].pin.price) == "12.30"
    shown = collection.pins([point_id(pin.id), point_id("missing")])
    assert list(shown) == [point_id(pin.id)]
    assert shown[point_id(pin.id)].pin == pin
    assert shown[point_id(pin.id)].image_key == "cd" * 32
    assert shown[point_id(pin.id)].dhash == "f" * 16
    assert shown[point_id(pin.id)].image_sha256 == "ab" * 32
    assert shown[point_id(pin.id)].duplicate_of == "-"
    assert shown[point_id(pin.id)].phash == "0123456789abcdef"
    assert shown[point_id(pin.id)].has_text
    assert collection.facts([pin.id, "missing"]) == {
        pin.id: ("9", "ab" * 32, "cd" * 32, Version(5, 7))
    }


def test_vectors_come_back_by_key(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    keys = [point_id(each.pin.id) for each in shop[:3]]
    found = collection.vectors([*keys, point_id("nowhere")])
    assert found.keys() == set(keys)
    for key, each in zip(keys, shop, strict=False):
        assert found[key] == pytest.approx(each.vector / np.linalg.norm(each.vector), abs=1e-6)


def test_a_second_write_replaces(collection: Collection, make_record: MakeRecord) -> None:
    collection.upsert([make_record("a", "old words", "old", seed=1)])
    collection.upsert([make_record("a", "", "new", seed=2), make_record("b", seed=3)])
    assert collection.count() == 2
    found = collection.candidates(Plan(("old", "new"), unit(2)))
    assert found.description[row(found, "a")] == 0
    assert found.board[row(found, "a")] > 0
    assert found.cosine[row(found, "a")] == pytest.approx(1, abs=1e-5)
    assert found.has_text[row(found, "a")]
    assert not found.has_text[row(found, "b")]


def test_of_one_id_twice_in_a_batch_the_last_wins(
    collection: Collection, make_record: MakeRecord
) -> None:
    collection.upsert([make_record("a", "first", seed=1), make_record("a", "second", seed=2)])
    assert collection.count() == 1
    assert collection.get(["a"])["a"].description_terms == "second"


def test_delete_counts_what_existed(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    assert collection.delete(["lamp", "cake", "missing"]) == 2
    assert collection.delete(["lamp"]) == 0
    assert collection.delete([]) == 0
    assert collection.count() == 4
    found = collection.candidates(Plan(("lemon", "green"), unit(6)))
    assert ids(found, shop) == {"sofa", "dress", "shoe", "bare"}
    assert collection.get(["lamp"]) == {}


@pytest.mark.parametrize(
    "bad",
    [
        np.full(8, np.nan, np.float32),
        np.array([np.inf, *[0.0] * 7], np.float32),
        np.zeros(8, np.float32),
        np.ones(7, np.float32),
        np.ones((1, 8), np.float32),
    ],
    ids=["nan", "infinite", "zero", "short", "matrix"],
)
def test_a_bad_vector_leaves_nothing_of_its_batch(
    collection: Collection,
    make_record: MakeRecord,
    bad: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    batch = [make_record("good", seed=1), replace(make_record("bad"), vector=bad)]
    with pytest.raises(BadVector, match=r"pin bad: .*nothing of this batch was written"):
        collection.upsert(batch)
    assert collection.count() == 0


def test_a_bad_query_vector_is_refused(collection: Collection) -> None:
    for bad in (np.full(8, np.nan, np.float32), np.zeros(8, np.float32), np.ones(3, np.float32)):
        with pytest.raises(BadVector):
            collection.candidates(Plan(vector=bad))


def test_every_candidate_has_every_score(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    vector = unit(5)
    # Few pins a leg: what a leg did not bring in was scored by it all the same.
    narrow = collection.candidates(Plan(("green", "cosy"), vector, lexical_depth=2, vector_depth=1))
    wide = collection.candidates(Plan(("green", "cosy"), vector))
    assert ids(narrow, shop) == {"sofa", "dress", "bare"}
    assert ids(wide, shop) == {each.pin.id for each in shop}
    for name in ids(narrow, shop):
        for column in ("cosine", "description", "board", "has_text"):
            ours = getattr(narrow, column)[row(narrow, name)]
            assert ours == pytest.approx(getattr(wide, column)[row(wide, name)], abs=1e-6)
    for each in shop:
        at = row(wide, each.pin.id)
        assert wide.cosine[at] == pytest.approx(float(each.vector @ vector), abs=1e-5)
        assert wide.has_text[at] == each.has_text
        assert (wide.description[at] > 0) == ("green" in each.description_terms)
        assert (wide.board[at] > 0) == ("cosy" in each.board_terms)


def test_ranks_follow_the_scores_of_their_leg(
    collection: Collection, shop: Sequence[Record]
) -> None:
    collection.upsert(shop)
    weights = Bm25(description_weight=2.0, board_weight=0.5)
    found = collection.candidates(Plan(("green", "cosy"), unit(1), bm25=weights, vector_depth=3))
    nearest = np.argsort(-found.cosine)[:3]
    assert found.vector_rank[nearest].tolist() == [1, 2, 3]
    assert sorted(found.vector_rank.tolist())[-3:] == [1, 2, 3]
    total = 2.0 * found.description + 0.5 * found.board
    matching = np.flatnonzero(total > 0)
    assert found.lexical_rank[total == 0].tolist() == [0] * int((total == 0).sum())
    by_rank = matching[np.argsort(found.lexical_rank[matching])]
    assert found.lexical_rank[by_rank].tolist() == [1, 2, 3]
    assert (np.diff(total[by_rank]) <= 0).all()


def test_one_leg_alone(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    words = collection.candidates(Plan(("lemon",)))
    assert ids(words, shop) == {"cake"}
    assert words.cosine.tolist() == [0]
    assert words.vector_rank.tolist() == [0]
    picture = collection.candidates(Plan(vector=unit(2)))
    assert len(picture) == len(shop)
    assert picture.idf == {}
    assert picture.description.tolist() == [0] * len(shop)
    assert picture.lexical_rank.tolist() == [0] * len(shop)
    assert len(collection.candidates(Plan())) == 0


def test_a_repeated_term_adds_nothing(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    once = collection.candidates(Plan(("green",)))
    twice = collection.candidates(Plan(("green", "green")))
    assert dict(zip(once.keys, once.description.tolist(), strict=True)) == pytest.approx(
        dict(zip(twice.keys, twice.description.tolist(), strict=True))
    )


def test_idf_counts_a_pin_once_if_either_field_has_the_term(
    collection: Collection, make_record: MakeRecord
) -> None:
    collection.upsert(
        [
            make_record("both", "red lamp", "red", seed=1),
            make_record("title", "lamp", "red", seed=2),
            make_record("none", seed=3),
            make_record("words", "blue", seed=4),
        ]
    )
    found = collection.candidates(Plan(("red", "blue", "unseen"), unit(1)))
    assert found.idf["red"] == pytest.approx(np.log(1 + 2.5 / 2.5))
    assert found.idf["blue"] == pytest.approx(np.log(1 + 3.5 / 1.5))
    assert found.idf["unseen"] == pytest.approx(np.log(1 + 4.5 / 0.5))
    collection.delete(["title"])
    found = collection.candidates(Plan(("red",), unit(1)))
    assert found.idf["red"] == pytest.approx(np.log(1 + 2.5 / 1.5))


FILTERS: Mapping[str, tuple[Mapping[str, object], set[str]]] = {
    "board": ({"board": "Cosy Rooms"}, {"lamp", "sofa"}),
    "board with a comma": ({"board": ["Street, Style"]}, {"shoe"}),
    "any of two": ({"merchant": "Nest,Other"}, {"sofa", "dress"}),
    "currency": ({"currency": "EUR"}, {"lamp"}),
    "language": ({"language": "en"}, {"dress"}),
    "attribute": ({"attributes.colour": "green,black"}, {"dress", "shoe"}),
    "two attributes": ({"attributes.colour": "black", "attributes.kind": "shoe"}, {"shoe"}),
    "both must hold": ({"board": "Cosy Rooms", "merchant": "Nest"}, {"sofa"}),
    "price, ends included": ({"price": "19.90..500"}, {"lamp", "sofa"}),
    "price up to": ({"price": "..19.90"}, {"lamp"}),
    "price from": ({"price": "20.."}, {"sofa"}),
    "date, ends included": ({"created_at": "2026-01-31T12:00:00Z..2026-02-01"}, {"bare", "cake"}),
    "date from": ({"created_at": "2026-02-01.."}, {"cake"}),
    "date up to": ({"created_at": "..2026-01-31T23:59:59Z"}, {"bare"}),
    "with text": ({"has_text": "yes"}, {"lamp", "sofa", "dress", "shoe", "cake"}),
    "without text": ({"has_text": "no"}, {"bare"}),
    "nothing": ({"board": "Nowhere"}, set()),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters(collection: Collection, shop: Sequence[Record], name: str) -> None:
    collection.upsert(shop)
    pairs, wanted = FILTERS[name]
    filter_ = parse_filter(pairs)
    assert collection.count(filter_) == len(wanted)
    assert {stored.pin.id for _, stored in collection.scroll(filter_)} == wanted
    found = collection.candidates(Plan(("green", "cosy", "lemon"), unit(1), filter=filter_))
    assert ids(found, shop) == wanted
    words = collection.candidates(Plan(("green", "cosy", "lemon"), filter=filter_))
    assert ids(words, shop) == wanted & {"lamp", "sofa", "dress", "cake"}


def test_a_filter_does_not_change_scores(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    everything = collection.candidates(Plan(("green", "cosy"), unit(1)))
    some = Filter(fields={"merchant": ("Nest",)})
    filtered = collection.candidates(Plan(("green", "cosy"), unit(1), filter=some))
    for name in ("sofa", "dress"):
        here, there = row(filtered, name), row(everything, name)
        assert filtered.description[here] == pytest.approx(everything.description[there])
        assert filtered.board[here] == pytest.approx(everything.board[there])
        assert filtered.cosine[here] == pytest.approx(everything.cosine[there], abs=1e-6)
    assert filtered.idf == everything.idf


def test_excluded_pins_are_in_neither_leg(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    plan = Plan(("green",), unit(2), exclude=frozenset({"sofa", "bare", "missing"}))
    found = collection.candidates(plan)
    assert ids(found, shop) == {"lamp", "dress", "shoe", "cake"}
    filtered = replace(plan, filter=parse_filter({"merchant": "Nest"}))
    assert ids(collection.candidates(filtered), shop) == {"dress"}


def test_scores_do_not_depend_on_the_depth(collection: Collection, make_record: MakeRecord) -> None:
    words = ["red", "blue", "lamp", "sofa", "oak"]
    rng = np.random.default_rng(4)
    records = [
        make_record(
            f"p{number}",
            " ".join(rng.choice(words, size=int(rng.integers(0, 6)))),
            " ".join(rng.choice(words, size=int(rng.integers(0, 3)))),
            seed=number,
        )
        for number in range(120)
    ]
    collection.upsert(records)
    deep = collection.candidates(Plan(("red", "oak"), unit(500), exact=True))
    shallow = collection.candidates(
        Plan(("red", "oak"), unit(500), lexical_depth=7, vector_depth=9, exact=True)
    )
    assert 9 <= len(shallow) <= 16
    for at, key in enumerate(shallow.keys):
        there = deep.keys.index(key)
        for column in ("cosine", "description", "board"):
            ours, theirs = getattr(shallow, column)[at], getattr(deep, column)[there]
            assert ours == pytest.approx(theirs, abs=1e-5)
        assert shallow.has_text[at] == deep.has_text[there]
        if shallow.vector_rank[at]:
            assert shallow.vector_rank[at] == deep.vector_rank[there]


def test_a_picture_is_used_until_its_last_pin_goes(
    collection: Collection, make_record: MakeRecord
) -> None:
    key, other = "ab" * 32, "cd" * 32
    records = [replace(make_record(name, "word"), image_key=key) for name in ("a", "b")]
    collection.upsert([*records, make_record("c", "word")])
    assert collection.uses_image(key)
    assert not collection.uses_image(other)
    collection.delete(["a"])
    assert collection.uses_image(key)
    collection.delete(["b"])
    assert not collection.uses_image(key)


def test_a_picture_is_found_by_the_digest_it_came_or_is_kept_under(
    collection: Collection, make_record: MakeRecord
) -> None:
    came, key = "ab" * 32, "cd" * 32
    collection.upsert(
        [
            replace(make_record("both"), image_sha256=came, image_key=key),
            replace(make_record("came"), image_sha256=came),
            replace(make_record("kept", seed=3), image_key=key),
            # As its own upload, somebody may send what is kept of another's: a use of another kind.
            replace(make_record("sent"), image_sha256=key),
            replace(make_record("near"), image_sha256=came[:40] + "0" * 24),
        ]
    )
    assert sorted(collection.showing(came)) == ["both", "came"]
    assert sorted(collection.showing(key)) == ["both", "kept", "sent"]
    assert collection.showing("ef" * 32) == []
    collection.delete(["both", "kept"])
    assert not collection.uses_image(key)


def test_boards_are_counted_largest_first(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    assert collection.boards(10) == [("Cosy Rooms", 2), ("Street, Style", 1)]
    assert collection.boards(1) == [("Cosy Rooms", 2)]


def test_scroll_goes_through_everything_once_in_the_order_of_keys(
    collection: Collection, make_record: MakeRecord
) -> None:
    records = [make_record(f"p{number}", "word", seed=number) for number in range(25)]
    collection.upsert(records)
    keys: list[str] = []
    after: str | None = None
    while page := collection.scroll(limit=7, after=after):
        assert len(page) <= 7
        keys += [key for key, _ in page]
        after = page[-1][0]
    assert keys == sorted(point_id(each.pin.id) for each in records)
    exported = [each for batch in collection.records(4) for each in batch]
    assert sorted(each.digest for each in exported) == sorted(each.digest for each in records)
    np.testing.assert_allclose(
        exported[3].vector, collection.get([exported[3].pin.id])[exported[3].pin.id].vector
    )


def test_info_says_what_is_there(collection: Collection, shop: Sequence[Record]) -> None:
    collection.upsert(shop)
    collection.flush()
    collection.optimize()
    info = collection.info()
    assert info.points == 6
    assert info.segments >= 1
    assert info.identity == collection.identity
    assert collection.count() == 6


def test_closing_twice_does_nothing(collection: Collection) -> None:
    collection.close()
    collection.close()


def test_nearest_runs_several_legs_each_in_its_scope(
    collection: Collection, make_record: MakeRecord
) -> None:
    hashes = {"a": "0123456789abcdef", "b": "0123ffffffffffff", "c": "f" * 16, "d": ""}
    collection.upsert(
        [
            replace(make_record(name, seed=seed), phash=hashed)
            for seed, (name, hashed) in enumerate(hashes.items())
        ]
    )

    def leg(*parts: str) -> VectorLeg:
        return VectorLeg(unit(0), 3, Scope(Filter(fields={schema.BANDS: parts})), exact=True)

    keys = {point_id(name): name for name in hashes}
    first, second, none = (
        {keys[str(key)]: score for key, score in zip(*ranked, strict=True)}
        for ranked in collection.nearest([leg("00123"), leg("14567", "3ffff"), leg("40123")])
    )
    assert set(first) == {"a", "b"}
    assert set(second) == {"a", "b", "c"}
    assert none == {}
    for name, score in second.items():
        assert score == pytest.approx(float(unit(0) @ unit(list(hashes).index(name))), abs=1e-5)
    assert list(second.values()) == sorted(second.values(), reverse=True)
    assert collection.nearest([]) == []


def test_what_was_written_with_fewer_facts_is_read(make_record: MakeRecord) -> None:
    record = make_record("a", "words", seed=1)
    fields = schema.payload(record)
    line, _, pin = fields[schema.PIN].partition("\n")
    older = fields | {schema.PIN: f"{line.rpartition(' ')[0]}\n{pin}"}
    assert len(line.split(" ")) == 8
    vectors = {schema.VECTOR: record.vector}
    assert schema.record(older, vectors) == schema.record(fields, vectors)
    assert schema.facts(older) == schema.facts(fields)
    assert schema.stored_pin(older).phash == ""


class TestFacets:
    def test_values_are_counted_commonest_first(
        self, collection: Collection, shop: Sequence[Record]
    ) -> None:
        collection.upsert(shop)
        assert collection.facet("board_title", 10) == [("Cosy Rooms", 2), ("Street, Style", 1)]
        assert collection.facet("merchant", 10) == [("Nest", 2)]
        colours = ["colour=black", "colour=green", "colour=yellow", "kind=shoe"]
        assert collection.facet("attributes", 10) == [(each, 1) for each in colours]
        assert collection.facet("attributes", 2) == [(each, 1) for each in colours[:2]]

    def test_a_filter_holds(self, collection: Collection, shop: Sequence[Record]) -> None:
        collection.upsert(shop)
        nest = parse_filter({"merchant": "Nest"})
        assert collection.facet("board_title", 10, nest) == [("Cosy Rooms", 1)]
        assert collection.facet("language", 10, nest) == [("en", 1)]
        assert collection.facet("currency", 10, nest) == []

    def test_what_was_deleted_is_not_counted(
        self, collection: Collection, shop: Sequence[Record]
    ) -> None:
        collection.upsert(shop)
        collection.optimize()
        collection.delete(["lamp"])
        assert collection.facet("board_title", 10) == [("Cosy Rooms", 1), ("Street, Style", 1)]
        assert collection.facet("currency", 10) == []

    def test_many_values_are_counted_exactly(
        self, collection: Collection, make_record: MakeRecord
    ) -> None:
        """More of them than are looked at in one go."""
        names = [f"p{number:03}" for number in range(120)]
        pins = [make_record(name, seed=at) for at, name in enumerate(names, 1)]
        boards = [f"board {at % 60}" if at < 100 else "board 7" for at in range(120)]
        collection.upsert(
            [
                replace(p, pin=replace(p.pin, board_title=b))
                for p, b in zip(pins, boards, strict=True)
            ]
        )
        collection.optimize()
        collection.delete(names[100:110])
        assert collection.facet("board_title", 3) == [
            ("board 7", 12),
            ("board 0", 2),
            ("board 1", 2),
        ]

    def test_the_values_of_pins(self, collection: Collection, shop: Sequence[Record]) -> None:
        collection.upsert(shop)
        keys = [point_id(name) for name in ("dress", "shoe", "bare", "nobody")]
        found = collection.keywords(keys)
        assert sorted(found, key=len) == [
            {},
            {"board_title": ("Street, Style",), "attributes": ("colour=black", "kind=shoe")},
            {"merchant": ("Nest",), "language": ("en",), "attributes": ("colour=green",)},
        ]

    def test_pins_that_say_all_terms(self, collection: Collection, shop: Sequence[Record]) -> None:
        collection.upsert(shop)
        assert collection.saying(["green"]) == 2
        assert collection.saying(["green", "cosy"]) == 1
        assert collection.saying(["green", "lemon"]) == 0


def test_a_blocked_pin_is_found_by_nothing_but_its_name(
    collection: Collection, shop: Sequence[Record]
) -> None:
    lamp, sofa, *rest = shop
    hidden = replace(lamp, pin=replace(lamp.pin, blocked=True))
    withheld = replace(sofa, withheld="looks like a sofa")
    collection.upsert([hidden, withheld, *rest])
    names = {each.pin.id for each in rest}
    found = collection.candidates(Plan(("brass", "velvet", "green"), unit(1)))
    assert ids(found, shop) == names
    [(keys, _)] = collection.nearest([VectorLeg(unit(1), 9, Scope(), exact=True)])
    assert {str(key) for key in keys} == {point_id(name) for name in names}
    [(keys, _)] = collection.nearest([VectorLeg(unit(1), 9, Scope(blocked=True), exact=True)])
    assert len(keys) == len(shop)
    assert collection.count() == len(rest)
    assert collection.count(blocked=True) == len(shop)
    assert collection.count(parse_filter({"merchant": "Nest"})) == 1
    assert {stored.pin.id for _, stored in collection.scroll()} == names
    assert len(collection.scroll(blocked=True)) == len(shop)
    assert {each.pin.id for batch in collection.records(2) for each in batch} == names
    assert sum(map(len, collection.records(2, blocked=True))) == len(shop)
    assert collection.boards(9) == [("Street, Style", 1)]
    assert collection.frequencies(["brass", "velvet", "lemon"]) == {
        "brass": 0,
        "velvet": 0,
        "lemon": 1,
    }
    assert "velvet" not in collection.vocabulary()
    kept = collection.get(["sofa"])["sofa"]
    assert (kept.blocked, kept.withheld, kept.pin) == (True, "looks like a sofa", sofa.pin)
    assert collection.pins([point_id("lamp")])[point_id("lamp")].blocked
    collection.upsert([lamp, sofa])
    assert collection.count() == len(shop)
    assert ids(collection.candidates(Plan(("brass",))), shop) == {"lamp"}
