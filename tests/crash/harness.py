"""The test's side: runs points in warm processes, and judges what each left behind by what the bureau and the mail server saw."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_string, policy
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.crash import scene
from tests.crash.fakes import Fakes
from tests.servers.bureau import ROOT

WORKERS = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2  # warm processes; each forks one child at a time
ONCE = ("key", "lookup")  # bureaus of which exactly one charge an account is wanted
PRICE = "EUR 4.20"


@dataclass(frozen=True)
class Step:
    """Before this step, seen from outside: so many messages SENT, so many charges booked and mails taken."""

    where: str
    version: int
    sent: int
    charges: int
    mails: int

    @property
    def state(self) -> tuple[int, int, int]:
        return self.version, self.charges, self.mails


@dataclass(frozen=True)
class Left:
    """What is left of one point."""

    point: int
    folder: Path
    died: str
    wrong: str = ""  # the two runs themselves
    walked: bool = False  # and so what was seen before the second is known

    def lines(self, name: str) -> list[dict[str, Any]]:
        file = self.folder / f"{name}.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @cached_property
    def facts(self) -> Any:
        return json.loads((self.folder / "facts.json").read_text())

    @cached_property
    def mailed(self) -> bool:
        """Of a walk: whether the mail server had a message of which the database did not know when the kill came."""
        before = json.loads((self.folder / "before.json").read_text())
        return before["mails"] > before["sent"]

    @cached_property
    def mails(self) -> list[dict[str, Any]]:
        return self.lines("mails")

    @property
    def copies(self) -> int:
        """The most copies of one mail."""
        return max(Counter(mail["to"] for mail in self.mails).values(), default=0)


@dataclass
class Play:
    """One kind of month: a bureau, perhaps a mutant, what a step is."""

    house: House
    bureau: str = "key"
    grain: str = "bytecodes"
    mutant: str = ""
    on_uncertain: str = "resend"
    workers: list[Worker] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Of the last walk."""
        return self.workers[0].kills

    @cached_property
    def folder(self) -> Path:
        self.house.plays += 1
        folder = self.house.folder / f"play{self.house.plays}"
        folder.mkdir()
        return folder

    @cached_property
    def undisturbed(self) -> Left:
        """A month without a kill; what was seen at each of its steps is in its folder."""
        left = self.workers[0].run("undisturbed", "record")
        assert not left.wrong, left.wrong
        return left

    @cached_property
    def record(self) -> Any:
        return json.loads((self.undisturbed.folder / "record.json").read_text())

    @cached_property
    def steps(self) -> list[Step]:
        charged, taken = (_counter(self.undisturbed.folder / f"{name}.jsonl") for name in ("charges", "mails"))
        return [Step(where, version, sent, charged(a), taken(b)) for where, version, sent, a, b in self.record]

    @cached_property
    def number(self) -> int:
        return len(self.record) if self.grain == "bytecodes" else self.record

    @cached_property
    def boundaries(self) -> list[int]:
        """The last step before, and the first after, each change that can be seen from outside; points count from one."""
        changes = [n for n in range(1, self.number) if self.steps[n].state != self.steps[n - 1].state]
        return sorted({point for change in changes for point in (change, change + 1)})

    @cached_property
    def gap(self) -> frozenset[int]:
        """The points at which a message has left and the database does not know that it arrived: a copy more is allowed there."""
        return self.accepted | frozenset(
            point for start in self.departures for point in range(start, self._taken(start))
        )

    @cached_property
    def accepted(self) -> frozenset[int]:
        """The points at which the mail server has a message of which the database does not know: the next run sends it again."""
        return frozenset(n for n, step in enumerate(self.steps, 1) if step.mails > step.sent)

    @cached_property
    def departures(self) -> list[int]:
        """The points at which the last byte of a message has just left; when the server takes it is for the network to say."""
        dotted = [n for n, step in enumerate(self.steps) if step.where.startswith("mail._stuffed")]
        ends = [n for n in dotted if not self.steps[n + 1].where.startswith("mail._stuffed")]
        return [end + 3 for end in ends]  # the step after it hands the bytes over, and points count from one

    def _taken(self, start: int) -> int:
        before = self.steps[start - 2].mails
        return next(n for n in range(start, self.number + 1) if self.steps[n - 1].mails > before)

    def run(self, points: Iterable[int]) -> Iterator[Left]:
        """Kill at each of them, start again, see what is left."""
        idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self.workers:
            idle.put(worker)

        def one(point: int) -> Left:
            worker = idle.get()
            try:
                return worker.run(f"p{point}", str(point))
            finally:
                idle.put(worker)

        pool = ThreadPoolExecutor(len(self.workers))
        try:
            for left in pool.map(one, points):
                yield left
                shutil.rmtree(left.folder)
        finally:
            pool.shutdown(cancel_futures=True)

    def walk(self, points: str = "all") -> Iterator[Left]:
        """Kill at all of them in one month, see ``tests.crash.chain``; what is left where it changes, started again."""
        assert self.undisturbed, "is made first: the worker does one thing at a time"
        for left in self.workers[0].walk("walk", points):
            yield left
            shutil.rmtree(left.folder)

    def violations(self, left: Left) -> list[str]:
        """What is wrong with it; nothing, if all is well."""
        found = [left.wrong] if left.wrong else [*self._charges(left), *self._mails(left), *self._database(left)]
        return [f"killed at {left.point} ({left.died}): {one}" for one in found]

    def _charges(self, left: Left) -> Iterator[str]:
        wanted = Counter(line["account"] for line in self.undisturbed.lines("charges"))
        got = Counter(line["account"] for line in left.lines("charges"))
        yield from (f"{account} was charged {times} times" for account, times in got.items() if times > 1)
        if self.bureau in ONCE:
            yield from (f"{account} was never bought" for account in wanted - got)

    def _mails(self, left: Left) -> Iterator[str]:
        copies = Counter(mail["to"] for mail in left.mails)
        yield from (f"no digest for {mail['to']}" for mail in self.undisturbed.mails if not copies[mail["to"]])
        for recipient, times in copies.items():
            mine = [mail for mail in left.mails if mail["to"] == recipient]
            if len({(mail["id"], mail["hash"]) for mail in mine}) > 1:
                yield f"{recipient} got different mails"
            if times > 1 + self._may_repeat(left):
                yield f"{recipient} got {times} copies, and the kill was not in the gap"
        if self.bureau in ONCE and _texts(left) != _texts(self.undisturbed):
            yield "the digests say something else than those of the undisturbed month"

    def _may_repeat(self, left: Left) -> bool:
        if self.on_uncertain == "hold":
            return False
        if left.walked:
            return left.mailed
        return left.point in self.gap if self.grain == "bytecodes" else True  # of lines the gap is not known

    def _database(self, left: Left) -> Iterator[str]:
        found = left.facts
        if found["months"] != [["2026-06", "closed"]]:
            yield f"months: {found['months']}"
        if set(found["reviews"]) != {"done"}:
            yield f"reviews: {found['reviews']}"
        if found["audit"]:
            yield f"the audit is broken: {found['audit']}"
        if len(found["pulls"]) != len(self.undisturbed.facts["pulls"]):
            yield f"there are {len(found['pulls'])} pulls"
        strange = {state for _, _, state, _ in found["pulls"]} - {"STORED"}
        if strange - {"UNCERTAIN"} or (strange and self.bureau in ONCE):
            yield f"pulls are {', '.join(strange)}"
        yield from _doubts(left)


