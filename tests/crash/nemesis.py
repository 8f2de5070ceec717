"""Two schedulers on one database, killed, stopped and woken at random, and what the bureau and the mail server saw of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from healthcheck.store.session import connect, read
from healthcheck.store.work import Message, Month, Pull, Review
from tests import databases
from tests.crash import belonging, scene, verdict
from tests.crash.fakes import SLOW, Fakes
from tests.crash.verdict import MONTHS
from tests.servers.bureau import ROOT, _lines
from tests.servers.cluster import Cluster

NEXT = datetime(2026, 7, 1, 7, tzinfo=UTC) - scene.NOW  # when the second is due
FORWARD = timedelta(minutes=10)
BUREAUS = {
    "key": "tests.servers.adapters:KeyBureau",
    "lookup": "tests.servers.adapters:LookupBureau",
    "blind": "tests.servers.adapters:BlindBureau",
}


@dataclass(frozen=True)
class Pace:
    """A carrier whose workers are processes of their own takes seconds to begin: there is nothing to hit before."""

    lease: float  # seconds
    stuck: float  # seconds without a change, after which time is put forward: somebody waits for it
    pause: float  # seconds between two strikes, at most
    lurk: float  # seconds that most strikes wait for something in hand
    most: float  # seconds that a month may take in all
    workers: int


HERE = Pace(lease=1.0, stuck=2.0, pause=0.2, lurk=0.5, most=120.0, workers=3)
PACES = {
    "inline": HERE,
    "threads": HERE,
    "processes": Pace(lease=10.0, stuck=3.0, pause=0.6, lurk=6.0, most=400.0, workers=2),
    "dask+tls": Pace(lease=10.0, stuck=3.0, pause=0.6, lurk=6.0, most=400.0, workers=2),
}


@dataclass
class Battle:
    folder: Path
    fakes: Fakes
    url: str
    seed: int
    kind: str = "sqlite"
    bureau: str = "key"
    carrier: str = "threads"
    months: tuple[str, ...] = MONTHS
    doubted: Counter[str] = field(default_factory=Counter)  # Message-IDs by how often a kill met them SENDING
    found: list[str] = field(default_factory=list)  # violations
    struck: Counter[str] = field(default_factory=Counter)  # by what was done to whom
    met: Counter[str] = field(default_factory=Counter)  # kills, by what was in hand then: the victim's, or another's
    hit: set[str] = field(default_factory=set)  # what was in hand at a strike

    def __post_init__(self) -> None:
        self.rng, self.pace = random.Random(self.seed), PACES[self.carrier]
        self.engine = connect(self.url, [scene.SECRET])
        self.cluster: Cluster | None = None
        self.told: dict[str, Any] = {}
        bureau = f"http://127.0.0.1:{self.fakes.bureau}/{self.folder.parent.name}/{self.folder.name}"
        self.mark = f"TEST_BUREAU_URL={bureau}"
        self.env = {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{self.folder}", "TEST_BUREAU_URL": bureau, "POLARS_MAX_THREADS": "1",
            "OMP_NUM_THREADS": "1", "TEST_LEASE_SECONDS": str(self.pace.lease),
        }  # fmt: skip
        _package(self.folder / "bureaus-1.dist-info")
        (self.folder / SLOW).touch()
        self.forward(timedelta())

    # ---- the schedulers

    @contextmanager
    def fought(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.callback(self.engine.dispose)
            if self.carrier == "dask+tls":
                secrets = {"HEALTHCHECK_DATABASE_URL": self.url, "HEALTHCHECK_SECRET_KEYS": scene.SECRET}
                preload = {"DASK_DISTRIBUTED__WORKER__PRELOAD": "tests.crash.shifted"}
                self.cluster = stack.enter_context(Cluster(self.folder, {**self.env, **secrets, **preload}))
            stack.enter_context(self.parent_of_schedulers())
            self.alive = [self.order("start"), self.order("start")]
            try:
                yield
            finally:
                for victim in range(2):
                    self.kill(victim)
            self.found += self._outlived()

    @contextmanager
    def parent_of_schedulers(self) -> Iterator[None]:
        """Of the schedulers; when it ends it takes along whoever is still there."""
        order = {"folder": str(self.folder), "settings": self._settings(), "born": time.time()}
        command = [sys.executable, "-m", "tests.crash.schedulers", json.dumps(order)]
        with (self.folder / "log").open("w") as log:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
            env = {**os.environ, **self.env}
            self.parent = subprocess.Popen(command, cwd=ROOT, env=env, text=True, start_new_session=True, **pipes)
        try:
            yield
        finally:
            os.killpg(self.parent.pid, signal.SIGKILL)
            self.parent.communicate(timeout=20)

    def _settings(self) -> dict[str, Any]:
        settings = scene.settings(self.bureau, f"{self.folder.name}.{self.folder.parent.name}", self.fakes.mail)
        return {
            **{name: getattr(settings, name) for name in ("mail_url", "mail_from", "monthly_quota")},
            "database_url": self.url, "bureaus": self.bureau, "bureau_budget": "1000", "credit_team": "credit@nordwind.example",
            "carrier_workers": self.pace.workers, "large_sales_share": 1, "secret_keys": scene.SECRET, "report_max_age_days": 0,
            "ledger_max_age_days": 60, "log_level": "error",
            **({"carrier": self.carrier} if self.cluster is None else self.cluster.settings),
        }  # fmt: skip

    def _outlived(self) -> Iterator[str]:
        """Nobody works on for a scheduler that is dead, but the cluster, which is nobody's."""
        own = [self.parent.pid]
        if self.cluster is not None:
            own += [process.pid for process in (self.cluster.scheduler, *self.cluster.workers)]
        left = belonging.outliving(self.mark, 20.0, lambda process: process.pid in own)
        yield from (f"a process outlived its scheduler: {process.command}" for process in left)

    def order(self, *words: object) -> int:
        self.parent.stdin.write(" ".join(map(str, words)) + "\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def kill(self, victim: int) -> None:
        died = self.order("kill", self.alive[victim])
        if died != -signal.SIGKILL:
            self.found.append(f"a scheduler ended by itself: {died}")

    # ---- strikes

    def strike(self) -> None:
        """Kill one, and start another; or stop one, perhaps for longer than its lease, and wake it. A scheduler or one of its workers."""
        if self.carrier in ("inline", "threads") or self.rng.random() < 0.5:
            self.strike_scheduler(self.rng.randrange(2))
        elif self.cluster is None:
            self.strike_pool()
        else:
            self.strike_cluster(self.cluster)
        self.hit |= self.in_hand()

    def strike_scheduler(self, victim: int) -> None:
        if self.rng.random() < 0.5:
            self.kill(victim)
            self.killed("scheduler")
            self.doubted.update(self.sending())
            self.alive[victim] = self.order("start")
        else:
            self.order("stop", self.alive[victim])
            self.struck["scheduler stopped"] += 1
            self.wait()
            self.order("wake", self.alive[victim])

    def strike_pool(self) -> None:
        pool, which = self.pool(), self.rng.choice((signal.SIGKILL, signal.SIGSTOP))
        victim = self.rng.choice(pool) if pool else None
        if victim is None or not belonging.strike(victim, self.mark, which):
            self.strike_scheduler(self.rng.randrange(2))
        elif which == signal.SIGSTOP:
            self.wait()
            belonging.strike(victim, self.mark, signal.SIGCONT)
            self.struck["worker stopped"] += 1
        else:
            self.killed("worker")

    def pool(self) -> list[belonging.Process]:
        return [process for process in belonging.belonging(self.mark) if process.of_a_pool]

    def strike_cluster(self, cluster: Cluster) -> None:
        """A worker, or Dask's own scheduler: with that one all workers are lost, and come back as a supervisor would have them."""
        victim = self.rng.choice((*cluster.workers, cluster.scheduler))
        what = "Dask" if victim is cluster.scheduler else "worker"
        if self.rng.random() < 0.5:
            cluster.kill(victim)
            self.killed(what)
            cluster.keep_up()
        else:
            victim.send_signal(signal.SIGSTOP)
            self.wait()
            victim.send_signal(signal.SIGCONT)
            self.struck[f"{what} stopped"] += 1

    def killed(self, what: str) -> None:
        self.struck[f"{what} killed"] += 1
        self.met.update({found.partition(" ")[0] for found in self.in_hand()})

    def wait(self) -> None:
        """For a moment, or until every lease is over that nobody prolongs."""
        if self.rng.random() < 0.4:
            self.forward(timedelta(seconds=1.5 * self.pace.lease))
            time.sleep(0.6)
        else:
            time.sleep(self.rng.choice((0.05, 0.3)))

    def lurk(self, month: str) -> None:
        """A strike in four comes at any time, three soon after something is in hand that none has hit, if that comes soon."""
        time.sleep(self.rng.uniform(0, self.pace.pause))
        if self.rng.random() < 0.75:
            until = time.monotonic() + self.pace.lurk
            while time.monotonic() < until and not self.in_hand() - self.hit and not self.over(month):
                time.sleep(0.005)
            time.sleep(self.rng.choice((0, 0.02, 0.1, 0.2)))

    # ---- time

    def forward(self, by: timedelta) -> None:
        file = self.folder / "ahead"
        before = float(file.read_text()) if file.exists() else 0.0
        part = file.with_suffix(".part")
        part.write_text(str(before + by.total_seconds()))
        part.replace(file)

    def fight(self, month: str) -> None:
        """Until the month is closed and its mails are sent; strikes come as long as there is something to hit."""
        began = since = time.monotonic()
        strikes, last, stuck = self.rng.randrange(8, 20), None, self.pace.stuck
        while not self.over(month):
            if time.monotonic() - began > self.pace.most:
                raise TimeoutError(
                    f"{month} has not ended: {self.state()}\n{(self.folder / 'log').read_text()[-2000:]}"
                )
            if strikes:
                self.lurk(month)
                self.strike()
                strikes -= 1
            else:
                time.sleep(0.1)
            if self.cluster is not None:
                self.cluster.keep_up()
            state = self.state()
            if state != last:
                last, since, stuck = state, time.monotonic(), self.pace.stuck
            elif time.monotonic() - since > stuck and self.nobody_sends():
                self.forward(FORWARD)
                since, stuck = (
                    time.monotonic(),
                    2 * stuck,
                )  # a slow machine may be at work on it: its leases are over now

    def nobody_sends(self) -> bool:
        """Who lives and is sending would find his five minutes gone in a moment."""
        return self.sending() <= set(self.doubted)

    def sending(self) -> set[str]:
        return set(self.seen(select(Message.message_id).where(Message.state == "SENDING")))

    def in_hand(self) -> set[str]:
        """Claims, orders without an answer, and mails on their way; whether anybody lives who has them cannot be told."""
        claims = self.seen(select(Review.token).where(Review.state == "claimed"))
        orders = self.seen(select(Pull.id).where(Pull.state == "INTENT"))
        named = {"claimed": claims, "INTENT": orders, "SENDING": self.sending()}
        return {f"{kind} {which}" for kind, found in named.items() for which in found}

    def state(self) -> Any:
        queries = select(Review.state), select(Pull.state), select(Message.state), select(Month.state)
        return [sorted(Counter(self.seen(query)).items()) for query in queries]

    def over(self, month: str) -> bool:
        closed = self.seen(select(Month.state).where(Month.month == month)) == ["closed"]
        return closed and set(self.seen(select(Message.state))) <= {"SENT", "HELD"}

    def seen(self, query: Any) -> list[Any]:
        with read(self.engine) as session:
            return list(session.exec(query))

    def tell(self) -> dict[str, Any]:
        """What was fought, for the record."""
        charges, mails = (_lines(self.folder / f"{name}.jsonl") for name in ("charges", "mails"))
        doubles = len(mails) - len({mail["id"] for mail in mails})
        seen = {"charges": len(charges), "mails": len(mails), "mails twice": doubles}
        what = {
            "database": self.kind,
            "carrier": self.carrier,
            "bureau": self.bureau,
            "seed": self.seed,
            "found": self.found,
        }
        return {**what, "struck": dict(self.struck), "met": dict(self.met), **seen}


def _package(folder: Path) -> None:
    """An installed distribution with the bureaus, as an outsider's; every process of the battle finds it on its path."""
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: bureaus\nVersion: 1\n")
    points = (f"{name} = {where}\n" for name, where in BUREAUS.items())
    (folder / "entry_points.txt").write_text("[healthcheck.bureaus]\n" + "".join(points))


def prepare(place: Path, prepared: Path, fakes: Fakes, seed: int, kind: str = "sqlite", **more: Any) -> Battle:
    """A battle that has not begun."""
    folder = place / f"seed{seed}"
    folder.mkdir(parents=True)
    if kind == "sqlite":
        shutil.copy(prepared / "many.db", folder / "book.db")
        url = f"sqlite:///{folder}/book.db"
    else:
        url = databases.create(folder, kind=kind)
        scene.fill(url, folder, scene.MANY)
    return Battle(folder, fakes, url, seed, kind, **more)


def battle(*where: Any, **more: Any) -> Battle:
    """Fight its months; what came of it."""
    began, fight = time.monotonic(), prepare(*where, **more)
    with fight.fought():
        for month in fight.months:
            fight.fight(month)
            if month != fight.months[-1]:
                fight.forward(NEXT)
        fight.found += verdict.violations(fight)
    fight.told = {"seconds": round(time.monotonic() - began, 1), **fight.tell()}
    return fight
