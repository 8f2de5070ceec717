"""The normal form of a bureau's report, and the door to a bureau.

An adapter turns a vendor's answer into a ``Report``; everything after it knows only this form. Booleans have three states (None: not
known), money is Decimal, and each section says whether it can be believed: a section that is missing, failed or not in the contract is
*unknown*, never clean and never zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from healthcheck.bureaus import reading
from healthcheck.errors import Skippable, UsageError

OK: Final = "ok"
MISSING: Final = "missing"
FAILED: Final = "failed"
NOT_ENTITLED: Final = "not_entitled"
STATES: Final = (OK, MISSING, FAILED, NOT_ENTITLED)
SECTIONS: Final = ("score", "limit", "payment", "legal", "filings", "ownership", "status", "banks")

ACTIVE: Final = "active"
INSOLVENCY: Final = frozenset(
    {"insolvency", "bankruptcy", "liquidation", "administration", "receivership", "winding_up", "moratorium"}
)


class NoReport(Skippable):
    """The bureau has no report on this account as of that date."""


class BadReport(Skippable):
    """There is a report and it cannot be read; the message says where and what to do."""


@dataclass(frozen=True)
class Score:
    """``band`` and ``bands`` (best to worst) are the vendor's words; compare scores only where ``model`` is equal."""

    value: Decimal | None = None
    scale_min: Decimal | None = None
    scale_max: Decimal | None = None
    higher_is_better: bool | None = None
    band: str | None = None
    bands: tuple[str, ...] = ()
    model: str | None = None
    as_of: date | None = None


@dataclass(frozen=True)
class Limit:
    """The credit limit the bureau recommends."""

    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Payment:
    """How the company pays other suppliers: days beyond terms, PAYDEX (1 to 100, 80 = on the day), the industry's days."""

    dbt: Decimal | None = None
    paydex: Decimal | None = None
    trend: str | None = None
    industry: Decimal | None = None


@dataclass(frozen=True)
class Legal:
    """One legal event. ``kind``: one of INSOLVENCY, or judgment, lien, charge, suit, strike_off, debt_acceleration, restatement (earlier
    accounts are not to be relied on), delisting_notice, auditor_change, officer_change, other (``ref`` says what)."""

    kind: str
    open: bool | None = None
    amount: Decimal | None = None
    date: date | None = None
    ref: str | None = None