def _doubts(left: Left) -> Iterator[str]:
    """Each doubtful pull stands in the digest with its price, and is none that nobody needs to doubt."""
    told = " ".join(" ".join(_texts(left).values()).split())
    charged = {line["account"] for line in left.lines("charges")}
    for account, name, state, cost in left.facts["pulls"]:
        if state == "STORED" and account not in charged:
            yield f"{account} has a report that was never charged"
        if state == "UNCERTAIN" and not (cost == 420 and re.search(f"{name}[^.]{{0,40}}{PRICE}", told)):
            yield f"the digest does not say what {account} may have cost"


def _counter(file: Path) -> Callable[[int], int]:
    """From a size that the file had to the number of its whole lines then."""
    ends = list(accumulate(len(line) + 1 for line in file.read_bytes().split(b"\n")[:-1]))
    return lambda size: bisect_right(ends, size)


def _texts(left: Left) -> dict[str, str]:
    """What each recipient reads, but for the audit's head: that says when things were done."""
    found = {}
    for mail in left.mails:
        body = message_from_string(mail["body"], policy=policy.default).get_body(("plain",))
        found[mail["to"]] = re.sub(r"(?i)(audit:? head) \w+", r"\1", body.get_content())
    return found


class Worker:
    """A warm process."""

    def __init__(self, play: Play) -> None:
        self.play = play
        order = {
            "folder": str(play.folder), "prepared": str(play.house.prepared), "bureau": play.bureau, "grain": play.grain,
            "mutant": play.mutant, "on_uncertain": play.on_uncertain, "root": play.folder.name,
            "bureau_port": play.house.fakes.bureau, "mail_port": play.house.fakes.mail,
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.crash.driver", json.dumps(order)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"}
        self.kills = 0  # of a walk
        self.seconds = 0.0  # of processor time that its children took
        self.log = (play.folder / "log").open("a")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, cwd=ROOT, env=env, text=True
        )

    def run(self, name: str, what: str) -> Left:
        self._say(name, what)
        _, seconds, *ends = self._hear()
        self.seconds = float(seconds)
        return self._left(name, int(what) if what.isdigit() else 0, ends, ["9", "0"] if what.isdigit() else ["0"])

    def walk(self, name: str, points: str) -> Iterator[Left]:
        self._say(name, "walk", points)
        while (told := self._hear())[0] != "over":
            copy, point, *ends = told
            yield replace(self._left(copy, int(point), ends, ["0"]), walked=True)
        self.kills = int(told[1])

    def _say(self, *words: str) -> None:
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()

    def _hear(self) -> list[str]:
        told = self.process.stdout.readline().split()
        assert told, (self.play.folder / "log").read_text()[-3000:]
        return told

    def _left(self, name: str, point: int, ends: list[str], wanted: list[str]) -> Left:
        folder = self.play.folder / name
        died = (folder / "died").read_text() if (folder / "died").exists() else ""
        wrong = "; ".join(file.read_text() for file in folder.glob("*.error"))
        return Left(point, folder, died, wrong or ("" if ends == wanted else f"the runs ended with {ends}"))

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:  # on a walk that nobody follows any more
            self.process.kill()
            self.process.wait(20)
        self.process.stdout.close()
        self.log.close()


