"""Disks that are full, databases that are locked, folders without rights, servers that are down: nothing is lost, and one line says why."""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, Pool, event
from sqlmodel import select

from healthcheck import logs
from healthcheck.errors import Fatal, UsageError
from healthcheck.months import Month
from healthcheck.reports import outbox
from healthcheck.reviews import calibrations, review, status
from healthcheck.store import schema, session
from healthcheck.store.session import connect, read
from healthcheck.store.work import Message
from jobs import JOBS, clock, troubles
from tests import review_world as world
from tests.mail_server import Postbox, free_port, serving

JUNE = Month(2026, 6)
NOBODY = 65534
NO_END = 2**30


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """``book`` is not reviewed; ``whole`` was, undisturbed; the mails of ``queued`` wait."""
    place = tmp_path_factory.mktemp("faults")
    (place / "book").mkdir()
    engine = connect(f"sqlite:///{place}/book/book.db")
    schema.upgrade(engine)
    world.fill(engine, place / "book", firms=4)
    calibrations.current(engine, world.JUNE, world.settings(engine, place / "book"), world.NOW)
    shutil.copytree(place / "book", place / "whole")
    reviewed(opened(place / "whole"), place / "whole")
    shutil.copytree(place / "book", place / "queued")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "relay", lambda *_: None)
        reviewed(opened(place / "queued"), place / "queued")
    return place


@pytest.fixture
def book(books, tmp_path):
    shutil.copytree(books / "book", tmp_path / "book")
    return tmp_path / "book"


@pytest.fixture
def queued(books, tmp_path):
    """A closed month whose mails wait."""
    shutil.copytree(books / "queued", tmp_path / "queued")
    return tmp_path / "queued"


@pytest.fixture
def wanted(books):
    return world.results(opened(books / "whole"))


def opened(folder) -> Engine:
    return connect(f"sqlite:///{folder}/book.db")


def reviewed(engine, folder, progress=None, **more):
    return review.review(engine, JUNE, None, world.settings(engine, folder, **more), world.NOW, progress)


def stored(engine):
    with read(engine) as session:
        return {row.message_id: row for row in session.exec(select(Message))}


def one_line(error, *words):
    assert "\n" not in str(error)
    assert all(word in str(error) for word in words), str(error)


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture
def logged(capsys):
    """Events in the log since the last call."""
    logs.begin(world.Settings(_env_file=None, log_format="json"), "INFO")
    yield lambda: told(capsys)
    logging.getLogger().removeHandler(logs._HANDLER)


# ---- the disk of the database


