"""Writes down what happened with an account: records, and the tasks that follow, each with its note for the audit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from sqlmodel import Session, col, select

from healthcheck.ledger.recorded import KINDS
from healthcheck.playbook.entries import KEEPS_OUT, Entry, in_force, standing
from healthcheck.reviews import calibrations
from healthcheck.store import audit
from healthcheck.store.books import Account
from healthcheck.store.late import Record, Task
from healthcheck.store.rows import add_if_missing

SOME: Final = 5_000  # accounts in one query
FIELDS: Final = tuple(Entry.__dataclass_fields__)
_TASK, _RECORD = Task.__table__, Record.__table__  # type: ignore[attr-defined]
_TOLD: Final = ("invoice", "amount", "currency", "due", "agency", "method", "reason", "owner", "series", "refers")


def add(session: Session, account_id: int, kind: str, on: date, at: datetime, **fields: Any) -> Record | None:
    """Record one thing (``fields``: of ``Record``) and return it, with its number; None: the house has recorded it before (``once``).

    Calibrations that looked at the ledger of that day or later are made again: disputes and agreed instalments change what is late.
    """
    row = _written(session, Record(account_id=account_id, kind=kind, on=on, at=at, **fields))
    if row is None:
        return None
    told = {name: value for name in _TOLD if (value := getattr(row, name)) is not None}
    audit.note(
        session,
        f"record.{kind}",
        at,
        by=row.by,
        account_id=account_id,
        detail={"record": row.id, "on": str(on), **told},
    )
    if kind in KINDS:
        calibrations.forget_from(session, on)
    return row


def _written(session: Session, row: Record) -> Record | None:
    """The row, with its number; None if one is there with the same ``once``, were it written by somebody else at this moment."""
    key = add_if_missing(session, _RECORD, "id", **row.model_dump(exclude={"id"}))
    return None if key is None else session.get_one(Record, key)


def history(session: Session, account_id: int, as_of: date | None = None) -> list[Entry]:
    """What is on record of one account (by ``as_of``) and nobody took back, by day."""
    return histories(session, [account_id], as_of).get(account_id, [])


def histories(session: Session, keys: Iterable[int], as_of: date | None = None) -> dict[int, list[Entry]]:
    """The same of several accounts, of which anything is on record."""
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for some in batches(keys):
        rows = select(Record).where(col(Record.account_id).in_(some)).order_by(col(Record.id))
        for row in session.exec(rows if as_of is None else rows.where(col(Record.on) <= as_of)):
            found[row.account_id].append(entry(row))
    return {key: in_force(entries) for key, entries in found.items()}


def batches(keys: Iterable[int]) -> Iterator[list[int]]:
    """The keys, as many at a time as one query takes."""
    rest = iter(keys)
    while some := list(islice(rest, SOME)):
        yield some


def kept_out(session: Session, on: date | None = None) -> frozenset[int]:
    """The accounts that sales must keep out of by the records (until ``on``)."""
    named = session.exec(select(Record.account_id).where(col(Record.kind).in_(KEEPS_OUT)).distinct())
    found = histories(session, named.all(), on)
    return frozenset(key for key, entries in found.items() if standing(entries, KEEPS_OUT))


def entry(row: Record) -> Entry:
    """The record as the rules read it."""
    return Entry(**{name: getattr(row, name) for name in FIELDS})


def raise_task(session: Session, task: Task) -> bool:
    """Give somebody something to do because of a record; once for each kind and record. Whether it is new."""
    if add_if_missing(session, _TASK, "id", **task.model_dump(exclude={"id"})) is None:
        return False
    detail = {"kind": task.kind, "record": task.record_id, "due": str(task.due)}
    audit.note(session, "task.raised", task.at, account_id=task.account_id, detail=detail)
    return True


def waiting(session: Session) -> list[tuple[Task, Account]]:
    """All tasks that nobody has done, the most urgent first."""
    rows = select(Task, Account).join(Account).where(col(Task.done_on).is_(None))
    return list(session.exec(rows.order_by(col(Task.due), col(Task.id))).all())


def end_tasks(session: Session, records: Sequence[int], kinds: Sequence[str], on: date, by: str, at: datetime) -> int:
    """Mark as done what these records gave to do. How many tasks ended."""
    waiting = select(Task).where(
        col(Task.record_id).in_(records), col(Task.kind).in_(kinds), col(Task.done_on).is_(None)
    )
    tasks = session.exec(waiting).all()
    for task in tasks:
        task.done_on, task.done_by = on, by
        audit.note(
            session,
            "task.done",
            at,
            by=by,
            account_id=task.account_id,
            detail={"kind": task.kind, "record": task.record_id},
        )
    return len(tasks)
