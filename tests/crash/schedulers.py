"""A warm process that forks schedulers: ``python -m tests.crash.schedulers ORDER``, then on standard input ``start`` (the process id is
printed), ``stop ID``, ``wake ID`` and ``kill ID`` (what it died of is printed). Nothing of polars has run before the fork. Only here
are they signalled and waited for: an id belongs to its process until then.

A scheduler calls the jobs of the clock's table, but the daily ones, five times a second. Its time is the machine's, plus what the file
``ahead`` says: leases, back-offs and months follow that. Leases are short, so that a process which was stopped finds its own gone.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from healthcheck.reviews import leases, rounds
from healthcheck.settings import Settings

AHEAD = Path("ahead")
LEASE = 1.0
EVERY = 0.2
_clock = leases.clock


def ahead() -> timedelta:
    return timedelta(seconds=float(AHEAD.read_text()))


leases.clock = lambda session: _clock(session) + ahead()  # before anybody keeps the other one
leases.LEASE_SECONDS = LEASE
rounds.POLL_SECONDS = 0.05

from healthcheck.checks import registry  # noqa: E402
from healthcheck.reports import mail  # noqa: E402, F401
from healthcheck.reviews import units  # noqa: E402
from jobs import DAY, JOBS, clock  # noqa: E402
from tests.crash import scene  # noqa: E402


def run(settings: Settings, born: float) -> None:
    engine = units._engine(settings.database_url, settings.keys)

    def now() -> datetime:
        return scene.NOW + timedelta(seconds=time.time() - born) + ahead()

    while True:
        for job in JOBS:
            if job.every < DAY:
                clock.call(job, engine, settings, now)
        time.sleep(EVERY)


def main() -> None:
    order = json.loads(sys.argv[1])
    os.chdir(order["folder"])
    os.environ["TEST_BUREAU_URL"] = order["bureau_url"]
    scene.register()
    for name in registry.CHECKS:
        registry.load(name)
    for job in JOBS:
        job.load()
    settings = Settings(_env_file=None, **order["settings"])
    gc.freeze()
    for line in sys.stdin:
        said = COMMANDS[line.split()[0]](*map(int, line.split()[1:]), start=lambda: run(settings, order["born"]))
        print(said, flush=True)


def start(start: Callable[[], None]) -> int:
    pid = os.fork()
    if not pid:
        start()
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
