"""SIGKILL at every step of one month, instead of one step a month: who has come so far is killed, and a copy of it, made just before,
goes on from there to the next step.

What a killed process leaves is what it wrote (its folder: database, log of the database, what the bureau charged and the mail server
took). The scheduler is started again on a copy of that, to the end, unless it is byte for byte what was left at the step before: the
same bytes were recovered from already.

Against a month that begins anew for each kill two things differ: the copy keeps the connections to the servers open, and threads do not
run, for a copy has none (the heartbeat of a lease and the deadlines of HTTP: a month of a second needs neither). The samples in
``test_killed_anywhere`` begin anew. Polars computes by threads of its own: where a copy waits for them, another month goes on from there.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.crash import steps

A_STEP = 1e-5  # seconds that a step takes for who walks: a month takes less than one, however long the walk
LOOK = 0.05  # seconds
PATIENCE = 60  # looks until the next step; after that it is not waited for
BLOCKED = 3  # looks at which it was waiting for a thread
BEGINS_WITHIN = 120.0  # seconds until its first step, for a month that has its threads
_SUBREAPER = 36  # of prctl(2): orphans become children of the process that asks for it
EVERYWHERE = range(1, 1 << 62)
Files = dict[str, bytes]


@dataclass(frozen=True)
class Remains:
    """What is left at a step (counted from one) and not what was left at the step before it."""

    point: int
    where: str
    files: Files

    def seen(self) -> dict[str, int]:
        """``sent``: messages of which the database knows that they arrived; ``mails``: how many the mail server has."""
        with tempfile.TemporaryDirectory() as folder:
            self.write(Path(folder))
            database = sqlite3.connect(f"{folder}/book.db")
            sent = database.execute("SELECT count(*) FROM message WHERE state = 'SENT'").fetchone()[0]
            database.close()
        return {"sent": sent, "mails": self.files.get("mails.jsonl", b"").count(b"\n")}

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


class Walker:
    """What is called before each step, in the process that walks; forks from the step ``first`` on, at those among ``points``."""

    def __init__(self, points: Container[int], first: int) -> None:
        self.points, self.first, self.step = points, first, 0
        # Python's own fork would make the copy begin with new connections
        self._fork: Callable[[], int] = ctypes.PyDLL(None).fork
        self.told, self.tell = os.pipe()
        self.wait, self.go = os.pipe()

    def begin(self) -> None:
        """In the process that walks."""
        os.close(self.go)  # so that it sees when nobody is left who could say "go on"
        threading.Thread.start = threading.Thread.join = lambda *_a, **_k: None  # type: ignore[method-assign, assignment]
        time.monotonic = time.clock_gettime = lambda *_clock: self.step * A_STEP  # type: ignore[assignment]

    def __call__(self, frame: FrameType) -> None:
        self.step += 1
        if self.step >= self.first and self.step in self.points:
            where = steps.where(frame)
            if copy := self._fork():
                os.write(self.tell, f"{self.step} {copy} {where}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)
            if not os.read(self.wait, 1):
                os._exit(1)


class Walk:
    """The other side of it: ``begin()`` forks a process that calls ``walker.begin()`` and goes its way, and says its id.

    Iterated, it says what is left where that changes. Afterwards ``kills`` counts, and ``stuck`` is the first step not come to, or 0
    at the end of the way: a copy has no threads, and waits for ever for what only they can do (polars does).
    """

    def __init__(self, walker: Walker, begin: Callable[[], int], folder: Path) -> None:
        _adopt()
        self.walker, self.folder = walker, folder
        self.kills = self.stuck = 0
        self.process = begin()
        os.close(walker.tell)
        os.close(walker.wait)

    def __iter__(self) -> Iterator[Remains]:
        last = Files()
        while step := self._killed():
            self.kills += 1
            now = _settled(self.folder)
            if now != last:
                last = now
                yield Remains(*step, now)
            os.write(self.walker.go, b".")
            self.stuck = step[0] + 1
        os.close(self.walker.told)
        os.close(self.walker.go)

    def _killed(self) -> tuple[int, str] | None:
        """The step at which the process was killed; nothing, if it came to its end or will not come to another step."""
        if not self._comes():
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            return None
        said = os.read(self.walker.told, 1000).decode().split()
        status = os.waitpid(self.process, 0)[1]
        if said:
            assert status == signal.SIGKILL, status
            self.process = int(said[1])
            return int(said[0]), said[2]
        if status:
            raise RuntimeError(f"the walk ended with {status} at step {self.stuck}")
        self.stuck = 0
        return None

    def _comes(self) -> bool:
        """Wait until there is something to read. Who has not been copied yet has all its threads, and may take its time."""
        if not self.kills:
            if not select.select([self.walker.told], [], [], BEGINS_WITHIN)[0]:
                raise TimeoutError(f"a month came to none of its points in {BEGINS_WITHIN} seconds")
            return True
        blocked = 0
        for _ in range(PATIENCE):
            if select.select([self.walker.told], [], [], LOOK)[0]:
                return True
            blocked = blocked + 1 if _waits_for_a_thread(self.process) else 0
            if blocked == BLOCKED:
                return False
        return False


def _waits_for_a_thread(pid: int) -> bool:
    return Path(f"/proc/{pid}/wchan").read_text().startswith("futex")


def _adopt() -> None:
    """From now on the copies are waited for by this process when those who made them are dead."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt orphans")


def _settled(folder: Path) -> Files:
    """Everything in the folder; twice the same, for the servers may be writing."""
    now = _files(folder)
    while (again := _files(folder)) != now:
        now = again
        time.sleep(0.001)
    return now


def _files(folder: Path) -> Files:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def save(remains: Remains, folder: Path) -> None:
    folder.mkdir()
    remains.write(folder)
    (folder / "died").write_text(remains.where)
    (folder / "before.json").write_text(json.dumps(remains.seen()))
