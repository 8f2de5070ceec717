"""A warm process that forks schedulers: ``python -m tests.crash.schedulers ORDER``; each line on standard input starts one, its process
id is printed. Nothing of polars has run before the fork.

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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run(settings, order["born"])
        print(pid, flush=True)


if __name__ == "__main__":
    main()
