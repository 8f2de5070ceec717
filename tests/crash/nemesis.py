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
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from healthcheck.store import audit
from healthcheck.store.session import connect, read
from healthcheck.store.work import Message, Month, Pull, Review
from tests import databases
from tests.crash import scene
from tests.crash.fakes import Fakes
from tests.servers.bureau import ROOT, _lines

MONTHS = ("2026-06", "2026-07")
NEXT = datetime(2026, 7, 1, 7, tzinfo=UTC) - scene.NOW  # when the second is due
STUCK = 2.0  # seconds without a change, after which time is put forward: somebody waits for it
FORWARD = timedelta(minutes=10)
MOST = 90.0  # seconds that a month may take in all


@dataclass
class Battle:
    folder: Path
    fakes: Fakes
    url: str
    seed: int
    bureau: str = "key"
    carrier: str = "threads"
    doubted: Counter[str] = field(default_factory=Counter)  # Message-IDs by how often a kill met them SENDING
    found: list[str] = field(default_factory=list)  # violations
    kills: int = 0
    stops: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.engine = connect(self.url, [scene.SECRET])
        self.forward(timedelta())

    # ---- the schedulers

    @contextmanager
    def fought(self) -> Iterator[None]:
        settings = scene.settings(self.bureau, f"{self.folder.name}.{self.folder.parent.name}", self.fakes.mail)
        given = {
            **{name: getattr(settings, name) for name in ("mail_url", "mail_from", "monthly_quota")},
            "database_url": self.url, "bureaus": self.bureau, "bureau_budget": "1000", "credit_team": "credit@nordwind.example",
            "carrier": self.carrier, "carrier_workers": 3, "large_sales_share": 1, "secret_keys": scene.SECRET, "report_max_age_days": 0,
            "ledger_max_age_days": 60, "log_level": "error",
        }  # fmt: skip
        url = f"http://127.0.0.1:{self.fakes.bureau}/{self.folder.parent.name}/{self.folder.name}"
        order = {"folder": str(self.folder), "bureau_url": url, "settings": given, "born": time.time()}
        command = [sys.executable, "-m", "tests.crash.schedulers", json.dumps(order)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
        with (self.folder / "log").open("w") as log:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
            self.parent = subprocess.Popen(command, cwd=ROOT, env=env, text=True, **pipes)
        self.alive = [self.order("start"), self.order("start")]
        try:
            yield
        finally:
            for victim in range(2):
                self.kill(victim)
            self.parent.stdin.close()
            self.parent.wait(20)
            self.parent.stdout.close()
            self.engine.dispose()

    def order(self, *words: object) -> int:
        self.parent.stdin.write(" ".join(map(str, words)) + "\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def kill(self, victim: int) -> None:
        died = self.order("kill", self.alive[victim])
        if died != -signal.SIGKILL:
            self.found.append(f"a scheduler ended by itself: {died}")

    def strike(self) -> None:
        """Kill one, and start another; or stop one, perhaps for longer than its lease, and wake it."""
        victim = self.rng.randrange(2)
        if self.rng.random() < 0.5:
            self.kill(victim)
            self.kills += 1
            self.doubted.update(self.seen(select(Message.message_id).where(Message.state == "SENDING")))
            self.alive[victim] = self.order("start")
        else:
            self.order("stop", self.alive[victim])
            self.stops += 1
            time.sleep(self.rng.choice((0.05, 0.3, 1.6)))
            self.order("wake", self.alive[victim])

    # ---- time

    def forward(self, by: timedelta) -> None:
        file = self.folder / "ahead"
        before = float(file.read_text()) if file.exists() else 0.0
        part = file.with_suffix(".part")
        part.write_text(str(before + by.total_seconds()))
        part.replace(file)

    def fight(self, month: str) -> None:
        """Until the month is closed and its mails are sent; strikes come as long as there is something to hit, twenty at most."""
        end, strikes, last, since = time.monotonic() + MOST, self.rng.randrange(8, 20), None, time.monotonic()
        while not self.over(month):
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{month} has not ended: {self.state()}\n{(self.folder / 'log').read_text()[-2000:]}"
                )
            time.sleep(self.rng.uniform(0.02, 0.3))
            if strikes:
                self.strike()
                strikes, since = strikes - 1, time.monotonic()
            state = self.state()
            if state != last:
                last, since = state, time.monotonic()
            elif time.monotonic() - since > STUCK and not self.in_hand():
                self.forward(FORWARD)
                since = time.monotonic()

    def in_hand(self) -> bool:
        """Whether a scheduler that lives may be sending: it would find its five minutes gone in a moment."""
        return bool(set(self.seen(select(Message.message_id).where(Message.state == "SENDING"))) - set(self.doubted))

    def state(self) -> Any:
        queries = select(Review.state), select(Pull.state), select(Message.state), select(Month.state)
        return [sorted(Counter(self.seen(query)).items()) for query in queries]

    def over(self, month: str) -> bool:
        closed = self.seen(select(Month.state).where(Month.month == month)) == ["closed"]
        return closed and set(self.seen(select(Message.state))) <= {"SENT"}

    def seen(self, query: Any) -> list[Any]:
        with read(self.engine) as session:
            return list(session.exec(query))

    # ---- the judgement

    def violations(self) -> Iterator[str]:
        months = sorted(self.seen(select(Month.month)))
        if months != list(MONTHS):
            yield f"months: {months}"
        yield from self._charges()
        yield from self._mails()
        if {*self.seen(select(Review.state))} != {"done"}:
            yield f"reviews: {Counter(self.seen(select(Review.state)))}"
        with read(self.engine) as session:
            if why := audit.verify(session, [scene.SECRET]).why:
                yield f"the audit is broken: {why}"

    def _charges(self) -> Iterator[str]:
        charges = _lines(self.folder / "charges.jsonl")
        orders = Counter((line["account"], line["reference"]) for line in charges)
        yield from (
            f"{account} was charged {times} times for one order" for (account, _), times in orders.items() if times > 1
        )
        units = len(self.seen(select(Review.id).where(col(Review.reason) != "flagged")))
        if len(charges) > units:
            yield f"{len(charges)} charges for {units} reviews"
        strange = set(self.seen(select(Pull.state))) - {"STORED"}
        if not charges or strange - {"UNCERTAIN"} or (strange and self.bureau != "blind"):
            yield f"{len(charges)} charges, pulls are {', '.join(strange)}"

    def _mails(self) -> Iterator[str]:
        mails = _lines(self.folder / "mails.jsonl")
        if len({mail["id"].strip() for mail in mails}) != len(self.seen(select(Message.id))):
            yield "not every message arrived, or one under two Message-IDs"
        if len({(mail["id"], mail["hash"]) for mail in mails}) != len({mail["id"] for mail in mails}):
            yield "one message came with different bytes"
        for name, copies in Counter(mail["id"].strip() for mail in mails).items():
            if copies > 1 + self.doubted[name]:
                yield f"{name} came {copies} times, and {self.doubted[name]} kills met it on its way"
        people = Counter((row.kind, row.month, row.recipient) for row in self.seen(select(Message)))
        yield from (f"two digests for {person}" for person, times in people.items() if times > 1)


def battle(place: Path, prepared: Path, fakes: Fakes, seed: int, kind: str = "sqlite", **more: str) -> Battle:
    """Fight two months; what came of it."""
    folder = place / f"seed{seed}"
    folder.mkdir(parents=True)
    if kind == "sqlite":
        shutil.copy(prepared / "many.db", folder / "book.db")
        url = f"sqlite:///{folder}/book.db"
    else:
        url = databases.create(folder, kind=kind)
        scene.fill(url, folder, scene.MANY)
    fight = Battle(folder, fakes, url, seed, **more)
    with fight.fought():
        for month in MONTHS:
            fight.fight(month)
            fight.forward(NEXT if month == MONTHS[0] else timedelta())
        fight.found += fight.violations()
    return fight
