"""What it costs that nothing is lost: ``python benchmarks/durability.py [--accounts N] [--database URL] [--profile]``, from the repository.

    empty      a transaction that changes one row, by the same door: what the database itself takes
    reviews    claim, pull from a free bureau, and store findings, flags, standing, audit, commit to commit; the checks' own computing,
               done before, is shown apart
    pulls      reports from a bureau in its own process that takes 50 ms, by 16 threads: twice the time that 16 would take is the limit

``--database`` is an empty PostgreSQL database; without it SQLite in a temporary folder. Prints medians of ``--runs``.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import delete, update
from sqlmodel import select

from healthcheck.bureaus import registry
from healthcheck.bureaus.base import Ready, Report
from healthcheck.months import Month
from healthcheck.reviews import months, rounds, units
from healthcheck.settings import Settings
from healthcheck.store import schema, work
from healthcheck.store.books import Account
from healthcheck.store.operations import JobRun
from healthcheck.store.session import connect, read, write
from tests import review_world
from tests.pull_driver import THREADS, work_off
from tests.servers import adapters
from tests.servers.bureau import BureauServer

AS_OF, NOW = date(2026, 6, 30), datetime(2026, 6, 30, 18, tzinfo=UTC)
ANSWERS_IN, LIMIT = 0.050, 2.0


class Free:
    """A bureau that costs nothing and answers at once."""

    name, idempotency = "free", "reread"

    def __init__(self, _settings: Settings) -> None:
        self.answer = Ready(Report("free", AS_OF - timedelta(days=3), "EUR", status="active"), b"{}" * 200)

    def cost(self) -> Decimal:
        return Decimal(0)

    def order(self, subject, as_of, key):
        return self.answer


def main() -> None:
    given = _arguments()
    registry.BUREAUS["free"] = f"{__name__}:Free"
    adapters.register()
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/durability.db"
        engine = connect(url, ["a-key-for-a-benchmark-a-key-for-a-benchmark"])
        schema.upgrade(engine)
        empty = _median(given.runs, lambda: _empty(engine, given.accounts))
        print(f"empty      {empty:8,.0f} transactions/s", flush=True)
        _reviews(engine, Path(folder), url, given, empty)
        _pulls(engine, Path(folder), given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--database", default="")
    parser.add_argument("--workers", type=int, default=4, help="threads of the reviews")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="say where the time of one thread goes")
    return parser.parse_args()


def _median(runs: int, once: Callable[[], float]) -> float:
    return statistics.median(once() for _ in range(runs))


def _empty(engine, number: int) -> float:
    """Transactions a second."""
    with write(engine) as session:
        session.merge(JobRun(job="benchmark", started_at=NOW))
    began = time.perf_counter()
    for n in range(number):
        with write(engine) as session:
            session.execute(update(JobRun).values(started_at=NOW + timedelta(seconds=n)))
    return number / (time.perf_counter() - began)


# ---- reviews


def _reviews(engine, folder: Path, url: str, given: argparse.Namespace, empty: float) -> None:
    with write(engine) as session:
        for n in range(given.accounts):
            review_world._firm(session, n, AS_OF)
    settings = review_world.settings(
        engine, folder, database_url=url, bureaus="free", monthly_quota=given.accounts, large_sales_share=1, carrier="threads",
        carrier_workers=given.workers,
    )  # fmt: skip
    assess, known = units.assess, {}
    for one_thread in (False, True) if given.profile else (False,):
        rates = []
        for _ in range(1 if one_thread else given.runs):
            month = _planned(engine, settings)
            if not known:
                known = _judged(engine, settings, month, assess)
            units.assess = lambda _work, keys, known=known: {key: known[key] for key in keys}
            rates.append(_timed(engine, month, settings, one_thread))
            units.assess = assess
        if not one_thread:
            rate = statistics.median(rates)
            print(
                f"reviews    {rate:8,.0f} reviews/s by {given.workers} threads ({empty / rate:.1f} empty transactions each)",
                flush=True,
            )


def _planned(engine, settings) -> int:
    """A month with everybody in it, and nothing done."""
    with write(engine) as session:
        for table in (
            work.Finding,
            work.FlagEvent,
            work.Flag,
            work.Review,
            work.Pull,
            work.Report,
            work.Standing,
            work.Month,
        ):
            session.execute(delete(table))
    return months.plan(engine, Month(2026, 6), AS_OF, settings, NOW)


def _judged(engine, settings, month: int, assess) -> dict:
    """What the checks say of everybody, and how long they take over it."""
    with read(engine) as session:
        keys = list(session.exec(select(work.Review.account_id).where(work.Review.month_id == month)))
        row = session.get_one(work.Month, month)
    unit = units.Work(engine, settings, "", row, NOW)
    assess(unit, keys[:1])
    began, known = time.perf_counter(), {}
    for start in range(0, len(keys), rounds.BATCH):
        known |= assess(unit, keys[start : start + rounds.BATCH])
    print(
        f"checks     {len(keys) / (time.perf_counter() - began):8,.0f} accounts/s, by sixteen, not counted below",
        flush=True,
    )
    return known


def _timed(engine, month: int, settings: Settings, profiled: bool) -> float:
    settings = settings.model_copy(update={"carrier": "inline"}) if profiled else settings
    with read(engine) as session:
        number = len(session.exec(select(work.Review.id).where(work.Review.month_id == month)).all())
    began = time.perf_counter()
    with cProfile.Profile(time.process_time) if profiled else nullcontext() as profile:
        rounds.run(engine, month, settings, NOW, lambda *_: None)
    seconds = time.perf_counter() - began
    with read(engine) as session:
        done = session.exec(
            select(work.Review.id).where(work.Review.month_id == month, work.Review.state == "done")
        ).all()
        assert len(done) == number, "reviews are missing"
    if profile:
        pstats.Stats(profile).sort_stats("cumtime").print_stats(55)
    return number / seconds


# ---- pulls


def _pulls(engine, folder: Path, given: argparse.Namespace) -> None:
    with read(engine) as session:
        accounts = list(session.exec(select(Account.id).order_by(Account.id)))
    ideal = len(accounts) * ANSWERS_IN / THREADS
    with BureauServer(folder) as server:
        os.environ["TEST_BUREAU_URL"] = server.url
        server.misbehave({f"delay:{ANSWERS_IN * 1000:.0f}": 1.0}, seed=1)
        settings = review_world.settings(engine, folder, bureaus="key", bureau_budget="1000000")
        seconds, cpu = [], []
        for _ in range(given.runs):
            with write(engine) as session:
                for table in (work.Pull, work.Finding, work.Review, work.Report):
                    session.execute(delete(table))
            began, used = time.perf_counter(), time.process_time()
            said = work_off(engine, settings, accounts, THREADS, again=False)
            seconds.append(time.perf_counter() - began)
            cpu.append(time.process_time() - used)
            assert set(said) == {"stored"}, set(said)
        assert server.charged().total() == len(accounts) * given.runs
    took = statistics.median(seconds)
    print(
        f"pulls      {took:8.2f} s for {len(accounts):,} of 50 ms by 16 threads: {took / ideal:.2f} x what 16 would take, limit {LIMIT} x; "
        f"{statistics.median(cpu) / len(accounts) * 1000:.1f} ms of processor each"
    )


if __name__ == "__main__":
    main()
