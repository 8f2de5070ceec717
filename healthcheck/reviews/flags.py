"""Flags: findings that a person must answer. ``step`` is the rule, pure; the rest writes down what it says.

Hysteresis lives here and nowhere else: an alert is raised once, said again only when it got worse or grew, and goes away after two quiet
monthly runs or by a person. Flags follow the newest as-of date an account was judged on; a review made afterwards of an earlier month
stores its findings and moves no flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from healthcheck.checks.outcomes import ALERTS, FLAG, NOT_APPLICABLE, RANK, UNKNOWN, URGENT
from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.store import audit
from healthcheck.store.books import Account, Plan
from healthcheck.store.work import Flag, FlagEvent

QUIET_RUNS: Final = 2
GROWN: Final = 0.1  # of the score, 0..1
REST_DAYS: Final = 90  # after a person cleared it, the same thing is not raised again for so long
DUE_DAYS: Final = {FLAG: 14, URGENT: 4}
OWNER: Final = "credit team"
MACHINE: Final = "healthcheck"
LIVE: Final = ("open", "acknowledged", "snoozed")
WITH_HABIT: Final = ("payments", "purchases")  # checks that hold a customer against its own past


@dataclass(frozen=True)
class Seen:
    """What one check found: its outcome, score and sentence."""

    outcome: str
    score: float | None
    summary: str


@dataclass(frozen=True)
class State:
    """The moving parts of a flag; names and meaning as in ``store.work.Flag``."""

    outcome: str
    score: float | None
    summary: str
    due: date
    changed_on: date
    state: str = "open"
    quiet: int = 0
    snoozed_until: date | None = None
    cleared_on: date | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Event:
    """One change: raised, changed, quiet or cleared, and a note for people."""

    what: str
    note: str = ""


def step(last: State | None, seen: Seen, on: date) -> tuple[State | None, tuple[Event, ...]]:
    """The flag after one monthly run as of ``on``, and what happened to it.

    ``last`` is the account's live flag of this check, else the one cleared last, else None. ``unknown`` and ``not_applicable`` say
    nothing either way and move nothing.
    """
    if seen.outcome in (UNKNOWN, NOT_APPLICABLE):
        return last, ()
    live = last if last and last.state in LIVE else None
    if seen.outcome not in ALERTS:
        return _quiet(live, seen, on) if live else (last, ())
    if live:
        return _still(live, seen, on)
    return (last, ()) if _rests(last, seen, on) else _raised(seen, on)


def is_new(last: State | None, seen: Seen, on: date) -> bool:
    """True if ``seen`` would raise a flag that is not there yet."""
    return any(event.what == "raised" for event in step(last, seen, on)[1])


def due(outcome: str, on: date) -> date:
    """When the decision is due."""
    return on + timedelta(days=DUE_DAYS[outcome])


def _raised(seen: Seen, on: date) -> tuple[State, tuple[Event, ...]]:
    return State(seen.outcome, seen.score, seen.summary, due(seen.outcome, on), on), (Event("raised"),)


def _still(live: State, seen: Seen, on: date) -> tuple[State, tuple[Event, ...]]:
    note = _changed(live, seen, on)
    if not note:
        return replace(live, summary=seen.summary, quiet=0), ()
    outcome = max(live.outcome, seen.outcome, key=RANK.__getitem__)
    by = due(seen.outcome, on)
    changed = State(outcome, seen.score, seen.summary, by, on)
    return changed, (Event("changed", note),)


def _changed(live: State, seen: Seen, on: date) -> str:
    """Why people should hear of it again; empty if they should not."""
    if RANK[seen.outcome] > RANK[live.outcome]:
        return f"worse: {live.outcome} before, {seen.outcome} now"
    if _grew(live.score, seen.score):
        return f"grown: score {live.score:.2f} before, {seen.score:.2f} now"
    if live.state == "snoozed" and live.snoozed_until and on >= live.snoozed_until:
        return f"the snooze ended on {live.snoozed_until}"
    return ""


def _grew(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and round(after - before, 6) >= GROWN


def _quiet(live: State, seen: Seen, on: date) -> tuple[State, tuple[Event, ...]]:
    count = live.quiet + 1
    quiet = replace(live, quiet=count, summary=seen.summary)
    if count < QUIET_RUNS:
        return quiet, (Event("quiet", seen.outcome),)
    reason = f"quiet in {QUIET_RUNS} monthly runs in a row"
    return replace(quiet, state="cleared", cleared_on=on, reason=reason), (Event("cleared", reason),)


def _rests(last: State | None, seen: Seen, on: date) -> bool:
    """A person cleared this not long ago, and it is no worse since."""
    if (
        last is None
        or last.cleared_on is None
        or last.quiet >= QUIET_RUNS
        or on - last.cleared_on >= timedelta(days=REST_DAYS)
    ):
        return False
    return RANK[seen.outcome] <= RANK[last.outcome] and not _grew(last.score, seen.score)


# ---- the same, written down


def state_of(flag: Flag) -> State:
    """The moving parts of a stored flag."""
    return State(**{name: getattr(flag, name) for name in State.__dataclass_fields__})


def last_of(session: Session, account_ids: list[int], to_move: bool = False) -> dict[tuple[int, str], Flag]:
    """(account id, check) -> the live flag, else the one raised last. ``to_move``: nobody else may change it until the commit."""
    query = select(Flag).where(col(Flag.account_id).in_(account_ids)).order_by(col(Flag.id))
    rows = session.exec(query.with_for_update() if to_move else query).all()
    return {(row.account_id, row.check): row for row in rows}


def apply(session: Session, seen: Mapping[int, Mapping[str, Seen]], month: str, on: date, now: datetime) -> None:
    """Move flags by what the checks found (account id -> check -> what), inside the caller's transaction."""
    last = last_of(session, list(seen), to_move=True)
    moved: list[tuple[Flag, tuple[Event, ...]]] = []
    for account_id, checks in seen.items():
        for check, found in checks.items():
            flag = last.get((account_id, check))
            after, events = step(state_of(flag) if flag else None, found, on)
            if after is None:
                continue
            if flag is None or any(event.what == "raised" for event in events):
                flag = _new(account_id, check, after, month, on)
            _set(session, flag, after)
            moved.append((flag, events))
    session.flush()
    for flag, events in moved:
        for event in events:
            _tell(session, flag, event, on, now, MACHINE)


