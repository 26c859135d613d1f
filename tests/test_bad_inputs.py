"""The table of bad inputs in docs/errors.md, on the command line: one line, the right status."""

import json
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from engine.store.ownership import Ownership
from tests.commands import Commands
from tests.tiny_encoder import COLOURS, TinyEncoder

Prepare = Callable[[Path, pytest.MonkeyPatch, Commands], None]


@pytest.fixture
def commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    made = Commands(monkeypatch, capsys)
    for colour in ("red", "blue"):
        Image.new("RGB", (40, 30), COLOURS[colour]).save(f"{colour}.png")
    rows = [{"id": name, "image": f"{name}.png", "description": name} for name in ("red", "blue")]
    Path("pins.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF then nothing")
    Path("truncated.png").write_bytes(Path("red.png").read_bytes()[:60])
    Path("page.jpg").write_text("<html>not a picture</html>")
    Path("bomb.png").write_bytes(bomb())
    assert made("index", "pins.jsonl").status == 0
    return made


def bomb(side: int = 60_000) -> bytes:
    """Return a small PNG that declares 3.6 gigapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


ROWS: list[tuple[str, tuple[str, ...], int, str]] = [
    ("unknown id", ("related", "nope"), 1, "no pin 'nope'"),
    ("unknown id", ("get", "nope"), 1, "no pin 'nope'"),
    ("unknown id", ("delete", "nope"), 1, "no pin 'nope'"),
    ("unknown id", ("search", "--pin", "nope"), 1, "no pin 'nope'"),
    ("impossible id", ("get", "a/b"), 2, "id 'a/b' is not valid"),
    ("impossible id", ("related", ".."), 2, "id '..' is not valid"),
    ("empty query", ("search",), 2, "the query is empty"),
    ("empty query", ("search", "  "), 2, "empty: give at least one word"),
    ("only minus", ("search", "--minus", "red"), 2, "only subtracts"),
    ("huge text", ("search", "x" * 1001), 2, "the limit is 1,000"),
    ("limit", ("search", "red", "--limit", "0"), 2, "limit 0 is out of range"),
    ("limit", ("search", "red", "--limit", "201"), 2, "1 to 200"),
    ("cursor", ("search", "red", "--cursor", "x"), 2, "cursor 'x'"),
    ("crop outside", ("search", "--image", "red.png", "--crop", "0.5,0,0.6,1"), 2, "not inside"),
    ("no box", ("search", "--image", "red.png", "--crop", "1,2"), 2, "x,y,w,h"),
    ("crop of words", ("search", "red", "--crop", "0,0,1,1"), 2, "crop needs a picture"),
    ("bad filter", ("search", "red", "--filter", "colour=red"), 2, "known keys"),
    ("bad filter", ("search", "red", "--filter", "price"), 2, "key=value"),
    ("bad filter", ("search", "red", "--filter", "price=9..1"), 2, "above the upper"),
    ("corrupt image", ("search", "--image", "corrupt.jpg"), 1, "JPEG picture is truncated"),
    ("truncated image", ("search", "--image", "truncated.png"), 1, "PNG picture is truncated"),
    ("not an image", ("search", "--image", "page.jpg"), 1, "accepted: JPEG"),
    ("no such file", ("search", "--image", "none.jpg"), 1, "can't be read"),
    ("bomb", ("search", "--image", "bomb.png"), 1, "60,?000"),
    ("no such path", ("index", "none.jsonl"), 2, "does not exist"),
    ("no collection", ("search", "red", "--collection", "other"), 1, "no collection 'other'"),
    ("id among ids", ("delete", "nope", "red"), 1, "no pin 'nope'.*1 were deleted"),
    ("boards", ("boards", "--limit", "-1"), 2, "1 to 1,000"),
    ("port", ("serve", "--port", "70000"), 2, "ENGINE_SERVE__PORT"),
    ("not UTF-8", ("search", "\udcff"), 2, "UTF-8"),
    ("not UTF-8", ("search", "red", "--filter", "merchant=\udcff"), 2, "UTF-8"),
    ("filter twice", ("search", "a", "--filter", "price=1", "--filter", "price=2"), 2, "twice"),
    ("long name", ("index", "x" * 300), 2, "can't be read"),
    ("endless image", ("search", "--image", "/dev/zero"), 1, "is larger than"),
    ("bad setting", ("info", "--collection", "a b"), 2, "ENGINE_COLLECTION"),
    ("bad option", ("index", "pins.jsonl", "--extra", "some"), 2, "use ignore or keep"),
    ("sheet", ("search", "red", "--sheet", "none/x.png"), 2, "can't be written"),
]


@pytest.mark.parametrize(("name", "words", "status", "message"), ROWS)
def test_each_row_is_one_clear_line(
    commands: Commands, name: str, words: tuple[str, ...], status: int, message: str
) -> None:
    result = commands(*words)
    said(result.status, result.err, status, message)
    assert result.out in {"", "1 deleted\n"}


def said(status: int, err: str, expected: int, message: str) -> None:
    """Check the exit status, and that the last line alone tells what is wrong."""
    assert status == expected, err
    lines = [line for line in err.splitlines() if line]
    assert re.search(message, lines[-1]), err
    assert lines[-1].startswith("engine: ")
    assert len(lines) == 1, err
    assert "Traceback" not in err


def test_red_minus_red_leaves_half_of_it(commands: Commands) -> None:
    assert commands("search", "red", "--minus", "red").status == 0


def test_mixed_fingerprints_are_refused_at_equal_dimension(commands: Commands) -> None:
    commands.encoder = TinyEncoder("tiny/2")
    for words in (("search", "red"), ("index", "pins.jsonl")):
        result = commands(*words)
        said(result.status, result.err, 1, "tiny/1.*tiny/2")
    assert commands("related", "red").status == 0  # needs no encoder


def test_another_language_is_another_analysis(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_LANGUAGE", "german")
    result = commands("search", "red")
    said(result.status, result.err, 1, "text analysis is .*english.*german")
    monkeypatch.setenv("ENGINE_LANGUAGE", "klingon")
    result = commands("search", "red")
    said(result.status, result.err, 2, "has no stemmer")


def test_a_collection_in_use_names_its_owner(commands: Commands, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "collections" / "pins"
    code = (
        "import sys, pathlib\n"
        "from engine.store.ownership import Ownership\n"
        f"hold = Ownership.take(pathlib.Path({str(folder)!r}))\n"
        "print(hold.owner.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        pid = holder.stdout.readline().strip()
        for words in (("search", "red"), ("index", "pins.jsonl"), ("delete", "red")):
            result = commands(*words)
            said(result.status, result.err, 1, f"in use by process {pid}")
        holder.kill()
        holder.wait()
        assert commands("search", "red").status == 0
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.kill()
        holder.wait()


def test_a_full_disk_is_said_before_anything_is_written(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(".").free
    monkeypatch.setenv("ENGINE_STORE__MIN_FREE_BYTES", str(free * 2))
    Path("pins.jsonl").write_text('{"id": "new", "image": "red.png", "description": "x"}\n')
    result = commands("index", "pins.jsonl")
    assert result.status == 1
    assert "free some room" in result.err
    monkeypatch.delenv("ENGINE_STORE__MIN_FREE_BYTES")
    assert json.loads(commands("info", "--json").out)["pins"] == 2
    assert commands("search", "red").status == 0


def test_a_vector_that_is_no_number_never_reaches_the_store(commands: Commands) -> None:
    class Broken(TinyEncoder):
        def encode_images(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
            return np.full((len(images), self.dimension), np.nan, dtype=np.float32)

    commands.encoder = Broken()
    Path("pins.jsonl").write_text('{"id": "new", "image": "blue.png"}\n')
    result = commands("index", "pins.jsonl")
    assert result.status == 1
    assert "no usable vector" in result.err
    assert json.loads(commands("info", "--json").out)["pins"] == 2


def test_bad_settings_and_unknown_encoders_name_themselves(tmp_path: Path) -> None:
    """In a process of its own, with the real encoder loading."""
    (tmp_path / "a.jsonl").write_text('{"id": "a", "image": "a.png"}\n')
    base = {"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1", "ENGINE_DATA": str(tmp_path / "d")}
    for extra, status, message in (
        ({"ENGINE_ENCODER": str(tmp_path / "no-model")}, 2, "no-model"),
        ({"ENGINE_STORE__MIN_FREE_BYTES": "much"}, 2, "ENGINE_STORE__MIN_FREE_BYTES"),
        ({"ENGINE_IMAGES__MODE": "all"}, 2, "ENGINE_IMAGES__MODE"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "engine.cli", "index", "a.jsonl"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=base | extra,
        )
        said(done.returncode, done.stderr, status, message)


def test_own_lock_is_told_apart(commands: Commands, tmp_path: Path) -> None:
    """A lock file that nobody holds any more stops nobody."""
    folder = tmp_path / "data" / "collections" / "pins"
    hold = Ownership.take(folder)
    hold.release()
    assert commands("search", "red").status == 0
