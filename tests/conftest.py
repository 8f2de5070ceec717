from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import event
from sqlalchemy.pool import Pool

from healthcheck.cli import main
from healthcheck.store.session import connect
from tests import databases


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """No test sees this machine's settings, or writes where it was started."""
    for name in [n for n in os.environ if n.startswith("HEALTHCHECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


@pytest.fixture(autouse=True)
def _levels_of_logging_stay():
    """A command sets them for its process; here they would be there for the whole session."""
    before = {name: logging.getLogger(name).level for name in ("", "healthcheck", "jobs")}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


def pytest_generate_tests(metafunc):
    """``@pytest.mark.database("sqlite", "postgresql")``: the test runs on each of these; where one is asked for, on that alone."""
    marker = metafunc.definition.get_closest_marker("database")
    if marker and "database_kind" in metafunc.fixturenames:
        kinds = marker.args if databases.KIND == "sqlite" or databases.KIND not in marker.args else (databases.KIND,)
        metafunc.parametrize("database_kind", kinds, scope="session")


_opened = []
event.listen(Pool, "connect", lambda connection, _record: _opened.append(connection))


@pytest.fixture(autouse=True)
def _no_connection_left_open():
    """A command leaves its connections to the end of its process; here they would be there for the whole session."""
    yield
    while _opened:
        _opened.pop().close()


@pytest.fixture(scope="session")
def database_kind():
    """The kind of database that the test runs on."""
    return databases.KIND


@pytest.fixture
def database_url(tmp_path, database_kind):
    """The URL of an empty database of this release."""
    made = databases.create(tmp_path, "test", database_kind)
    yield made
    databases.drop(made)


@pytest.fixture
def engine(database_url):
    """A real, empty database on disk."""
    engine = connect(database_url)
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
def cli(capsys, monkeypatch, database_kind):
    """Run a command as a user would: ``cli("check", "C042", "--json")``. Its database belongs to the working directory."""
    own = "HEALTHCHECK_DATABASE_URL"

    def run(*words) -> Ran:
        if database_kind != "sqlite" and os.environ.get(own) in (None, *at_home):
            at_home.append(databases.home(Path.cwd(), database_kind))
            monkeypatch.setenv(own, at_home[-1])
        monkeypatch.setattr(sys, "argv", ["healthcheck", *map(str, words)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    at_home: list[str] = []
    yield run
    for url in set(at_home):
        databases.drop(url)


@pytest.fixture
def shared():
    """The folder of real files to measure on; tests that need it are skipped where it is absent."""
    found = Path(__file__).parents[2] / "shared"
    if not found.is_dir():
        pytest.skip("the shared data are not here")
    return found
