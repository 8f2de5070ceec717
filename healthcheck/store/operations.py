"""What keeps the work in order: the audit, money and rates taken beforehand, when each job ran last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel

from healthcheck.store.base import Instant


class AuditEntry(SQLModel, table=True):
    """One thing that was done, written in the transaction that did it. ``mac`` covers the entry and the ``mac`` before it."""

    __tablename__ = "audit"

    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant)
    what: str = Field(description="month.planned, pull.intent, review.done, flag.cleared ...", index=True)
    by: str = ""
    month: str | None = None
    account_id: int | None = None
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    key_id: str = Field(default="", description="which key signed it; empty: none was set")
    mac: str


class AuditHead(SQLModel, table=True):
    """The end of the chain: one row, locked by whoever adds to it."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    seq: int = Field(default=0, sa_type=BigInteger)
    mac: str = ""


class Budget(SQLModel, table=True):
    """What a month's pulls have taken of its budget: stored, charged, asked and doubtful ones, in minor units of the reporting currency."""

    __tablename__ = "budget"

    month: str = Field(primary_key=True)
    taken: int = Field(default=0, sa_type=BigInteger)


class RateLimit(SQLModel, table=True):
    """When a bureau may be asked again; taken in the transaction that writes a pull's INTENT."""

    __tablename__ = "rate_limit"

    bureau: str = Field(primary_key=True)
    free_at: datetime = Field(sa_type=Instant)


class Schedule(SQLModel, table=True):
    """Since which month a batch is due every month: the one in which the clock was started first."""

    __tablename__ = "schedule"

    name: str = Field(primary_key=True)
    since: str


class JobRun(SQLModel, table=True):
    """The last run of each job of the scheduler."""

    __tablename__ = "job_run"

    job: str = Field(primary_key=True)
    host: str = ""
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    error: str | None = None
