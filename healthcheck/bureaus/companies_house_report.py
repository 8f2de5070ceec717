"""Companies House's answers in the normal form; see ``healthcheck.bureaus.companies_house`` for its traps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import ACTIVE, FAILED, MISSING, OK, Report
from healthcheck.bureaus.monitoring import Change
from healthcheck.bureaus.vendor import Part, assemble, dig, listed, rows
from healthcheck.errors import UsageError

STRIKE_OFF: Final = "active-proposal-to-strike-off"
_STATUS: Final = {
    "open": ACTIVE, "insolvency-proceedings": "insolvency", "voluntary-arrangement": "voluntary_arrangement", STRIKE_OFF: "strike_off",
}  # fmt: skip
_FLAGS: Final = {"charges": ("has_charges",), "insolvency": ("has_insolvency_history", "has_been_liquidated")}
_KINDS: Final = (
    ("moratorium", "moratorium"), ("receiver", "receivership"), ("administration", "administration"), ("liquidation", "liquidation"),
)  # fmt: skip
_ENDS: Final = frozenset({
    "concluded-winding-up-on", "administration-ended-on", "administration-discharged-on", "voluntary-arrangement-ended-on",
    "moratorium-ended-on", "case-end-on", "dissolved-on",
})  # fmt: skip
_CHARGE_OPEN: Final = {"outstanding": True, "part-satisfied": True, "fully-satisfied": False, "satisfied": False}
_COUNTS: Final = ("total_count", "unfiltered_count", "unfiletered_count")  # the vendor's contract spells it so
_OFFICE: Final = {
    "registered_office_is_in_dispute": "the registered office is in dispute",
    "undeliverable_registered_office_address": "post to the registered office comes back",
}
_NEWS: Final[dict[str, str | tuple[str, ...]]] = {  # categories of filings, and how the descriptions begin of those that are news
    "insolvency": "", "liquidation": "", "dissolution": "", "gazette": "",
    "mortgage": ("mortgage-create", "mortgage-acquire"), "persons-with-significant-control": ("notification", "cessation"),
}  # fmt: skip
# charges, insolvency, owners: the answer, or a section's state; absent where there was nothing to ask
More = Mapping[str, Any]


def to_report(profile: Mapping[str, Any], more: More, as_of: date) -> Report:
    """The normal form of the register's answers; it is as of the day it was read."""
    parts: dict[str, Part] = {
        "legal": lambda: {"legal": _charges(more) + _cases(profile, more) + _office(profile)},
        "filings": lambda: _filings(profile), "status": lambda: {"status": _status(profile)},
        "ownership": lambda: {"ownership": {"owners": _owners(more)}},
    }  # fmt: skip
    base = {"bureau": "companies_house", "reported_on": as_of.isoformat()}
    return assemble(base, parts, _states(profile, more))


def on_file(profile: Mapping[str, Any], what: str) -> bool | None:
    """Whether there are ``charges`` or an ``insolvency``, by the profile's links and its older flags; None: ask."""
    flags = [dig(profile, flag) for flag in _FLAGS[what]]
    if dig(profile, f"links.{what}") or True in flags:
        return True
    return False if flags[0] is False else None


def news_of(filings: Iterable[Mapping[str, Any]], company: str, since: date) -> Iterator[Change]:
    """Of the filing history from ``since`` on: insolvency, strike-off, new charges, and who gained or lost control."""
    for row in filings:
        ref, filed = reading.text(dig(row, "transaction_id"), "transaction_id"), _filed(row)
        said = str(dig(row, "description") or "")
        wanted = _NEWS.get(str(dig(row, "category") or ""))
        if ref and filed and filed >= since and wanted is not None and said.startswith(wanted):
            yield Change(ref, company, filed, said.replace("-", " ") or str(dig(row, "category")))


def overdue_of(profile: Mapping[str, Any], company: str, since: date) -> Iterator[Change]:
    """What fell due from ``since`` on and is overdue."""
    for name, is_late, due in _obligations(profile):
        on = reading.day(due, f"{name} due")
        if is_late and on and on >= since:
            yield Change(f"{name} {on}", company, on, f"overdue: {_late(name, due)}")


def _filed(row: Mapping[str, Any]) -> date | None:
    try:
        return reading.day(dig(row, "date"), "date")
    except UsageError:
        return None


