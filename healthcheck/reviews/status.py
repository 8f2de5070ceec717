"""How things stand: what runs, what waits, what failed, what needs a person and what is next. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from healthcheck.healthz import Health
from healthcheck.ledger import freshness
from healthcheck.money import plain
from healthcheck.reviews import flags, pulls, schedule
from healthcheck.settings import Settings
from healthcheck.store import audit, work
from healthcheck.store.events import NOBODY, Event, Watch
from healthcheck.store.late import Task
from healthcheck.store.operations import Budget, JobRun
from healthcheck.store.session import read
from healthcheck.store.work import Flag, Message, Pull, Review

QUIET: Final = timedelta(minutes=5)  # without a tick the scheduler is taken for dead
SHOWN: Final = 3  # closed months


def gather(engine: Engine, settings: Settings, now: datetime) -> dict[str, Any]:
    """Everything, in JSON types. ``problems``: one line each, with what to do."""
    with read(engine) as session:
        found = {
            "months": _months(session),
            "next": _next(settings, now),
            "pulls": _pulls(session, settings, now),
            "mails": dict(_counted(session, Message.state)),
            "mail_trouble": _mail_trouble(session),
            "flags": _flags(session, settings, now),
            "tasks": _tasks(session, settings, now),
            "news": _news(session),
            "jobs": _jobs(session),
            "ledger": _ledger(session, settings, now),
            "audit_head": audit.head(session)[:8],
        }
    return {"at": now.isoformat(timespec="seconds"), **found, "problems": list(_problems(found, now))}


def health(engine: Engine, now: datetime) -> Health:
    """What ``/healthz`` says: ok while the clock ticks and no job's last run failed."""
    with read(engine) as session:
        jobs = _jobs(session)
        held = session.exec(select(work.Month.month, work.Month.held).where(*_is_held())).all()
    last = jobs.get("tick", {}).get("ended")
    alive = last is not None and now - datetime.fromisoformat(last) < QUIET
    return {
        "ok": alive and not any(job["error"] for job in jobs.values()),
        "last_tick": last,
        "jobs": {name: {"started": job["started"], "ended": job["ended"], "error": job["error"]} for name, job in jobs.items()},
        "held": [f"{month}: {why}" for month, why in held],
    }  # fmt: skip


def _is_held() -> tuple[Any, ...]:
    return work.Month.state == schedule.DUE, work.Month.held != ""


def _months(session: Session) -> list[dict[str, Any]]:
    """Months that are due, open or held, and the last ones closed; newest first."""
    rows = session.exec(select(work.Month).order_by(col(work.Month.month).desc())).all()
    closed = [row for row in rows if row.state == schedule.CLOSED][:SHOWN]
    shown = [row for row in rows if row.state in (schedule.DUE, schedule.OPEN) or row in closed]
    query = select(Review.month_id, Review.state, func.count()).group_by(col(Review.month_id), col(Review.state))
    counts: dict[int, dict[str, int]] = {}
    for month_id, state, count in session.exec(query.where(col(Review.month_id).in_([row.id for row in shown]))):
        counts.setdefault(month_id, {})[state] = count
    return [
        {
            "month": row.month, "state": row.state, "as_of": row.as_of.isoformat(), "held": row.held,
            "reviews": {state: counts.get(row.id or 0, {}).get(state, 0) for state in ("waiting", "claimed", "done", "failed")},
        }
        for row in shown
    ]  # fmt: skip


def _next(settings: Settings, now: datetime) -> dict[str, str]:
    month = schedule.next_due(now, settings)
    return {"month": str(month), "due_at": schedule.due_at(month, settings).isoformat()}


