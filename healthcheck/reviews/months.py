"""Planning a month: once, whoever asks and however often. What is planned never changes afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, Final

import polars as pl
from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from healthcheck.checks.outcomes import ALERTS
from healthcheck.errors import UsageError
from healthcheck.ledger import freshness
from healthcheck.money import plain
from healthcheck.months import Month
from healthcheck.reviews import calibrations, events, flags, planning, rotation, schedule, screen, standings
from healthcheck.reviews.judge import ROTATION, Judged
from healthcheck.reviews.planning import Plan
from healthcheck.settings import Settings
from healthcheck.store import audit, work
from healthcheck.store.session import read, write
from healthcheck.store.work import Flag, Observation, Review, Standing

SCREENED: Final = ("payments", "purchases", "bank", "field")  # checks whose new flag brings a review forward
QUIET_DAYS: Final = 92  # a rep's "too quiet" counts for so long where there was no review since
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Look:
    """The whole book as of one date: accounts with their classes and what the screen found.

    ``alerts``: key, check, outcome, score, summary of every flag of the screen, whether it is new or not.
    """

    accounts: pl.DataFrame
    alerts: pl.DataFrame


def plan(
    engine: Engine,
    month: Month,
    as_of: date | None,
    settings: Settings,
    now: datetime,
    progress: Progress | None = None,
) -> int:
    """The id of the month's row, planned now if it was not yet; a month planned before keeps its own as-of date.

    Raises UsageError for a month that has not begun (unless ``as_of`` is given) and for a book without accounts.
    """
    there = find(engine, month)
    if there is not None and there.id is not None and there.state in work.BEGUN:
        return there.id
    day = as_of or default_day(month, settings, now)
    book = look(engine, day, settings, now, progress)
    learned = calibrations.current(engine, day, settings, now)[ROTATION]

    def insert() -> int:
        with write(engine) as session:
            return _insert(session, month, day, book, learned, settings, now)

    try:
        return insert()
    except IntegrityError:  # somebody added the row at the same moment; this time it is found
        return insert()


def find(engine: Engine, month: Month) -> work.Month | None:
    """The month's row, if it is planned."""
    with read(engine) as session:
        row: work.Month | None = session.exec(schedule.of(month)).first()
    return row


def default_day(month: Month, settings: Settings, now: datetime) -> date:
    """The as-of date of a month: its last day, or today where that is earlier."""
    today = settings.business_day(now)
    if today < month.first:
        raise UsageError(f"{month} has not begun; give --as-of to review it as of a date of your own")
    return min(month.last, today)


def look(engine: Engine, as_of: date, settings: Settings, now: datetime, progress: Progress | None = None) -> Look:
    """Screen the whole book, chunk by chunk."""
    tell = progress or (lambda *_: None)
    chunks = list(map(_part, screen.screen(engine, as_of, settings, now, done=lambda n, of: tell("screening", n, of))))
    if not any(len(part.accounts) for part in chunks):
        raise UsageError(f"no account is known as of {as_of}; import some first: healthcheck import invoices FILE")
    return Look(pl.concat([c.accounts for c in chunks]), pl.concat([c.alerts for c in chunks]))


def _part(judged: Judged) -> Look:
    accounts = judged.columns.accounts.join(
        judged.classes.select("key", "klass", "why"), on="key", maintain_order="left"
    )
    found = [
        judged.checks[name].filter(pl.col("outcome").is_in(ALERTS)).select(
            "key", pl.lit(name).alias("check"), "outcome", "score", "summary"
        )
        for name in SCREENED
    ]  # fmt: skip
    return Look(accounts, pl.concat(found))


def _insert(
    session: Session, month: Month, as_of: date, look: Look, learned: rotation.Calibration, settings: Settings, now: datetime
) -> int:  # fmt: skip
    """Month, reviews, standings and summary, in the caller's transaction; the id of the row that was there already, if one was."""
    standings.lock(session)
    row = schedule.row_of(session, month, as_of, now)
    if row.state in work.BEGUN:
        return row.id or 0
    policy = rotation.policy_from(settings)
    book = planning.read_book(session, look.accounts, as_of, policy, learned)
    newest = _is_newest(session, as_of)
    if not newest:
        book = replace(book, standing=_as_known(book.standing, as_of))
    found = list(_events(session, look, as_of))
    told = list(events.alerts(session, events.rotating(look.accounts), as_of))
    made = planning.plan(book, month, as_of, events.outside([*told, *found, *_flagged(session, as_of, look.accounts)]))
    row.state, row.held, row.as_of, row.planned_at = schedule.OPEN, "", as_of, now
    row.quota, row.screened = made.quota, len(look.accounts)
    row.summary = _summary(session, made, look, len({key for key, *_ in found}), as_of, settings)
    if newest:
        planning.settle(session, book, as_of, made)
    session.add_all(_reviews(row.id or 0, made.chosen))
    events.take(session, str(month), [key for key, *_ in told], as_of)
    audit.note(
        session,
        "month.planned",
        now,
        month=str(month),
        detail={"as_of": as_of.isoformat(), "reviews": len(made.chosen)},
    )
    return row.id or 0


def _reviews(month_id: int, chosen: pl.DataFrame) -> Iterator[Review]:
    for row in chosen.select("key", "reason", "why", "exposure").iter_rows(named=True):
        yield Review(
            month_id=month_id, account_id=row["key"], reason=row["reason"], why=row["why"], exposure=row["exposure"]
        )