def _states(profile: Mapping[str, Any], more: More) -> dict[str, str]:
    """What went wrong. No answer (404) is "none" only where the profile does not say that there are some."""
    states = {"ownership": more["owners"]} if isinstance(more.get("owners"), str) else {}
    for what in _FLAGS:
        state = more.get(what, OK) if isinstance(more.get(what, OK), str) else OK
        if state == MISSING:
            state = FAILED if on_file(profile, what) else OK
        if state != OK:
            states["legal"] = state
    return states


def _charges(more: More) -> list[dict[str, Any]]:
    """One event a charge; where the list is cut off, one more with how many there are, so that a further one shows."""
    told = more.get("charges")
    events = [_charge(row) for row in rows(told, "items")]
    counts = [reading.number(dig(told, name), name) for name in _COUNTS]
    count = next((count for count in counts if count is not None), 0)
    rest = [{"kind": "charge", "ref": f"{count:f} on file"}] if count > len(events) else []
    return [*events, *rest]


def _charge(row: Mapping[str, Any]) -> dict[str, Any]:
    number = dig(row, "charge_number")
    return {
        "kind": "charge", "open": _CHARGE_OPEN.get(str(dig(row, "status")).lower()),
        "date": dig(row, "created_on") or dig(row, "delivered_on"),
        "ref": dig(row, "charge_code") or (None if reading.is_nothing(number) else f"charge {number}"),
    }  # fmt: skip


def _cases(profile: Mapping[str, Any], more: More) -> list[dict[str, Any]]:
    return [_case(row, _status(profile)) for row in rows(more.get("insolvency"), "cases")]


def _case(row: Mapping[str, Any], status: str | None) -> dict[str, Any]:
    """Open unless an end is on file or all practitioners have left; of a company said to be active, that is not known."""
    kind = str(dig(row, "type") or "").lower()
    dated = {str(dig(one, "type")): dig(one, "date") for one in rows(row, "dates")}
    people = rows(row, "practitioners")
    ended = bool(_ENDS & set(dated)) or (bool(people) and all(dig(one, "ceased_to_act_on") for one in people))
    began = sorted(str(on) for what, on in dated.items() if what not in _ENDS and not reading.is_nothing(on))
    return {
        "kind": next((ours for word, ours in _KINDS if word in kind), "insolvency"),
        "open": False if ended else None if status in (None, ACTIVE) else True,
        "date": began[0] if began else None, "ref": f"{kind or 'case'} {dig(row, 'number') or ''}".strip(),
    }  # fmt: skip


def _office(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"kind": "other", "open": True, "ref": said} for flag, said in _OFFICE.items() if dig(profile, flag) is True
    ]


def _filings(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Overdue where either is; not overdue only where both are known not to be."""
    known = _obligations(profile)
    late = [_late(name, due) for name, is_late, due in known if is_late]
    overdue = True if late else None if any(is_late is None for _, is_late, _ in known) else False
    return {"filings_overdue": overdue, "filings_detail": " and ".join(late) or None}


def _obligations(profile: Mapping[str, Any]) -> tuple[tuple[str, bool | None, Any], ...]:
    """What the company has to file: its name, whether that is overdue, when it is due."""
    accounts = _worse(
        reading.truth(dig(profile, "accounts.overdue"), "accounts.overdue"),
        reading.truth(dig(profile, "accounts.next_accounts.overdue"), "accounts.next_accounts.overdue"),
    )
    statement = reading.truth(dig(profile, "confirmation_statement.overdue"), "confirmation_statement.overdue")
    due = dig(profile, "accounts.next_accounts.due_on") or dig(profile, "accounts.next_due")
    return ("accounts", accounts, due), (
        "confirmation statement",
        statement,
        dig(profile, "confirmation_statement.next_due"),
    )


def _worse(one: bool | None, other: bool | None) -> bool | None:
    return other if one is None else one or bool(other)


def _late(name: str, due: Any) -> str:
    on = reading.day(due, f"{name} due")
    return f"{name} due {on.day} {on:%B %Y}" if on else name


def _status(profile: Mapping[str, Any]) -> str | None:
    """The vendor's word, in ours where we have one. A word that we do not know stays: it is not "active"."""
    word = (reading.text(dig(profile, "company_status"), "company_status") or "").lower()
    if dig(profile, "company_status_detail") == STRIKE_OFF:
        word = STRIKE_OFF
    return _STATUS.get(word, word) or None


def _owners(more: More) -> list[str]:
    """Who has significant control now; one whose name is protected is told by kind."""
    told = rows(more.get("owners"), "items")
    now = [row for row in told if not dig(row, "ceased_on") and dig(row, "ceased") is not True]
    return listed(dig(row, "name") or dig(row, "kind") for row in now)
