"""The books as imported: accounts, invoices, payments, plans, rates. Amounts are integer minor units of ``currency``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from healthcheck.store.base import Instant

LINKS: Final = (
    "duns",
    "creditsafe_id",
    "company_number",
    "bin",
    "cik",
    "coface_id",
    "vat",
)  # what an account may be linked by


class Account(SQLModel, table=True):
    """A customer we sell to on credit. Natural key: entity, account."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("entity", "account"),)

    id: int | None = Field(default=None, primary_key=True)
    entity: str = ""
    account: str
    name: str = ""
    name_on: date | None = Field(
        default=None, description="issue date of the invoice the name came from; null: a master row"
    )
    parent: str | None = None
    country: str | None = None
    city: str | None = None
    industry: str | None = None
    currency: str | None = None
    terms_days: int | None = None
    credit_limit: int | None = Field(default=None, sa_type=BigInteger)
    insured_limit: int | None = Field(default=None, sa_type=BigInteger)
    insured_until: date | None = None
    sales_rep: str | None = None
    rep_email: str | None = None
    manager_email: str | None = None
    relationship: str | None = None
    risk_class: str | None = None
    opened: date | None = None
    duns: str | None = None
    creditsafe_id: str | None = None
    company_number: str | None = None
    bin: str | None = None
    cik: str | None = None
    coface_id: str | None = None
    vat: str | None = None
    plan_annual: int | None = Field(default=None, sa_type=BigInteger)
    customer_email: str | None = Field(default=None, description="where letters to the customer go by mail")
    customer_address: str | None = Field(default=None, description="where they go on paper; lines divided by |")
    language: str | None = None
    channel: str | None = Field(default=None, description="what the customer prefers: mail, paper")
    extra: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Invoice(SQLModel, table=True):
    """One document: an invoice, or a credit note or rebate (``kind`` credit, amount negative).

    ``paid`` and ``paid_amount`` are what the file said; payment rows override them. Natural key: entity, account, kind, number.
    """

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("account_id", "kind", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str = "invoice"
    number: str
    issued: date
    due: date
    amount: int = Field(sa_type=BigInteger)
    currency: str
    delivered: date | None = None
    paid: date | None = None
    paid_amount: int | None = Field(default=None, sa_type=BigInteger)
    disputed: bool = False
    estimated: bool = Field(default=False, description="settled because it vanished from an open-items snapshot")
    extra: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Payment(SQLModel, table=True):
    """Money received: allocated to the invoice numbered ``invoice``, or unallocated.

    Natural key: ``key``, made of the file's ``payment`` id, else of all columns and the nth occurrence in the file.
    """

    __tablename__ = "payment"
    __table_args__ = (UniqueConstraint("account_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    key: str
    payment: str | None = None
    invoice: str | None = None
    paid: date
    amount: int = Field(sa_type=BigInteger)
    currency: str
    method: str | None = None
    payer_last4: str | None = Field(default=None, description="last four digits of the payer's account")
    payer_hash: str | None = Field(default=None, description="keyed hash of the payer's account")
    payer_bank: str | None = Field(default=None, description="IBAN bank code with country, BIC8 or routing number")
    payer_country: str | None = None
    reference: str | None = None
    extra: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Plan(SQLModel, table=True):
    """Anticipated purchases of an account in a month (``month`` is its first day)."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("account_id", "month", "currency"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    month: date
    amount: int = Field(sa_type=BigInteger)
    currency: str
    source: str | None = None


class Rate(SQLModel, table=True):
    """Units of the reporting currency for one unit of ``currency``, from ``on`` until the next."""

    __tablename__ = "rate"
    __table_args__ = (UniqueConstraint("currency", "on"),)

    id: int | None = Field(default=None, primary_key=True)
    currency: str
    on: date
    rate: str = Field(description="decimal, as written")


class Import(SQLModel, table=True):
    """The manifest of one import: what was read and what became of every row."""

    __tablename__ = "import"
    __table_args__ = (Index("ix_import_kind_at", "kind", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    file: str
    sha256: str
    at: datetime = Field(sa_type=Instant)
    snapshot: date | None = None
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    latest: date | None = Field(default=None, description="latest issue or payment date in the file")
    entities: list[str] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True)), description="our legal entities in it"
    )


class Calibration(SQLModel, table=True):
    """What was learned from the whole book as of a month-end (``body``: see ``healthcheck.checks.calibration``)."""

    __tablename__ = "calibration"

    on: date = Field(primary_key=True)
    recipe: str = Field(primary_key=True, description="hash of the policy and currency it was made with")
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    made_at: datetime = Field(sa_type=Instant)
