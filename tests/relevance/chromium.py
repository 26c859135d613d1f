"""Chromium without a screen, to look at a page as a person would."""

import io
import shutil
import subprocess
from pathlib import Path

from PIL import Image

from tests.conftest import absent

NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT_S = 60


def screenshot(page: Path, folder: Path, size: tuple[int, int]) -> Image.Image:
    """Return what a window of a size shows of a page; skip the test where there is no Chromium."""
    shot = folder / "shot.png"
    width, height = size
    _run(page, folder, f"--screenshot={shot}", f"--window-size={width},{height}")
    with Image.open(io.BytesIO(shot.read_bytes())) as picture:
        return picture.convert("RGB")


def dom(page: Path, folder: Path) -> str:
    """Return the document as Chromium has understood it."""
    return _run(page, folder, "--dump-dom")


def _run(page: Path, folder: Path, *options: str) -> str:
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        absent("chromium", "install the package chromium")
        raise AssertionError
    # The sandbox needs rights that a container does not give; the page is the test's own.
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
    done = subprocess.run(
        [program, *quiet, f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    return done.stdout