def _is_newest(session: Session, as_of: date) -> bool:
    """False if a later as-of date has been planned: standings are ahead of this month."""
    later = select(work.Month.id).where(work.Month.as_of > as_of, col(work.Month.state).in_(work.BEGUN))
    return session.exec(later.limit(1)).first() is None


def _as_known(standing: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The standings for a month that is planned after a later one: nobody waits for becoming known later.

    Later reviews stay in: whoever was seen since is not bought again for the past.
    """
    return standing.with_columns(
        pl.min_horizontal("first_known", pl.lit(as_of)).alias("first_known"),
        pl.when(pl.col("eligible_since") <= as_of).then("eligible_since").alias("eligible_since"),
        carried=pl.lit(value=False),
    )


# ---- what comes beside the quota


def _events(session: Session, look: Look, as_of: date) -> Iterator[tuple[int, str, str]]:
    """(account id, "event", why): new flags of the screen and what reps saw, of accounts that rotate; one account may come twice."""
    rotating = look.accounts.filter(pl.col("klass").is_in(events.ROTATING)).select("key")
    alerts = look.alerts.join(rotating, on="key", maintain_order="right")
    last = flags.last_of(session, alerts["key"].unique().to_list())
    for key, check, outcome, score, summary in alerts.iter_rows():
        flag = last.get((key, check))
        if flags.is_new(flags.state_of(flag) if flag else None, flags.Seen(outcome, score, summary), as_of):
            yield key, planning.EVENT, f"{check}: {summary}"
    yield from _too_quiet(session, set(rotating["key"]), as_of)


def _too_quiet(session: Session, rotating: set[int], as_of: date) -> Iterator[tuple[int, str, str]]:
    """Accounts that a rep saw too quiet since their last review."""
    since = func.coalesce(Standing.last_review, as_of - timedelta(days=QUIET_DAYS))
    query = (
        select(Observation.account_id, func.max(Observation.on))
        .outerjoin(Standing, col(Standing.account_id) == col(Observation.account_id))
        .where(Observation.activity == "quiet", col(Observation.on) <= as_of, col(Observation.on) > since)
        .group_by(col(Observation.account_id)).order_by(col(Observation.account_id))
    )  # fmt: skip
    for key, on in session.exec(query):
        if key in rotating:
            yield key, planning.EVENT, f"the rep saw it too quiet on {on}"


def _flagged(session: Session, as_of: date, accounts: pl.DataFrame) -> Iterator[tuple[int, str, str]]:
    """(account id, "flagged", why) of every live flag; such accounts are judged again every month."""
    known = set(accounts["key"])
    query = select(Flag).where(col(Flag.state).in_(flags.LIVE), col(Flag.raised_on) <= as_of).order_by(col(Flag.id))
    for flag in session.exec(query):
        if flag.account_id in known:
            yield flag.account_id, "flagged", f"its {flag.check} flag of {flag.raised_on} is not settled"


# ---- what the month remembers of the book


def _summary(
    session: Session, made: Plan, look: Look, flagged: int, as_of: date, settings: Settings
) -> dict[str, Any]:  # fmt: skip
    """Month.summary as it is written at planning; JSON types only."""
    late = look.accounts.filter(pl.col("klass") == "late")
    newest = freshness.latest(session, as_of)
    return {
        "counts": made.counts,
        "needed": ceil(made.needed),
        "quota": made.quota,
        "outlive": _listed(made.outlive, "account", "name", "on"),
        "waited": _listed(made.waited, "account", "name", "why"),
        "late": _listed(_newly(session, late, as_of), "account", "name", "past_due", "oldest_days"),
        "late_keys": sorted(late["key"]),
        "groups": _over_limit(look.accounts),
        "screen": {"accounts": look.accounts.height, "flagged": flagged},
        "ledger": {"latest": newest.isoformat() if newest else None},
        "cycles": {str(months): count for months, count in made.cycles.items()},
        "coverage": {"eligible": made.counts["eligible"], "within_cycle": made.within_cycle},
        "cost": plain(made.cost, settings.currency),
        "budget": None if made.budget is None else plain(made.budget, settings.currency),
    }


def _over_limit(accounts: pl.DataFrame) -> list[dict[str, Any]]:
    """Families of several accounts whose exposure is over the root's limit, the largest first."""
    root = pl.col("group") == pl.col("entity") + "/" + pl.col("account")
    over = accounts.filter(root, pl.col("group_size") > 1, pl.col("group_exposure") > pl.col("group_limit"))
    named = over.sort("group_exposure", descending=True, maintain_order=True)
    return named.select(
        "account", "name", exposure="group_exposure", limit="group_limit", members="group_size"
    ).to_dicts()


def _newly(session: Session, late: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The late accounts that the month before did not know as late: each is said once."""
    begun = (work.Month.as_of < as_of, col(work.Month.state).in_(work.BEGUN))
    query = select(work.Month.summary).where(*begun).order_by(col(work.Month.as_of).desc()).limit(1)
    before = (session.exec(query).first() or {}).get("late_keys", [])
    return late.filter(~pl.col("key").is_in(before)).sort("past_due", descending=True, maintain_order=True)


def _listed(frame: pl.DataFrame, *names: str) -> list[dict[str, Any]]:
    rows = frame.select(names).to_dicts()
    return [{name: str(value) if isinstance(value, date) else value for name, value in row.items()} for row in rows]
