"""Every carrier finds what inline finds, survives its workers, and never pays twice. The same tests for all four."""

import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from healthcheck import stopping
from healthcheck.errors import Fatal, Retriable, UsageError
from healthcheck.months import Month
from healthcheck.reviews import carriers, leases, months, review, rounds, units
from healthcheck.reviews import pool as pool_of
from healthcheck.settings import Settings
from healthcheck.store.books import Account, Invoice
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Finding, Pull, Review
from tests import databases, short_leases
from tests import review_world as world
from tests.servers.bureau import BureauServer
from tests.servers.cluster import Cluster, certificates

CARRIERS = ("inline", "threads", "processes", "dask")
MONTH = Month(2026, 6)
FIRMS = 12
SECRETS = {"secret_keys": "only-for-tests-only-for-tests-only", "creditsafe_password": "a-password-of-tests"}


@dataclass
class Place:
    """A book, where it is reviewed, and the bureau that counts."""

    engine: Engine
    settings: Settings
    bureau: BureauServer
    cluster: Cluster | None = None

    def review(self, **more: Any) -> dict[str, Any]:
        return review.review(self.engine, MONTH, None, self.settings.model_copy(update=more), world.NOW)

    def pulls(self) -> list[str]:
        with read(self.engine) as session:
            return list(session.exec(select(Pull.state)))

    def states(self) -> list[str]:
        with read(self.engine) as session:
            return list(session.exec(select(Review.state)))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The book before any review, on each kind of database."""
    made: dict[str, Path] = {}

    def give(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            engine = connect(databases.create(made[kind], kind=kind))
            world.fill(engine, made[kind], FIRMS)
            with write(engine) as session:
                session.execute(update(Account).values(creditsafe_id=col(Account.account), country="GB"))
            engine.dispose()
        return made[kind]

    return give


@contextmanager
def placed(filled, folder: Path, carrier: str):
    """A copy of the book with a carrier and a bureau of its own."""
    with BureauServer(folder / "bureau") as bureau:
        yield from _placed(filled, folder, bureau, carrier)


def _placed(filled, folder, bureau, carrier):
    kind = "postgresql" if carrier == "dask" else databases.KIND
    databases.needed(kind)
    databases.copy(filled(kind), folder)
    engine = connect(databases.url(folder))
    paid = {
        "bureaus": "creditsafe", "bureau_budget": "1000", "creditsafe_base_url": f"{bureau.url}/v1",
        "creditsafe_username": "tests", "creditsafe_cost_per_pull": "4.20", "allowed_private_hosts": "127.0.0.1",
        "large_sales_share": "1", "monthly_quota": "100", "carrier_workers": "2", **SECRETS,
    }  # fmt: skip
    secrets = {
        "HEALTHCHECK_DATABASE_URL": databases.of(engine),
        **{f"HEALTHCHECK_{k.upper()}": v for k, v in SECRETS.items()},
    }
    env = {**secrets, "DASK_DISTRIBUTED__WORKER__PRELOAD": "tests.short_leases"}
    cluster = Cluster(folder, env) if carrier == "dask" else None
    try:
        chosen = cluster.settings if cluster else {"carrier": carrier}
        yield Place(engine, world.settings(engine, folder, **paid, **chosen), bureau, cluster)
    finally:
        if cluster:
            cluster.stop()
        engine.dispose()
        databases.drop(databases.url(folder))


@pytest.fixture(params=CARRIERS)
def place(request, filled, tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", short_leases.SECONDS)
    monkeypatch.setattr(pool_of, "_begin", short_leases.begin)
    with placed(filled, tmp_path, request.param) as made:
        yield made


@pytest.fixture(scope="module")
def alone(filled, tmp_path_factory):
    """What inline finds."""
    with placed(filled, tmp_path_factory.mktemp("alone"), "inline") as made:
        totals = made.review()
        return totals, world.results(made.engine)


def without_ids(totals):
    return {**totals, "digests": [(one["to"], one["subject"]) for one in totals["digests"]]}


def once(place: Place) -> None:
    """Every review is done, with its findings; nobody was charged twice, and there is a charge for every report.

    Who is killed between his word that he will ask and the asking leaves a doubt, and no charge.
    """
    with read(place.engine) as session:
        rows = session.exec(select(Review)).all()
        findings = session.exec(select(Finding.review_id)).all()
    assert {row.state for row in rows} == {"done"}
    assert len(findings) == 5 * len(rows) == 5 * len(set(findings))
    charged, pulls = place.bureau.charged(), Counter(place.pulls())
    assert set(charged.values()) == {1}
    assert pulls["STORED"] <= len(charged) <= pulls["STORED"] + pulls["UNCERTAIN"] == len(rows)


def test_what_is_found_is_what_inline_finds(place, alone):
    assert without_ids(place.review()) == without_ids(alone[0])
    assert world.results(place.engine) == alone[1]
    once(place)


def test_a_review_that_cannot_be_done_fails_alone_after_three_attempts(place):
    months.plan(place.engine, MONTH, None, place.settings, world.NOW)
    with write(place.engine) as session:  # more than any sum can hold; the plan was made before
        bad = session.exec(select(Account).where(Account.account == "C004")).one().id
        huge = Invoice(account_id=bad, number="X", issued=world.JUNE, due=world.JUNE, amount=2**63 - 1, currency="EUR")
        session.add(huge)
    totals = place.review()
    assert (totals["failed"], totals["reviewed"]) == (1, FIRMS - 1)
    with read(place.engine) as session:
        failed = session.exec(select(Review).where(Review.state == "failed")).one()
    assert (failed.account_id, failed.attempts) == (bad, 3)
    assert "InvalidOperationError" in failed.error
    assert set(place.bureau.charged().values()) == {1}


def workers(place: Place) -> list[int]:
    """The processes that do the work."""
    if place.cluster:
        return [worker.pid for worker in place.cluster.workers if worker.poll() is None]
    return [child.pid for child in pool()]


def pool() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "spawn_main" in command(child)]


def command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return "it is gone"


@contextmanager
def beside(work):
    """``work(over)`` in a thread of its own, until the block ends and ``over`` is set."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("place", ["processes", "dask"], indirect=True)
