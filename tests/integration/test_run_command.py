"""``healthcheck run`` as a service manager runs it: a real process that ticks, answers, and stops when it is told to."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from healthcheck.months import Month
from healthcheck.store.session import read
from healthcheck.store.work import Message, Review
from healthcheck.store.work import Month as Row
from tests import databases
from tests import review_world as world

WAIT = 60


@pytest.fixture
def book(engine, tmp_path):
    """A ledger that reaches up to yesterday."""
    world.fill(engine, tmp_path, firms=5, until=datetime.now(UTC).date() - timedelta(days=1))
    return engine


@pytest.fixture
def start(book, tmp_path):
    running = []

    def begin(**more):
        given = {
            "DATABASE_URL": databases.of(book), "MAIL_URL": f"file:{tmp_path / 'outbox'}", "LARGE_SALES_SHARE": "1", "MONTHLY_QUOTA": "5",
            "HEALTHZ_ADDRESS": "127.0.0.1:0", "HEARTBEAT_FILE": str(tmp_path / "beat"), "CREDIT_TEAM": "credit@nordwind.example",
            **more,
        }  # fmt: skip
        environment = os.environ | {f"HEALTHCHECK_{name}": value for name, value in given.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "healthcheck", "run"],
            env=environment,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(what, seconds=WAIT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def closed(engine):
    with read(engine) as session:
        return session.exec(select(Row).where(Row.state == "closed")).all()


def test_it_reviews_the_month_sends_the_mails_and_stops_when_told(book, start, tmp_path):
    process = start()
    (month,) = until(lambda: closed(book))
    until(lambda: list((tmp_path / "outbox").glob("*.eml")))
    assert month.month == str(Month.of(datetime.now(UTC).date()))
    assert (tmp_path / "beat").read_text().startswith(str(datetime.now(UTC).year))
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=WAIT)[1]
    assert process.returncode == 0, said
    assert "event=stopped" in said
    assert "Traceback" not in said
    with read(book) as session:
        assert set(session.exec(select(Review.state))) == {"done"}
        assert set(session.exec(select(Message.state))) == {"SENT"}


def test_it_tells_how_it_is(book, start, cli, monkeypatch):
    process = start()
    line = next(line for line in process.stderr if "healthz=" in line)
    address = line.split("healthz=")[1].split()[0]

    def asked():
        try:
            with urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            return None

    health = until(asked)
    assert health["ok"]
    assert "tick" in health["jobs"]
    until(lambda: closed(book))
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", databases.of(book))
    shown = cli("status", "--json")
    (found,) = shown.lines
    assert found["months"][0]["state"] == "closed"
    assert {"tick", "monthly", "relay"} <= set(found["jobs"])
    assert "monthly" in cli("status").out


def test_two_of_them_do_each_thing_once(book, start, tmp_path):
    start(), start()
    until(lambda: closed(book))
    with read(book) as session:
        assert len(session.exec(select(Row)).all()) == 1
        reviews = session.exec(select(Review.account_id)).all()
        mails = session.exec(select(Message.message_id)).all()
    assert len(reviews) == len(set(reviews))
    until(lambda: len(list((tmp_path / "outbox").glob("*.eml"))) == len(mails))


def test_a_database_that_is_not_there_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "healthcheck", "run"], cwd=tmp_path, capture_output=True, text=True, timeout=WAIT, check=False,
        env=os.environ | {"HEALTHCHECK_DATABASE_URL": f"sqlite:///{Path(tmp_path) / 'none.db'}"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "healthcheck init" in done.stderr