class House:
    """The servers and the prepared book, for any number of plays."""

    def __init__(self, folder: Path, fakes: Fakes) -> None:
        self.folder, self.fakes, self.prepared = folder, fakes, folder / "book"
        self.plays = 0

    @contextmanager
    def play(self, workers: int = WORKERS, **kind: str) -> Iterator[Play]:
        play = Play(self, **kind)
        try:
            play.workers = [Worker(play) for _ in range(workers)]
            yield play
        finally:
            for worker in play.workers:
                worker.close()
            shutil.rmtree(play.folder)


@contextmanager
def opened() -> Iterator[House]:
    """Prepare the book, in memory where there is room: a kill leaves the same behind, and thousands of months write a lot."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="crash-", dir=memory if memory.is_dir() else None))
    try:
        with Fakes(place) as fakes:
            house = House(place, fakes)
            house.prepared.mkdir()
            scene.make(house.prepared)
            scene.make(house.prepared, "many", scene.MANY)
            _learn(house)
            yield house
    finally:
        shutil.rmtree(place)


def _learn(house: House) -> None:
    with house.play(workers=1) as play:
        left = play.workers[0].run("learnt", "learn")
        assert not left.wrong, left.wrong
        for name in (*scene.LEARNT, "planned.db"):
            shutil.copy(left.folder / name, house.prepared)