def test_killed_workers_are_replaced_and_nothing_is_done_twice(place, monkeypatch):
    """As soon as something is in a worker's hands, one is killed; and again, and again."""
    monkeypatch.setattr(rounds, "BATCH", 1)
    killed = []

    def nemesis(over):
        chance = random.Random(2026)
        while not over.is_set() and len(killed) < 3:
            if "claimed" in place.states():
                time.sleep(chance.random() / 4)
                for victim in workers(place)[:1]:
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
                over.wait(1)
            if place.cluster:
                place.cluster.keep_up()
            over.wait(0.05)

    with beside(nemesis):
        place.review()
    assert killed
    once(place)


ASKED = [("processes", 2, 700), ("processes", 1, 700), pytest.param("dask", 2, 7000, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("place", "asked", "delay"), ASKED, indirect=["place"])
def test_workers_that_are_asked_to_stop_finish_the_order_in_hand(place, asked, delay):
    """No report of theirs is in doubt, though the bureau answers late and cannot be asked what it was sent.

    Dask by itself lets a worker go on with its unit for thirty seconds, then cuts it off.
    """
    place.bureau.misbehave({f"delay:{delay}": 1.0}, seed=1)
    stopped: list[psutil.Process] = []

    def stop(over):
        while place.pulls().count("INTENT") < 2 and not over.wait(0.02):
            pass
        stopped.extend(map(psutil.Process, workers(place)))
        for worker in stopped[:asked]:
            worker.terminate()
        while place.cluster and not over.wait(0.2):
            place.cluster.keep_up()

    with beside(stop):
        place.review()
    assert len(stopped) == 2
    assert psutil.wait_procs(stopped, timeout=60)[1] == []
    assert set(place.pulls()) == {"STORED"}
    once(place)


# ---- what travels


def test_what_travels_holds_no_secret_and_no_way_into_the_database(tmp_path):
    settings = Settings(
        _env_file=None, database_url="postgresql://somebody:canary@db/books?password=canary",
        mail_url="smtps://me:canary@mail", secret_keys="canary,canary2", creditsafe_password="canary",
    )  # fmt: skip
    order = units.hand_over(settings)
    assert "canary" not in order
    assert "mail" not in order.replace("mail_from", "").replace("mail_ca_file", "")
    assert "books" in order


def travelled(monkeypatch, here: Settings, **there: str) -> Settings:
    """What a worker on another machine, whose environment is ``there``, makes of settings handed over."""
    for name, value in there.items():
        monkeypatch.setenv(f"HEALTHCHECK_{name.upper()}", value)
    monkeypatch.setattr(units, "_known_here", {})
    return units._settings(units.hand_over(here))


def test_a_worker_far_away_has_secrets_and_database_from_its_own_environment(monkeypatch):
    here = Settings(_env_file=None, database_url="postgresql://a:b@one/books", secret_keys="k", cycle_high="2")
    found = travelled(monkeypatch, here, database_url="postgresql://w:x@two/books", secret_keys="k2", cycle_high="3")
    assert (found.database_url, found.keys, found.cycle_high) == ("postgresql://w:x@two/books", ("k2",), 2)


@pytest.mark.parametrize("other", ["postgresql://a:b@one/staging", "sqlite:///books"])
def test_a_worker_with_another_database_is_refused(monkeypatch, other):
    here = Settings(_env_file=None, database_url="postgresql://a:b@one/books")
    with pytest.raises(UsageError, match="a worker has another database") as caught:
        travelled(monkeypatch, here, database_url=other)
    assert ":b@" not in str(caught.value)


def test_a_worker_of_another_release_is_refused(monkeypatch):
    order = units.hand_over(Settings(_env_file=None))
    monkeypatch.setattr(units, "_known_here", {})
    monkeypatch.setattr(units, "__version__", "0.0.1")
    with pytest.raises(UsageError, match=r"a worker runs release 0\.0\.1"):
        units.run_unit(order, world.NOW.isoformat(), 1)


# ---- what is refused, and what is given up


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"carrier": "dask+tcp://host:8786"}, "use dask.tls"),
        ({"carrier": "dask+tls://host:8786"}, "needs PostgreSQL"),
        ({"carrier": "dask+tls://host:8786", "database_url": "postgresql://x@y/z"}, "DASK_CA_FILE: not set"),
        (
            {"carrier": "dask+tls://host:8786", "database_url": "postgresql://x@y/z", "dask_ca_file": "/no/where.pem"},
            "no file /no/where.pem",
        ),
        ({"carrier": "pigeons"}, "none of inline, threads, processes, dask.tls"),
    ],
)
def test_a_carrier_that_cannot_be_used_is_one_line(settings, said):
    with pytest.raises(UsageError, match=said) as caught:
        carriers.open_carrier(Settings(_env_file=None, **settings))
    assert "\n" not in str(caught.value)


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(carriers, "CONNECT_SECONDS", 1)
    files = dict(
        zip(("dask_ca_file", "dask_cert_file", "dask_key_file"), map(str, certificates(tmp_path)), strict=True)
    )
    settings = Settings(_env_file=None, carrier="dask+tls://127.0.0.1:9", database_url="postgresql://x@y/z", **files)
    with pytest.raises(Retriable, match=r"no Dask scheduler answers at tls://127\.0\.0\.1:9"):
        carriers.open_carrier(settings)


