"""Replaying month-ends on the books in the database: the only module here that reads them.

Every month-end is read once, as it was known then; it serves to judge the accounts and to see what became of those judged one horizon
earlier. Books larger than one chunk are judged chunk by chunk, whole families together. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl
from sqlalchemy import Engine

from healthcheck.backtest import events, measure, rules
from healthcheck.backtest.model import Backtest
from healthcheck.checks import registry
from healthcheck.checks.outcomes import ALERTS
from healthcheck.errors import UsageError
from healthcheck.ledger import freshness
from healthcheck.ledger.columns import Columns
from healthcheck.ledger.read import chunks, read_columns, read_parts
from healthcheck.months import Month
from healthcheck.reviews import rotation
from healthcheck.reviews.judge import ROTATION, judge
from healthcheck.settings import Settings
from healthcheck.store.session import read

CHUNK: Final = 20_000
SUBJECTS: Final = ("payments", "purchases")
LONGEST: Final = 12  # months of horizon
Done = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """Which month-ends are replayed, and how many months later they are judged."""

    first: date
    last: date
    horizon: int = 3

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise UsageError(f"--from {self.first} lies after --to {self.last}: exchange them")
        if not 1 <= self.horizon <= LONGEST:
            raise UsageError(f"--horizon {self.horizon}: write a number of months from 1 to {LONGEST}")
        if not self.ends:
            raise UsageError(f"there is no month-end from {self.first} to {self.last}: choose dates further apart")

    @property
    def ends(self) -> list[date]:
        """The month-ends from the first to the last date, both included."""
        start, stop = Month.of(self.first), Month.of(self.last)
        listed = [(start + n).last for n in range(stop - start + 1)]
        return [end for end in listed if self.first <= end <= self.last]


def backtest(engine: Engine, asked: Asked, settings: Settings, today: date, done: Done | None = None) -> Backtest:
    """The whole backtest. ``done(month-ends so far, month-ends)`` is called after each. Raises UsageError for dates to come."""
    if asked.ends[-1] > today:
        raise UsageError(
            f"--to {asked.last}: {asked.ends[-1]} is still to come; the last month-end must not lie after {today}"
        )
    frame = account_months(engine, asked, settings, today, done)
    said = measure.months(frame, list(registry.CHECKS))
    found = tuple(measure.subject(frame, name, asked.horizon) for name in SUBJECTS)
    notes = tuple(_notes(asked, [one.as_of for one in said if not one.judged], bool(said)))
    return Backtest(asked.first, asked.last, asked.horizon, said, found, notes, events.DEFINITIONS)


def account_months(
    engine: Engine, asked: Asked, settings: Settings, today: date, done: Done | None = None
) -> pl.DataFrame:
    """One row an account and month-end: who, ``as_of``, every score and alert, the rules of thumb, and the events.

    ``payments_asked``: the event is asked of it; ``payments_on``: the day of the event, null if there was none; the same for purchases.
    ``judged``: the ledger reaches to the end of the horizon.
    """
    known = _reached(engine, asked, today)
    later = {events.month_end(end, asked.horizon): end for end in asked.ends if known[end]}
    days, batches = sorted({*asked.ends, *later}), chunks(engine, CHUNK)
    before: dict[date, list[pl.DataFrame]] = {}
    after: dict[date, list[pl.DataFrame]] = {}
    for number, day in enumerate(days, 1):
        for columns, learned in _parts(engine, day, settings, batches, judging=day in known):
            if learned is not None:
                before.setdefault(day, []).append(observed(columns, settings, learned, asked.horizon))
            if day in later:
                after.setdefault(later[day], []).append(became(columns, asked.horizon))
        if done:
            done(number, len(days))
    return pl.concat([_joined(pl.concat(parts), after.get(end), known[end]) for end, parts in before.items()])


def _parts(
    engine: Engine, day: date, settings: Settings, batches: list[list[int]], judging: bool
) -> Iterator[tuple[Columns, dict[str, Any] | None]]:
    """The books of a day in chunks, with what was learned from the whole of them where they are to be judged."""
    if len(batches) <= 1:
        whole = read_columns(engine, day, settings.currency)
        yield whole, learn(whole, settings) if judging else None
        return
    learned = learn(read_columns(engine, day, settings.currency), settings) if judging else None
    for part in read_parts(engine, day, settings.currency, batches):
        yield part, learned


def learn(columns: Columns, settings: Settings) -> dict[str, Any]:
    """The calibration that ``reviews.calibrations`` would make of the whole book ``columns``; not stored."""
    modules = {name: registry.load(name) for name in registry.CHECKS}
    learned = {
        name: module.calibrate(columns, columns.as_of, module.Policy())
        for name, module in modules.items()
        if hasattr(module, "calibrate")
    }
    return learned | {ROTATION: rotation.calibrate(columns, columns.as_of, rotation.policy_from(settings))}


def observed(columns: Columns, settings: Settings, learned: Mapping[str, Any], horizon: int) -> pl.DataFrame:
    """What was said of each account on the day, and of whom each event is asked. Nothing later than ``columns.as_of`` is in it."""
    judged = judge(columns, settings, learned)
    good = events.paid_well(columns, judged.classes, rotation.policy_from(settings), horizon)["key"]
    buyers = events.healthy(columns)["key"]
    frame = columns.accounts.select("key", "entity", "account", as_of=pl.lit(columns.as_of)).with_columns(
        *[column for name, said in judged.checks.items() for column in _scores(name, said)],
        payments_asked=pl.col("key").is_in(good.implode()),
        purchases_asked=pl.col("key").is_in(buyers.implode()),
    )
    for part in (rules.payments(columns), rules.purchases(columns)):
        frame = frame.join(part, on="key", how="left", maintain_order="left")
    return frame


def _scores(name: str, said: pl.DataFrame) -> Iterator[pl.Series]:
    """Score and alert of a check and of its signals, in the order of the accounts."""
    yield said["score"].alias(name)
    yield said["outcome"].is_in(ALERTS).alias(f"{name}.alert")
    if name in SUBJECTS:
        signals = said["signals"].struct.unnest()
        for signal in measure.SIGNALS[name]:
            yield signals[signal].struct.field("score").alias(f"{name}.{signal}")
            yield signals[signal].struct.field("outcome").is_in(ALERTS).alias(f"{name}.{signal}.alert")


def became(columns: Columns, horizon: int) -> pl.DataFrame:
    """What had happened by the end of the horizon, as known then: key, payments_on, purchases_on."""
    late = events.serious(columns, events.month_end(columns.as_of, -horizon)).rename({"on": "payments_on"})
    low = events.fallen(columns, horizon).rename({"on": "purchases_on"})
    accounts = columns.accounts.select("key")
    return accounts.join(late, on="key", how="left").join(low, on="key", how="left")


def _joined(frame: pl.DataFrame, after: list[pl.DataFrame] | None, judged: bool) -> pl.DataFrame:
    nothing = pl.DataFrame(schema={"key": pl.Int64, "payments_on": pl.Date, "purchases_on": pl.Date})
    return frame.join(pl.concat(after) if after else nothing, on="key", how="left", maintain_order="left").with_columns(
        judged=pl.lit(judged)
    )


def _reached(engine: Engine, asked: Asked, today: date) -> dict[date, bool]:
    """For each month-end, whether the ledger holds what happened up to the end of its horizon."""
    over = {end: events.month_end(end, asked.horizon) for end in asked.ends}
    with read(engine) as session:
        newest = freshness.latest(session, over[asked.ends[-1]])
    if newest is None:
        return dict.fromkeys(over, False)
    return {end: until <= today and not freshness.warning(newest, until) for end, until in over.items()}


def _notes(asked: Asked, unjudged: list[date], known: bool) -> Iterator[str]:
    if not known:
        yield f"nothing was known of any account by {asked.ends[-1]}"
    if unjudged:
        many = (
            f"{len(unjudged)} month-ends, from {unjudged[0]} to {unjudged[-1]},"
            if len(unjudged) > 1
            else str(unjudged[0])
        )
        yield f"{many} could not be judged: the ledger does not reach to the end of their horizon; they count among the alerts only"
