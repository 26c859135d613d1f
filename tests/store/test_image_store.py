"""Kept pictures: which bytes are kept, and that they are on disk when that is said."""

import errno
import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import StoreError
from engine.features.images import decode, decode_whole
from engine.store import unsynced
from engine.store.image_store import ImageStore
from tests.ingestion.taking_in import opened, put


def photo(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 75) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


class Synced:
    """Stands in for fsync and writes down which files it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[Path] = []
        self._real = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        self.paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        self._real(descriptor)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Synced:
    return Synced(monkeypatch)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("size", "quality", "as_it_came"),
    [((512, 300), 75, True), ((513, 300), 75, False), ((512, 300), 100, True)],
)
def test_a_small_jpeg_file_is_kept_as_it_came(
    tmp_path: Path, size: tuple[int, int], quality: int, as_it_came: bool
) -> None:
    store = ImageStore(tmp_path / "images")
    came = decode_whole(jpeg(photo(1, size), quality))
    key = store.put(came.image, came.jpeg)
    assert key is not None
    kept = store.get(key)
    assert kept is not None
    assert (kept == came.jpeg) is as_it_came
    assert max(decode(kept).size) <= 512


def test_a_jpeg_file_of_many_bytes_a_pixel_is_made_anew(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    came = decode_whole(jpeg(Image.fromarray(noise), 100))
    store = ImageStore(tmp_path / "images")
    kept = store.get(store.put(came.image, came.jpeg) or "")
    assert kept is not None
    assert came.jpeg is not None
    assert len(kept) < len(came.jpeg)


def test_thumbnails_are_small_whatever_came(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images", "thumbnail")
    came = decode_whole(jpeg(photo(1, (300, 200))))
    assert decode(store.get(store.put(came.image, came.jpeg) or "") or b"").size == (192, 128)


def test_a_sync_reaches_every_new_file_and_its_folder_once(tmp_path: Path, synced: Synced) -> None:
    store = ImageStore(tmp_path / "images")
    for seed in range(20):
        store.put(photo(seed))
    store.put(photo(0))
    gone = store.put(photo(99))
    assert gone is not None
    store.delete(gone)
    store.sync()
    kept = files(tmp_path)
    assert len(kept) == 20
    assert set(synced.paths) >= kept | {path.parent for path in kept}
    assert len(synced.paths) == len(set(synced.paths))
    synced.paths.clear()
    store.sync()
    store.put(photo(0))
    store.sync()
    assert synced.paths == []


def test_many_files_do_not_wait_for_a_sync(
    tmp_path: Path, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsynced, "MOST", 5)
    store = ImageStore(tmp_path / "images")
    for seed in range(5):
        store.put(photo(seed))
    assert synced.paths == []
    store.put(photo(5))
    assert set(synced.paths) >= files(tmp_path)


def test_who_comes_meanwhile_waits_for_the_sync_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another has taken up the files and is not done: nothing may be said to be on disk yet."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        begun.set()
        assert go_on.wait(10)

    monkeypatch.setattr(os, "fsync", slow)
    store = ImageStore(tmp_path / "images")
    store.put(photo(1))
    first = threading.Thread(target=store.sync)
    second = threading.Thread(target=store.sync)
    first.start()
    assert begun.wait(10)
    second.start()
    second.join(0.1)
    assert second.is_alive()
    go_on.set()
    first.join(10)
    second.join(10)
    assert not second.is_alive()


def test_what_the_disk_refuses_is_forgotten_and_kept_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    store = ImageStore(tmp_path / "images")
    key = store.put(photo(1))
    assert key is not None
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", broken)
        with pytest.raises(StoreError, match="Input/output error"):
            store.sync()
    assert not store.has(key)
    store.sync()
    assert store.put(photo(1)) == key
    assert store.has(key)


@pytest.mark.parametrize("left", [0, 10])
def test_what_a_power_cut_left_of_a_picture_is_made_whole(tmp_path: Path, left: int) -> None:
    store = ImageStore(tmp_path / "images")
    key = store.put(photo(1))
    assert key is not None
    whole = store.get(key)
    [path] = files(tmp_path)
    os.truncate(path, left)
    assert store.has(key) is (left > 0)
    assert store.put(photo(1)) == key
    assert store.get(key) == whole


def test_pictures_are_on_disk_before_their_pins_are_said_to_be(
    tmp_path: Path, synced: Synced
) -> None:
    with opened(tmp_path / "data") as workspace:
        sent = [put(f"p{n}", colour=colour) for n, colour in enumerate(("red", "blue", "green"))]
        assert [each.status for each in workspace.intake().run(sent)] == ["added"] * 3
        synced.paths.clear()
        workspace.settle()
        pictures = files(workspace.images.folder)
        assert len(pictures) == 3
        logged = [at for at, path in enumerate(synced.paths) if "wal" in path.parts]
        assert logged
        assert pictures <= set(synced.paths[: logged[0]])
