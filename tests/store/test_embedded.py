"""What only the embedded collection promises: an owner, a crash survived, a disk that fills up."""

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import FingerprintMismatch, NoCollection, StoreError, StoreFull, StoreInUse
from engine.queries import Filter
from engine.store import schema
from engine.store.description import IDENTITY_NAME
from engine.store.disk import disk_errors
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.ownership import LOCK_NAME, Ownership, owner_of
from engine.store.records import Record
from engine.store.shard_folder import SHARD_NAME

MakeRecord = Callable[..., Record]
IDENTITY = Identity("encoder-a", 8, "english-a")

WRITER = """
    import sys
    from pathlib import Path
    import numpy as np
    from engine.pins import Pin
    from engine.store.edge import EdgeCollection
    from engine.store.identity import Identity
    from engine.store.records import Record

    with EdgeCollection.open(
        Path(sys.argv[1]), Identity("encoder-a", 8, "english-a"), create=True, min_free_bytes=0
    ) as collection:
        collection.ownership.announce("http://127.0.0.1:4321")
        for batch in range(10_000):
            names = [f"p{batch}-{number}" for number in range(20)]
            collection.upsert([
                Record(Pin(id=name, image="x.jpg"), np.ones(8, np.float32), "word", "",
                       "0" * 64, None, "0" * 16, name)
                for name in names
            ])
            print(batch, flush=True)
"""


