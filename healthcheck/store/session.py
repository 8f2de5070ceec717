"""Engines and transactions; what the databases need is in ``sqlite`` and ``postgresql``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from healthcheck.errors import UsageError
from healthcheck.store import audit, postgresql, sqlite

BUSY_SECONDS = 20.0  # a writer waits for another's lock so long, then fails with one line


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
        postgresql.prepare(engine, BUSY_SECONDS)
    return engine


def _located(url: str) -> URL:
    """The URL with the driver that we use, whatever the person's own tools call PostgreSQL."""
    made = make_url(url)
    return made.set(drivername="postgresql+psycopg") if made.drivername in ("postgresql", "postgres") else made


def _options(url: str) -> dict[str, Any]:
    return sqlite.options(BUSY_SECONDS) if url.startswith("sqlite") else postgresql.options()


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