def pages_of(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar_one()


@pytest.fixture
def room_for():
    """``with room_for(engine, more)``: its file may grow by so many pages; beyond that SQLite says that the disk is full."""
    most = [NO_END]

    def limit(connection, *_):
        connection.execute(f"PRAGMA max_page_count={most[0]}")

    @contextmanager
    def room(engine, more):
        most[0] = pages_of(engine) + more
        yield
        most[0] = NO_END

    event.listen(Pool, "checkout", limit)  # whenever a connection is taken into use, new or not
    yield room
    event.remove(Pool, "checkout", limit)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
def test_a_full_disk_is_one_line_and_the_month_goes_on_where_it_was(books, book, wanted, room_for, share):
    engine = opened(book)
    needed = pages_of(opened(books / "whole")) - pages_of(engine)
    with room_for(engine, int(needed * share)), pytest.raises(Fatal) as caught:
        reviewed(engine, book)
    one_line(caught.value, "database or disk is full", "run the same command again")
    reviewed(engine, book)
    assert world.results(engine) == wanted


# ---- a database that somebody else holds


@contextmanager
def locked(folder):
    """Another process has begun to write and does not end."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder / "book.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.close()
            holder.wait()


def test_a_database_locked_for_long_is_one_line_and_the_month_goes_on_where_it_was(book, wanted, monkeypatch):
    monkeypatch.setattr(session, "BUSY_SECONDS", 0.3)
    engine = opened(book)
    with locked(book), pytest.raises(Fatal) as caught:
        reviewed(engine, book)
    one_line(caught.value, "database is locked", "nothing is lost")
    reviewed(engine, book)
    assert world.results(engine) == wanted


def test_locked_in_the_middle_of_the_batch_too(book, wanted, monkeypatch):
    monkeypatch.setattr(session, "BUSY_SECONDS", 0.3)
    engine = opened(book)
    with ExitStack() as lock:
        begun = []

        def meanwhile(what, done, total):
            if what == "reviewing" and done and not begun:
                begun.append(lock.enter_context(locked(book)))

        with pytest.raises(Fatal, match="database is locked"):
            reviewed(engine, book, meanwhile, carrier_workers="8")
    assert {"done"} < {row["state"] for row in world.dump(engine)["review"]}
    reviewed(engine, book)
    assert world.results(engine) == wanted


def test_a_lock_that_ends_in_time_is_only_waited_for(book, wanted):
    engine, lock = opened(book), ExitStack()
    lock.enter_context(locked(book))
    ending = threading.Timer(1, lock.close)
    ending.start()
    reviewed(engine, book)
    ending.join()
    assert world.results(engine) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["from the start", "in the middle"])
def test_a_lock_of_thirty_seconds_loses_nothing(book, wanted, stage):
    """With the time to wait that it has in earnest: shorter than the lock, so the month says one line, and is finished afterwards."""
    engine, lock, begun = opened(book), ExitStack(), []

    def hold(*_):
        if not begun:
            lock.enter_context(locked(book))
            begun.append(time.monotonic())

    if stage == "from the start":
        hold()
    with pytest.raises(Fatal, match="database is locked") as caught:
        reviewed(
            engine, book, lambda what, done, _: hold() if what == "reviewing" and done else None, carrier_workers="8"
        )
    time.sleep(max(0, begun[0] + 30 - time.monotonic()))
    lock.close()
    one_line(caught.value, "nothing is lost")
    reviewed(engine, book)
    assert world.results(engine) == wanted


def test_a_command_that_meets_the_lock_says_so_and_does_nothing(book, cli, monkeypatch):
    engine = opened(book)
    reviewed(engine, book)
    monkeypatch.setattr(session, "BUSY_SECONDS", 0.3)
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", f"sqlite:///{book}/book.db")
    before = world.dump(engine)
    with locked(book):
        said = cli("flags", "decide", "1", "limit cut")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "healthcheck: the database: database is locked; nothing is lost: run the same command again once that is mended\n"
    )
    assert world.dump(engine) == before
    assert cli("flags", "decide", "1", "limit cut").code == 0


# ---- the scheduler meanwhile


@pytest.fixture
def turns(book, logged):
    """Call every job, as the clock would, so many times, a minute apart from the last time; the errors in the log, and what was mended."""
    minutes = itertools.count()
    given = world.settings(opened(book), book, ledger_max_age_days="400", monthly_day="28")
    troubles._open.clear()

    def turn(times):
        engine = opened(book)
        for minute in itertools.islice(minutes, times):
            for job in JOBS:
                clock.call(job, engine, given, lambda at=minute: world.NOW + timedelta(minutes=at))
        events = logged()
        return [(one["event"], one["why"]) for one in events if one["level"] == "error"], [
            one["was"] for one in events if one["event"] == "mended"
        ]

    yield turn
    troubles._open.clear()


def month_states(folder):
    return [(row["month"], row["state"]) for row in world.dump(opened(folder))["month"]]


def test_a_scheduler_that_meets_a_locked_database_says_it_once_and_does_everything_later(book, turns, monkeypatch):
    monkeypatch.setattr(session, "BUSY_SECONDS", 0.1)
    with locked(book):
        assert turns(3) == ([("the database cannot be used", "database is locked")], [])
    assert turns(1) == ([], ["database is locked"])
    assert month_states(book) == [("2026-06", "closed")]
    assert len(delivered(book)) == len(stored(opened(book)))


def test_a_scheduler_whose_disk_is_full_says_it_once_and_does_everything_later(book, turns, room_for):
    with room_for(opened(book), 2):
        assert turns(3) == ([("the database cannot be used", "database or disk is full")], [])
        assert ("2026-06", "closed") not in month_states(book)
    assert turns(1) == ([], ["database or disk is full"])
    assert month_states(book) == [("2026-06", "closed")]


# ---- the folder of the mails


def relay(engine, folder, after=timedelta(), **more):
    return outbox.relay(engine, world.settings(engine, folder, **more), world.NOW + after)


def delivered(folder):
    return {path.name: path.read_bytes() for path in (folder / "outbox").iterdir()}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_outbox_keeps_no_half_mail_and_loses_none(queued, logged):
    engine = opened(queued)
    mails = stored(engine)
    first = min(mails.values(), key=lambda row: row.id)
    (queued / "outbox").mkdir(exist_ok=True)
    name = outbox.mail.file_name(first.message_id)
    (queued / "outbox" / name).with_suffix(f".{os.getpid()}.part").symlink_to("/dev/full")
    result = relay(engine, queued)
    assert (result.sent, result.waiting, delivered(queued)) == (0, len(mails), {})
    one_line(result.problem, "cannot write to", "No space left on device")
    (event,) = logged()
    assert (event["event"], event["error"]) == ("mail.waits", result.problem)
    assert relay(engine, queued, timedelta(minutes=1)).sent == len(mails)
    assert sorted(delivered(queued).values()) == sorted(row.body for row in mails.values())


@pytest.fixture
def small_disk(queued):
    """The outbox on a disk of its own that holds 16 kB."""
    (queued / "outbox").mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(queued / "outbox")]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        done = 1
    if done:
        pytest.skip("no disk can be mounted here")
    yield queued / "outbox"
    subprocess.run(["umount", str(queued / "outbox")], check=True)


def test_what_fits_on_the_disk_is_whole_and_the_rest_comes_when_there_is_room(queued, small_disk):
    engine = opened(queued)
    mails = stored(engine)
    bodies = {row.body for row in mails.values()}
    result = relay(engine, queued)
    one_line(result.problem, "No space left on device")
    assert result.waiting > 0
    assert set(delivered(queued).values()) <= bodies
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert relay(engine, queued, timedelta(minutes=1)).waiting == 0
    assert set(delivered(queued).values()) == bodies


@contextmanager
def nobody(*paths):
    """Without the rights of root, if we are root; ``paths`` are nobody's."""
    if os.geteuid():
        yield
        return
    for path in paths:
        os.chown(path, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_an_outbox_without_the_right_to_write_is_one_line_and_loses_nothing(queued, logged):
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    shutil.copytree(queued, place / "book")
    folder, engine = place / "book", opened(place / "book")
    mails = stored(engine)
    (folder / "outbox").mkdir(exist_ok=True)
    try:
        with nobody(folder, *folder.iterdir()):
            (folder / "outbox").chmod(0o500)
            for after in (0, 1, 2, 5):
                with pytest.raises(UsageError) as caught:
                    relay(engine, folder, timedelta(minutes=after))
                one_line(caught.value, f"cannot write mail into the folder {folder}/outbox")
            assert relay(engine, folder, timedelta(minutes=6)).sent == 0, "it waits, longer each time"
            assert [(row.state, row.error) for row in stored(engine).values()] == [
                ("WAITING", str(caught.value))
            ] * len(mails)
            with pytest.raises(UsageError, match="cannot write mail"):
                reviewed(engine, folder)
            found = status.gather(engine, world.settings(engine, folder), world.NOW)
            assert any(str(caught.value) in problem for problem in found["problems"])
            (folder / "outbox").chmod(0o700)
            assert relay(engine, folder, timedelta(hours=1)).sent == len(mails)
            assert set(delivered(folder).values()) == {row.body for row in mails.values()}
    finally:
        shutil.rmtree(place)


# ---- a mail server that is down for a day


@pytest.mark.parametrize("how", ["nobody listens", "451 later"])
def test_after_a_day_without_mail_server_each_mail_arrives_once_as_it_was_written(queued, logged, how):
    engine, port, postbox = opened(queued), free_port(), Postbox()
    mails = stored(engine)
    url = {"mail_url": f"smtp://127.0.0.1:{port}", "on_uncertain": "hold"}

    def every_half_hour(first, last):
        return sum(relay(engine, queued, timedelta(minutes=m), **url).sent for m in range(first, last, 30))

    if how == "nobody listens":
        assert every_half_hour(0, 24 * 60) == 0
    else:
        postbox.mail = [how] * 10_000
        with serving(postbox, port):
            assert every_half_hour(0, 24 * 60) == 0
    events = logged()
    assert {row.state for row in stored(engine).values()} == {"WAITING"}
    assert {one["event"] for one in events} == {"mail.waits"}
    assert 20 <= len(events) <= 40 * (1 if how != "451 later" else len(mails)), (
        "a line each time it was tried, and no more"
    )
    found = status.gather(engine, world.settings(engine, queued), world.NOW)["problems"]
    assert any(events[-1]["error"] in problem for problem in found)
    postbox.mail = []
    with serving(postbox, port):
        assert every_half_hour(24 * 60, 26 * 60) == len(mails)
        assert every_half_hour(26 * 60, 28 * 60) == 0
    assert sorted(postbox.taken) == sorted((row.recipient, row.body) for row in mails.values())
    assert {row.state for row in stored(engine).values()} == {"SENT"}