class Broken(carriers.InlineExecutor):
    """A carrier that loses everything; ``after`` calls it begins to work."""

    after, calls = 10**9, 0

    def submit(self, fn, /, *args, **kwargs):
        Broken.calls += 1
        if Broken.calls > self.after:
            return super().submit(fn, *args)
        future = Future()
        if Broken.calls % 2:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(OSError("the line is down"))
        return future


@pytest.fixture
def book(filled, tmp_path, monkeypatch):
    """Reviewed by a carrier that loses work."""
    with placed(filled, tmp_path, "inline") as made:
        monkeypatch.setitem(carriers.CARRIERS, "inline", lambda _settings: Broken())
        monkeypatch.setattr(Broken, "calls", 0)
        yield made


def test_a_carrier_that_comes_back_finishes(book, monkeypatch):
    monkeypatch.setattr(Broken, "after", 5)
    book.review()
    once(book)


def test_a_carrier_that_never_comes_back_is_given_up_in_one_line(book, monkeypatch):
    monkeypatch.setattr(rounds, "PATIENCE_SECONDS", 1.0)
    with pytest.raises(Fatal, match=r"the carrier inline did nothing for 1 s \(.*nothing is lost") as caught:
        book.review()
    assert "\n" not in str(caught.value)
    assert set(book.states()) == {"waiting"}
    assert not book.bureau.charged()


class Deaf(carriers.InlineExecutor):
    """Takes everything and never answers."""

    def submit(self, fn, /, *args, **kwargs):
        return Future()


def test_the_processes_of_a_pool_that_is_given_up_do_not_slow_down_the_next(monkeypatch):
    monkeypatch.setattr(stopping, "GRACE_SECONDS", 1.0)
    with carriers.Carrier(Settings(_env_file=None, carrier="processes", carrier_workers=2)) as carrier:
        for _ in range(2):
            carrier.submit(time.sleep, 60)
        given_up = pool()
        carrier.lose()
        psutil.wait_procs(given_up, timeout=20)
        assert (len(given_up), pool()) == (2, [])
        assert carrier.submit(os.getpid).result(60) != os.getpid()


def test_a_carrier_that_never_answers_is_given_up_too(book, monkeypatch):
    monkeypatch.setitem(carriers.CARRIERS, "inline", lambda _settings: Deaf())
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(rounds, "PATIENCE_SECONDS", 1.0)
    with pytest.raises(Fatal, match="no worker took anything in hand"):
        book.review()
