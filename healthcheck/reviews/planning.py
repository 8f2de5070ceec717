"""The plan of a month, and the outlook over the next: counts, places, cost, and who would outlive their cycle and when.

The outlook plays the coming months with the very function that chooses, as if nothing else changed: so it names exactly those who will.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice
from typing import Any, Final

import polars as pl
from sqlmodel import Session

from healthcheck.money import plain
from healthcheck.months import Month
from healthcheck.reviews import rotation, standings
from healthcheck.reviews.rotation import CHOSEN, CLASSES, Calibration, Policy

AHEAD: Final = 12  # months that ``outlive`` looks ahead
EVENT: Final = "event"
OUTSIDE: Final = {
    "key": pl.Int64,
    "reason": pl.String,
    "why": pl.String,
}  # reviews outside the quota; reason: event, flagged


@dataclass(frozen=True)
class Plan:
    """One month. Amounts are reporting minor units; frames are in the order people read them.

    ``chosen``: columns CHOSEN, most urgent first, then what is outside the quota. ``outlive``: key, account, name, on (the day its cycle
    ends). ``waited``: key, account, name, why; its turn, but over budget. ``carried``: keys of all whose cycle ends by this month and who
    have no place. ``cost`` is the forecast of the reports the chosen need; nothing is bought where ``budget`` is None.
    """

    month: Month
    as_of: date
    quota: int
    needed: Fraction
    counts: dict[str, int]
    chosen: pl.DataFrame
    outlive: pl.DataFrame
    waited: pl.DataFrame
    carried: pl.Series
    cycles: dict[int, int]
    within_cycle: int
    reports: int
    cost: int
    budget: int | None


@dataclass(frozen=True)
class Book:
    """What planning looks at. ``accounts``: columns.accounts joined with their classes; ``reports``: key, reported (standings.reported)."""

    accounts: pl.DataFrame
    standing: pl.DataFrame
    reports: pl.DataFrame
    policy: Policy
    calibration: Calibration


def plan(book: Book, month: Month, as_of: date, outside: pl.DataFrame | None = None) -> Plan:
    """The plan of ``month``, judged as of ``as_of``. ``outside`` (columns OUTSIDE) are reviews beyond the quota."""
    return next(outlook(book, month, as_of, outside))


def outlook(book: Book, month: Month, as_of: date, outside: pl.DataFrame | None = None) -> Iterator[Plan]:
    """The plans of ``month`` and of every month after it, without end; later ones as if nothing else changed."""
    rotating = rotation.turns(book.accounts, book.standing, as_of, book.policy, book.calibration)
    rotating = rotating.join(book.reports, on="key", how="left", maintain_order="left")
    steps = _steps(book, rotating, month, _outside(book, outside, rotating))
    ahead = deque(islice(steps, AHEAD))
    while True:
        yield replace(ahead[0], as_of=as_of, outlive=_outlive(ahead))
        ahead.popleft()
        ahead.append(next(steps))


def _steps(book: Book, rotating: pl.DataFrame, month: Month, extra: pl.DataFrame) -> Iterator[Plan]:
    """One month after the other; ``outlive`` is as yet only who has no place in that month though its cycle ends."""
    while True:
        made, rotating = _step(book, rotating, month, extra)
        yield made
        month, extra = month + 1, extra.clear()


def _outlive(ahead: Iterable[Plan]) -> pl.DataFrame:
    """Who outlives a cycle in these months, each once, by the day on which that cycle ends."""
    found = pl.concat([made.outlive for made in ahead])
    return found.unique("key", keep="first", maintain_order=True).sort("on", "account", "key")


def _outside(book: Book, outside: pl.DataFrame | None, rotating: pl.DataFrame) -> pl.DataFrame:
    """The reviews outside the quota with what is known of their accounts; an account has one at most, an event first."""
    wanted = pl.DataFrame(schema=OUTSIDE) if outside is None else outside.select(list(OUTSIDE))
    wanted = wanted.sort(pl.col("reason") != EVENT, maintain_order=True).unique(
        "key", keep="first", maintain_order=True
    )
    facts = book.accounts.select("key", "account", "name", "klass", "exposure")
    dates = rotating.select("key", "cycle", "last_review", "due", "reported")
    return wanted.join(facts, on="key", maintain_order="left").join(dates, on="key", how="left", maintain_order="left")


def _step(book: Book, rotating: pl.DataFrame, month: Month, extra: pl.DataFrame) -> tuple[Plan, pl.DataFrame]:
    """One month: its plan, and the rotating accounts after it."""
    need = rotation.needed(rotating)
    places = rotation.quota(need, book.policy)
    events = extra.filter(pl.col("reason") == EVENT)
    candidates = rotating.join(events, on="key", how="anti", maintain_order="left")
    turn = rotation.choose(candidates, month, places, book.policy)
    flagged = extra.join(events, on="key", how="anti", maintain_order="left").join(
        turn, on="key", how="anti", maintain_order="left"
    )
    turn, waited, pulls = _afford(turn, events, month, book.policy)
    seen = pl.concat([turn["key"], events["key"]])
    late = rotating.filter((pl.col("due") <= month.last) & ~pl.col("key").is_in(seen.implode()))
    made = Plan(
        month=month,
        as_of=month.last,
        quota=places,
        needed=need,
        counts=_counts(book.accounts),
        chosen=pl.concat([frame.select(CHOSEN) for frame in (turn, events, flagged)]),
        outlive=late.select("key", "account", "name", on="due"),
        waited=waited,
        carried=late["key"],
        cycles=dict(sorted(rotating.group_by("cycle").len().iter_rows())),
        within_cycle=_within(rotating, month),
        reports=pulls,
        cost=pulls * book.policy.cost_per_pull,
        budget=book.policy.budget,
    )
    return made, _after(rotating, seen, late["key"], month, book.policy)


def _counts(accounts: pl.DataFrame) -> dict[str, int]:
    found = dict(accounts.group_by("klass").len().iter_rows())
    return {name: int(found.get(name, 0)) for name in CLASSES}


def _within(rotating: pl.DataFrame, month: Month) -> int:
    """How many eligible accounts are within their cycle as the month begins."""
    return rotating.filter((pl.col("klass") == "eligible") & (pl.col("due") >= month.first)).height


def _afford(
    turn: pl.DataFrame, events: pl.DataFrame, month: Month, policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Who stays, who waits because reports would cost more than the budget (the smallest exposures), and the reports needed."""
    stale = pl.col("reported").is_null() | (
        pl.col("reported") < month.last - timedelta(days=policy.report_max_age_days)
    )
    first = events.filter(stale).height
    buying = turn.filter(stale).sort("exposure", descending=True, maintain_order=True)["key"]
    room = len(buying)
    if policy.budget and policy.cost_per_pull:
        room = max(0, policy.budget // policy.cost_per_pull - first)
    waits = pl.col("key").is_in(buying[room:].implode())
    why = pl.lit("the month's budget for reports is spent; the smallest exposure waits")
    return (
        turn.filter(~waits),
        turn.filter(waits).select("key", "account", "name", why=why),
        first + min(room, len(buying)),
    )


def _after(rotating: pl.DataFrame, seen: pl.Series, late: pl.Series, month: Month, policy: Policy) -> pl.DataFrame:
    """The rotating accounts after ``month``, in which ``seen`` were reviewed and ``late`` had no place."""
    was = pl.col("key").is_in(seen.implode())
    day = pl.lit(month.last)
    stale = pl.col("reported").is_null() | (
        pl.col("reported") < month.last - timedelta(days=policy.report_max_age_days)
    )
    return rotating.with_columns(
        last_review=pl.when(was).then(day).otherwise("last_review"),
        due=pl.when(was).then(day.dt.offset_by(pl.format("{}mo", "cycle"))).otherwise("due"),
        earliest=pl.when(was)
        .then(day.dt.offset_by(pl.format("{}mo", (pl.col("cycle") + 1) // 2)))
        .otherwise("earliest"),
        reported=pl.when(was & stale).then(day).otherwise("reported"),
        carried=pl.col("key").is_in(late.implode()),
    )


def months(book: Book, month: Month, as_of: date, count: int, outside: pl.DataFrame | None = None) -> list[Plan]:
    """The plans of ``count`` months from ``month`` on."""
    return list(islice(outlook(book, month, as_of, outside), count))


def read_book(session: Session, accounts: pl.DataFrame, as_of: date, policy: Policy, calibration: Calibration) -> Book:
    """The book for planning: ``accounts`` (columns.accounts with their classes) beside what the database remembers of their turns."""
    return Book(accounts, standings.load(session), standings.reported(session, as_of), policy, calibration)


def settle(session: Session, book: Book, as_of: date, made: Plan) -> None:
    """Write down what planning ``made`` decided: since when accounts are known and eligible, their next dates, who is carried over."""
    standings.refresh(session, book.accounts, as_of)
    rotating = rotation.turns(book.accounts, standings.load(session), as_of, book.policy, book.calibration)
    standings.schedule(session, rotating, made.carried)


def as_dict(made: Plan, currency: str) -> dict[str, Any]:
    """The plan of one month as ``plan --json`` prints it; amounts are text."""
    return {
        "month": str(made.month),
        "as_of": made.as_of.isoformat(),
        "quota": made.quota,
        "needed": _number(made.needed),
        "counts": made.counts,
        "accounts": [_account(row, currency) for row in made.chosen.iter_rows(named=True)],
        "outlive": _rows(made.outlive.select("account", "name", "on")),
        "waited": made.waited.select("account", "name", "why").to_dicts(),
        "cycles": {str(months): count for months, count in made.cycles.items()},
        "coverage": {"eligible": made.counts["eligible"], "within_cycle": made.within_cycle},
        "reports": made.reports,
        "cost": plain(made.cost, currency),
        "budget": None if made.budget is None else plain(made.budget, currency),
        "currency": currency,
    }


def _number(need: Fraction) -> float | int:
    return int(need) if need.denominator == 1 else round(float(need), 2)


def _account(row: dict[str, Any], currency: str) -> dict[str, Any]:
    names = "account", "name", "class", "reason", "why", "exposure", "cycle", "last_review", "due"
    body = row | {"class": row["klass"], "exposure": plain(row["exposure"], currency)}
    return {name: _text(body[name]) for name in names}


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{name: _text(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