def _pulls(session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    month = f"{settings.business_day(now):%Y-%m}"
    budget = settings.bureau_budget
    taken = session.exec(select(Budget.taken).where(Budget.month == month)).first()
    return {
        **{name.lower(): 0 for name in ("PLANNED", pulls.INTENT, "PENDING", pulls.UNCERTAIN)},
        **{state.lower(): count for state, count in _counted(session, Pull.state)},
        "month": month,
        "taken": plain(int(taken or 0), settings.currency),
        "budget": None if budget is None else str(budget),
    }


def _mail_trouble(session: Session) -> list[dict[str, Any]]:
    """Why mails wait that were tried, and until when."""
    next_try, error = func.min(Message.next_try_at), col(Message.error)
    query = select(error, func.count(), next_try).where(Message.state == "WAITING", error.is_not(None))
    return [
        {"error": why, "mails": count, "next_try_at": until.isoformat(timespec="seconds") if until else "the next try"}
        for why, count, until in session.exec(query.group_by(error).order_by(error))
    ]


def _flags(session: Session, settings: Settings, now: datetime) -> dict[str, int]:
    live = col(Flag.state).in_(flags.LIVE)
    today = settings.business_day(now)
    count = session.exec(select(func.count()).where(live)).one()
    overdue = session.exec(select(func.count()).where(live, col(Flag.due) < today, Flag.state != "snoozed")).one()
    return {"live": count, "overdue": overdue}


def _tasks(session: Session, settings: Settings, now: datetime) -> dict[str, int]:
    """What records about late accounts gave people to do: see ``late --tasks``."""
    open_tasks = col(Task.done_on).is_(None)
    count = session.exec(select(func.count()).where(open_tasks)).one()
    overdue = session.exec(select(func.count()).where(open_tasks, Task.due < settings.business_day(now))).one()
    return {"open": count, "overdue": overdue}


def _news(session: Session) -> dict[str, dict[str, Any]]:
    """By bureau that tells what has changed: companies watched, when it was read last, and news that no month has looked into."""
    watched, last = func.count().filter(col(Watch.account_id) != NOBODY), func.max(Watch.polled_at)
    rows = session.exec(select(Watch.bureau, watched, last).group_by(Watch.bureau).order_by(Watch.bureau)).all()
    waiting = select(Event.bureau, func.count()).where(col(Event.month).is_(None)).group_by(Event.bureau)
    counts = dict(session.exec(waiting).all())
    return {
        bureau: {"watched": count, "read": read_at.isoformat(timespec="seconds") if read_at else None, "waiting": counts.get(bureau, 0)}
        for bureau, count, read_at in rows
    }  # fmt: skip


def _jobs(session: Session) -> dict[str, dict[str, Any]]:
    return {
        row.job: {"started": row.started_at.isoformat(), "ended": row.ended_at.isoformat() if row.ended_at else None,
                  "error": row.error, "host": row.host}
        for row in session.exec(select(JobRun).order_by(col(JobRun.job)))
    }  # fmt: skip


def _ledger(session: Session, settings: Settings, now: datetime) -> dict[str, Any]:
    today = settings.business_day(now)
    newest = freshness.latest(session, today)
    return {
        "latest": newest.isoformat() if newest else None,
        "warning": freshness.warning(newest, today, settings.ledger_max_age_days),
    }


def _counted(session: Session, column: Any) -> Iterator[tuple[str, int]]:
    yield from Counter(dict(session.exec(select(column, func.count()).group_by(column)).all())).items()


def _problems(found: dict[str, Any], now: datetime) -> Iterator[str]:
    for month in found["months"]:
        if month["held"]:
            accept = f"healthcheck review --month {month['month']} --accept-ledger"
            yield f"{month['month']} is held: {month['held']} Import what is newer, or accept it: {accept}"
        if failed := month["reviews"]["failed"]:
            yield f"{month['month']}: {failed} reviews failed (the digest says why)"
    if found["ledger"]["warning"]:
        yield found["ledger"]["warning"] + " Import what is newer."
    if doubtful := found["pulls"]["uncertain"]:
        yield f"{doubtful} pulls may have been charged (healthcheck pulls list --uncertain, then resolve each)"
    for state, remedy in (("HELD", "may have arrived"), ("DEAD", "refused for good")):
        if count := found["mails"].get(state):
            yield f"{count} mails {remedy} (healthcheck digests list --dead)"
    for trouble in found["mail_trouble"]:
        yield f"{trouble['mails']} mails wait until {trouble['next_try_at']}: {trouble['error']} (healthcheck digests send tries at once)"
    yield from _troubled(found["jobs"], now)


def _troubled(jobs: dict[str, dict[str, Any]], now: datetime) -> Iterator[str]:
    for name, job in jobs.items():
        if job["error"]:
            yield f"the job {name} failed at {job['ended']}: {job['error']}"
    tick = jobs.get("tick", {}).get("ended")
    if tick and now - datetime.fromisoformat(tick) > QUIET:
        yield f"the scheduler has not run since {tick} (healthcheck run)"
