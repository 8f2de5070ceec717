"""Letters to customers: each is written here before it leaves, and the standing orders by which some leave by themselves."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from healthcheck.store.base import Instant


class LetterOrder(SQLModel, table=True):
    """A person's standing order: letters of ``kind`` go out by themselves to one account, or to a class of accounts."""

    __tablename__ = "letter_order"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    account_id: int | None = Field(default=None, foreign_key="account.id", description="null: a class")
    risk_class: str = Field(default="", description="high, medium, low, unclassed, all; empty: one account")
    on: date = Field(description="from this day on")
    by: str = ""
    ended_on: date | None = None
    ended_by: str = ""
    at: datetime = Field(sa_type=Instant)


class Letter(SQLModel, table=True):
    """One letter to one customer, as it was meant to leave. The record that it left is made when it did (``recorded_on``).

    ``once``: what makes it one; a second one alike is never made.
    """

    __tablename__ = "letter"
    __table_args__ = (UniqueConstraint("once"), Index("ix_letter_account_id", "account_id"))

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str
    on: date
    language: str
    channel: str = Field(description="mail, paper")
    recipient: str = Field(default="", description="the mail address; empty: on paper")
    subject: str
    text: str
    html: str
    invoices: list[str] = Field(sa_column=Column(JSON, nullable=False))
    amount: int | None = Field(default=None, sa_type=BigInteger, description="minor units; null: in several currencies")
    currency: str | None = None
    until: date
    once: str
    message_id: int | None = Field(default=None, foreign_key="message.id", description="in the outbox; null: on paper")
    order_id: int | None = Field(default=None, foreign_key="letter_order.id", description="null: by a person's command")
    by: str = ""
    recorded_on: date | None = None
    at: datetime = Field(sa_type=Instant)
