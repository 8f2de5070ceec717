"""Where accounts stand in the rotation, kept in the table ``standing``: read for planning, written by the machine alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl
from sqlalchemy import func, insert, select, text, update
from sqlmodel import Session, col

from healthcheck.months import add_months
from healthcheck.reviews.rotation import STANDING
from healthcheck.store.events import Event
from healthcheck.store.rows import add_or_update
from healthcheck.store.work import Report, Standing

_TABLE = Standing.__table__  # type: ignore[attr-defined]
_STORED: Final = {"key": "account_id"}


def load(session: Session) -> pl.DataFrame:
    """All standings, as rotation.turns wants them: columns rotation.STANDING."""
    rows = session.execute(select(*(Standing.__table__.c[_STORED.get(name, name)] for name in STANDING)))  # type: ignore[attr-defined]
    return pl.DataFrame([tuple(row) for row in rows], schema=STANDING, orient="row")


def lock(session: Session) -> None:
    """Let nobody else move a standing until this transaction ends. On SQLite nobody can anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE standing IN SHARE ROW EXCLUSIVE MODE"))


def reported(session: Session, as_of: date) -> pl.DataFrame:
    """Columns key and reported: the as-of date of each account's newest report known on ``as_of``, unless there has been news since."""
    newest = select(col(Report.account_id), func.max(Report.as_of)).where(col(Report.as_of) <= as_of)
    told = select(col(Event.account_id), func.max(Event.seen_on)).where(col(Event.seen_on) <= as_of)
    news = {row[0]: row[1] for row in session.execute(told.group_by(col(Event.account_id)))}
    rows = session.execute(newest.group_by(col(Report.account_id)))
    fresh = [(key, reported) for key, reported in rows if key not in news or news[key] <= reported]
    return pl.DataFrame(fresh, schema={"key": pl.Int64, "reported": pl.Date}, orient="row")


def refresh(session: Session, classes: pl.DataFrame, as_of: date) -> None:
    """Bring the standings up to the classes of ``as_of`` (columns key, klass): who is new to us, who became or ceased to be eligible."""
    known = load(session)
    seen = classes.select("key", eligible=pl.col("klass") == "eligible").join(known, on="key", how="left")
    fresh = seen.filter(pl.col("first_known").is_null())
    _add(session, fresh.with_columns(since=pl.when("eligible").then(pl.lit(as_of))), as_of)
    stored = seen.filter(pl.col("first_known").is_not_null())
    _set(session, stored.filter(pl.col("eligible") & pl.col("eligible_since").is_null())["key"], eligible_since=as_of)
    _set(
        session, stored.filter(~pl.col("eligible") & pl.col("eligible_since").is_not_null())["key"], eligible_since=None
    )


def schedule(session: Session, rotating: pl.DataFrame, carried: pl.Series) -> None:
    """Note the cycle and next review of each rotating account (rotation.turns), and who is ``carried`` over: due, without a place."""
    dates = rotating.select("key", "cycle", "due").with_columns(pl.col("key").is_in(carried.implode()).alias("carried"))
    stored = load(session).select("key", "cycle", due="next_review", carried="carried")
    changed = dates.join(stored, on=["key", "cycle", "due", "carried"], how="anti", nulls_equal=True)
    values = [
        {"account_id": key, "cycle": cycle, "next_review": due, "carried": waits}
        for key, cycle, due, waits in changed.iter_rows()
    ]
    if values:
        session.execute(update(Standing), values)
    gone = stored.filter(pl.col("cycle").is_not_null()).join(rotating, on="key", how="anti")["key"]
    _set(session, gone, cycle=None, next_review=None, carried=False)


def reviewed(session: Session, cycles: Mapping[int, int | None], on: date) -> None:
    """Note that these accounts were reviewed as of ``on``; their next review is a cycle (months) later. None: it does not rotate.

    Not for judging a flagged account again: that buys no report and asks nobody, so it moves no date.
    """
    rows = [
        {"account_id": key, "first_known": on, "last_review": on, "cycle": cycle, "carried": False,
         "next_review": add_months(on, cycle) if cycle else None}
        for key, cycle in sorted(cycles.items())
    ]  # fmt: skip
    newer = _TABLE.c.last_review.is_(None) | (_TABLE.c.last_review <= on)
    add_or_update(session, _TABLE, rows, ("last_review", "cycle", "carried", "next_review"), newer)


def _add(session: Session, rows: pl.DataFrame, as_of: date) -> None:
    values = [
        {"account_id": key, "first_known": as_of, "eligible_since": since, "carried": False}
        for key, since in rows.select("key", "since").iter_rows()
    ]
    if values:
        session.execute(insert(Standing), values)


def _set(session: Session, keys: pl.Series, **values: object) -> None:
    for start in range(0, len(keys), 500):
        wanted = keys[start : start + 500].to_list()
        session.execute(update(Standing).where(col(Standing.account_id).in_(wanted)).values(**values))
