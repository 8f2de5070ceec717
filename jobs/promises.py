"""Holds what was promised, asked and disputed against the day: whoever has to do something about it gets one task, which ends by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck.logs import fields
from healthcheck.playbook import journal
from healthcheck.playbook.gather import situations
from healthcheck.playbook.policy import policy_from
from healthcheck.playbook.situation import Situation
from healthcheck.playbook.tasks import Todo, todos
from healthcheck.settings import Settings
from healthcheck.store.late import Record, Task
from healthcheck.store.session import read, write

GIVE_TO_DO: Final = ("promise", "placement", "asked", "dispute")
SOME: Final = 2_000  # accounts at a time
_LOG = logging.getLogger(__name__)


def run(engine: Engine, now: datetime, settings: Settings) -> int:
    """How many tasks were raised. Some accounts a transaction: killed in between, the next run does the rest."""
    today, policy, raised, ended = settings.business_day(now), policy_from(settings), 0, 0
    for keys in _concerned(engine, today):
        found = [(one, todos(one, policy)) for one in situations(engine, today, settings, now, keys)]
        with write(engine) as session:
            for situation, due in found:
                raised += sum(journal.raise_task(session, _task(situation, one, today, now)) for one in due)
                ended += _end(session, situation.customer.key, due, today, now)
    _LOG.info("promises held against the day", extra=fields(raised=raised, ended=ended))
    return raised


def _concerned(engine: Engine, today: date) -> Iterator[list[int]]:
    """The accounts with a record that may give somebody something to do, or with a task that waits."""
    with read(engine) as session:
        given = select(Record.account_id).where(col(Record.kind).in_(GIVE_TO_DO), col(Record.on) <= today)
        waiting = select(Task.account_id).where(col(Task.done_on).is_(None))
        keys = sorted({*session.exec(given), *session.exec(waiting)})
    yield from (keys[start : start + SOME] for start in range(0, len(keys), SOME))


def _task(situation: Situation, todo: Todo, today: date, now: datetime) -> Task:
    return Task(
        account_id=situation.customer.key, kind=todo.kind, record_id=todo.record, what=todo.what, owner=todo.owner, due=todo.due,
        raised_on=today, at=now,
    )  # fmt: skip


def _end(session: Session, account: int, due: list[Todo], today: date, now: datetime) -> int:
    """End the tasks of an account that are not to do any more."""
    still = {(one.kind, one.record) for one in due}
    waiting = session.exec(select(Task).where(Task.account_id == account, col(Task.done_on).is_(None))).all()
    return sum(
        journal.end_tasks(session, [task.record_id], [task.kind], today, "", now)
        for task in waiting
        if (task.kind, task.record_id) not in still
    )