@contextmanager
def writer(folder: Path, batches: int) -> Iterator[subprocess.Popen[str]]:
    """Run another process that writes and holds the folder; yield once it wrote some batches."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe to the writer")
        try:
            for _ in range(batches):
                process.stdout.readline()
            yield process
        finally:
            process.kill()


def open_(folder: Path, identity: Identity | None = IDENTITY) -> EdgeCollection:
    return EdgeCollection.open(folder, identity, create=True, min_free_bytes=0)


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "pins"
    with writer(folder, 15) as process:
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        acknowledged = 15 + len(rest.splitlines())
        assert process.returncode == -signal.SIGKILL
    with closing(open_(folder)) as collection:
        names = [f"p{batch}-{number}" for batch in range(acknowledged) for number in range(20)]
        assert len(collection.get(names)) == len(names)
        # The batch under way may be there as a whole.
        assert collection.count() in {len(names), len(names) + 20}


def test_a_held_folder_names_its_owner_and_is_free_after_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "pins"
    with writer(folder, 1) as process:
        message = rf"in use by process {process.pid} \(-c .* at http://127.0.0.1:4321: send"
        with pytest.raises(StoreInUse, match=message):
            open_(folder)
        owner = owner_of(folder)
        assert owner is not None
        assert (owner.pid, owner.address) == (process.pid, "http://127.0.0.1:4321")
        process.kill()
        process.wait()
        assert owner_of(folder) is None
        open_(folder).close()


def test_one_process_opens_a_folder_once(tmp_path: Path) -> None:
    with (
        closing(open_(tmp_path / "pins")),
        pytest.raises(StoreInUse, match="wait for it, or stop it"),
    ):
        open_(tmp_path / "pins")
    open_(tmp_path / "pins").close()


def test_a_refused_opening_gives_the_folder_back(tmp_path: Path) -> None:
    open_(tmp_path).close()
    with pytest.raises(FingerprintMismatch):
        open_(tmp_path, replace(IDENTITY, dimension=9))
    assert owner_of(tmp_path) is None


def test_an_owner_may_be_between_its_lock_and_its_name(tmp_path: Path) -> None:
    hold = Ownership.take(tmp_path)
    (tmp_path / LOCK_NAME).write_text("{")
    owner = owner_of(tmp_path)
    assert owner is not None
    assert owner.address is None
    hold.release()
    hold.release()
    assert owner_of(tmp_path) is None
    assert owner_of(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (replace(IDENTITY, encoder_fingerprint="encoder-b"), "encoder-a.*encoder-b"),
        (replace(IDENTITY, dimension=16), "dimension is 8, the settings say 16"),
        (replace(IDENTITY, analysis_fingerprint="german"), "english-a.*german"),
    ],
)
def test_other_fingerprints_are_refused(tmp_path: Path, other: Identity, named: str) -> None:
    open_(tmp_path).close()
    with pytest.raises(FingerprintMismatch, match=f"{named}.*old setting.*--collection.*again"):
        EdgeCollection.open(tmp_path, other)
    with closing(EdgeCollection.open(tmp_path, None)) as collection:
        assert collection.identity == IDENTITY


def test_what_is_missing_is_made_on_request_only(tmp_path: Path) -> None:
    for create, identity in ((False, IDENTITY), (True, None)):
        with pytest.raises(NoCollection, match="index some pins first"):
            EdgeCollection.open(tmp_path / "pins", identity, create=create)
    assert not (tmp_path / "pins").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 999}', "{}"])
def test_a_description_that_is_not_ours_is_refused(tmp_path: Path, text: str) -> None:
    open_(tmp_path).close()
    (tmp_path / IDENTITY_NAME).write_text(text)
    with pytest.raises(StoreError):
        EdgeCollection.open(tmp_path, None)
    assert owner_of(tmp_path) is None


def test_a_creation_cut_short_is_made_up_for(tmp_path: Path, make_record: MakeRecord) -> None:
    open_(tmp_path).close()
    description = (tmp_path / IDENTITY_NAME).read_text()
    (tmp_path / IDENTITY_NAME).unlink()
    (tmp_path / f"{SHARD_NAME}.new").mkdir()
    with closing(open_(tmp_path)) as collection:
        collection.upsert([make_record("a", "word", seed=1)])
    assert json.loads((tmp_path / IDENTITY_NAME).read_text()) == json.loads(description)
    # With pins in it, the shard is not thrown away.
    (tmp_path / IDENTITY_NAME).unlink()
    with pytest.raises(StoreError, match="1 pins but no"):
        open_(tmp_path)


def test_the_reserve_of_the_disk_is_left_alone(tmp_path: Path, shop: Sequence[Record]) -> None:
    open_(tmp_path).close()
    with closing(EdgeCollection.open(tmp_path, IDENTITY, min_free_bytes=2**60)) as collection:
        with pytest.raises(StoreFull, match=r"MiB free .*free some room.*nothing of this batch"):
            collection.upsert(shop)
        assert collection.count() == 0
        assert collection.delete(["lamp"]) == 0


def test_a_full_disk_is_named() -> None:
    place = Path("/dev/full")
    with pytest.raises(StoreFull, match="free some room"), disk_errors(place):
        place.write_text("x")
    with pytest.raises(StoreError, match="can't be used"), disk_errors(place):
        (place / "x").read_text()


def test_a_closed_collection_says_so(tmp_path: Path) -> None:
    collection = open_(tmp_path)
    collection.close()
    with pytest.raises(StoreError, match="is closed"):
        collection.count()


def test_a_collection_of_an_earlier_version_gets_the_indexes_that_it_lacks(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = {schema.BANDS, schema.DUPLICATE}
    with monkeypatch.context() as before:
        earlier = {name: kind for name, kind in schema.INDEXES.items() if name not in later}
        before.setattr(schema, "INDEXES", earlier)
        with EdgeCollection.open(tmp_path, IDENTITY, create=True, min_free_bytes=0) as collection:
            copy = replace(make_record("b", seed=2), duplicate_of="a")
            collection.upsert([make_record("a", seed=1), copy])
    for _ in range(2):
        with EdgeCollection.open(tmp_path, IDENTITY, min_free_bytes=0) as collection:
            indexed = collection._live.shard.info().payload_schema
            assert set(indexed) == set(schema.INDEXES)
            assert indexed[schema.DUPLICATE].points == 1
            copies = collection.scroll(Filter(fields={schema.DUPLICATE: ("a",)}))
            assert [stored.pin.id for _, stored in copies] == ["b"]


def test_a_search_is_the_work_of_the_thread_that_asks(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    # Threads of Edge's own look for work all the time, and take the processor from whoever asks.
    before = _search_threads()
    with closing(EdgeCollection.open(tmp_path, IDENTITY, create=True)) as collection:
        collection.upsert([make_record(f"pin-{number}") for number in range(50)])
        assert collection.count(Filter(has_text=False)) == 50
        assert _search_threads() - before <= 1


def _search_threads() -> int:
    names = [each.read_text() for each in Path("/proc/self/task").glob("*/comm")]
    return sum(name.startswith("edge-search") for name in names)
