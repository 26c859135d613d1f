"""Makes `engine/client/synchronous` of the one for asyncio: python -m tests.client.unasync."""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SOURCE = ROOT / "engine" / "client" / "asynchronous"
TARGET = ROOT / "engine" / "client" / "synchronous"
MADE = "# Made from `client/asynchronous` by tests/client/unasync.py.\n"
CHANGES = (
    (r"The client for asyncio\..*\"\"\"", 'The client without asyncio."""'),
    (r"engine\.client\.asynchronous", "engine.client.synchronous"),
    (r"\(await (self\._(?:json|sent)\((?:[^()]|\([^()]*\))*\))\)", r"\1"),
    (r"\bawait ", ""),
    (r'for hit in (answer\["hits"\]):\n\s+yield hit', r"yield from \1"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncBaseTransport\b", "BaseTransport"),
    (r"\bAsyncClient\b", "Client"),
    (r"\baclose\b", "close"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
)


def modules() -> dict[str, str]:
    """Return the modules without asyncio by file name."""
    return {each.name: unasync(each) for each in sorted(SOURCE.glob("*.py"))}


def unasync(source: Path) -> str:
    """Return a module without asyncio."""
    text = source.read_text()
    for pattern, other in CHANGES:
        text = re.sub(pattern, other, text)
    return formatted(MADE + text, TARGET / source.name)


def formatted(text: str, path: Path) -> str:
    """Return a module as `make lint` wants it."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(path), "-"]
    made = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT)
    return made.stdout


if __name__ == "__main__":
    for name, made in modules().items():
        (TARGET / name).write_text(made)
