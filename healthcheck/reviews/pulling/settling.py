"""Writing an answer down: the pull's new state, its report, the money and the audit, in one transaction.

A report is stored whoever holds the review by now: it has been paid for. Anything else is for the holder to say: the same order may be
on its way again, from another hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import CursorResult, bindparam, select, update
from sqlmodel import Session

from healthcheck.bureaus.answers import Doubtful, NotListed
from healthcheck.bureaus.base import Ready
from healthcheck.reviews.pulling import budget, gates
from healthcheck.reviews.pulling.model import (
    ANSWER,
    CHARGED,
    INTENT,
    PATIENT_WITH_DOUBT,
    PENDING,
    PLANNED,
    REFUSED,
    SILENT,
    SPENT,
    STORED,
    THROTTLED,
    UNCERTAIN,
    Order,
    backoff,
    become,
    tell,
)
from healthcheck.reviews.pulling.outcomes import Outcome
from healthcheck.store.rows import add_if_missing
from healthcheck.store.session import write
from healthcheck.store.work import Pull, Report

_PULL = Pull.__table__  # type: ignore[attr-defined]
_REPORT = Report.__table__  # type: ignore[attr-defined]
_OPEN = _PULL.c.state.in_(bindparam("open_states", expanding=True))
_IF_OPEN: Final = update(_PULL).where(_PULL.c.id == bindparam("which"), _OPEN)
_TOLD: Final = {PLANNED: "pull.planned", STORED: "pull.stored", REFUSED: "pull.refused", UNCERTAIN: "pull.uncertain",
                PENDING: "pull.pending", INTENT: "pull.intent"}  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """What the pull is now; ``until`` when it should be tried again, in the database's time."""

    state: str
    until: datetime | None = None
    now: datetime | None = None
    note: str = ""


def settle(order: Order, pull: Pull, outcome: Outcome) -> Settled:
    """Write the outcome of a call. What somebody else settled meanwhile stays, but a report settles whatever was in doubt.

    Raises as ``order.guard`` does where there is no report, or no row yet: a pull of a bureau that costs nothing is written as it ended.
    """
    with write(order.engine) as session:
        if order.guard and (pull.id is None or not outcome.ready):
            order.guard(session)
        now = order.clock(session)
        if pull.id is None:
            pull.intent_at = now
        values = _values(order, pull, outcome, now)
        if outcome.ready:
            values["report_id"] = _keep(session, order, pull, outcome.ready)
        if _save(session, pull, values, whatever=outcome.ready is not None):
            _book(session, order, pull, outcome.kind, values, now)
        else:
            values = {"state": _state(session, pull)}
    become(pull, values)
    return Settled(pull.state, values.get("next_try_at"), now, pull.note)


def _save(session: Session, pull: Pull, values: dict[str, Any], whatever: bool) -> bool:
    """Write the pull's new row if it is as we know it; ``whatever``: or in any doubt."""
    if pull.id is None:
        row = pull.model_dump(exclude={"id"}) | values
        pull.id = add_if_missing(session, _PULL, "id", **row)
        return pull.id is not None
    open_states = (INTENT, PENDING, UNCERTAIN, CHARGED) if whatever else (pull.state,)
    done = session.connection().execute(_IF_OPEN, {**values, "which": pull.id, "open_states": open_states})
    return isinstance(done, CursorResult) and done.rowcount == 1


def _state(session: Session, pull: Pull) -> str:
    """What the pull is by now."""
    same = [_PULL.c[name] == getattr(pull, name) for name in ("account_id", "bureau", "month", "attempt")]
    return str(session.connection().execute(select(_PULL.c.state).where(*same)).scalar_one())


def _values(order: Order, pull: Pull, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The pull's new row."""
    values: dict[str, Any] = {
        "state": outcome.state, "note": outcome.note, "kind": outcome.kind, "settled_at": now, "next_try_at": None, "waits": "",
        "order_token": outcome.token or pull.order_token,
    }  # fmt: skip
    if outcome.again:
        values |= _later(order, pull, outcome, now)
    if values["state"] not in SPENT:
        values["cost"] = 0
    return values


def _later(order: Order, pull: Pull, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """When to try again; what a bureau made us wait for too long is refused, or stays in doubt."""
    wait = backoff(pull.intent_at, now) if outcome.wait is None else timedelta(seconds=max(0.0, outcome.wait))
    patience = patience_with(order, outcome.kind)
    if outcome.state == PLANNED and now - pull.intent_at >= patience:
        return {"state": REFUSED, "note": out_of_patience(patience, outcome.note)}
    return {"next_try_at": now + wait, "waits": _waits(outcome)}


def _waits(outcome: Outcome) -> str:
    if outcome.state != PLANNED:
        return ANSWER
    return THROTTLED if outcome.kind == THROTTLED else SILENT


def patience_with(order: Order, kind: str) -> timedelta:
    """How long this kind of answer is worth waiting for."""
    return min(order.patience, PATIENT_WITH_DOUBT) if kind in (Doubtful.kind, NotListed.kind) else order.patience


def out_of_patience(patience: timedelta, why: str) -> str:
    return f"could not be reached for {patience.total_seconds() / 3600:g} h: {why}"


def _book(session: Session, order: Order, pull: Pull, kind: str, values: dict[str, Any], now: datetime) -> None:
    """What follows from the new state: the money, what it means for others, the audit."""
    if pull.state in SPENT and values["state"] not in SPENT:
        budget.give_back(session, pull.month, pull.cost)
    gates.answered(session, order, pull, kind, values["next_try_at"], now)
    if values["state"] != pull.state:
        tell(session, pull, _TOLD[values["state"]], order.now, kind=kind)


def _keep(session: Session, order: Order, pull: Pull, ready: Ready) -> int:
    """Store the report under the as-of date of the order, once; its id."""
    reported = min(ready.report.reported_on, order.as_of)
    row = {
        "account_id": pull.account_id, "bureau": pull.bureau, "as_of": order.as_of, "reported_on": reported,
        "body": ready.report.to_body(), "raw": ready.raw,
    }  # fmt: skip
    stored = add_if_missing(session, _REPORT, "id", **row)
    if stored is not None:
        return int(stored)
    same = [_REPORT.c[name] == row[name] for name in ("account_id", "bureau", "as_of", "reported_on")]
    return int(session.execute(select(_REPORT.c.id).where(*same)).scalar_one())
