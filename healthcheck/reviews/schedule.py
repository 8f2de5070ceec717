"""Which months are due. A month exists because of one row; whoever asks, however late and however often, adds only what is missing.

The clock is asked in UTC and holds no truth. A batch is due on ``MONTHLY_DAY`` (the month's last day where it is shorter) at
``MONTHLY_TIME`` of the business time zone; a time that the clocks skip is moved forward, one that they repeat counts the first time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from healthcheck.months import Month
from healthcheck.settings import Settings
from healthcheck.store import audit, work
from healthcheck.store.operations import Schedule
from healthcheck.store.session import read, write

MONTHLY: Final = "monthly"
DUE, OPEN, CLOSED, SKIPPED = "due", "open", "closed", "skipped"


def due_at(month: Month, settings: Settings) -> datetime:
    """When the month's batch is due, in UTC."""
    day = month.first.replace(day=min(settings.monthly_day, month.last.day))
    local = datetime.combine(day, settings.monthly_time, ZoneInfo(settings.timezone))
    return local.replace(fold=0).astimezone(UTC)


def newest_due(now: datetime, settings: Settings) -> Month:
    """The last month that is due by now."""
    month = Month.of(settings.business_day(now)) + 1
    while due_at(month, settings) > now:
        month += -1
    return month


def next_due(now: datetime, settings: Settings) -> Month:
    """The month that is due next."""
    return newest_due(now, settings) + 1


def tick(engine: Engine, settings: Settings, now: datetime) -> list[Month]:
    """Add a row for every month that is due and has none; the months added, oldest first.

    The first tick ever begins with the newest due month. Of several that were missed, ``CATCH_UP_MONTHS`` are to be run, and those before
    them are recorded as skipped.
    """
    newest = newest_due(now, settings)
    with read(engine) as session:
        missing = _missing(session, newest)
    return [month for month in missing if _add(engine, month, newest, settings, now)]


def to_run(engine: Engine) -> list[Month]:
    """Months that wait for their batch or are in the middle of it, oldest first."""
    query = select(work.Month.month).where(work.Month.schedule == MONTHLY, col(work.Month.state).in_((DUE, OPEN)))
    with read(engine) as session:
        return sorted(map(Month.parse, session.exec(query)))


def of(month: Month) -> Any:
    """The query for the month's row."""
    return select(work.Month).where(work.Month.schedule == MONTHLY, work.Month.month == str(month))


def row_of(session: Session, month: Month, as_of: date, now: datetime) -> work.Month:
    """The month's row, locked; a new one, due, where there is none yet."""
    row: work.Month | None = session.exec(of(month).with_for_update()).first()
    if row is None:
        row = work.Month(schedule=MONTHLY, month=str(month), as_of=as_of, planned_at=now, state=DUE)
        session.add(row)
        session.flush()
    return row


def _missing(session: Session, newest: Month) -> Sequence[Month]:
    since = session.exec(select(Schedule.since).where(Schedule.name == MONTHLY)).first()
    first = Month.parse(since) if since else newest
    there = set(session.exec(select(work.Month.month).where(work.Month.schedule == MONTHLY)))
    months = [first + n for n in range(newest - first + 1)]
    return months if not since else [month for month in months if str(month) not in there]


def _add(engine: Engine, month: Month, newest: Month, settings: Settings, now: datetime) -> bool:
    """True if this call added the month's row; the database lets only one."""
    skipped = newest - month >= settings.catch_up_months
    row = work.Month(
        schedule=MONTHLY, month=str(month), as_of=min(month.last, settings.business_day(now)), planned_at=now,
        state=SKIPPED if skipped else DUE, held=f"more than {settings.catch_up_months} months were missed" if skipped else "",
    )  # fmt: skip
    try:
        with write(engine) as session:
            if session.get(Schedule, MONTHLY) is None:
                session.add(Schedule(name=MONTHLY, since=str(month)))
            session.flush()
            if session.exec(of(month)).first() is not None:
                return False
            session.add(row)
            audit.note(session, f"month.{row.state}", now, month=str(month))
    except IntegrityError:
        return False
    return True
