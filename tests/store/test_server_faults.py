"""What searches and writes do while a part of a cluster is gone, against a server that fails."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields
from typing import Any

import pytest

from engine.errors import StoreError, StoreFull, StoreUnreachable, TooLate
from engine.retrieval.answers import Answer, answer_to_json
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.settings import StoreSettings, load_settings
from engine.store.cluster import Cluster
from engine.store.plan import Plan
from engine.store.records import point_id
from engine.store.server import ServerCollection
from engine.store.server_calls import FIRST_PAUSE_S, LONGEST_PAUSE_S, Calls
from engine.store.server_opening import connect
from engine.time_left import ends_in
from tests.store.conftest import IDENTITY, record, vector
from tests.store.faulty_server import Faulty, Reply, Request, faulty_server

LAMP, SOFA = point_id("lamp"), point_id("sofa")
PLAN = Plan(terms=("lamp",), vector=vector(1))


def hits(*scored: tuple[str, float]) -> dict[str, Any]:
    return {"points": [{"id": key, "version": 1, "score": score} for key, score in scored]}


def answered(query: dict[str, Any]) -> dict[str, Any]:
    """Return what a sound server says to one leg: words find the lamp, pictures find both."""
    if "text" in query["query"]:
        return hits((LAMP, 2.0)) if query["using"] == "description_terms" else hits()
    return hits((LAMP, 0.9), (SOFA, 0.5))


def sound(request: Request) -> Reply:
    if request.path.partition("?")[0].endswith("/query/batch"):
        return Reply([answered(each) for each in request.body["searches"]])
    if "/points/count" in request.path:
        return Reply({"count": 2})
    return Reply({"operation_id": 1, "status": "completed"})


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty_server() as faulty:
        faulty.answer = sound
        yield faulty


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def collection(server: Faulty, waits: list[float]) -> Iterator[ServerCollection]:
    client = connect(server.url, None, timeout_s=5)
    cluster = Cluster(read_consistency="majority", ordering="strong")
    with closing(
        ServerCollection(client, "pins", IDENTITY, cluster, Calls(3, waits.append))
    ) as made:
        yield made


def at_first(*replies: Reply) -> Callable[[Request], Reply]:
    """Give these replies one after the other, and then be sound."""
    left = list(replies)
    return lambda request: left.pop(0) if left else sound(request)


@pytest.fixture
def ending() -> Iterator[None]:
    """Let requests of the test end by their time, and the next test's not."""
    yield
    ends_in(math.inf)


@pytest.mark.usefixtures("ending")
def test_a_call_waits_no_longer_than_its_request_may(server: Faulty, waits: list[float]) -> None:
    patient = connect(server.url, None, timeout_s=60)
    collection = ServerCollection(patient, "pins", IDENTITY, Cluster(), Calls(3, waits.append))
    done = threading.Event()

    def silent(request: Request) -> Reply:
        done.wait(30)
        return sound(request)

    server.answer = silent
    ends_in(0.2)
    with closing(collection):
        with pytest.raises(TooLate, match="before the Qdrant server answered"):
            collection.count()
        assert waits == []
        done.set()
        server.answer = sound
        ends_in(30)
        assert collection.count() == 2


@pytest.mark.usefixtures("ending")
def test_no_call_is_tried_again_past_the_end_of_its_request(
    server: Faulty, collection: ServerCollection, waits: list[float]
) -> None:
    server.answer = lambda _: Reply("busy", 429, {"Retry-After": "3"})
    ends_in(2)
    with pytest.raises(TooLate):
        collection.count()
    assert len(server.requests) == 1
    assert waits == []


@pytest.mark.parametrize(
    "fault",
    [Reply(status=None), Reply("leader gone", 500), Reply("busy", 503), Reply("slow", 504)],
    ids=["cut off", "500", "503", "504"],
)
def test_what_passes_is_tried_again(
    server: Faulty, collection: ServerCollection, waits: list[float], fault: Reply
) -> None:
    server.answer = at_first(fault, fault)
    assert collection.count() == 2
    assert len(server.requests) == 3
    first, second = waits
    assert FIRST_PAUSE_S / 2 <= first <= FIRST_PAUSE_S
    assert FIRST_PAUSE_S <= second <= 2 * FIRST_PAUSE_S


def test_tries_come_to_an_end(
    server: Faulty, collection: ServerCollection, waits: list[float]
) -> None:
    server.answer = lambda _: Reply(status=None)
    with pytest.raises(StoreUnreachable, match="ENGINE_STORE__URL"):
        collection.count()
    assert len(server.requests) == 3
    assert len(waits) == 2


