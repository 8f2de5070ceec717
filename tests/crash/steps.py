"""The steps of a month: every bytecode of the durable core, or every line of every frame. One of them can be the last."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import healthcheck
import jobs

ROOM = Path(healthcheck.__file__).parent
CORE = frozenset(
    str(file)
    for pattern in (
        "reviews/schedule.py", "reviews/months.py", "reviews/holds.py", "reviews/review.py", "reviews/rounds.py",
        "reviews/units.py", "reviews/leases.py",
        "reviews/pulls.py", "reviews/pulling/*.py", "reviews/closing.py", "reports/outbox.py", "reports/mail.py", "store/session.py",
        "store/audit.py",
    )
    for file in ROOM.glob(pattern)
) | frozenset(map(str, Path(jobs.__file__).parent.glob("*.py")))  # fmt: skip
Act = Callable[[FrameType], None]


def bytecodes(act: Act) -> None:
    """Call ``act`` before every bytecode of the durable core that this thread runs."""

    def local(frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "opcode":
            act(frame)
        return local

    mine: dict[CodeType, bool] = {}

    def enter(frame: FrameType, _event: str, _arg: Any) -> Any:
        code = frame.f_code
        known = mine.get(code)
        if known is None:
            known = mine[code] = code.co_filename in CORE
        if not known:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    sys.settrace(enter)


def lines(act: Act) -> None:
    """Call ``act`` before every line of Python that this thread runs, whosever it is."""

    def local(frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            act(frame)
        return local

    sys.settrace(lambda *_: local)


GRAINS = {"bytecodes": bytecodes, "lines": lines}


def where(frame: FrameType) -> str:
    """``outbox._deliver:40``: the bytecode that would come next."""
    code = frame.f_code
    return f"{Path(code.co_filename).stem}.{code.co_qualname}:{frame.f_lasti}"


def die_at(point: int, folder: Path) -> Act:
    """Kill this process at a step, as the kernel would: nothing more runs. What it was about to do is left in ``died``."""
    left = point

    def act(frame: FrameType) -> None:
        nonlocal left
        left -= 1
        if not left:
            (folder / "died").write_text(where(frame))
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def count(told: list[int]) -> Act:
    def act(_frame: FrameType) -> None:
        told[0] += 1

    return act


class Record:
    """Every step with what could be seen from outside before it: the version of the database, its messages that are SENT, the charges
    that were booked and the mails that were taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = sqlite3.connect(folder / "book.db", isolation_level=None)
        self.version, self.sent = -1, 0
        self.steps: list[tuple[str, int, int, int, int]] = []

    def __call__(self, frame: FrameType) -> None:
        version = self.database.execute("PRAGMA data_version").fetchone()[0]
        if version != self.version:
            self.version = version
            self.sent = self.database.execute("SELECT count(*) FROM message WHERE state = 'SENT'").fetchone()[0]
        size = {name: self._size(f"{name}.jsonl") for name in ("charges", "mails")}
        self.steps.append((where(frame), version, self.sent, size["charges"], size["mails"]))

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return 0

    def save(self) -> None:
        (self.folder / "record.json").write_text(json.dumps(self.steps))
