"""The databases that tests run on: SQLite, or a PostgreSQL server of our own (``HEALTHCHECK_TEST_DATABASE=postgresql``).

A database belongs to a folder, so that a test, its copies and its child processes find it: as ``NAME.db``, or on the server with
``NAME.url`` to say where.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from healthcheck.store import schema
from healthcheck.store.session import connect
from tests.servers import postgres

BOTH = ("sqlite", "postgresql")
KIND = os.environ.get("HEALTHCHECK_TEST_DATABASE", "sqlite")
if KIND not in BOTH:
    raise pytest.UsageError(f"HEALTHCHECK_TEST_DATABASE: {KIND!r} is none of {', '.join(BOTH)}")


def needed(kind: str) -> None:
    """Skip the test where this kind of database is not to be had. Never in CI: there it fails."""
    if kind == "postgresql" and postgres.binaries() is None and not os.environ.get("CI"):
        pytest.skip("there is no PostgreSQL here")


def create(folder: Path, name: str = "book", kind: str = KIND) -> str:
    """The URL of a fresh database of this release, which has no rows yet."""
    needed(kind)
    if kind == "sqlite":
        shutil.copy(_empty_file(), folder / f"{name}.db")
        return url(folder, name)
    return _noted(folder / f"{name}.url", postgres.server().create(_empty_database()))


def home(folder: Path, kind: str = KIND) -> str:
    """The URL of the database of commands that are run in the folder: at first there is none, or one without tables."""
    needed(kind)
    note = folder / "healthcheck.url"
    if kind == "postgresql" and not note.exists():
        return _noted(note, postgres.server().create())
    return url(folder, "healthcheck")


def url(folder: Path, name: str = "book") -> str:
    """The URL of a database that was created in the folder."""
    note = folder / f"{name}.url"
    return note.read_text() if note.exists() else f"sqlite:///{folder}/{name}.db"


def of(engine: Engine) -> str:
    """The engine's URL, password and all."""
    return engine.url.render_as_string(hide_password=False)


def copy(source: Path, target: Path) -> None:
    """The folder with all its files and databases, to which nobody may be connected."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for note in target.glob("*.url"):
        name = make_url(note.read_text()).database
        _noted(note, postgres.server().create(str(name)))


def drop(where: str) -> None:
    """Throw it away, where it does not lie in the test's own folder."""
    if not where.startswith("sqlite"):
        postgres.server().drop(str(make_url(where).database))


def _noted(note: Path, name: str) -> str:
    note.write_text(postgres.server().url(name))
    return note.read_text()


@lru_cache(maxsize=1)
def _empty_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="healthcheck-empty-"))
    atexit.register(shutil.rmtree, folder)
    _upgrade(f"sqlite:///{folder}/empty.db")
    return folder / "empty.db"


@lru_cache(maxsize=1)
def _empty_database() -> str:
    name = postgres.server().create()
    _upgrade(postgres.server().url(name))
    return name


def _upgrade(where: str) -> None:
    engine = connect(where)
    schema.upgrade(engine)
    engine.dispose()
