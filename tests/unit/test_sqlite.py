"""Connections to SQLite that last: no transaction sees another file than the one under the name, no fork shares one."""

import os
import shutil
import sqlite3
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from healthcheck.store import schema, sqlite
from healthcheck.store import session as session_module
from healthcheck.store.books import Account
from healthcheck.store.session import connect, read, write


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/one.db"
    made = connect(url)
    schema.upgrade(made)
    made.dispose()
    return url


def names(engine):
    with read(engine) as session:
        return list(session.exec(select(Account.account).order_by(Account.id)))


def test_a_database_replaced_under_its_name_is_opened_anew(url, tmp_path):
    shutil.copy(tmp_path / "one.db", tmp_path / "empty.db")
    engine = connect(url)
    with write(engine) as session:
        session.add(Account(account="C1"))
    assert names(engine) == ["C1"]
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"one.db{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "empty.db", tmp_path / "one.db")
    assert names(engine) == []


def test_a_connection_that_somebody_closed_is_replaced(url):
    engine = connect(url)
    with engine.connect() as connection:
        inner = connection.connection.dbapi_connection
    inner.close()
    assert names(engine) == []


def test_when_the_last_engine_goes_the_log_is_empty_and_gone(url, tmp_path):
    engine = connect(url)
    with write(engine) as session:
        session.add(Account(account="C1"))
    assert (tmp_path / "one.db-wal").stat().st_size > 0
    del session
    engine.dispose()
    assert not (tmp_path / "one.db-wal").exists()


def test_a_fork_has_connections_of_its_own(url):
    engine = connect(url)
    with write(engine) as session:
        session.add(Account(account="parent"))
    child = os.fork()
    if child == 0:
        try:
            with write(engine) as session:
                session.add(Account(account="child"))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    with write(engine) as session:
        session.add(Account(account="parent again"))
    assert names(engine) == ["parent", "child", "parent again"]
    with sqlite3.connect(engine.url.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_threads_that_write_take_turns_and_none_finds_the_file_locked(url, monkeypatch):
    monkeypatch.setattr(session_module, "BUSY_SECONDS", 0.0)
    engine, wrong = connect(url), []
    monkeypatch.undo()

    def work():
        try:
            for _ in range(20):
                with write(engine) as session:
                    session.execute(text("UPDATE audit_head SET seq = seq + 1"))
                    time.sleep(0.002)
        except OperationalError as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with read(engine) as session:
        assert session.execute(text("SELECT seq FROM audit_head")).scalar() == 160


def test_who_cannot_have_his_turn_is_told_by_the_database(url):
    engine = connect(url)
    with sqlite.turn(engine, 1.0):
        began = time.monotonic()
        with sqlite.turn(engine, 0.1):
            assert time.monotonic() - began > 0.05