@dataclass(frozen=True)
class Ownership:
    control_changed: bool | None = None
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One report. ``currency`` is the report's own; ``sections`` is completed to all of SECTIONS when it is made.

    A section that nobody named is ``ok`` where there is content, else ``missing``: an adapter that knows there are no legal events (or
    no banks) says ``sections={"legal": "ok"}``.
    """

    bureau: str
    reported_on: date
    currency: str | None = None
    score: Score = field(default_factory=Score)
    limit: Limit = field(default_factory=Limit)
    payment: Payment = field(default_factory=Payment)
    legal: tuple[Legal, ...] = ()
    filings_overdue: bool | None = None
    filings_detail: str | None = None
    ownership: Ownership = field(default_factory=Ownership)
    status: str | None = None
    banks_on_file: tuple[str, ...] = ()
    sections: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        content = {
            "score": self.score.value is not None or self.score.band is not None, "limit": self.limit.amount is not None,
            "payment": self.payment != Payment(), "legal": bool(self.legal), "filings": self.filings_overdue is not None,
            "ownership": self.ownership != Ownership(), "status": self.status is not None, "banks": bool(self.banks_on_file),
        }  # fmt: skip
        full = {name: self.sections.get(name, OK if content[name] else MISSING) for name in SECTIONS}
        object.__setattr__(self, "sections", full)

    def has(self, section: str) -> bool:
        """Whether this section can be believed."""
        return self.sections[section] == OK

    def to_body(self) -> dict[str, Any]:
        """The report as JSON types: Decimal and dates as text, what is not known left out."""
        body: dict[str, Any] = _plain(self)
        return body

    def to_json(self) -> str:
        return json.dumps(self.to_body(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, body: str | bytes) -> Report:
        """The report of ``to_json``. Raises UsageError (also for JSON that is none)."""
        try:
            return cls.from_body(json.loads(body, parse_float=Decimal))
        except json.JSONDecodeError as error:
            raise UsageError(f"line {error.lineno}: not JSON ({error.msg})") from None

    @classmethod
    def from_body(cls, body: Any) -> Report:
        """Read a body; see ``healthcheck.bureaus.reading`` for what counts as no value. Raises UsageError naming the field."""
        given = reading.table(body, "report")
        reported_on = reading.day(given.get("reported_on"), "reported_on")
        if reported_on is None:
            raise UsageError("reported_on: missing; it is the date of the report")
        return cls(
            bureau=reading.text(given.get("bureau"), "bureau") or "file",
            reported_on=reported_on,
            currency=reading.currency(given.get("currency"), "currency"),
            score=_score(reading.table(given.get("score"), "score")),
            limit=_limit(reading.table(given.get("limit"), "limit"), given.get("currency")),
            payment=_payment(reading.table(given.get("payment"), "payment")),
            legal=_legal(given.get("legal")),
            filings_overdue=reading.truth(given.get("filings_overdue"), "filings_overdue"),
            filings_detail=reading.text(given.get("filings_detail"), "filings_detail"),
            ownership=_ownership(reading.table(given.get("ownership"), "ownership")),
            status=(reading.text(given.get("status"), "status") or "").lower() or None,
            banks_on_file=reading.texts(given.get("banks_on_file"), "banks_on_file"),
            sections=_sections(given),
        )


def _score(part: dict[str, Any]) -> Score:
    low = reading.number(part.get("scale_min"), "score.scale_min")
    high = reading.number(part.get("scale_max"), "score.scale_max")
    return Score(
        value=reading.within(reading.number(part.get("value"), "score.value"), low, high),
        scale_min=low,
        scale_max=high,
        higher_is_better=reading.truth(part.get("higher_is_better"), "score.higher_is_better"),
        band=_band(part.get("band")),
        bands=reading.texts(part.get("bands"), "score.bands"),
        model=reading.text(part.get("model"), "score.model"),
        as_of=reading.day(part.get("as_of"), "score.as_of"),
    )


def _band(value: Any) -> str | None:
    band = reading.text(value, "score.band")
    return None if band in ("998", "999") else band


def _limit(part: dict[str, Any], currency: Any) -> Limit:
    amount = reading.number(part.get("amount"), "limit.amount")
    written = part.get("currency") if not reading.is_nothing(part.get("currency")) else currency
    return Limit(amount, None if amount is None else reading.currency(written, "limit.currency"))


def _payment(part: dict[str, Any]) -> Payment:
    return Payment(
        dbt=reading.number(part.get("dbt"), "payment.dbt"),
        paydex=reading.within(reading.number(part.get("paydex"), "payment.paydex"), Decimal(1), Decimal(100)),
        trend=reading.text(part.get("trend"), "payment.trend"),
        industry=reading.number(part.get("industry"), "payment.industry"),
    )


def _legal(value: Any) -> tuple[Legal, ...]:
    if reading.is_nothing(value):
        return ()
    if not isinstance(value, list):
        raise UsageError(f"legal: expected a list of events, found {value!r}")
    return tuple(_event(reading.table(part, "legal")) for part in value)


def _event(part: dict[str, Any]) -> Legal:
    return Legal(
        kind=(reading.text(part.get("kind"), "legal.kind") or "other").lower(),
        open=reading.truth(part.get("open"), "legal.open"),
        amount=reading.number(part.get("amount"), "legal.amount"),
        date=reading.day(part.get("date"), "legal.date"),
        ref=reading.text(part.get("ref"), "legal.ref"),
    )


def _ownership(part: dict[str, Any]) -> Ownership:
    changed = reading.truth(part.get("control_changed"), "ownership.control_changed")
    return Ownership(changed, reading.texts(part.get("owners"), "ownership.owners"))


def _sections(given: dict[str, Any]) -> dict[str, str]:
    """What the body says of its sections; an empty list that is written down means "none", so that section is ok."""
    said = {"legal": given.get("legal"), "banks": given.get("banks_on_file")}
    found = {name: OK for name, value in said.items() if value == []}
    for name, state in reading.table(given.get("sections"), "sections").items():
        if name not in SECTIONS or state not in STATES:
            raise UsageError(f"sections: {name}={state!r}; known are {', '.join(SECTIONS)} with {', '.join(STATES)}")
        found[name] = state
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        value = {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        shown = {name: _plain(part) for name, part in value.items()}
        return {name: part for name, part in shown.items() if part is not None and part != {}}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Decimal | date) else value


Idempotency = Literal["key", "lookup", "reread", "none"]
"""What protects from paying twice: the bureau knows our key; it can be asked; reading again is free; nothing does."""


@dataclass(frozen=True)
class Subject:
    """Whom we ask about. ``ids`` are the bureaus' identifiers by column name (``duns``, ``creditsafe_id``, ...)."""

    account: str
    entity: str = ""
    name: str = ""
    country: str | None = None
    city: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A company the bureau takes for the subject; ``confidence`` 0..1."""

    id: str
    name: str
    confidence: float
    country: str | None = None
    city: str | None = None


@dataclass(frozen=True)
class Ready:
    """A report, and the vendor's own answer for the record."""

    report: Report
    raw: bytes | None = None


@dataclass(frozen=True)
class Pending:
    """Ordered and paid, not ready: ``collect(token)`` after ``wait`` seconds; None: later and later, by our own measure."""

    token: str
    wait: float | None = None


@dataclass(frozen=True)
class Probe:
    """What a free call showed. ``mode``: live, sandbox, files; ``credentials``: accepted, or None where no free call shows it."""

    mode: str
    credentials: bool | None = None


class Bureau(Protocol):
    """An adapter; made with the settings. What its methods raise says what became of the request: see ``healthcheck.bureaus.answers``.

    It may say more: ``rate_limit()``, the requests a minute that it allows (None or absent: no limit), and ``key_hours``, how long it
    remembers our key (absent: 24).
    """

    name: str
    idempotency: Idempotency
    linked_by: str  # the account's column that holds the bureau's id of it; empty: our own number will do

    def cost(self) -> Decimal:
        """What one report costs, in the reporting currency; 0 is free."""
        ...

    def rate_limit(self) -> float | None:
        """Requests a minute that the bureau allows, where that is known."""
        ...

    def probe(self) -> Probe:
        """Is it there, and does it know us? Free of charge; raises what a free call raises."""
        ...

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """Companies that may be the subject, best first. Free of charge."""
        ...

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """Buy one report. ``key`` is the same for the same purchase, however often it is tried."""
        ...

    def collect(self, token: str) -> Ready | Pending:
        """Fetch what was ordered. Free of charge."""
        ...

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        """What became of the order placed under ``key``; None: the bureau knows of none. Only asked where ``idempotency`` is "lookup"."""
        ...