def test_a_wait_that_the_server_names_is_kept(
    server: Faulty, collection: ServerCollection, waits: list[float]
) -> None:
    full = Reply("rate limit", 429, {"Retry-After": "2"})
    server.answer = at_first(full, Reply("rate limit", 429, {"Retry-After": "600"}))
    assert collection.count() == 2
    assert waits == [2.0, LONGEST_PAUSE_S]
    server.answer = lambda _: full
    with pytest.raises(StoreUnreachable, match="too much to do"):
        collection.count()


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (Reply("bad filter", 400), StoreError, "says 400"),
        (Reply("no key", 401), StoreUnreachable, "ENGINE_STORE__API_KEY"),
        (Reply("full", 507), StoreFull, "disk is full"),
        (Reply("No space left on device", 500), StoreFull, "disk is full"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    server: Faulty,
    collection: ServerCollection,
    fault: Reply,
    error: type[Exception],
    said: str,
) -> None:
    server.answer = lambda _: fault
    with pytest.raises(error, match=said):
        collection.count()
    assert len(server.requests) == 1


def test_a_write_is_sent_again_whole(server: Faulty, collection: ServerCollection) -> None:
    server.answer = at_first(Reply(status=None))
    collection.upsert([record("lamp", "brass lamp", seed=1)])
    first, second = server.requests
    assert first == second
    assert "ordering=strong" in first.path
    [point] = first.body["points"]
    assert point["id"] == LAMP


def test_reads_say_how_many_copies_must_agree(server: Faulty, collection: ServerCollection) -> None:
    collection.candidates(PLAN)
    reads = [each.path for each in server.requests if "query/batch" in each.path]
    assert reads
    assert all("consistency=majority" in path for path in reads)


def without(kind: str) -> Callable[[Request], Reply]:
    """Fail whatever has a leg of this kind in it."""

    def answer(request: Request) -> Reply:
        searches = (request.body or {}).get("searches", ())
        if any(kind in each["query"] for each in searches):
            return Reply("a shard has no copy left", 500)
        return sound(request)

    return answer


def test_without_pictures_words_still_answer_and_say_so(
    server: Faulty, collection: ServerCollection
) -> None:
    server.answer = without("nearest")
    found = collection.candidates(PLAN)
    assert found.keys == [LAMP]
    assert found.missing == ("pictures by likeness",)
    ranking = rank(found, "text", Parameters())
    assert ranking.order.tolist() == [0]


def test_without_words_pictures_still_answer_and_say_so(
    server: Faulty, collection: ServerCollection
) -> None:
    server.answer = without("text")
    found = collection.candidates(PLAN)
    assert set(found.keys) == {LAMP, SOFA}
    assert set(found.missing) == {"words of descriptions", "words of board titles"}
    ranking = rank(found, "text", Parameters())
    assert [found.keys[row] for row in ranking.order] == [LAMP, SOFA]
    assert ranking.weight == 0.0


def test_a_whole_answer_has_nothing_missing(collection: ServerCollection) -> None:
    assert collection.candidates(PLAN).missing == ()


def test_where_nothing_answers_the_error_says_so(
    server: Faulty, collection: ServerCollection
) -> None:
    server.answer = lambda _: Reply("no shard", 500)
    with pytest.raises(StoreError, match="no shard"):
        collection.candidates(PLAN)


def test_what_is_missing_stands_in_the_answer() -> None:
    whole = answer_to_json(Answer((), None, 1.0))
    assert "degraded" not in whole
    part = answer_to_json(Answer((), None, 1.0, degraded=("pictures by likeness",)))
    assert part["degraded"] == ["pictures by likeness"]


def test_a_collection_is_laid_out_as_the_settings_say(server: Faulty) -> None:
    server.answer = lambda request: (
        Reply({"exists": False})
        if request.path.endswith("/exists")
        else Reply("stop", 400)
        if request.method == "GET"
        else Reply(True)
    )
    cluster = Cluster(shards=6, replicas=3, write_consistency=2, quantization="none", on_disk=True)
    with pytest.raises(StoreError, match="stop"):
        ServerCollection.open(server.url, None, "pins", IDENTITY, create=True, cluster=cluster)
    [made] = [each.body for each in server.requests if each.method == "PUT"]
    assert made["shard_number"] == 6
    assert made["replication_factor"] == 3
    assert made["write_consistency_factor"] == 2
    assert made.get("quantization_config") is None
    assert made["vectors"]["image"]["on_disk"] is True


def test_every_part_of_the_layout_has_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {each.name for each in fields(Cluster)}
    assert names <= set(StoreSettings.model_fields)
    assert Cluster(**{name: getattr(StoreSettings(), name) for name in names}) == Cluster()
    monkeypatch.setenv("ENGINE_STORE__REPLICAS", "2")
    monkeypatch.setenv("ENGINE_STORE__WRITE_CONSISTENCY", "3")
    with pytest.raises(Exception, match="write_consistency 3 is more than replicas 2"):
        load_settings()
