"""What happened between us and a customer who is late, or may become so: the records, and the tasks that follow from them.

Nothing here is a state that somebody has to keep up to date: whether a promise was kept, a dispute is open or an account is with an
agency follows, for any date, from the records up to that date and the ledger's payments.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from healthcheck.store.base import Instant


class Record(SQLModel, table=True):
    """One thing that was said or done, as somebody recorded it. Rows are added, never changed: ``kind`` withdrawn takes one back.

    ``kind``: see ``healthcheck.playbook.entries``. ``refers`` is the record that this one answers, settles or takes back.
    """

    __tablename__ = "record"
    __table_args__ = (UniqueConstraint("once"), Index("ix_record_account_id_on", "account_id", "on"))

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str
    on: date
    invoice: str | None = Field(default=None, description="number of the invoice it is about; null: the whole account")
    amount: int | None = Field(default=None, sa_type=BigInteger, description="minor units of ``currency``")
    currency: str | None = None
    due: date | None = Field(default=None, description="of a promise: when the money is to come; else: the follow-up")
    agency: str | None = None
    method: str | None = Field(default=None, description="of a contact or letter: phone, mail, letter, visit, other")
    reason: str | None = None
    note: str = ""
    by: str = ""
    owner: str | None = Field(default=None, description="of a dispute: who has to settle it")
    series: str | None = Field(default=None, description="instalments agreed together share it")
    refers: int | None = Field(default=None, foreign_key="record.id")
    once: str | None = Field(default=None, description="of what the house records itself: what makes it one")
    at: datetime = Field(sa_type=Instant)


class Task(SQLModel, table=True):
    """Something a person has to do because of a record; raised once for each."""

    __tablename__ = "task"
    __table_args__ = (UniqueConstraint("kind", "record_id"), Index("ix_task_account_id", "account_id"))

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str = Field(description="promise_broken, check_in, answer_due, dispute")
    record_id: int = Field(foreign_key="record.id")
    what: str
    owner: str
    due: date
    raised_on: date
    done_on: date | None = None
    done_by: str = ""
    at: datetime = Field(sa_type=Instant)
