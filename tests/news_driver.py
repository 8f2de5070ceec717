"""Reads bureaus' news in children that are killed at a step: ``python -m tests.news_driver FOLDER URL POINT...``.

For each point the book FOLDER/POINT is polled by a child that is killed with SIGKILL before its POINTth step (a statement, a commit, before
or after a call), then by one that is left alone. Point 0 kills nobody and prints the number of steps.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sqlalchemy import Engine, event

import healthcheck.bureaus.companies_house  # before the fork
import healthcheck.bureaus.creditsafe  # noqa: F401
from healthcheck.bureaus.http import Door
from healthcheck.reviews import monitoring
from healthcheck.store.session import connect
from tests import databases, news_world
from tests.integration.crash_driver import Counter


def run(folder: Path, url: str, count: Counter) -> None:
    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    free = Door.free

    def asked(self, *args, **more):
        count()
        answer = free(self, *args, **more)
        count()
        return answer

    Door.free = asked
    engine = connect(databases.url(folder))
    monitoring.poll(
        engine, news_world.settings(engine, folder, url, bureaus="creditsafe,companies_house"), news_world.NOW
    )


def child(folder: Path, url: str, point: int) -> tuple[int, int]:
    """The exit status of a child that polls, and the steps that it took if it came to its end."""
    mine, its = os.pipe()
    pid = os.fork()
    if pid:
        os.close(its)
        with os.fdopen(mine) as told:
            steps = told.read()
        return os.waitpid(pid, 0)[1], int(steps or 0)
    try:
        count = Counter(point)
        run(folder, url, count)
        os.write(its, str(count.steps).encode())
        os._exit(0)
    except BaseException as error:
        print(f"point {point}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)


if __name__ == "__main__":
    for word in sys.argv[3:]:
        place = Path(sys.argv[1]) / word
        status, steps = child(place, sys.argv[2], int(word))
        if int(word) and not os.WIFSIGNALED(status):
            sys.exit(f"point {word} was not reached: {status}")
        if int(word) == 0:
            print(steps)
        elif child(place, sys.argv[2], 0)[0]:
            sys.exit(f"the run after point {word} failed")
