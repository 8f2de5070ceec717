"""A Dask cluster whose workers are killed every few seconds, and once its scheduler: all done, nothing twice. Ask the bureau."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import func, select

from healthcheck.months import Month
from healthcheck.reviews import leases, review, rounds
from healthcheck.store.books import Account, Invoice
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Finding, Pull, Review
from healthcheck.store.work import Month as Row
from tests import databases
from tests import review_world as world
from tests.servers.bureau import BureauServer
from tests.servers.cluster import Cluster

SECRETS = {"secret_keys": "only-for-tests-only-for-tests-only", "creditsafe_password": "a-password-of-tests"}


def fill(engine, accounts: int) -> None:
    """Each buys on the tenth of every month of two years and pays on the day."""
    days = [date(2024 + n // 12, n % 12 + 1, 10) for n in range(30)]
    draw = random.Random(1)
    rows = [
        {"account_id": n + 1, "kind": "invoice", "number": f"{n}-{day}", "issued": day, "due": day + timedelta(days=30),
         "amount": draw.randrange(1_000_00, 2_000_00), "currency": "EUR", "disputed": False, "estimated": False,
         "paid": day + timedelta(days=30) if day + timedelta(days=30) <= world.JUNE else None}
        for n in range(accounts) for day in days
    ]  # fmt: skip
    with write(engine) as session:
        session.add_all(
            Account(account=f"C{n:05d}", name=f"Firm {n}", country="GB", creditsafe_id=f"G{n:05d}", currency="EUR")
            for n in range(accounts)
        )
        session.flush()
        session.execute(insert(Invoice), rows)


class Nemesis:
    """Kills a worker every few seconds while they work, once the scheduler (after so many reviews), and starts again who died."""

    def __init__(self, engine, cluster: Cluster, seed: int, pause: tuple[float, float], scheduler_after: int) -> None:
        self.engine, self.cluster, self.pause, self.after = engine, cluster, pause, scheduler_after
        self.draw, self.over = random.Random(seed), threading.Event()
        self.kills: Counter[str] = Counter()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Nemesis:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _run(self) -> None:
        """Whoever was killed has to be back at work before the next is: a slow machine may take long for that."""
        before = 0
        while not self.over.wait(self.draw.uniform(*self.pause)):
            done = self._done()
            if done > before and self._in_hand():
                self._kill(done)
                before = self._done()
            self.cluster.keep_up()

    def _kill(self, done: int) -> None:
        if done >= self.after and not self.kills["scheduler"]:
            self.cluster.kill(self.cluster.scheduler)
            self.kills["scheduler"] += 1
        else:
            self.cluster.kill(self.draw.choice(self.cluster.workers))
            self.kills["worker"] += 1

    def _done(self) -> int:
        return self._count(Review.state == "done")

    def _in_hand(self) -> int:
        return self._count(Review.state == "claimed")

    def _count(self, where: object) -> int:
        with read(self.engine) as session:
            return session.exec(select(func.count()).select_from(Review).where(where)).one()


@pytest.mark.parametrize(
    ("accounts", "pause", "least"),
    [
        pytest.param(60, (1.0, 3.0), 2, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
        pytest.param(2000, (3.0, 6.0), 20, marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
    ],
)
def test_workers_and_scheduler_are_killed_and_every_unit_is_done_once(tmp_path, monkeypatch, accounts, pause, least):
    databases.needed("postgresql")
    monkeypatch.setattr(rounds, "BATCH", 1)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 5.0)
    with ExitStack() as stack:
        bureau = stack.enter_context(BureauServer(tmp_path))
        engine = connect(databases.create(tmp_path, kind="postgresql"))
        stack.callback(engine.dispose)
        fill(engine, accounts)
        env = {"database_url": databases.of(engine), **SECRETS}
        cluster = stack.enter_context(Cluster(tmp_path, {f"HEALTHCHECK_{k.upper()}": v for k, v in env.items()}))
        settings = world.settings(
            engine, tmp_path, bureaus="creditsafe", bureau_budget="100000", creditsafe_base_url=f"{bureau.url}/v1",
            creditsafe_username="tests", creditsafe_cost_per_pull="4.20", allowed_private_hosts="127.0.0.1",
            ledger_max_age_days="60",
            large_sales_share="1", monthly_quota=str(accounts), carrier_workers="2", **SECRETS, **cluster.settings,
        )  # fmt: skip
        nemesis = stack.enter_context(Nemesis(engine, cluster, 2026, pause, accounts // 3))
        totals = review.review(engine, Month(2026, 6), None, settings, world.NOW)
        nemesis.over.set()
        print({"accounts": accounts, "kills": dict(nemesis.kills), "pulls": totals["pulls"]})
        assert (totals["planned"], totals["reviewed"], totals["failed"]) == (accounts, accounts, 0)
        assert nemesis.kills["scheduler"] == 1
        assert nemesis.kills["worker"] >= least
        once(engine, bureau, accounts)


def once(engine, bureau: BureauServer, accounts: int) -> None:
    """The bureau charged nobody twice, and nothing that our own rows do not tell of."""
    charged = bureau.charged()
    with read(engine) as session:
        assert session.exec(select(Row.state)).all() == ["closed"]
        per_review = session.exec(select(func.count()).select_from(Finding).group_by(Finding.review_id)).all()
        pulls = Counter(session.exec(select(Pull.state)).all())
        known = set(session.exec(select(Account.creditsafe_id).join(Pull).where(Pull.state != "REFUSED")).all())
    assert per_review == [5] * accounts
    assert set(charged.values()) == {1}
    assert set(charged) <= known
    assert pulls["STORED"] + pulls["UNCERTAIN"] == pulls.total() == accounts
