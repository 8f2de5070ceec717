"""Connections to PostgreSQL: kept while they are good, and given up before they are used when they are not."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text

from healthcheck.store import postgresql
from healthcheck.store.session import connect, read, write
from tests import databases

WORKERS = 16


@pytest.fixture
def url(tmp_path):
    return databases.create(tmp_path, kind="postgresql")


@pytest.fixture
def opened(url):
    """An engine, and the connections it has opened."""
    engine, opened = connect(url), []
    event.listen(engine, "connect", lambda connection, _record: opened.append(connection))
    yield engine, opened
    engine.dispose()


def test_threads_keep_their_connections(opened):
    engine, connections = opened
    together = threading.Barrier(WORKERS)

    def work(_):
        for _ in range(5):
            together.wait(30)
            with write(engine) as session:
                session.execute(text("SELECT pg_sleep(0.02)"))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert len(connections) <= WORKERS


@pytest.mark.parametrize("rested", [False, True])
def test_who_was_cut_off_by_the_server_is_replaced_before_anybody_notices(opened, url, rested, monkeypatch):
    engine, connections = opened
    with read(engine) as session:
        mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    _end(url, mine)
    if rested:
        monkeypatch.setattr(postgresql, "TRUSTED_SECONDS", 0.0)
        monkeypatch.setattr(postgresql, "_was_told", lambda _connection: False)
    for _ in range(3):
        with read(engine) as session:
            assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != mine
    assert len(connections) == 2


def test_a_connection_in_use_is_not_asked_each_time_whether_it_stands(opened, monkeypatch):
    engine, _connections = opened
    asked = []
    monkeypatch.setattr(postgresql, "_answers", lambda *_: asked.append(True) or True)
    for _ in range(5):
        with read(engine) as session:
            session.execute(text("SELECT 1"))
    assert not asked
    monkeypatch.setattr(postgresql, "TRUSTED_SECONDS", -1.0)
    with read(engine) as session:
        session.execute(text("SELECT 1"))
    assert len(asked) == 1


def _end(url, backend):
    """Cut off a connection from the server's side, and wait until it is."""
    other = connect(url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    other.dispose()
