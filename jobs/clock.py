"""The clock: calls the jobs of the table, and holds no truth of its own.

APScheduler in memory, in UTC. Whatever it forgets, doubles or calls late is put right by the database: a month is one row, work is
claimed, a daily job is taken by one scheduler. So any number of schedulers may run, and any of them may be killed.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Final

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from healthcheck import healthz, stopping
from healthcheck.errors import HealthcheckError
from healthcheck.logs import context, fields, redacted
from healthcheck.reviews import status
from healthcheck.settings import Settings
from healthcheck.store.operations import JobRun
from healthcheck.store.session import write
from jobs import DAY, JOBS, Job, troubles

_LOG = logging.getLogger(__name__)
LOOK: Final = 600  # seconds between two looks whether a daily job is due
Clock = Callable[[], datetime]


def utc() -> datetime:
    return datetime.now(UTC)


def run(engine: Engine, settings: Settings, clock: Clock = utc) -> None:
    """Call the jobs until this process is asked to stop (SIGTERM, SIGINT); what is in hand is finished first."""
    scheduler = BlockingScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in JOBS:
        every = IntervalTrigger(seconds=min(job.every, LOOK), timezone=UTC)
        scheduler.add_job(call, every, [job, engine, settings, clock], id=job.name, next_run_time=utc())
    with _stops(scheduler), ExitStack() as stack:
        if settings.healthz_address:
            address = stack.enter_context(
                healthz.serve(settings.healthz_address, lambda: status.health(engine, clock()))
            )
            _LOG.info("answering", extra=fields(healthz=address))
        _LOG.info("started", extra=fields(jobs=len(JOBS)))
        scheduler.start()
    _LOG.info("stopped")


def call(job: Job, engine: Engine, settings: Settings, clock: Clock = utc) -> None:
    """Run one job if it is due, and record how it went. A failure is one line in the log and in ``status``; the next call tries again."""
    with context(job=job.name):
        try:
            now = clock()
            if stopping.asked() or not _begin(engine, job, now):
                return
            error = _error_of(job, engine, settings, now)
            _end(engine, job, clock(), error)
            if job.name == "tick" and settings.heartbeat_file:
                healthz.beat(Path(settings.heartbeat_file), clock())
            if error is None:
                troubles.over(job.name)
        except DBAPIError as failure:
            troubles.tell(job.name, "the database cannot be used", str(failure.orig).splitlines()[0])


def _error_of(job: Job, engine: Engine, settings: Settings, now: datetime) -> str | None:
    """What went wrong, as one line. A database that cannot be used is nobody's in particular, and raised."""
    try:
        job.load()(engine, now, settings)
    except stopping.Stopped:
        return None
    except HealthcheckError as error:
        if isinstance(error.__cause__, DBAPIError):
            raise error.__cause__ from None
        return _failed(job, redacted(str(error)))
    except DBAPIError:
        raise
    except Exception as error:
        return _failed(job, redacted(" ".join(f"{type(error).__name__}: {error}".split())), error)
    return None


def _failed(job: Job, why: str, trace: BaseException | None = None) -> str:
    troubles.tell(job.name, "job failed", why, trace)
    return why


def _begin(engine: Engine, job: Job, now: datetime) -> bool:
    """Record that the job begins; False for a daily job that has been run, here or elsewhere."""
    try:
        with write(engine) as session:
            row = session.get(JobRun, job.name, with_for_update=True) or JobRun(job=job.name, started_at=now)
            if job.every >= DAY and row.host and now - row.started_at < timedelta(seconds=job.every):
                return False
            row.started_at, row.ended_at, row.host = now, None, socket.gethostname()
            session.add(row)
    except IntegrityError:
        return False
    return True


def _end(engine: Engine, job: Job, now: datetime, error: str | None) -> None:
    with write(engine) as session:
        row = session.get_one(JobRun, job.name, with_for_update=True)
        row.ended_at, row.error = now, error


@contextmanager
def _stops(scheduler: BlockingScheduler) -> Iterator[None]:
    """On SIGTERM or SIGINT: begin nothing more, wait for what is in hand, leave."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not stopping.asked():
            stopping.ask()
            threading.Thread(target=scheduler.shutdown, name="stop").start()

    before = {which: signal.signal(which, stop) for which in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
