"""The review of a month from its plan to its mail. Run again it finishes what is missing and changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from healthcheck.bureaus import registry
from healthcheck.errors import Fatal
from healthcheck.months import Month
from healthcheck.reports import mail, outbox
from healthcheck.reviews import closing, holds, months, pulls, rounds, schedule
from healthcheck.reviews.carriers import open_carrier
from healthcheck.reviews.rounds import Progress
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.session import read, trouble


def review(
    engine: Engine,
    month: Month,
    as_of: date | None,
    settings: Settings,
    now: datetime,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plan the month if it is not planned, do what is missing, close it, relay once. The month's totals so far, as ``review --json``.

    Waits for reviews in other hands, and takes over those whose worker is dead. Raises UsageError for what is wrong with the settings or
    the month before anything is planned or paid, and Fatal where the database cannot be written.
    """
    tell = progress or (lambda *_: None)
    with _plainly():
        _require_usable(settings)
        if not _held(engine, month, as_of, settings, now):
            month_id = months.plan(engine, month, as_of, settings, now, tell)
            rounds.run(engine, month_id, settings, now, tell)
            closing.close(engine, month_id, settings, now)
        outbox.relay(engine, settings, now)
        return totals(engine, month, settings)


def _held(engine: Engine, month: Month, as_of: date | None, settings: Settings, now: datetime) -> bool:
    """Whether the month has to wait for a person to look at the ledger; only before it has begun."""
    there = months.find(engine, month)
    if there is not None and there.state != schedule.DUE:
        return there.state == schedule.SKIPPED
    day = as_of or months.default_day(month, settings, now)
    why = holds.why(engine, day, settings)
    return bool(why) and holds.hold(engine, month, day, why, settings, now)


def _require_usable(settings: Settings) -> None:
    """Carrier, bureaus with their prices, and outbox, as far as that can be seen without asking anybody."""
    open_carrier(settings).shutdown()
    for bureau in registry.configured(settings):
        bureau.cost()
    with mail.sender(settings):
        pass


@contextmanager
def _plainly() -> Iterator[None]:
    """What the database refuses becomes one line; all that was committed stays, and the next run goes on from there."""
    try:
        yield
    except DBAPIError as error:
        raise Fatal(trouble(error)) from error


def totals(engine: Engine, which: Month, settings: Settings) -> dict[str, Any]:
    """The month so far: its counts, pulls, and the digests in the outbox; ``held`` says why it waits, if it does."""
    with read(engine) as session:
        month = session.exec(schedule.of(which)).one()
        query = select(work.Message).where(work.Message.month == month.month, col(work.Message.kind).in_(work.DIGESTS))
        messages = session.exec(query.order_by(col(work.Message.id))).all()
        sent = [{"to": row.recipient, "subject": row.subject, "message_id": row.message_id} for row in messages]
        held = {"held": month.held} if month.held else {}
        return {"month": month.month, **closing.totals(session, month, settings), "digests": sent, **held}


def unfinished(engine: Engine, which: Month) -> dict[str, int]:
    """What of a planned month needs a person, or another run: reviews failed, pulls uncertain, digests not delivered."""
    month = months.find(engine, which)
    if month is None:
        return {}
    with read(engine) as session:
        review, pull, mail = work.Review, work.Pull, work.Message
        queries = {
            "failed": select(review.id).where(review.month_id == month.id, review.state == "failed"),
            "uncertain": select(pull.id).where(pull.month == month.month, pull.state == pulls.UNCERTAIN),
            "undelivered": select(mail.id).where(
                mail.month == month.month, mail.state != "SENT", col(mail.kind).in_((*work.DIGESTS, "held"))
            ),
        }
        return {name: len(session.exec(query).all()) for name, query in queries.items()}
