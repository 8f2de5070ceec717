"""EDGAR's submissions in the normal form: events from the items of 8-K forms, and reports that are late by the company's own notice.

``filings.recent`` is a table of parallel arrays; it holds at least a year. What is judged as of a date was filed by then. A company that
files nothing is not clean: unless a 10-K or 10-Q came within SILENT days, the absence of events is unknown (foreign issuers file other
forms, and who was taken off the list files none). An event stays on the report for a year, a bankruptcy for two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import Report
from healthcheck.bureaus.monitoring import Change
from healthcheck.bureaus.vendor import Part, assemble, dig
from healthcheck.errors import UsageError

YEAR: Final = 365
BANKRUPTCY_DAYS: Final = 730
SILENT: Final = 200  # days: a quarterly report follows the one before within 135, and 15 more when late by notice
PERIODIC: Final = ("10-K", "10-Q")
CONTROL: Final = "5.01"
# Item of an 8-K: kind, and whether it is open. A notice of delisting may be a move to another exchange, and people come and go: these are
# told, the second without being judged.
ITEMS: Final[dict[str, tuple[str, bool | None]]] = {
    "1.03": ("bankruptcy", True), "2.04": ("debt_acceleration", True), "3.01": ("delisting_notice", None), "4.01": ("auditor_change", None),
    "4.02": ("restatement", True), "5.02": ("officer_change", False),
}  # fmt: skip
_NAMES: Final = {item: kind.replace("_", " ") for item, (kind, _) in ITEMS.items()} | {CONTROL: "change of control"}


@dataclass(frozen=True)
class Filing:
    form: str
    on: date
    items: tuple[str, ...] = ()
    ref: str | None = None


def to_report(body: Mapping[str, Any], as_of: date) -> Report:
    """The normal form of the submissions; it is as of the day they were read."""
    parts: dict[str, Part] = {
        "legal": lambda: _legal(_filed(body, as_of, "items"), as_of),
        "filings": lambda: _filings(_filed(body, as_of), as_of),
        "ownership": lambda: {"ownership": {"control_changed": _control(_filed(body, as_of, "items"), as_of)}},
    }  # fmt: skip
    return assemble({"bureau": "sec_edgar", "reported_on": as_of.isoformat()}, parts, {})


def news_of(body: Mapping[str, Any], company: str, since: date, until: date) -> Iterator[Change]:
    """The filings of these days that tell of an event that a report knows, and notices of late filing."""
    for filing in _filed(body, until, "items", "accessionNumber"):
        known = [_NAMES[item] for item in dict.fromkeys(filing.items) if item in _NAMES]
        late = [f"notice of late filing ({filing.form})"] if filing.form.startswith("NT 10-") else []
        if filing.on >= since and filing.ref and (late or (known and filing.form.startswith("8-K"))):
            yield Change(filing.ref, company, filing.on, ", ".join(late or known))


def _filed(body: Mapping[str, Any], as_of: date, *obligatory: str) -> list[Filing]:
    """The filings up to ``as_of``, newest first; none where an array is absent. Raises UsageError where the arrays differ in length."""
    recent = dig(body, "filings.recent")
    names = ("form", "filingDate", "items", "accessionNumber")
    columns = {name: found for name in names if isinstance(found := dig(recent, name), list) and found}
    if {"form", "filingDate", *obligatory} - set(columns):
        return []
    length = len(columns["form"])
    if any(len(column) != length for column in columns.values()):
        raise UsageError("filings.recent: its arrays differ in length")
    blank = [None] * length
    rows = zip(*(columns.get(name, blank) for name in names), strict=True)
    filings = [filing for row in rows if (filing := _filing(*row)) and filing.on <= as_of]
    return sorted(filings, key=lambda filing: filing.on, reverse=True)


def _filing(form: Any, on: Any, items: Any, ref: Any) -> Filing | None:
    filed = reading.day(on, "filingDate")
    told = reading.text(items, "items") or ""
    numbers = tuple(part.strip() for part in told.split(","))
    return (
        Filing(str(form or "").strip().upper(), filed, numbers, reading.text(ref, "accessionNumber")) if filed else None
    )


def _within(filings: list[Filing], as_of: date, days: int) -> list[Filing]:
    return [filing for filing in filings if filing.on > as_of - timedelta(days=days)]


def _reports(filings: list[Filing], as_of: date) -> bool:
    """Whether the company still files what a domestic one must."""
    return any(_is(filing.form, form) for filing in _within(filings, as_of, SILENT) for form in PERIODIC)


def _is(form: str, wanted: str) -> bool:
    """``10-KT`` is a 10-K for a changed year; amendments (``/A``) are no report of their own."""
    return form in (wanted, f"{wanted}T")


def _current(filings: list[Filing], as_of: date, days: int) -> list[Filing]:
    """The 8-K forms, without their amendments, which repeat the items."""
    found = _within(filings, as_of, days)
    return [filing for filing in found if filing.form.startswith("8-K") and not filing.form.endswith("/A")]


def _legal(filings: list[Filing], as_of: date) -> dict[str, Any]:
    """The events; where there are none, an empty list only if the company reports."""
    events = [
        {"kind": ITEMS[item][0], "open": ITEMS[item][1], "date": filing.on.isoformat(), "ref": filing.ref}
        for filing in _current(filings, as_of, BANKRUPTCY_DAYS)
        for item in dict.fromkeys(filing.items)
        if item in ITEMS and (item == "1.03" or filing.on > as_of - timedelta(days=YEAR))
    ]
    return {"legal": events} if events or _reports(filings, as_of) else {}


def _control(filings: list[Filing], as_of: date) -> bool | None:
    if any(CONTROL in filing.items for filing in _current(filings, as_of, YEAR)):
        return True
    return False if _reports(filings, as_of) else None


def _filings(filings: list[Filing], as_of: date) -> dict[str, Any]:
    """Overdue: a notice of late filing (NT 10-K, NT 10-Q) of the last year without its report on the same day or later."""
    late = {form: notice for form in PERIODIC if (notice := _unanswered(form, _within(filings, as_of, YEAR)))}
    told = [f"{form} late by its own notice of {on.day} {on:%B %Y}" for form, on in late.items()]
    overdue = True if late else False if _reports(filings, as_of) else None
    return {"filings_overdue": overdue, "filings_detail": " and ".join(told) or None}


def _unanswered(form: str, filings: list[Filing]) -> date | None:
    """The day of the newest notice, if the report did not follow."""
    notice = next((filing.on for filing in filings if filing.form == f"NT {form}"), None)
    answered = any(_is(filing.form, form) and notice and filing.on >= notice for filing in filings)
    return None if answered else notice
