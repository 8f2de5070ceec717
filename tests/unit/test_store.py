import threading
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel, select

from healthcheck.errors import UsageError
from healthcheck.store import schema
from healthcheck.store.books import Account
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Month


@pytest.mark.database("sqlite")
def test_sqlite_is_durable_and_lets_readers_in(engine):
    with engine.connect() as connection:
        pragma = {
            p: connection.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_migrations_make_exactly_the_tables_of_the_models(engine):
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_upgrading_twice_changes_nothing(engine):
    schema.upgrade(engine)
    schema.require_current(engine)


@pytest.mark.database("sqlite")
def test_a_writer_that_reads_first_waits_instead_of_failing(engine):
    """A deferred transaction would fail at once with SQLITE_BUSY here, whatever the timeout."""
    with write(engine) as session:
        session.add(Account(account="C1", name="0"))

    def add_one():
        for _ in range(20):
            with write(engine) as session:
                account = session.exec(select(Account)).one()
                account.name = str(int(account.name) + 1)

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    with read(engine) as session:
        assert session.exec(select(Account)).one().name == "80"


def test_an_error_rolls_the_whole_transaction_back(engine):
    def broken():
        with write(engine) as session:
            session.add(Account(account="C1"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    with read(engine) as session:
        assert session.exec(select(Account)).all() == []


def test_instants_come_back_in_utc(engine):
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with write(engine) as session:
        session.add(Month(month="2026-11", as_of=date(2026, 11, 22), planned_at=at))
    with read(engine) as session:
        assert session.exec(select(Month)).one().planned_at == at


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////nowhere/at/all/x.db", "oracle-of-delphi://x"])
def test_a_database_that_cannot_be_opened_is_one_clear_line(url):
    with pytest.raises(UsageError) as error:
        schema.upgrade(connect(url))
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path):
    (tmp_path / "x.db").write_bytes(b"PK\x03\x04 not a database at all" * 100)
    with pytest.raises(UsageError, match="cannot read the database"):
        schema.require_current(connect(f"sqlite:///{tmp_path}/x.db"))


def test_an_empty_database_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="healthcheck init"):
        schema.require_current(connect(f"sqlite:///{tmp_path}/x.db"))
