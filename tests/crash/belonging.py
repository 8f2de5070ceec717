"""The processes that belong to something: whose environment has one line that no other has. Linux only."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    pid: int
    command: str

    @property
    def of_a_pool(self) -> bool:
        return "--multiprocessing-fork" in self.command


def belonging(mark: str) -> list[Process]:
    """Those that run or are stopped, not those that have ended and wait for their parent to notice."""
    found = (_read(folder, mark) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return sorted((process for process in found if process), key=lambda process: process.pid)


def strike(process: Process, mark: str, which: signal.Signals) -> bool:
    """Signal it, unless it has ended: its id may be another's by now."""
    try:
        held = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if _read(Path(f"/proc/{process.pid}"), mark) != process:
            return False
        signal.pidfd_send_signal(held, which)
    except ProcessLookupError:
        return False
    else:
        return True
    finally:
        os.close(held)


def outliving(mark: str, within: float, expected: Callable[[Process], bool]) -> list[Process]:
    """Who is still there after so many seconds, besides those expected."""
    until = time.monotonic() + within
    while (left := [process for process in belonging(mark) if not expected(process)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _read(folder: Path, mark: str) -> Process | None:
    try:
        if f"\0{mark}\0".encode() not in b"\0" + (folder / "environ").read_bytes():
            return None
        return Process(int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
    except OSError:  # it has ended
        return None
