"""Shows the engine on the sample pins: runs real commands, then stacks their contact sheets.

`make demo` calls it. Everything it does can be typed: each command is printed before it runs.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
ENGINE = Path(sys.executable).parent / "engine"
OUT = ROOT / "out"
SAMPLES = "data/samples"

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Words. Dim bars are pins without any text, found by their pictures.",
        ("search", "blue striped sofa", "--limit", "6", "--explain"),
    ),
    (
        "A picture, of which only the part in the box counts.",
        (
            "search",
            "--image",
            f"{SAMPLES}/images/lamp-001.jpg",
            "--crop",
            "0.1,0.1,0.8,0.8",
            "--limit",
            "6",
        ),
    ),
    (
        "A mix: a green checked handbag, but red, without the checks, for up to 120.",
        (
            "search",
            "but red",
            "--pin",
            "handbag-003",
            "--minus",
            "checked",
            "--filter",
            "price=..120",
            "--limit",
            "6",
        ),
    ),
    (
        "Related pins: by what is in the picture, never by popularity.",
        ("related", "lake-001", "--limit", "6"),
    ),
)

NEXT = """\
Try next (the data stays in .engine):
  .venv/bin/engine search "beach at sunset" --collection samples --explain
  .venv/bin/engine search "cake" --filter has_text=no --collection samples --json
  .venv/bin/engine related sofa-003 --collection samples --sheet related.png
  .venv/bin/engine serve --collection samples      # then open http://127.0.0.1:8000
  .venv/bin/engine index ~/Pictures                # your own pictures
"""


def main() -> int:
    """Index the samples, ask four questions, draw the answers; return the exit status."""
    OUT.mkdir(exist_ok=True)
    run(("index", f"{SAMPLES}/pins.jsonl"))
    sheets = []
    for number, (title, command) in enumerate(STEPS, 1):
        print(f"\n{title}", flush=True)
        sheet = OUT / f"demo-{number}.png"
        run((*command, "--sheet", str(sheet.relative_to(ROOT))))
        sheets.append(sheet)
    picture = stack(sheets, OUT / "demo.png")
    print(f"\nThe pictures of all answers: {picture.relative_to(ROOT)}\n\n{NEXT}")
    return 0


def run(command: tuple[str, ...]) -> None:
    """Print a command as one would type it and run it; a failure ends the demo with its status."""
    full = (*command, "--collection", "samples")
    print(f"$ engine {shlex.join(full)}", flush=True)
    environment = os.environ | {"ENGINE_DATA": str(ROOT / ".engine")}
    status = subprocess.run([ENGINE, *full], cwd=ROOT, env=environment, check=False).returncode
    if status:
        raise SystemExit(status)


def stack(sheets: list[Path], target: Path) -> Path:
    """Join pictures of equal width from top to bottom."""
    pictures = [Image.open(sheet) for sheet in sheets]
    joined = Image.new("RGB", (pictures[0].width, sum(each.height for each in pictures)))
    top = 0
    for each in pictures:
        joined.paste(each, (0, top))
        top += each.height
    joined.save(target)
    return target


if __name__ == "__main__":
    sys.exit(main())
