"""The main job on 9,470 real pins, by real commands: a kill in the middle, then the answers."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

PINS = 9_470
QUERY = "women black handbag"


@dataclass(frozen=True)
class Shop:
    """A data folder with the fashion pins in it, and what indexing them printed."""

    data: Path
    pins: Path
    killed_after: int
    finished: dict[str, int]

    def engine(self, *words: str) -> Any:
        """Run a command with `--json` and return what it printed."""
        done = subprocess.run(
            command(*words), env=environment(self.data), capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "engine.cli", *words, "--json"]


def environment(data: Path) -> dict[str, str]:
    return os.environ | {"ENGINE_DATA": str(data)}


@pytest.fixture(scope="module")
def shop(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Index the set, killed with SIGKILL once a good part is in, then once more to its end."""
    data = tmp_path_factory.mktemp("fashion")
    pins = shared / "data" / "fashion" / "pins.jsonl"
    first = subprocess.Popen(
        command("index", str(pins)),
        env=environment(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 600
    images = data / "collections" / "pins" / "images"
    while sum(1 for _ in images.glob("*/*.jpg")) < 2_000:
        assert first.poll() is None, "the index ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    empty = Shop(data, pins, 0, {})
    survived = int(empty.engine("info")["pins"])
    return Shop(data, pins, survived, empty.engine("index", str(pins)))


def test_a_kill_loses_nothing_and_the_same_command_finishes(shop: Shop) -> None:
    assert 1_000 < shop.killed_after < PINS
    assert shop.finished["unchanged"] == shop.killed_after
    assert shop.finished["added"] == PINS - shop.killed_after
    assert shop.finished["rejected"] == 0
    assert shop.engine("info")["pins"] == PINS


def test_a_second_run_adds_nothing(shop: Shop) -> None:
    counts = shop.engine("index", str(shop.pins))
    assert counts["unchanged"] == PINS
    assert sum(counts.values()) == PINS
    assert shop.engine("info")["pins"] == PINS


def right(hit: dict[str, Any]) -> bool:
    wanted = {"gender": "Women", "articleType": "Handbags", "baseColour": "Black"}
    return bool(wanted.items() <= hit["pin"]["attributes"].items())


def test_the_first_ten_are_right_by_their_attributes(shop: Shop) -> None:
    hits = shop.engine("search", QUERY, "--limit", "10")["hits"]
    assert len(hits) == 10
    assert sum(map(right, hits)) >= 8


def test_with_half_of_the_texts_gone_silent_pins_stand_among_the_first(
    shop: Shop, tmp_path: Path
) -> None:
    original = shop
    rng = random.Random(13)
    lines = [json.loads(line) for line in shop.pins.read_text().splitlines()]
    silent = {pin["id"] for pin in lines if rng.random() < 0.5}
    for pin in lines:
        if pin["id"] in silent:
            del pin["description"], pin["board_title"]
    shutil.copytree(shop.pins.parent / "images", tmp_path / "images")
    half = tmp_path / "half.jsonl"
    half.write_text("".join(json.dumps(pin) + "\n" for pin in lines))
    shop = replace(shop, data=tmp_path / "data")
    shutil.copytree(original.data, shop.data)
    counts = shop.engine("index", str(half))
    assert counts["updated"] == len(silent)
    assert counts["unchanged"] == PINS - len(silent)

    hits = shop.engine("search", QUERY, "--limit", "10", "--explain")["hits"]
    told = {hit["id"]: hit["why"] for hit in hits}
    without = [why for pin, why in told.items() if pin in silent]
    assert 1 <= len(without) < 10
    for why in without:
        assert why["found_by"] == ["image"]
        assert why["calibrated"]["lexical_from"] == "neighbours"
        assert why["text"]["rank"] is None
    for pin, why in told.items():
        if pin not in silent:
            assert "text" in why["found_by"]
            assert why["calibrated"]["lexical_from"] == "text"
    assert sum(map(right, hits)) >= 7
