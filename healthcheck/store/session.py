"""Engines and transactions; what SQLite needs is in ``sqlite``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from healthcheck.errors import UsageError
from healthcheck.store import audit, sqlite

BUSY_SECONDS = 20.0  # a writer waits for another's lock so long, then fails with one line
_POSTGRESQL: Final = {
    "idle_in_transaction_session_timeout": "10min",  # whoever stopped in the middle lets go of his locks
    "tcp_keepalives_idle": "30",  # and so does a machine that is gone without a word
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


def connect(url: str, keys: Sequence[str] = ()) -> Engine:
    """An engine for ``url``, whose audit is signed with the first of ``keys``.

    Raises UsageError if it is no database URL that we can open.
    """
    try:
        engine = create_engine(_located(url), **_options(url))
    except ImportError as error:
        what = (
            "pip install 'customer-healthcheck[postgres]'" if url.startswith("postgres") else "use sqlite or postgresql"
        )
        raise UsageError(f"cannot use the database URL: {error}; {what}") from None
    except SQLAlchemyError as error:
        raise UsageError(f"cannot use the database URL: {error}".splitlines()[0]) from None
    engine.update_execution_options(**{audit.KEYS: tuple(keys)})
    if engine.dialect.name == "sqlite":
        sqlite.prepare(engine)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _located(url: str) -> URL:
    """The URL with the driver that we use, whatever the person's own tools call PostgreSQL."""
    made = make_url(url)
    return made.set(drivername="postgresql+psycopg") if made.drivername in ("postgresql", "postgres") else made


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {"pool_pre_ping": True}
    return sqlite.options(BUSY_SECONDS)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """PostgreSQL has no text with a NUL in it: what comes with one from outside is stored with a mark in its place."""
    from psycopg.types.string import StrDumperUnknown

    class _Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)

    connection.adapters.register_dumper(str, _Text)
    with connection.cursor() as cursor:
        for name, value in {"lock_timeout": f"{BUSY_SECONDS * 1000:.0f}ms", **_POSTGRESQL}.items():
            cursor.execute(f"SET {name} = '{value}'")
    connection.commit()


@contextmanager
def write(engine: Engine) -> Iterator[Session]:
    """One writing transaction: committed at the end with its notes for the audit, which are logged then; rolled back on any error."""
    with _turn(engine), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
        notes = audit.chain(session)
    audit.log(notes)


def _turn(engine: Engine) -> AbstractContextManager[None]:
    return sqlite.turn(engine, BUSY_SECONDS) if engine.dialect.name == "sqlite" else nullcontext()


@contextmanager
def read(engine: Engine) -> Iterator[Session]:
    """One reading transaction: a stable view that blocks nobody."""
    with reading(engine) as connection, Session(connection, expire_on_commit=False) as session:
        yield session


def reading(engine: Engine) -> Connection:
    """A connection for one reading transaction, to be used in a ``with``."""
    if engine.dialect.name == "sqlite":
        return engine.connect().execution_options(reading=True)
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def trouble(error: DBAPIError) -> str:
    """One line for a person about what the database would not do. What was committed stays, and the next run goes on from there."""
    reason = str(error.orig).splitlines()[0]
    return f"the database: {reason}; nothing is lost: run the same command again once that is mended"
