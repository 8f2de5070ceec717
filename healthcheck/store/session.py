"""Engines and transactions. On SQLite: WAL, synchronous=FULL, and every writing transaction begins IMMEDIATE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from healthcheck.errors import UsageError
from healthcheck.store import audit

BUSY_SECONDS = 20.0


def connect(url: str, keys: Sequence[str] = ()) -> Engine:
    """An engine for ``url``, whose audit is signed with the first of ``keys``.

    Raises UsageError if it is no database URL that we can open.
    """
    try:
        engine = create_engine(url, **_options(url))
    except ImportError as error:
        what = (
            "pip install 'customer-healthcheck[postgres]'" if url.startswith("postgres") else "use sqlite or postgresql"
        )
        raise UsageError(f"cannot use the database URL: {error}; {what}") from None
    except SQLAlchemyError as error:
        raise UsageError(f"cannot use the database URL: {error}".splitlines()[0]) from None
    engine.update_execution_options(**{audit.KEYS: tuple(keys)})
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {"pool_pre_ping": True}
    return {"poolclass": NullPool, "connect_args": {"timeout": BUSY_SECONDS}}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is off; ours says IMMEDIATE
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Any) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def write(engine: Engine) -> Iterator[Session]:
    """One writing transaction: committed at the end with its notes for the audit, which are logged then; rolled back on any error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
        notes = audit.chain(session)
    audit.log(notes)


@contextmanager
def read(engine: Engine) -> Iterator[Session]:
    """One reading transaction: a stable view that blocks nobody."""
    with engine.connect().execution_options(reading=True) as connection:
        with Session(connection, expire_on_commit=False) as session:
            yield session


def trouble(error: DBAPIError) -> str:
    """One line for a person about what the database would not do. What was committed stays, and the next run goes on from there."""
    reason = str(error.orig).splitlines()[0]
    return f"the database: {reason}; nothing is lost: run the same command again once that is mended"
