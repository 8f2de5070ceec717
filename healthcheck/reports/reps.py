"""Each rep's questions of one month: own accounts, facts from our own books in neutral words, nothing from a bureau.

Whether an account is asked about may depend on any check; what is said of it comes from ``payments`` and ``purchases`` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from healthcheck.checks.outcomes import RANK
from healthcheck.reports import wording
from healthcheck.reports.gather import Book, Case, number, standing
from healthcheck.reports.message import is_address
from healthcheck.reports.model import Customer, Overdue, RepDigest
from healthcheck.settings import Settings

OWN_BOOKS = ("payments", "purchases")


def digests(
    book: Book, settings: Settings, late: Mapping[str, tuple[Overdue, ...]] = MappingProxyType({})
) -> tuple[RepDigest, ...]:
    """One for each person who is asked, by address; at most ``settings.rep_questions`` customers each, the most pressing ones.

    ``late``: the overdue customers that somebody is asked about, by address (see ``healthcheck.reports.asking``); they get no other
    question.
    """
    chosen = _chosen(book, settings, _numbers(late))
    people = sorted({*chosen, *late})
    return tuple(replace(_digest(to, chosen.get(to, []), book, settings), overdue=late.get(to, ())) for to in people)


def asked(
    book: Book, settings: Settings, late: Mapping[str, tuple[Overdue, ...]] = MappingProxyType({})
) -> frozenset[int]:
    """The ids of the accounts that somebody is asked the three questions about."""
    chosen = _chosen(book, settings, _numbers(late))
    return frozenset(case.review.account_id for cases in chosen.values() for case in cases)


def _numbers(late: Mapping[str, tuple[Overdue, ...]]) -> frozenset[str]:
    return frozenset(one.account for some in late.values() for one in some)


def unasked(book: Book) -> int:
    """How many of the month's accounts have nobody in sales on file."""
    return sum(not _has_rep(case.account) for case in book.cases)


class Reachable(Protocol):
    """Whoever has these three is known by them to sales."""

    @property
    def sales_rep(self) -> str | None: ...
    @property
    def rep_email(self) -> str | None: ...
    @property
    def manager_email(self) -> str | None: ...


def recipient(account: Reachable, settings: Settings) -> str | None:
    """The rep's address; his manager's, where the rep has none or has left; else credit's. None where no rep is on file at all."""
    if not _has_rep(account):
        return None
    candidates = (account.rep_email, account.manager_email, *settings.credit_team)
    return next((one.strip() for one in candidates if one and is_address(one.strip())), None)


def _has_rep(account: Reachable) -> bool:
    return any(value and value.strip() for value in (account.sales_rep, account.rep_email, account.manager_email))


def _chosen(book: Book, settings: Settings, but: Collection[str] = ()) -> dict[str, list[Case]]:
    by_person: defaultdict[str, list[Case]] = defaultdict(list)
    for case in book.cases:
        to = recipient(case.account, settings)
        away = book.observed | book.kept_out
        wanted = case.review.state == "done" and case.review.account_id not in away
        if to and wanted and number(case.account) not in but:
            by_person[to.lower()].append(case)
    chosen = {to: sorted(cases, key=_pressing)[: settings.rep_questions] for to, cases in by_person.items()}
    return {to: sorted(cases, key=lambda case: -case.exposure) for to, cases in chosen.items() if cases}


def _pressing(case: Case) -> tuple[int, int]:
    return (-RANK.get(case.verdict, 0), -case.exposure)


def _digest(to: str, cases: list[Case], book: Book, settings: Settings) -> RepDigest:
    absent = [case.account.sales_rep or "" for case in cases if not is_own(case.account, to)]
    own = {case.account.sales_rep for case in cases if is_own(case.account, to) and case.account.sales_rep}
    return RepDigest(
        recipient=to,
        month=book.month,
        as_of=book.row.as_of,
        currency=settings.currency,
        customers=tuple(_customer(case, to) for case in cases),
        greeting=own.pop() if len(own) == 1 else "",
        stands_in=tuple(dict.fromkeys(rep for rep in absent if rep)),
    )


def is_own(account: Reachable, to: str) -> bool:
    return (account.rep_email or "").strip().lower() == to


def _customer(case: Case, to: str) -> Customer:
    rep = "" if is_own(case.account, to) else case.account.sales_rep or ""
    return Customer(standing(case), tuple(_notes(case)), rep)


def _notes(case: Case) -> Iterator[str]:
    for check in OWN_BOOKS:
        if (finding := case.findings.get(check)) and (note := wording.neutral(check, finding.outcome, finding.signals)):
            yield note
