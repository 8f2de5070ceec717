"""What bureaus told of the companies that they watch for us."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from healthcheck.store.base import Instant

NOBODY: Final = 0  # ``Watch.account_id`` of what a bureau tells of all companies in one list


class Event(SQLModel, table=True):
    """One piece of news about an account, stored once however often it is told. ``month``: the month that looks into it; null: none yet."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("account_id", "bureau", "ref"),
        Index("ix_event_month_seen_on", "month", "seen_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    bureau: str
    ref: str = Field(description="the bureau's own number of it")
    on: date = Field(description="when it happened")
    what: str
    seen_on: date = Field(description="when we were told: before, it is not known")
    month: str | None = None


class Watch(SQLModel, table=True):
    """How far a bureau's news were read: of one account's company, or of all (``account_id`` NOBODY)."""

    __tablename__ = "watch"

    bureau: str = Field(primary_key=True)
    account_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    company: str = Field(default="", description="the id that is watched; another link begins anew")
    cursor: str = Field(default="", description="where to go on; only the adapter reads it")
    polled_at: datetime | None = Field(default=None, sa_type=Instant, description="when all of it was read last")
