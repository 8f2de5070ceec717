"""The daily job: one task for each thing that is due, ended by itself, however often and by however many it is run."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from healthcheck.playbook import journal
from healthcheck.settings import Settings
from healthcheck.store.books import Account, Invoice, Payment
from healthcheck.store.late import Task
from healthcheck.store.session import read, write
from jobs import promises
from tests import databases

SETTINGS = Settings()
DAY = date(2026, 3, 2)  # a Monday


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 7, tzinfo=UTC)


@pytest.fixture
def account(engine):
    with write(engine) as session:
        row = Account(account="C1", name="Norda", currency="EUR", country="DE")
        session.add(row)
        session.flush()
        session.add(
            Invoice(
                account_id=row.id,
                number="A1",
                issued=date(2026, 1, 5),
                due=date(2026, 2, 4),
                amount=1000_00,
                currency="EUR",
            )
        )
        return row.id


def say(engine, account, kind, on, **more):
    with write(engine) as session:
        return journal.add(session, account, kind, on, at(on), **more).id


def pay(engine, account, on, amount):
    with write(engine) as session:
        session.add(Payment(account_id=account, key=f"{on}", paid=on, amount=amount, currency="EUR", invoice="A1"))


def run(engine, day=DAY):
    return promises.run(engine, at(day), SETTINGS)


def tasks(engine, waiting=True):
    with read(engine) as session:
        return [one for one in session.exec(select(Task).order_by(Task.id)) if not waiting or one.done_on is None]


def promise(engine, account, due=date(2026, 2, 27), on=date(2026, 2, 20), **more):
    return say(engine, account, "promise", on, amount=500_00, currency="EUR", due=due, **more)


def test_a_broken_promise_is_one_task_however_often_it_is_looked_at(engine, account):
    number = promise(engine, account)
    assert run(engine, date(2026, 2, 27)) == 0  # its day is not over
    assert [run(engine), run(engine), run(engine, DAY + timedelta(days=1))] == [1, 0, 0]
    (one,) = tasks(engine)
    assert (one.kind, one.record_id, one.owner, one.due, one.raised_on) == (
        "promise_broken",
        number,
        "credit team",
        DAY,
        DAY,
    )
    assert one.what == "Norda promised EUR 500 by 27 February and broke it: call and ask why."


def test_a_promise_that_is_kept_is_none(engine, account):
    promise(engine, account)
    pay(engine, account, date(2026, 2, 26), 500_00)
    assert run(engine) == 0


def test_it_ends_once_the_money_is_there_or_somebody_has_called(engine, account):
    promise(engine, account)
    run(engine)
    pay(engine, account, date(2026, 3, 4), 500_00)
    run(engine, date(2026, 3, 5))
    assert tasks(engine) == []
    assert tasks(engine, waiting=False)[0].done_on == date(2026, 3, 5)
    other = promise(engine, account, due=date(2026, 3, 6), on=date(2026, 3, 5))
    assert run(engine, date(2026, 3, 9)) == 1
    say(engine, account, "contact", date(2026, 3, 9), method="phone")
    run(engine, date(2026, 3, 10))
    assert tasks(engine) == []
    assert [one.record_id for one in tasks(engine, waiting=False)][-1] == other


def test_a_promise_that_was_a_mistake_gives_nobody_anything_to_do(engine, account):
    number = promise(engine, account)
    run(engine)
    say(engine, account, "withdrawn", DAY, refers=number)
    assert run(engine) == 0
    assert tasks(engine) == []


def test_each_instalment_that_is_missed_is_a_task_of_its_own(engine, account):
    for due in (date(2026, 2, 23), date(2026, 2, 26), date(2026, 3, 30)):
        promise(engine, account, due=due, series="plan-1")
    assert run(engine) == 2


def test_an_agency_is_asked_again_and_again(engine, account):
    placed = say(engine, account, "placement", date(2026, 2, 1), agency="Firm")
    assert run(engine) == 0
    assert run(engine, date(2026, 3, 3)) == 1
    assert tasks(engine)[0].record_id == placed
    asked = say(engine, account, "check_in", date(2026, 3, 4), refers=placed)
    run(engine, date(2026, 3, 4))
    assert tasks(engine) == []
    assert run(engine, date(2026, 4, 3)) == 1
    assert tasks(engine)[0].record_id == asked


def test_an_answer_that_does_not_come_is_asked_for(engine, account):
    asked = say(engine, account, "asked", date(2026, 2, 20), due=date(2026, 2, 27))
    assert run(engine, date(2026, 2, 27)) == 0
    assert run(engine) == 1
    say(engine, account, "answer", DAY, refers=asked, note="they sell a hall")
    run(engine)
    assert tasks(engine) == []


def test_nobody_is_chased_about_whom_sales_keeps_out_of(engine, account):
    say(engine, account, "asked", date(2026, 2, 16), due=date(2026, 2, 23))
    promise(engine, account)
    assert run(engine) == 2
    say(engine, account, "evasive", date(2026, 2, 27))
    run(engine)
    assert [one.kind for one in tasks(engine)] == ["promise_broken"]  # credit still calls
    say(engine, account, "placement", DAY, agency="Firm")
    run(engine)
    assert tasks(engine) == []


def test_a_dispute_has_an_owner_who_is_told_until_it_is_settled(engine, account):
    say(engine, account, "dispute", DAY, invoice="A1", owner="Ada", note="two were broken")
    assert run(engine) == 1
    assert (tasks(engine)[0].owner, tasks(engine)[0].what) == (
        "Ada",
        "Settle the dispute of Norda about A1: two were broken.",
    )
    say(engine, account, "resolved", DAY, invoice="A1", reason="replaced")
    run(engine)
    assert tasks(engine) == []


def test_what_waits_is_listed_the_most_urgent_first(engine, account, cli, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", databases.of(engine))
    assert cli("late", "--tasks").out == "Nobody has anything to do.\n"
    say(engine, account, "dispute", DAY, invoice="A1")
    promise(engine, account)
    run(engine)
    listed = cli("late", "--tasks", "--json").lines
    assert [(one["account"], one["kind"]) for one in listed] == [("C1", "promise_broken"), ("C1", "dispute")]
    assert "broke it" in cli("late", "--tasks").out
    assert json.loads(cli("status", "--json").out)["tasks"] == {"open": 2, "overdue": 2}
    assert "2 tasks open, 2 overdue (healthcheck late --tasks)" in cli("status").out


def test_nothing_on_record_is_nothing_to_do(engine):
    assert run(engine) == 0


@pytest.mark.database("sqlite", "postgresql")
def test_two_at_once_raise_each_task_once(engine, account):
    for due in range(20, 28):
        promise(engine, account, due=date(2026, 2, due))
    with ThreadPoolExecutor(4) as pool:
        raised = list(pool.map(lambda _: run(engine), range(4)))
    assert sum(raised) == len(tasks(engine)) == 8


@pytest.mark.database("sqlite", "postgresql")
def test_what_the_house_records_at_once_from_several_sides_is_one_record(engine, account):
    def record(_):
        with write(engine) as session:
            return journal.add(session, account, "asked", DAY, at(DAY), once="asked/2026-03/1") is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(record, range(8))) == 1


def test_killed_before_its_commit_it_has_done_nothing_and_does_all_next_time(engine, account, monkeypatch):
    promise(engine, account)
    promise(engine, account, due=date(2026, 2, 26))
    real, calls = journal.raise_task, []

    def once(session, task):
        calls.append(task)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(session, task)

    monkeypatch.setattr(journal, "raise_task", once)
    with pytest.raises(KeyboardInterrupt):
        run(engine)
    assert tasks(engine, waiting=False) == []
    monkeypatch.setattr(journal, "raise_task", real)
    assert run(engine) == 2


DIES = """
import os, sys
from datetime import UTC, datetime
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.session import connect
from jobs import promises

audit.chain = lambda session: (session.flush(), os._exit(9))  # all is written, nothing is committed
promises.run(connect(sys.argv[1]), datetime(2026, 3, 2, 7, tzinfo=UTC), Settings())
"""


@pytest.mark.database("sqlite", "postgresql")
def test_a_process_that_dies_before_the_commit_leaves_nothing_behind(engine, account):
    promise(engine, account)
    promise(engine, account, due=date(2026, 2, 26))
    died = subprocess.run([sys.executable, "-c", DIES, databases.of(engine)], check=False, timeout=120)
    assert (died.returncode, tasks(engine, waiting=False)) == (9, [])
    assert [run(engine), run(engine)] == [2, 0]