def _new(account_id: int, check: str, state: State, month: str, on: date) -> Flag:
    return Flag(
        account_id=account_id, check=check, owner=OWNER, raised_on=on, raised_month=month,
        outcome=state.outcome, summary=state.summary, due=state.due, changed_on=on,
    )  # fmt: skip


def _set(session: Session, flag: Flag, state: State) -> None:
    for name in State.__dataclass_fields__:
        setattr(flag, name, getattr(state, name))
    session.add(flag)


def _tell(session: Session, flag: Flag, event: Event, on: date, now: datetime, by: str) -> None:
    row = FlagEvent(flag_id=flag.id or 0, on=on, at=now, what=event.what, outcome=flag.outcome, note=event.note, by=by)
    session.add(row)
    told = {"check": flag.check, "outcome": flag.outcome, "as_of": on.isoformat(), "note": event.note}
    audit.note(session, f"flag.{event.what}", now, by=by, account_id=flag.account_id, detail=told)


def listed(session: Session, everything: bool = False) -> list[dict[str, Any]]:
    """Live flags (or all) as plain values with their accounts, the earliest due first."""
    query = select(Flag, Account).join(Account, col(Account.id) == col(Flag.account_id))
    if not everything:
        query = query.where(col(Flag.state).in_(LIVE))
    rows = session.exec(query.order_by(col(Flag.due), col(Flag.id))).all()
    names = [name for name in Flag.model_fields if name != "account_id"]
    return [_listed(flag, account, names) for flag, account in rows]


def _listed(flag: Flag, account: Account, names: list[str]) -> dict[str, Any]:
    whose = {"id": flag.id, "account": account.account, "entity": account.entity, "name": account.name}
    values = {name: getattr(flag, name) for name in names}
    return whose | {name: str(value) if isinstance(value, date) else value for name, value in values.items()}


def named(session: Session, target: str) -> list[Flag]:
    """The live flags that a person means by a flag's id or an account's number, to be changed in this transaction.

    Raises UsageError if there are none, or two readings.
    """
    kind, _, word = target.rpartition(":")
    live = select(Flag).where(col(Flag.state).in_(LIVE)).order_by(col(Flag.id)).with_for_update(of=Flag)
    mine = live.join(Account, col(Account.id) == col(Flag.account_id)).where(Account.account == word)
    by_account = session.exec(mine).all() if kind != "flag" else []
    by_id = session.exec(live.where(Flag.id == int(word))).all() if word.isdecimal() and kind != "account" else []
    if by_account and by_id:
        raise UsageError(f"{word} is a flag and an account; write flag:{word} or account:{word}")
    found = [*by_account, *by_id]
    if not found:
        raise UsageError(f"{target} names no live flag and no account that has one; see: healthcheck flags list")
    return found


