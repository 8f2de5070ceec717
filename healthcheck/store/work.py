"""The monthly work: months, reviews, pulls, reports, findings, flags, observations, the outbox."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from healthcheck.store.base import Instant

DIGESTS: Final = ("credit", "rep")  # kinds of message that a closed month sends
BEGUN: Final = ("open", "closed")  # states of months whose reviews are chosen


class Month(SQLModel, table=True):
    """One batch. It exists once per schedule and month.

    ``state``: due (its reviews are not chosen yet; ``held`` says why, if something is in the way), open, closed, skipped.
    """

    __tablename__ = "month"
    __table_args__ = (UniqueConstraint("schedule", "month"),)

    id: int | None = Field(default=None, primary_key=True)
    schedule: str = "monthly"
    month: str
    as_of: date
    state: str = "open"
    quota: int = 0
    screened: int = 0
    summary: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    held: str = Field(default="", description="why a due month waits for a person")
    accepted_at: datetime | None = Field(
        default=None, sa_type=Instant, description="a person accepted the ledger as it is"
    )
    planned_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class Review(SQLModel, table=True):
    """One account, one month. ``state``: waiting (not before ``lease_until``, if set), claimed, done, failed.

    A result must name the ``token`` it was claimed with.
    """

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("month_id", "account_id"),
        Index("ix_review_state_lease", "state", "lease_until"),
    )

    id: int | None = Field(default=None, primary_key=True)
    month_id: int = Field(foreign_key="month.id")
    account_id: int = Field(foreign_key="account.id", index=True)
    reason: str = Field(description="rotation, carry_over, new, event, flagged")
    why: str = ""
    state: str = "waiting"
    token: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = Field(default=0, description="how often it was claimed, but for what only had to wait")
    errors: int = Field(default=0, description="how many of the attempts ended in an error")
    error: str | None = None
    verdict: str | None = None
    exposure: int | None = Field(default=None, sa_type=BigInteger)
    facts: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    done_at: datetime | None = Field(default=None, sa_type=Instant)


class Finding(SQLModel, table=True):
    """The outcome of one check in one review, with its numbers, its rows and one sentence."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("review_id", "check"),)

    id: int | None = Field(default=None, primary_key=True)
    review_id: int = Field(foreign_key="review.id")
    check: str
    outcome: str
    score: float | None = None
    p: float | None = None
    summary: str
    evidence: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    signals: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Flag(SQLModel, table=True):
    """A finding that a person must answer. ``state``: open, acknowledged, snoozed, cleared; one live flag an account and check."""

    __tablename__ = "flag"
    __table_args__ = (
        Index("uq_flag_live", "account_id", "check", unique=True, sqlite_where=text("state <> 'cleared'"),
              postgresql_where=text("state <> 'cleared'")),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    check: str
    outcome: str = Field(description="the worst it was raised or changed with")
    score: float | None = Field(default=None, description="of the check when it was raised or changed last")
    state: str = "open"
    summary: str
    owner: str
    due: date
    raised_on: date
    raised_month: str
    rebased_on: date | None = Field(
        default=None, description="cleared as a new normal: only what came since is held against it"
    )
    changed_on: date
    quiet: int = Field(default=0, description="monthly runs in a row in which the check was quiet")
    snoozed_until: date | None = None
    decision: str | None = None
    decided_on: date | None = None
    cleared_on: date | None = None
    reason: str | None = None


class FlagEvent(SQLModel, table=True):
    """Each change of a flag, as it happened: raised, changed, quiet, acknowledged, snoozed, decided, cleared, reopened."""

    __tablename__ = "flag_event"

    id: int | None = Field(default=None, primary_key=True)
    flag_id: int = Field(foreign_key="flag.id", index=True)
    on: date
    at: datetime = Field(sa_type=Instant)
    what: str
    outcome: str
    note: str = ""
    by: str = ""


class Standing(SQLModel, table=True):
    """Where an account stands in the rotation: since when eligible, when reviewed last, when it is due next."""

    __tablename__ = "standing"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    first_known: date
    eligible_since: date | None = None
    cycle: int | None = Field(default=None, description="months between reviews; null: it does not rotate")
    last_review: date | None = None
    next_review: date | None = None
    carried: bool = Field(default=False, description="was due last month and did not fit the quota")


class Pull(SQLModel, table=True):
    """One paid request for one report. ``state``: PLANNED, INTENT, PENDING, STORED, REFUSED, UNCERTAIN, CHARGED (paid for, nothing
    received); see ``healthcheck.reviews.pulls``.

    INTENT is committed before the call. ``intent_at``, ``next_try_at`` and ``settled_at`` are in the database's time.
    """

    __tablename__ = "pull"
    __table_args__ = (
        UniqueConstraint("account_id", "bureau", "month", "attempt"),
        Index("ix_pull_bureau_settled_at", "bureau", "settled_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    bureau: str
    month: str
    attempt: int = 1
    key: str
    state: str
    cost: int = Field(
        default=0, sa_type=BigInteger, description="minor units of the reporting currency, reserved with INTENT"
    )
    report_id: int | None = Field(default=None, foreign_key="report.id")
    note: str = ""
    kind: str = Field(default="", description="what the bureau's answer was: see healthcheck.bureaus.http")
    order_token: str | None = Field(default=None, description="the bureau's own, of an order that was not ready")
    waits: str = Field(default="", description="what it waits for: see healthcheck.reviews.pulling.model")
    next_try_at: datetime | None = Field(default=None, sa_type=Instant, description="of one that waits: not before")
    intent_at: datetime = Field(sa_type=Instant, description="when it was first to be asked")
    settled_at: datetime | None = Field(default=None, sa_type=Instant, description="of its last answer")


class Report(SQLModel, table=True):
    """One bureau report in normal form (``body``: see ``healthcheck.bureaus.base.Report``).

    ``as_of`` is that of the review that bought it: at an earlier as-of it is unseen.
    """

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("account_id", "bureau", "as_of", "reported_on"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    bureau: str
    as_of: date
    reported_on: date
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class Observation(SQLModel, table=True):
    """What a rep heard and saw. ``activity``: busy, as_always, quiet, not_visited."""

    __tablename__ = "observation"
    __table_args__ = (Index("ix_observation_account_id_on", "account_id", "on"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    on: date
    activity: str | None = None
    people: str | None = None
    stock: str | None = None
    heard: str | None = None
    by: str = ""
    at: datetime = Field(sa_type=Instant)


class Message(SQLModel, table=True):
    """The outbox: one mail to one person, as the exact bytes. ``state``: WAITING, SENDING, SENT, HELD, DEAD."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("message_id"), UniqueConstraint("kind", "month", "recipient"))

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(description="credit, rep, held; letter:... to a customer")
    month: str
    recipient: str
    subject: str
    message_id: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = "WAITING"
    attempts: int = 0
    refusals: int = Field(default=0, description="times the mail server refused it for good")
    doubts: int = Field(default=0, description="times nobody knows whether it was taken")
    error: str | None = None
    queued_at: datetime = Field(sa_type=Instant)
    next_try_at: datetime | None = Field(default=None, sa_type=Instant)
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
