"""SQLite as one file that several threads and processes write: connections that last, and writers who queue.

Opening and closing a connection for each transaction costs more than the transaction: who closes the last one empties the write-ahead
log, with two more waits for the disk. And a writer who finds the file locked sleeps, for up to a tenth of a second at a time: so the
threads of one process take turns at a lock of their own, and only processes meet at the file's.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, Pool, QueuePool, event
from sqlalchemy.exc import DisconnectionError

KEPT: Final = 20  # idle connections, at most
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_inherited: list[Pool] = []  # kept for ever: to close a parent's connection would meddle with its locks


def options(busy_seconds: float) -> dict[str, Any]:
    """What ``create_engine`` is to be told."""
    return {
        "poolclass": QueuePool, "pool_size": KEPT, "max_overflow": -1,
        "connect_args": {"timeout": busy_seconds, "check_same_thread": False},
    }  # fmt: skip


def prepare(engine: Engine) -> None:
    """WAL, synchronous=FULL, and every writing transaction begins IMMEDIATE."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "checkout", _require_same_file)
    event.listen(engine, "begin", _begin)
    _engines.add(engine)
    weakref.finalize(engine, engine.pool.dispose)


@contextmanager
def turn(engine: Engine, busy_seconds: float) -> Iterator[None]:
    """Whoever writes from this process, one after the other. Who waits too long tries without: the database says what is wrong."""
    lock = _turns[engine.url.database or ""]
    mine = lock.acquire(timeout=busy_seconds)
    try:
        yield
    finally:
        if mine:
            lock.release()


def _prepare(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is off; ours says IMMEDIATE
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    record.info["file"] = connection.execute("PRAGMA database_list").fetchone()[2]
    record.info["inode"] = _inode(record.info["file"])


def _require_same_file(connection: Any, record: Any, _proxy: Any) -> None:
    """A database that was replaced under its name is opened anew, and so is a connection that somebody closed."""
    try:
        _ = connection.in_transaction
    except sqlite3.ProgrammingError:
        raise DisconnectionError("the connection was closed") from None
    if record.info["file"] and _inode(record.info["file"]) != record.info["inode"]:
        raise DisconnectionError("the file was replaced")


def _inode(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116  (asked before every transaction)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin(connection: Any) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _forget() -> None:
    """In a forked child: SQLite's connections do not survive a fork, nor do locks that another thread held."""
    _turns.clear()
    for engine in list(_engines):
        _inherited.append(engine.pool)
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget)
