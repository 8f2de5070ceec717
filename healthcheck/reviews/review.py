"""The review of a month from its plan to its mail. Run again it finishes what is missing and changes nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from healthcheck import stopping
from healthcheck.bureaus import registry
from healthcheck.errors import Fatal
from healthcheck.months import Month
from healthcheck.reports import mail, outbox
from healthcheck.reviews import closing, holds, leases, months, pulls, schedule
from healthcheck.reviews.carriers import open_carrier
from healthcheck.reviews.leases import Open
from healthcheck.reviews.units import hand_over, run_unit
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.session import read, trouble

Progress = Callable[[str, int, int], None]  # what, done, of how many
BATCH: Final = 16  # reviews in a unit, at most
POLL_SECONDS = 0.2


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
            run(engine, month_id, settings, now, tell)
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
        query = select(work.Message).where(work.Message.month == month.month, work.Message.kind != "held")
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
            "undelivered": select(mail.id).where(mail.month == month.month, mail.state != "SENT"),
        }
        return {name: len(session.exec(query).all()) for name, query in queries.items()}


def run(engine: Engine, month_id: int, settings: Settings, now: datetime, progress: Progress) -> None:
    """Hand out what is due until every review of the month is settled, asking the database after each round."""
    url = engine.url.render_as_string(hide_password=False)
    order = hand_over(settings.model_copy(update={"database_url": url})), now.isoformat()
    left = leases.still_open(engine, month_id)
    meter = _Meter(left.total, progress)
    with _opened(settings) as carrier:
        while left.total:
            stopping.check()
            errors = _round(carrier, order, list(_units(left, settings.carrier_workers)), meter)
            before, left = left, leases.still_open(engine, month_id)
            meter.show(before.total - left.total)
            if errors and left.total == before.total:
                raise errors[0]
            if left.held == left.total > 0:
                _tell_why(engine, month_id, progress)
                time.sleep(POLL_SECONDS)


def _tell_why(engine: Engine, month_id: int, progress: Progress) -> None:
    """Say which bureaus the reviews wait for, if that is what they wait for."""
    with read(engine) as session:
        waits = pulls.what_waits(session, session.get_one(work.Month, month_id).month)
    if waits:
        progress(f"waiting: {waits[0]}", 0, 1)


class _Meter:
    """Shows how far the run is; what carriers answer is a hint, corrected after each round."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.total, self.progress = total, progress
        self.sure = self.hinted = 0

    def hint(self, stored: int) -> None:
        self.hinted += stored
        self._tell(min(self.sure + self.hinted, self.total))

    def show(self, settled: int) -> None:
        self.sure, self.hinted = self.sure + settled, 0
        self._tell(self.sure)

    def _tell(self, done: int) -> None:
        if self.total:
            self.progress("reviewing", done, self.total)


@contextmanager
def _opened(settings: Settings) -> Iterator[Executor]:
    """The carrier; what it has not begun when something goes wrong is called off."""
    carrier = open_carrier(settings)
    try:
        yield carrier
    except BaseException:
        carrier.shutdown(wait=True, cancel_futures=True)
        raise
    carrier.shutdown()


def _units(left: Open, workers: int) -> Iterator[Sequence[int]]:
    """Even batches of what is due; what was tried before goes alone, so that it can harm nobody else."""
    size = max(1, min(BATCH, -(-len(left.fresh) // workers)))
    yield from (left.fresh[start : start + size] for start in range(0, len(left.fresh), size))
    yield from ((key,) for key in left.tried)


def _round(carrier: Executor, order: tuple[str, str], units: list[Sequence[int]], meter: _Meter) -> list[BaseException]:
    """Run the units; what went wrong with the carrier or the database, if anything."""
    futures: list[Future[int]] = []
    for ids in units:
        futures.append(carrier.submit(run_unit, *order, *ids))
        futures[-1].add_done_callback(lambda done: meter.hint(_hint(done)))
    wait(futures)
    return [error for future in futures if not future.cancelled() and (error := future.exception())]


def _hint(future: Future[int]) -> int:
    return 0 if future.cancelled() or future.exception() else future.result()
