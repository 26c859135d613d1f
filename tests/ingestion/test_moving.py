"""A collection that goes out to a file and comes in elsewhere answers as it did."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient, models

from engine.errors import EngineError, FingerprintMismatch
from engine.ingestion.arrivals import Arrival
from engine.ingestion.moving import Moved, Place, bring_in, export
from engine.pins import pin_from_json
from engine.queries import Part, Query
from engine.store.archive import PARAMETERS, SUMS, BadArchive, reading, writing
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Record
from engine.store.server import ServerCollection
from engine.store.server_removals import ServerRemovals
from engine.workspace import Workspace
from tests.commands import Commands
from tests.ingestion.conftest import drawn
from tests.ingestion.taking_in import opened
from tests.tiny_encoder import TinyEncoder

PINS = 60
pytestmark = [
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
]


def place(workspace: Workspace) -> Place:
    return Place(
        workspace.collection,
        workspace.images,
        workspace.removals,
        workspace.belongings.parameters_path,
    )


def records(collection: Collection) -> dict[str, Record]:
    return {each.pin.id: each for part in collection.records(blocked=True) for each in part}


def take(workspace: Workspace, numbers: range, **more: Any) -> None:
    arrivals = (
        Arrival(pin_from_json(drawn(number) | more)[0], None, str(number)) for number in numbers
    )
    assert {each.error for each in workspace.intake().run(arrivals)} == {None}


def answers(workspace: Workspace) -> list[list[tuple[str, float]]]:
    return [
        [
            (hit.pin.id, round(hit.score, 5))
            for hit in workspace.search(Query((Part("text", text),), limit=20)).hits
        ]
        for text in ("red thing", "blue", "green", "nothing of it")
    ]


def ignored(_pins: int) -> None:
    pass


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Workspace]:
    """Sixty pins, one of them blocked; one more was deleted, and one taken down."""
    with opened(tmp_path / "source") as workspace:
        take(workspace, range(PINS - 1), updated_at="2020-01-01T00:00:00Z")
        take(workspace, range(PINS - 1, PINS), blocked=True)
        take(workspace, range(PINS, PINS + 2))
        workspace.delete(f"pin-{PINS:05d}")
        workspace.eraser.take_down("pin", f"pin-{PINS + 1:05d}", "asked by its owner")
        yield workspace


@pytest.fixture
def file(source: Workspace, tmp_path: Path) -> Path:
    path = tmp_path / "moved.tar"
    with writing(path) as archive:
        assert export(place(source), "pins", archive, ignored).written == PINS
    return path


def same(ours: dict[str, Record], theirs: dict[str, Record]) -> bool:
    bare = replace(next(iter(ours.values())), vector=None, region_vectors=None)  # type: ignore[arg-type]

    def plain(record: Record) -> Record:
        return replace(record, vector=bare.vector, region_vectors=bare.region_vectors)

    return ours.keys() == theirs.keys() and all(
        plain(ours[pin]) == plain(theirs[pin])
        and abs(float(ours[pin].vector @ theirs[pin].vector) - 1) < 1e-6
        for pin in ours
    )


def test_another_folder_answers_the_same(source: Workspace, file: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "target") as target, reading(file) as archive:
        moved = bring_in(archive, place(target), target.analyzer, ignored)
        assert (moved.written, moved.kept_out, moved.missing) == (PINS, 0, 0)
        assert same(records(source.collection), records(target.collection))
        assert answers(target) == answers(source)
        assert any(answers(target))
        for record in records(source.collection).values():
            assert record.image_key is not None
            assert target.images.get(record.image_key) == source.images.get(record.image_key)
        # What went stays gone: the same pins are refused here as they are there.
        assert [each.value for each in target.removals.takedowns()] == [f"pin-{PINS + 1:05d}"]
        assert target.removals.graves().keys() == source.removals.graves().keys()
        again = bring_in(archive, place(target), target.analyzer, ignored)
        assert again == Moved(0, PINS, 0, 0, 0)


def test_through_a_server_and_back(source: Workspace, file: Path, tmp_path: Path) -> None:
    """Over the client's local mode, whose text index splits terms at spaces as ours are."""
    client = QdrantClient(":memory:")
    over = ServerCollection.over(
        client,
        "pins",
        source.collection.identity,
        create=True,
        tokenizer=models.TokenizerType.WORD,
    )
    second = tmp_path / "second.tar"
    with closing(over) as server, reading(file) as archive:
        removals = ServerRemovals(client, "pins")
        there = Place(server, ImageStore(tmp_path / "images"), removals, tmp_path / PARAMETERS)
        assert bring_in(archive, there, source.analyzer, ignored).written == PINS
        assert same(records(source.collection), records(server))
        with writing(second) as back:
            export(there, "pins", back, ignored)
    with opened(tmp_path / "third") as third, reading(second) as archive:
        bring_in(archive, place(third), third.analyzer, ignored)
        assert same(records(source.collection), records(third.collection))
        assert answers(third) == answers(source)


