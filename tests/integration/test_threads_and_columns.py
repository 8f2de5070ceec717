"""Columns are read and rows are written by threads of one process at once.

Two copies of the SQLite library in one process drop each other's file locks (sqlite.org/howtocorrupt.html, 2.2.1): with a driver that
brings its own copy, this destroys the database within seconds. So there is one copy, Python's own.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from healthcheck.ledger.read import read_columns
from healthcheck.store.books import Invoice
from healthcheck.store.session import write
from tests.unit.books import account, day


@pytest.mark.database("sqlite")
def test_reading_columns_beside_writing_threads_harms_nothing(engine):
    keys = [account(engine, f"C{n}") for n in range(4)]

    def fill(key):
        for n in range(40):
            with write(engine) as session:
                session.add(
                    Invoice(account_id=key, number=str(n), issued=day(n), due=day(n), amount=100, currency="EUR")
                )

    def look(_):
        return [read_columns(engine, day(50), "EUR").items.height for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(fill, key) for key in keys]
        readers = [pool.submit(look, n) for n in range(4)]
        assert all(counts == sorted(counts) for counts in (reader.result() for reader in readers))
        [writer.result() for writer in writers]
    assert read_columns(engine, day(50), "EUR").items.height == 160
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
