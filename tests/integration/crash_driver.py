"""Reviews a month of ``review_world`` in children that can be killed at any statement sent to the database.

``python -m tests.integration.crash_driver FOLDER POINT...``: for each point, FOLDER/POINT/book.db is reviewed by a child that is killed
with SIGKILL before its POINTth step (a statement, a commit, or a question to the bureau), then by one that is left alone. Point 0 kills
nobody and prints the number of steps. Forking after the imports saves their time; nothing polars does runs before the fork.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import css_inline  # noqa: F401
import holidays  # noqa: F401
import jinja2  # noqa: F401
import scipy.special  # noqa: F401
from sqlalchemy import Engine, event

from healthcheck.bureaus.file import FileBureau
from healthcheck.checks import registry
from healthcheck.months import Month
from healthcheck.reports import digests, mail  # noqa: F401
from healthcheck.reviews import leases, review, rounds
from healthcheck.store.session import connect
from tests import databases
from tests import review_world as world

for name in registry.CHECKS:
    registry.load(name)
leases.LEASE_SECONDS = 0.4
rounds.POLL_SECONDS = 0.05


class Counter:
    """Kills this process at a step; counts them otherwise."""

    def __init__(self, point: int) -> None:
        self.point, self.steps = point, 0

    def __call__(self, *_args, **_more) -> None:
        self.steps += 1
        if self.steps == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(count: Counter) -> None:
    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    order = FileBureau.order

    def ask(self, *args):
        count()
        answer = order(self, *args)
        count()
        return answer

    FileBureau.order = ask


def run(folder: Path) -> None:
    engine = connect(databases.url(folder))
    review.review(engine, Month(2026, 6), None, world.settings(engine, folder, carrier_workers=2), world.NOW)


def child(folder: Path, point: int) -> int:
    """The exit status of a child that reviews the folder's book."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    try:
        count = Counter(point)
        watch(count)
        run(folder)
        if not (folder / "steps").exists():
            (folder / "steps").write_text(str(count.steps))
        os._exit(0)
    except BaseException as error:
        print(f"point {point}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)


if __name__ == "__main__":
    for word in sys.argv[2:]:
        place = Path(sys.argv[1]) / word
        status = child(place, int(word))
        if int(word) and not os.WIFSIGNALED(status):
            sys.exit(f"point {word} was not reached: {status}")
        if child(place, 0):
            sys.exit(f"the run after point {word} failed")
