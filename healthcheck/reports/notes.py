"""The end of credit's digest: warnings, money, who waited, coverage, who went to late, how fresh the ledger is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from healthcheck import money
from healthcheck.ledger import freshness
from healthcheck.months import Month
from healthcheck.reports.gather import Book, name, number
from healthcheck.reports.model import Note
from healthcheck.reports.text import count, day, joined, line, month_name
from healthcheck.reviews.events import FORWARD
from healthcheck.settings import Settings

SHOWN: Final = 5  # names in one sentence
FEW: Final = 5  # flags that are no sign of a fault in the data, however small the book
HEAD: Final = 8  # characters of the audit's head: enough to find it again
_MISSED: Final = {
    "late": "silent", "unreachable": "silent", "throttled": "silent", "doubtful": "silent", "auth": "barred", "fatal": "barred",
    "barred": "barred", "budget": "budget",
}  # fmt: skip
_CYCLES: Final = {"3": "quarterly", "6": "half-yearly", "12": "yearly"}


def warnings(book: Book, settings: Settings) -> Iterator[str]:
    """What puts the whole month in doubt."""
    screen = book.summary.get("screen") or {}
    flagged, accounts = screen.get("flagged") or 0, screen.get("accounts") or 0
    if flagged >= FEW and flagged > settings.screen_warning_share * accounts:
        yield (
            f"The screen flagged {flagged:,} of {accounts:,} accounts ({flagged / accounts:.0%}). So many at once are more often "
            "a fault in the data, such as a missing payment file, than trouble: check the last imports first."
        )
    newest = (book.summary.get("ledger") or {}).get("latest")
    old = freshness.warning(date.fromisoformat(newest), book.row.as_of, settings.ledger_max_age_days) if newest else ""
    if old:
        yield f"{old} Import what is newer before acting on payments."


def notes(book: Book, settings: Settings, unasked: int, late_told: bool = False) -> Iterator[Note]:
    """Labelled sentences, those that cost money first; silent where there is nothing to say. ``late_told``: elsewhere, at length."""
    yield from _doubts(book, settings.currency)
    yield from _unreached(book)
    yield from _forward(book)
    yield from _waited(book)
    if not late_told:
        yield from _late(book, settings.currency)
    yield from _groups(book, settings.currency)
    yield from _coverage(book)
    if unasked:
        yield Note(
            "Sales",
            f"{count(unasked, 'account')} of this month {_have(unasked)} no sales rep on file: nobody was asked.",
        )
    yield from _ledger(book)
    yield from _reports(book, settings)
    if book.audit_head:
        yield Note("Audit", f"head {book.audit_head[:HEAD]}, as it was before this month was closed.")


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _doubts(book: Book, currency: str) -> Iterator[Note]:
    for pull, account in book.doubts:
        cost = f", {money.shown(pull.cost, currency)}" if pull.cost else ""
        yield Note(
            "May have been charged, not bought again", f"{name(account)}{cost} (healthcheck pulls resolve {pull.id})."
        )


def _unreached(book: Book) -> Iterator[Note]:
    """Accounts without a new report through no fault of theirs, by bureau and reason."""
    missed: dict[tuple[str, str], Counter[str]] = {}
    for pull in book.pulls:
        if pull.state == "REFUSED" and pull.kind in _MISSED:
            missed.setdefault((pull.bureau, _MISSED[pull.kind]), Counter())[line(pull.note, 160)] += 1
    for (bureau, _), notes in sorted(missed.items()):
        why = notes.most_common(1)[0][0].rstrip(".")
        yield Note("No new report", f"{count(notes.total(), 'account')}; {bureau}: {why}.")


def _forward(book: Book) -> Iterator[Note]:
    """Whose review came early because a bureau told of a change."""
    why = [(case, case.review.why) for case in book.cases if case.review.why.startswith(FORWARD)]
    told = [
        f"{name(case.account)} ({number(case.account)}): {line(said.removeprefix(FORWARD), 160)}" for case, said in why
    ]
    if told:
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        yield Note("Brought forward", f"{'; '.join(told[:SHOWN])}{more}.")


def _names(entries: Sequence[dict[str, Any]]) -> str:
    return _some([f"{one.get('name') or one['account']} ({one['account']})" for one in entries])


def _some(parts: list[str]) -> str:
    shown, rest = parts[:SHOWN], len(parts) - SHOWN
    return joined([*shown, f"{rest} more"]) if rest > 0 else joined(shown)


def _waited(book: Book) -> Iterator[Note]:
    waited = book.summary.get("waited") or []
    for why in dict.fromkeys(str(one.get("why") or "") for one in waited):
        same = [one for one in waited if str(one.get("why") or "") == why]
        reason = f" ({why.rstrip('.')})" if why else ""
        yield Note("Waiting for next month", f"{count(len(same), 'account')}{reason}: {_names(same)}.")


def _late(book: Book, currency: str) -> Iterator[Note]:
    late = book.summary.get("late") or []
    if late:
        told = [
            f"{one.get('name') or one['account']} ({one['account']}, {money.shown(int(one['past_due']), currency)} past due, "
            f"{count(int(one['oldest_days']), 'day')})"
            for one in late
        ]
        yield Note("Now late, and no longer a matter of routine", f"{_some(told)}.")


def _groups(book: Book, currency: str) -> Iterator[Note]:
    """Groups over their limit: each member may be fine, and the whole too much."""
    told = [_group(one, currency) for one in book.summary.get("groups") or []]
    if told:
        yield Note("Groups over their limit", f"{_some(told)}.")


def _group(one: dict[str, Any], currency: str) -> str:
    limit = money.shown(int(one["limit"]), currency).removeprefix(f"{currency} ")
    members = count(int(one["members"]), "company", "companies")
    return f"{one['name']} ({one['account']}, {money.shown(int(one['exposure']), currency)} open of {limit}, {members})"


def _coverage(book: Book) -> Iterator[Note]:
    coverage = book.summary.get("coverage") or {}
    parts = []
    if "eligible" in coverage:
        parts.append(
            f"{coverage.get('within_cycle', 0):,} of {count(coverage['eligible'], 'eligible account')} are within their cycle."
        )
    parts += filter(None, [_need(book.summary), _outlive(book)])
    if parts:
        yield Note("Coverage", " ".join(parts))


def _need(summary: dict[str, Any]) -> str:
    needed, quota = summary.get("needed"), summary.get("quota")
    if needed is None or quota is None:
        return ""
    cycles = [f"{n:,} {_CYCLES[key]}" for key, n in (summary.get("cycles") or {}).items() if n and key in _CYCLES]
    which = f" ({', '.join(cycles)})" if cycles else ""
    return f"The cycles{which} need {count(needed, 'review')} a month and the quota is {quota:,}."


def _outlive(book: Book) -> str:
    outlive = book.summary.get("outlive") or []
    if not outlive:
        return ""
    last = Month.of(max(date.fromisoformat(one["on"]) for one in outlive))
    return f"{count(len(outlive), 'account')} will outlive theirs by {month_name(last, book.month)}: {_names(outlive)}."


def _ledger(book: Book) -> Iterator[Note]:
    latest = (book.summary.get("ledger") or {}).get("latest")
    as_of = book.row.as_of
    if latest:
        yield Note("Ledger", f"up to {day(date.fromisoformat(latest), as_of)}, judged as of {day(as_of, as_of)}.")


def _reports(book: Book, settings: Settings) -> Iterator[Note]:
    """Spend, from the pulls themselves: what was bought, and what is reserved for those in doubt."""
    bought = [pull for pull in book.pulls if pull.state in ("STORED", "CHARGED")]
    reused = int((book.summary.get("pulls") or {}).get("reused") or 0)
    refused = sum(pull.state == "REFUSED" for pull in book.pulls)
    if not (bought or reused or refused or settings.bureaus):
        return
    parts = [f"{len(bought):,} bought ({_spent(bought, settings)})", f"{reused:,} reused"]
    if refused:
        parts.append(f"{refused:,} refused by the bureau")
    yield Note("Reports", ", ".join(parts) + ".")


def _spent(bought: Iterable[Any], settings: Settings) -> str:
    cost = money.plain(sum(pull.cost for pull in bought), settings.currency)
    budget = "" if settings.bureau_budget is None else f" of {settings.bureau_budget:,}"
    return f"{settings.currency} {cost}{budget}"