def test_what_is_here_and_newer_or_unwanted_stays_as_it_is(file: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "target") as target, reading(file) as archive:
        take(target, range(3), updated_at="2021-01-01T00:00:00Z", description="newer words")
        target.eraser.take_down("pin", "pin-00004", "not here")
        moved = bring_in(archive, place(target), target.analyzer, ignored)
        assert (moved.unchanged, moved.kept_out) == (3, 1)
        assert target.collection.get(["pin-00001"])["pin-00001"].pin.description == "newer words"
        assert target.collection.get(["pin-00004"]) == {}
        assert target.collection.count(blocked=True) == PINS - 1


def test_one_that_was_cut_short_is_taken_up_again(file: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "target") as target, reading(file) as archive:
        calls: list[int] = []

        def stop(pins: int) -> None:
            calls.append(pins)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bring_in(archive, place(target), target.analyzer, stop)
        moved = bring_in(archive, place(target), target.analyzer, ignored)
        assert moved.written + moved.unchanged == PINS
        assert target.collection.count(blocked=True) == PINS


def test_the_file_is_checked_before_anything_is_written(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        vectors = tar.getmember("vectors/000000.npy")
    turned = bytearray(whole)
    turned[vectors.offset_data + vectors.size // 2] ^= 1
    damaged = {
        "turned.tar": bytes(turned),
        "cut.tar": whole[: len(whole) // 2],
        "no.tar": b"not a tar file at all" * 100,
        "empty.tar": b"",
    }
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadArchive), reading(tmp_path / name):
            raise AssertionError(name)


def test_its_sums_are_those_of_sha256sum(file: Path, tmp_path: Path) -> None:
    with tarfile.open(file) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    checker = shutil.which("sha256sum")
    assert checker is not None
    subprocess.run([checker, "-c", "--quiet", SUMS], cwd=tmp_path / "out", check=True)


def test_vectors_of_another_encoder_are_refused(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "target") as target, reading(file) as archive:
        other = replace(target.collection.identity, encoder_fingerprint="other")
        monkeypatch.setattr("engine.ingestion.moving.identity_in", lambda _archive: other)
        with pytest.raises(FingerprintMismatch, match="ENGINE_ENCODER"):
            bring_in(archive, place(target), target.analyzer, ignored)
        assert target.collection.count(blocked=True) == 0


def test_nothing_is_left_of_an_export_that_failed(source: Workspace, tmp_path: Path) -> None:
    def fail(_pins: int) -> None:
        raise EngineError("no more")

    with pytest.raises(EngineError), writing(tmp_path / "failed.tar") as archive:
        export(place(source), "pins", archive, fail)
    assert not list(tmp_path.glob("failed.tar*"))


def test_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    commands = Commands(monkeypatch, capsys)
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    lines = "".join(f"{json.dumps(drawn(number))}\n" for number in range(5))
    (tmp_path / "pins.jsonl").write_text(lines)
    assert commands("index", "pins.jsonl").status == 0
    assert commands("export", "a.tar").out == "5 written, 5 pictures\n"
    refused = commands("export", "a.tar")
    assert refused.status == 2
    assert "--force" in refused.err
    assert commands("import", "a.tar", "--collection", "copy").out == "5 written, 5 pictures\n"
    assert commands("import", "a.tar", "--collection", "copy").out == "5 unchanged\n"
    assert commands("get", "pin-00001", "--collection", "copy").status == 0
    (tmp_path / "b.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:5_000])
    broken = commands("import", "b.tar", "--collection", "new")
    assert broken.status == 1
    assert "export again" in broken.err
    assert commands("info", "--collection", "new").status == 1
    assert commands("import", "none.tar").status == 2
    commands.encoder = TinyEncoder("tiny/2")
    other = commands("import", "a.tar", "--collection", "new")
    assert other.status == 1
    assert "ENGINE_ENCODER" in other.err
    # Nothing of the wrong kind was made, in which the right one would find no room.
    commands.encoder = TinyEncoder()
    assert commands("import", "a.tar", "--collection", "new").status == 0
