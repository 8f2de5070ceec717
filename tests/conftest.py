from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from healthcheck.cli import main
from healthcheck.store import schema
from healthcheck.store.session import connect


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """No test sees this machine's settings, or writes where it was started."""
    import os

    for name in [n for n in os.environ if n.startswith("HEALTHCHECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


@pytest.fixture
def engine(tmp_path):
    """A real, empty database on disk."""
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(capsys, monkeypatch):
    """Run a command as a user would: ``cli("check", "C042", "--json")``."""

    def run(*words) -> Ran:
        monkeypatch.setattr(sys, "argv", ["healthcheck", *map(str, words)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def shared():
    """The folder of real files to measure on; tests that need it are skipped where it is absent."""
    found = Path(__file__).parents[2] / "shared"
    if not found.is_dir():
        pytest.skip("the shared data are not here")
    return found
