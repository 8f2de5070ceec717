"""Handing out the reviews of a month to a carrier, round by round, until the database says that every one is settled.

What carriers answer is a hint. After each round the database is asked what is left, and that is handed out again: what a killed worker
had in hand, what a lost cluster forgot, what somebody else's dead process held.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from healthcheck import stopping
from healthcheck.errors import Fatal
from healthcheck.reviews import leases, pulls
from healthcheck.reviews.carriers import Carrier, lost
from healthcheck.reviews.leases import Open
from healthcheck.reviews.units import hand_over, know, run_unit
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.session import read

Progress = Callable[[str, int, int], None]  # what, done, of how many
BATCH = 16  # reviews in a unit, at most
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 300.0  # without a single review settled or in anybody's hands, it gives up
_LOOK_SECONDS: Final = 1.0
_LONGEST_PAUSE: Final = 10.0


def run(engine: Engine, month_id: int, settings: Settings, now: datetime, progress: Progress) -> None:
    """Hand out what is due until every review of the month is settled, asking the database after each round.

    Raises what the work raised where that stops everything, and Fatal where the carrier is lost and does not come back.
    """
    url = engine.url.render_as_string(hide_password=False)
    settings = settings.model_copy(update={"database_url": url})
    know(settings)
    order = hand_over(settings), now.isoformat()
    left = leases.still_open(engine, month_id)
    meter, patience = _Meter(left.total, progress), _Patience(settings.carrier)
    with Carrier(settings) as carrier:
        while left.total:
            stopping.check()
            errors = _Round(engine, month_id, carrier, meter).run(order, list(_units(left, settings.carrier_workers)))
            before, left = left, leases.still_open(engine, month_id)
            meter.show(before.total - left.total)
            if any(map(lost, errors)):
                carrier.lose()
            if left.total < before.total:
                patience.renew()
            elif errors:
                patience.tire(errors)
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


class _Patience:
    """How long a carrier may fail in a row, with longer and longer pauses between."""

    def __init__(self, carrier: str) -> None:
        self.carrier = carrier
        self.renew()

    def renew(self) -> None:
        self.since, self.pause = time.monotonic(), 0.2

    def tire(self, errors: Sequence[BaseException]) -> None:
        """Pause after a round that settled nothing. Raises the work's own error, or Fatal after ``PATIENCE_SECONDS``."""
        for error in errors:
            if not lost(error):
                raise error
        if time.monotonic() - self.since > PATIENCE_SECONDS:
            why = str(errors[0]).splitlines()[0] if str(errors[0]) else type(errors[0]).__name__
            raise Fatal(
                f"the carrier {self.carrier} did nothing for {PATIENCE_SECONDS:.0f} s ({why}); nothing is lost: "
                "run the same command again once that is mended"
            )
        stopping.check()
        time.sleep(self.pause)
        self.pause = min(2 * self.pause, _LONGEST_PAUSE)


def _units(left: Open, workers: int) -> Iterator[Sequence[int]]:
    """Even batches of what is due; what was tried before goes alone, so that it can harm nobody else."""
    size = max(1, min(BATCH, -(-len(left.fresh) // workers)))
    yield from (left.fresh[start : start + size] for start in range(0, len(left.fresh), size))
    yield from ((key,) for key in left.tried)


class _Round:
    """Units handed out once, and waited for as long as anybody does anything."""

    def __init__(self, engine: Engine, month_id: int, carrier: Carrier, meter: _Meter) -> None:
        self.engine, self.month_id, self.carrier, self.meter = engine, month_id, carrier, meter

    def run(self, order: tuple[str, str], units: Sequence[Sequence[int]]) -> list[BaseException]:
        """What went wrong with the carrier or the database, if anything."""
        futures: list[Future[int]] = []
        try:
            for ids in units:
                futures.append(self.carrier.submit(run_unit, *order, *ids))
                futures[-1].add_done_callback(lambda done: self.meter.hint(_hint(done)))
        except Exception as error:
            if not lost(error):
                raise
            return [error, *_errors(futures)]
        return [*self._wait(futures), *_errors(futures)]

    def _wait(self, futures: Sequence[Future[int]]) -> list[BaseException]:
        """Until all have answered; a TimeoutError where for a whole lease nobody answered and nobody held anything."""
        pending, quiet = set(futures), time.monotonic()
        while pending:
            stopping.check()
            done, pending = wait(pending, timeout=_LOOK_SECONDS)
            if done:
                quiet = time.monotonic()
            elif time.monotonic() - quiet > leases.LEASE_SECONDS:
                if not leases.still_open(self.engine, self.month_id).held:
                    return [TimeoutError("no worker took anything in hand")]
                quiet = time.monotonic()
        return []


def _errors(futures: Sequence[Future[int]]) -> list[BaseException]:
    called_off = [CancelledError("units were called off") for future in futures if future.cancelled()][:1]
    over = (future for future in futures if future.done() and not future.cancelled())
    return [*called_off, *(error for future in over if (error := future.exception()))]


def _hint(future: Future[int]) -> int:
    return 0 if future.cancelled() or future.exception() else future.result()
