"""Runs a command of the engine inside the test's process, with the tiny encoder in its place."""

import sys
from dataclasses import dataclass

import pytest

import engine.workspace
from engine import cli
from tests.tiny_encoder import TinyEncoder


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str


class Commands:
    """Calls `engine ...`; `encoder` may be swapped between calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.encoder = TinyEncoder()
        monkeypatch.setattr(engine.workspace, "load_encoder", lambda *_: self.encoder)
        monkeypatch.setenv("COLUMNS", "160")

    def __call__(self, *words: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["engine", *words])
        self._capsys.readouterr()
        status = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        out, err = self._capsys.readouterr()
        return Result(status, out, err)
