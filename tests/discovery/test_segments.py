"""What a collection is made of, how its segments are called, and whom a creative speaks to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from math import log1p
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import adjusted_rand_score

from engine.discovery.clusters import FloatArray, fitted, matched, unit
from engine.discovery.naming import Wording
from engine.discovery.segments import NAME, Segmenter
from engine.errors import BadQuery, StoreError
from engine.ingestion.changes import Deletion
from engine.serving.segments import AudienceRequest, SegmentsRequest, segmenter
from engine.workspace import Workspace, collection_folder
from tests.commands import Commands
from tests.ingestion.taking_in import opened, put
from tests.tiny_encoder import COLOURS

KINDS = {"red": "dress", "green": "sofa", "blue": "lamp", "black": "boots"}
PINS = 10


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Ten pins of each of four colours; those in black say nothing."""
    with opened(tmp_path_factory.mktemp("segments")) as made:
        fill(made)
        yield made


def fill(workspace: Workspace, colours: tuple[str, ...] = tuple(KINDS)) -> None:
    pins = []
    for colour in colours:
        for number in range(PINS):
            said = colour != "black"
            text = f"{KINDS[colour]} number {'s' if number % 2 else ''}{KINDS[colour]}s"
            pins.append(
                put(
                    f"{colour}-{number}",
                    text if said else "",
                    colour=colour,
                    board_title=f"my {KINDS[colour]} board" if said else None,
                )
            )
    list(workspace.intake().run(pins))


def blobs(seed: int, sizes: tuple[int, ...], spread: float = 0.3) -> tuple[FloatArray, list[int]]:
    chance = np.random.default_rng(seed)
    middles = unit(np.random.default_rng(1).standard_normal((len(sizes), 32)).astype(np.float32))
    kinds = [kind for kind, size in enumerate(sizes) for _ in range(size)]
    noise = chance.standard_normal((len(kinds), 32)).astype(np.float32) / np.sqrt(32)
    return unit(middles[kinds] + spread * noise), kinds


def test_large_and_small_kinds_are_found_whole() -> None:
    vectors, kinds = blobs(2, (800, 60, 40, 400))
    clusters = fitted(vectors, 4)
    groups, cosines = clusters.nearest(vectors)
    assert adjusted_rand_score(kinds, groups) == 1.0
    assert np.bincount(groups).tolist() == [800, 400, 60, 40]
    assert clusters.fit == pytest.approx(float(cosines.mean()), abs=1e-4)
    again = fitted(vectors, 4)
    assert np.array_equal(again.centres, clusters.centres)
    new, same = blobs(3, (30, 30, 30, 30))
    assert adjusted_rand_score(same, clusters.nearest(new)[0]) == 1.0


def test_few_vectors_make_few_groups() -> None:
    vectors, _ = blobs(4, (3, 2))
    assert 1 <= fitted(vectors, 12).count <= 12
    assert fitted(np.repeat(vectors[:1], 40, axis=0), 5).count == 1


@given(st.permutations(range(5)), st.integers(0, 100))
def test_a_run_is_matched_whatever_its_order(order: list[int], seed: int) -> None:
    old = unit(np.random.default_rng(seed).standard_normal((5, 64)).astype(np.float32))
    assert matched(old[order], old) == dict(enumerate(order))
    assert matched(-old, old) == {}


def test_words_weigh_as_the_formula_says() -> None:
    wording = Wording(2, lambda word: word.rstrip("s"))
    for group, text in ((0, "red dress"), (0, "dresses red"), (0, "dresses"), (1, "red shoes")):
        wording.add(group, text)
    wording.add(1, "")
    # Of two pins a group on average, dress is said by one and dresse by two, red by three in all.
    worth = {
        "dress": 1 / 3 * log1p(2 / 1),
        "dresses": 2 / 3 * log1p(1),
        "red": 2 / 3 * log1p(2 / 3),
    }
    assert wording.names()[0] == sorted(worth, key=lambda word: -worth[word])
    assert wording.names()[1] == ["shoes", "red"]


