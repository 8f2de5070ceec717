"""Creating and upgrading the database (alembic), and saying when it cannot be read."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from healthcheck.errors import UsageError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Create the tables, or bring an older database to this release. Does nothing when it is current."""
    config = _config()
    with _Readable(engine), engine.connect().execution_options(reading=False) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_current(engine: Engine) -> None:
    """Raise UsageError, with the remedy, unless the database has this release's tables."""
    with _Readable(engine), engine.connect().execution_options(reading=True) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise UsageError(f"there is no healthcheck database at {_where(engine)}; run: healthcheck init")
    if found != wanted:
        raise UsageError(f"the database at {_where(engine)} is from another release; run: healthcheck init")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


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
