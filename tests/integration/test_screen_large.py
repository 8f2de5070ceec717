"""A large book is screened by several processes, a small one by one: the same bytes."""

import os
import random
from datetime import UTC, datetime

import pytest

from healthcheck.cli import main
from healthcheck.errors import Retriable
from healthcheck.ledger import source
from healthcheck.ledger.read import chunks, read_columns, read_parts
from healthcheck.reviews import calibrations, screen, workers
from healthcheck.settings import Settings
from healthcheck.store.books import Invoice
from healthcheck.store.session import write
from tests import databases
from tests.unit.books import account, day

FRAMES = ("accounts", "items", "payments", "plans", "reports", "observations")
NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def book(engine):
    """Thirty accounts, some of one family, in the order that an import leaves: by date of issue."""
    chance = random.Random(5)
    keys = [account(engine, f"C{n:02d}", parent="C03" if n % 7 == 0 and n else None) for n in range(30)]
    with write(engine) as session:
        for n in range(1500):
            at, key = n // 2, chance.choice(keys)
            paid = day(at + 30 + chance.randrange(-5, 20))
            session.add(
                Invoice(account_id=key, number=f"I{n}", issued=day(at), due=day(at + 30), amount=chance.randrange(1, 10**6),
                        currency="EUR", paid=paid if paid <= day(760) else None)
            )  # fmt: skip
    return engine


def learned(engine):
    return calibrations.current(engine, day(760), Settings(), NOW)


def test_one_reading_for_many_batches_gives_what_many_readings_give(book, monkeypatch):
    batches = chunks(book, 7)
    apart = [read_columns(book, day(760), "EUR", keys) for keys in batches]
    monkeypatch.setattr(source, "SCAN", 3)
    monkeypatch.setattr(source, "BATCH", 13)
    monkeypatch.setattr(source, "PART", 26)
    for one, other in zip(apart, read_parts(book, day(760), "EUR", batches), strict=True):
        assert all(getattr(one, name).equals(getattr(other, name)) for name in FRAMES)


def test_several_processes_print_the_bytes_of_one(book, monkeypatch):
    alone = "".join(screen.texts(book, day(760), Settings(), NOW))
    monkeypatch.setattr(screen, "LARGE", 1)
    monkeypatch.setattr(screen, "ROWS", 400)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    told = []
    together = "".join(screen.texts(book, day(760), Settings(), NOW, lambda n, of: told.append((n, of))))
    assert together == alone
    assert alone.count("\n") == 30
    assert told[-1][0] == told[-1][1] == len(told) > 2
    assert workers.THREADS not in os.environ


def test_a_process_that_dies_is_said_in_one_line(book):
    task = workers.Task("sqlite:////nowhere/at/all.db", day(760), Settings(), {})
    with pytest.raises(Exception, match="unable to open database file"):
        list(workers.texts(task, chunks(book, 7), 1))
    task = workers.Task(
        databases.of(book), day(760), object, learned(book)
    )  # cannot be judged by, so the process fails
    with pytest.raises((AttributeError, Retriable)):
        list(workers.texts(task, chunks(book, 7), 1))


def test_importing_the_module_that_begins_the_process_begins_nothing():
    import healthcheck.__main__ as module

    assert module.main is main