def test_segments_have_names_covers_and_every_pin(workspace: Workspace) -> None:
    told = SegmentsRequest(count=4).answer(workspace)
    assert sum(each["pins"] for each in told["segments"]) == told["pins"] == 4 * PINS
    named = {each["covers"][0].split("-")[0]: each for each in told["segments"]}
    assert set(named) == set(KINDS)
    for colour in ("red", "green", "blue"):
        assert KINDS[colour] in named[colour]["name"]
    assert named["black"]["words"]  # from the text tower: nothing is said there
    assert SegmentsRequest().answer(workspace)["segments"] == told["segments"]
    with pytest.raises(BadQuery, match="2 to 100"):
        SegmentsRequest(count=1).answer(workspace)


def test_ids_stay_when_pins_come_and_go(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        with pytest.raises(BadQuery, match="no pins"):
            SegmentsRequest().answer(workspace)
        fill(workspace, ("red", "green", "blue"))
        found = segmenter(workspace).current(3)
        before = {each.covers[0][:3]: each.id for each in found.segments}
        list(workspace.intake().run([put("red-new", "another dress", colour="red")]))
        grown = segmenter(workspace).current()
        assert np.allclose(grown.clusters.centres, found.clusters.centres, atol=1e-5)
        assert sum(each.pins for each in grown.segments) == 3 * PINS + 1
        fill(workspace, ("black",))  # far from all that was there: a new fit
        anew = segmenter(workspace).current(4)
        after = {each.covers[0][:3]: each.id for each in anew.segments}
        assert before.items() <= after.items()
        assert after["bla"] not in before.values()
        list(workspace.intake().run([Deletion(f"red-{n}", f"red-{n}") for n in range(PINS)]))
        assert sum(each.pins for each in segmenter(workspace).current().segments) == 3 * PINS + 1


def test_what_no_longer_fits_is_fitted_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        fill(workspace, ("red", "green"))
        found = segmenter(workspace).current(4)
        kept = replace(found, clusters=replace(found.clusters, fit=1.5))
        maker = segmenter(workspace)
        maker._keep(kept)
        fill(workspace, ("blue",))
        assert maker.current().clusters.fit <= 1.0


def test_a_file_that_is_spoilt_or_of_another_encoder(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / NAME
    maker = Segmenter(workspace.collection, workspace.analyzer, path, lambda rows: [["x"]] * 9)
    maker.current(3)
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"encoder": "another"}))
    assert maker.kept() is None
    path.write_text("{")
    with pytest.raises(StoreError, match="remove it"):
        maker.current()


def test_a_creative_speaks_to_those_who_like_such_pins(workspace: Workspace) -> None:
    SegmentsRequest(count=4).answer(workspace)
    people = {"ann": ["red-1", "red-2"], "bob": ["blue-1", "red-3"], "eve": ["nobody"]}
    told = AudienceRequest(text="red dress", people=people).answer(workspace)
    assert told["segments"][0]["covers"][0].startswith("red")
    assert told["boards"][0]["title"] == "my dress board"
    assert [each["name"] for each in told["people"]] == ["ann", "bob"]
    assert all(pin["id"].startswith("red") for pin in told["segments"][0]["evidence"])
    for part in ("segments", "boards", "people"):
        scores = [each["score"] for each in told[part]]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score < 1 for score in scores)
    with pytest.raises(BadQuery):
        AudienceRequest().answer(workspace)
    with pytest.raises(BadQuery):
        AudienceRequest(text="red", limit=0).answer(workspace)
    with pytest.raises(BadQuery):
        AudienceRequest(text="red", people={"a": ["x"] * 10_001}).answer(workspace)


def test_the_command(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path))
    engine = Commands(monkeypatch, capsys)
    with opened(tmp_path) as made:
        fill(made, ("red", "green"))
        assert not (collection_folder(made.settings) / NAME).exists()
    assert "dress" in engine("segments", "--count", "2").out
    told = json.loads(engine("segments", "--json").out)
    assert [each["pins"] for each in told["segments"]] == [PINS, PINS]
    Image.new("RGB", (20, 20), COLOURS["green"]).save(tmp_path / "new.png")
    sheet = tmp_path / "sheet.png"
    found = engine("segments", "--creative", str(tmp_path / "new.png"), "--sheet", str(sheet))
    assert "sofa" in found.out.splitlines()[0]
    assert sheet.exists()
    assert engine("segments", "--text", "red", "--refresh").status == 2
    assert engine("segments", "--count", "1").status == 2
