"""``plan``: whose turn it is in a month, and what the months ahead need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Engine

    from healthcheck.months import Month
    from healthcheck.reviews.planning import Book
    from healthcheck.settings import Settings

LONGEST = 60  # months ahead


def plan(
    month: str = typer.Option(None, "--month", metavar="YYYY-MM", help="Default: the first month not yet planned."),
    months: int = typer.Option(1, "--months", metavar="N", help="Show the N months from there on."),
    as_json: bool = typer.Option(False, "--json", help="JSON on standard output, nothing else there."),
) -> None:
    """Whose turn it is, why, what it costs, and who would outlive their cycle. Changes nothing."""
    from healthcheck.months import Month

    wanted = Month.parse(month) if month else None
    if not 1 <= months <= LONGEST:
        raise UsageError(f"--months {months}: choose between 1 and {LONGEST}")
    settings = common.settings()
    plans = _plans(settings, wanted, months)
    if as_json:
        common.print_json(plans[0] | ({"months": plans[1:]} if months > 1 else {}))
        return
    from healthcheck.reports.plans import show

    show(plans)


def _plans(settings: Settings, wanted: Month | None, count: int) -> list[dict[str, Any]]:
    """``count`` months from ``wanted`` on: as planned where they are planned already, else as they would be."""
    from healthcheck.months import Month
    from healthcheck.reviews import events, planned, planning
    from healthcheck.store.session import read

    now, engine = common.now(), common.open_database(settings)
    today = settings.business_day(now)
    coming = planned.first_free(engine, Month.of(today))
    first = wanted or coming
    free = planned.first_free(engine, first)
    done = [planned.stored(engine, first + ahead, settings) for ahead in range(min(free - first, count))]
    if len(done) == count:
        return done
    base = min(free, coming)
    if free - base > LONGEST:
        raise UsageError(f"{free} is too far ahead: choose a month up to {coming + LONGEST}")
    as_of = min(today, base.last)
    book = _survey(engine, as_of, settings, now)
    with read(engine) as session:
        told = events.outside(list(events.alerts(session, events.rotating(book.accounts), as_of)))
    made = planning.months(book, base, as_of, free - base + count - len(done), told)
    return done + [planning.as_dict(each, settings.currency) for each in made[free - base :]]


def _survey(engine: Engine, as_of: date, settings: Settings, now: datetime) -> Book:
    from healthcheck.reviews.survey import survey

    with common.progress() as bar:
        task = bar.add_task(f"sorting accounts as of {as_of}", total=None)
        return survey(engine, as_of, settings, now, lambda n, of: bar.update(task, completed=n, total=of))