def cleared(session: Session, target: str) -> Flag:
    """The cleared flag of this id. Raises UsageError if there is none."""
    word = target.removeprefix("flag:")
    flag = session.get(Flag, int(word)) if word.isdecimal() else None
    if flag is None or flag.state in LIVE:
        raise UsageError(f"{target} is no cleared flag; see: healthcheck flags list --all")
    return flag


# ---- what a person does to a flag


def acknowledge(session: Session, flag: Flag, by: str, on: date, now: datetime) -> None:
    """Somebody looks after it."""
    _act(
        session,
        flag,
        replace(state_of(flag), state="acknowledged", snoozed_until=None),
        Event("acknowledged"),
        by,
        on,
        now,
    )


def snooze(session: Session, flag: Flag, until: date, reason: str, by: str, on: date, now: datetime) -> None:
    """Not to be heard of before ``until``, unless it gets worse or grows."""
    state = replace(state_of(flag), state="snoozed", snoozed_until=until, reason=reason)
    _act(session, flag, state, Event("snoozed", f"until {until}: {reason}"), by, on, now)


def clear(session: Session, flag: Flag, reason: str, by: str, on: date, now: datetime) -> None:
    """It is settled. The same thing is raised again after ``REST_DAYS``, or when it is worse or has grown."""
    state = replace(state_of(flag), state="cleared", snoozed_until=None, cleared_on=on, reason=reason, quiet=0)
    _act(session, flag, state, Event("cleared", reason), by, on, now)


def accept(session: Session, flag: Flag, day: date | None, reason: str, by: str, on: date, now: datetime) -> None:
    """It is settled as the new normal: from ``day`` on (None: today, or the day it was judged on, if that is later) its check holds
    against the customer only what came since. Raises UsageError for a check without a habit, for purchases that follow a plan, and
    for a day before the flag.
    """
    since = day or max(on, flag.changed_on)
    if flag.check not in WITH_HABIT:
        checks = " and ".join(WITH_HABIT)
        raise UsageError(f"flag {flag.id} is of {flag.check}; a new normal is for flags of {checks}: name one of those")
    if since < flag.raised_on:
        raise UsageError(
            f"flag {flag.id} was raised as of {flag.raised_on}; a new normal cannot begin before, on {since}"
        )
    if flag.check == "purchases" and _planned(session, flag.account_id, since):
        raise UsageError(f"flag {flag.id}: these purchases are held against a plan; import the plan that holds now")
    flag.rebased_on = since
    clear(session, flag, f"new normal from {since}: {reason}", by, on, now)


def _planned(session: Session, account_id: int, on: date) -> bool:
    newest = session.exec(select(func.max(Plan.month)).where(Plan.account_id == account_id)).one()
    ended = newest is None or newest < Month.of(on).first
    return not ended or bool(session.get_one(Account, account_id).plan_annual)


def reopen(session: Session, flag: Flag, by: str, on: date, now: datetime) -> None:
    """Take back that a flag was cleared, and with it the new normal. Raises UsageError where another has taken its place."""
    newest = last_of(session, [flag.account_id])[flag.account_id, flag.check]
    if newest.id != flag.id:
        raise UsageError(f"flag {flag.id} was followed by flag {newest.id}; answer that one")
    flag.rebased_on = None
    state = replace(state_of(flag), state="open", due=due(flag.outcome, on), cleared_on=None, reason=None, quiet=0)
    _act(session, flag, state, Event("reopened"), by, on, now)


def decide(session: Session, flag: Flag, decision: str, by: str, on: date, now: datetime) -> None:
    """Note what was decided (``limit cut to 60,000``). The flag stays until it is quiet or cleared."""
    flag.decision, flag.decided_on = decision, on
    _act(
        session,
        flag,
        replace(state_of(flag), state="acknowledged", snoozed_until=None),
        Event("decided", decision),
        by,
        on,
        now,
    )


def _act(session: Session, flag: Flag, state: State, event: Event, by: str, on: date, now: datetime) -> None:
    _set(session, flag, state)
    _tell(session, flag, event, on, now, by)
