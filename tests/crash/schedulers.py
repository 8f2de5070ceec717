"""A warm process that forks schedulers: ``python -m tests.crash.schedulers ORDER``, then on standard input ``start`` (the process id is
printed), ``stop ID``, ``wake ID`` and ``kill ID`` (what it died of is printed). Nothing of polars has run before the fork. Only here
are they signalled and waited for: an id belongs to its process until then. They end with it, however it ends; it ends with its input.

A scheduler calls the jobs of the clock's table, but the daily ones, five times a second, in the time of ``shifted``. The processes of its
pool begin by running this module too: what they have no use for is imported inside.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module

from tests.crash import shifted

EVERY = 0.2
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def run(given: dict[str, str], born: float) -> None:
    from healthcheck.reviews import units
    from healthcheck.settings import Settings
    from jobs import DAY, JOBS, clock
    from tests.crash.scene import NOW

    settings = Settings(_env_file=None, **given)
    engine = units._engine(settings.database_url, settings.keys)

    def now() -> datetime:
        return NOW + timedelta(seconds=time.time() - born) + shifted.ahead()

    while True:
        for job in JOBS:
            if job.every < DAY:
                clock.call(job, engine, settings, now)
        time.sleep(EVERY)


def warm_up(carrier: str) -> None:
    """Import what a scheduler would."""
    from healthcheck.checks import registry
    from healthcheck.reviews import rounds
    from jobs import JOBS

    rounds.POLL_SECONDS = 0.05
    for module in ("healthcheck.reports.mail", "tests.crash.scene", *(["distributed"] if "dask" in carrier else [])):
        import_module(module)
    for name in registry.CHECKS:
        registry.load(name)
    for job in JOBS:
        job.load()


def main() -> None:
    order = json.loads(sys.argv[1])
    os.chdir(order["folder"])
    warm_up(order["settings"]["carrier"])
    gc.freeze()
    for line in sys.stdin:
        word, *ids = line.split()
        print(COMMANDS[word](*map(int, ids), start=lambda: run(order["settings"], order["born"])), flush=True)


def start(start: Callable[[], None]) -> int:
    parent, pid = os.getpid(), os.fork()
    if not pid:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            start()
        os._exit(1)
    return pid


def kill(pid: int, **_: object) -> int:
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def stop(pid: int, **_: object) -> int:
    os.kill(pid, signal.SIGSTOP)
    return pid


def wake(pid: int, **_: object) -> int:
    os.kill(pid, signal.SIGCONT)
    return pid


COMMANDS: dict[str, Callable[..., int]] = {"start": start, "kill": kill, "stop": stop, "wake": wake}


if __name__ == "__main__":
    main()
