"""Creating and upgrading the database (alembic), and saying when it cannot be read.

Alembic is imported only to upgrade: whether that is needed, every command asks, and it has to be quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from healthcheck.errors import Fatal, UsageError
from healthcheck.store.session import reading

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 4_826_100  # of PostgreSQL: who brings the tables up to date


def upgrade(engine: Engine) -> None:
    """Create the tables, or bring an older database to this release. Does nothing when it is current.

    Several at once come one after the other, and those that come later find nothing to do.
    """
    from alembic import command

    with _Readable(engine), migrating(engine) as config:
        command.upgrade(config, "head")


@contextmanager
def migrating(engine: Engine) -> Iterator[Config]:
    """Alembic's configuration, with one transaction around all that it does.

    SQLite changes a table by making it anew, which foreign keys would forbid: there they are off meanwhile, and checked at the end.
    """
    config = _config()
    with engine.connect().execution_options(reading=False) as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute(
                "PRAGMA foreign_keys=OFF"
            )  # before the transaction: inside it does nothing
        with connection.begin():
            if engine.dialect.name == "postgresql":  # SQLite has one writer anyway
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            config.attributes["connection"] = connection
            yield config
            if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise Fatal("the database has rows that refer to none; it was left as it was, restore a backup")


def require_current(engine: Engine) -> None:
    """Raise UsageError, with the remedy, unless the database has this release's tables."""
    with _Readable(engine), reading(engine) as connection:
        there = inspect(connection).has_table("alembic_version")
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if there else None
    if found is None:
        raise UsageError(f"there is no healthcheck database at {_where(engine)}; run: healthcheck init")
    if found != newest():
        raise UsageError(f"the database at {_where(engine)} is from another release; run: healthcheck init")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def newest() -> str:
    """The revision that this release needs: the files of the migrations are named after theirs, and numbered."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")).partition("_")[0]


def _where(engine: Engine) -> str:
    return engine.url.database or "?" if engine.dialect.name == "sqlite" else engine.url.render_as_string()


class _Readable:
    """Turns a database's own errors into one line for a person."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> None:
        path = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and path and path != ":memory:" and not Path(path).parent.is_dir():
            raise UsageError(f"cannot open the database {path}: its folder does not exist")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SQLAlchemyError):
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            raise UsageError(f"cannot read the database {_where(self.engine)}: {reason}") from None
