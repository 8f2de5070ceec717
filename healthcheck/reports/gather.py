"""What the digests of a month are made of, read from the database in one go. Nothing here is put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlmodel import Session, col, func, select

from healthcheck.checks.outcomes import ALERTS, NOT_APPLICABLE, RANK, UNKNOWN
from healthcheck.months import Month
from healthcheck.playbook import journal
from healthcheck.playbook.entries import KEEPS_OUT
from healthcheck.reports.model import Standing
from healthcheck.reports.text import line
from healthcheck.store import audit, work
from healthcheck.store.books import Account
from healthcheck.store.work import Finding, Flag, FlagEvent, Observation, Pull, Review

RECENT_DAYS = 30  # a rep who answered about a customer so lately is not asked again
_CHUNK = 500


@dataclass(frozen=True)
class Past:
    """The account's review before this one: its month and the outcome of each check."""

    month: Month
    outcomes: dict[str, str]


@dataclass(frozen=True)
class Case:
    """One account's review of the month, its findings by check, its flags by check (live, else the last one)."""

    review: Review
    account: Account
    findings: dict[str, Finding]
    flags: dict[str, Flag] = field(default_factory=dict)
    past: Past | None = None

    @property
    def verdict(self) -> str:
        return self.review.verdict or UNKNOWN

    @property
    def alerts(self) -> list[Finding]:
        """The findings that are flags, worst first."""
        found = [finding for finding in self.findings.values() if finding.outcome in ALERTS]
        return sorted(found, key=lambda one: (-RANK[one.outcome], -(one.score or 0), one.check))

    @property
    def exposure(self) -> int:
        return int((self.review.facts or {}).get("exposure") or self.review.exposure or 0)


@dataclass(frozen=True)
class Book:
    """Everything that the digests of one month say."""

    row: work.Month
    month: Month
    before: work.Month | None
    cases: tuple[Case, ...]
    live: tuple[tuple[Flag, Account], ...]
    decisions: tuple[str, ...]
    cleared: int
    accepted: int  # of those, as a new normal
    pulls: tuple[Pull, ...]
    doubts: tuple[tuple[Pull, Account], ...]
    observed: frozenset[int]
    kept_out: frozenset[int] = frozenset()  # accounts that sales keeps out of, from the moment that it was recorded
    audit_head: str = ""

    @property
    def summary(self) -> dict[str, Any]:
        return self.row.summary or {}


def gather(session: Session, row: work.Month) -> Book:
    """Read one month. Accounts come by exposure, the largest first; then by number."""
    before = _before(session, row)
    decisions, cleared, accepted = _decided(session, before)
    return Book(
        row=row,
        month=Month.parse(row.month),
        before=before,
        cases=tuple(sorted(_cases(session, row), key=_size)),
        live=_live(session),
        decisions=decisions,
        cleared=cleared,
        accepted=accepted,
        pulls=tuple(session.exec(select(Pull).where(Pull.month == row.month).order_by(col(Pull.id)))),
        doubts=_doubts(session),
        observed=_observed(session, row),
        kept_out=_kept_out(session),
        audit_head=audit.head(session),
    )


def standing(case: Case) -> Standing:
    """What the books said of the account at its review."""
    facts = case.review.facts or {}
    return Standing(
        name=name(case.account),
        account=number(case.account),
        exposure=case.exposure,
        limit=facts.get("limit"),
        past_due=int(facts.get("past_due") or 0),
        oldest_days=int(facts.get("oldest_days") or 0),
        unconverted=facts.get("unconverted"),
        group_exposure=facts.get("group_exposure"),
        group_limit=facts.get("group_limit"),
    )


def name(account: Account) -> str:
    return line(account.name or account.account, 80)


def number(account: Account) -> str:
    """The account's number, with our entity where there are several."""
    return line(f"{account.entity}/{account.account}" if account.entity else account.account, 40)


def is_judged(finding: Finding | None) -> bool:
    return finding is not None and finding.outcome not in (UNKNOWN, NOT_APPLICABLE)


def _size(case: Case) -> tuple[int, str, str]:
    return (-case.exposure, case.account.entity, case.account.account)


def _before(session: Session, row: work.Month) -> work.Month | None:
    earlier = select(work.Month).where(work.Month.schedule == row.schedule, col(work.Month.month) < row.month)
    begun = earlier.where(col(work.Month.state).in_(work.BEGUN))
    return session.exec(begun.order_by(col(work.Month.month).desc())).first()


def _cases(session: Session, row: work.Month) -> list[Case]:
    found = session.exec(select(Review, Account).join(Account).where(Review.month_id == row.id)).all()
    findings = _findings(session, [review.id for review, _ in found if review.id is not None])
    flags = _flags(session, row)
    loud = [review.account_id for review, _ in found if any(f.outcome in ALERTS for f in findings[review.id].values())]
    past = _past(session, row, loud)
    return [
        Case(review, account, findings[review.id], flags[review.account_id], past.get(review.account_id))
        for review, account in found
    ]


def _findings(session: Session, reviews: Sequence[int]) -> defaultdict[int | None, dict[str, Finding]]:
    found: defaultdict[int | None, dict[str, Finding]] = defaultdict(dict)
    for some in _chunks(reviews):
        for finding in session.exec(select(Finding).where(col(Finding.review_id).in_(some)).order_by(col(Finding.id))):
            found[finding.review_id][finding.check] = finding
    return found


def _flags(session: Session, row: work.Month) -> defaultdict[int, dict[str, Flag]]:
    """By account and check, the newest flag that was known on the month's as-of date."""
    found: defaultdict[int, dict[str, Flag]] = defaultdict(dict)
    of_month = select(Flag).join(Review, col(Review.account_id) == col(Flag.account_id))
    wanted = of_month.where(Review.month_id == row.id, col(Flag.raised_on) <= row.as_of)
    for flag in session.exec(wanted.order_by(col(Flag.id))):
        found[flag.account_id][flag.check] = flag
    return found


def _past(session: Session, row: work.Month, accounts: Sequence[int]) -> dict[int, Past]:
    found: dict[int, Past] = {}
    for some in _chunks(accounts):
        older = (
            select(Review, work.Month).join(work.Month).where(col(Review.account_id).in_(some), Review.state == "done")
        )
        rows = session.exec(older.where(col(work.Month.month) < row.month).order_by(col(work.Month.month))).all()
        newest = {review.account_id: (review, month) for review, month in rows}
        findings = _findings(session, [review.id for review, _ in newest.values() if review.id is not None])
        for account, (review, month) in newest.items():
            outcomes = {check: finding.outcome for check, finding in findings[review.id].items()}
            found[account] = Past(Month.parse(month.month), outcomes)
    return found


def _live(session: Session) -> tuple[tuple[Flag, Account], ...]:
    rows = select(Flag, Account).join(Account).where(Flag.state != "cleared")
    return tuple(session.exec(rows.order_by(col(Flag.raised_on), col(Flag.id))).all())


def _decided(session: Session, before: work.Month | None) -> tuple[tuple[str, ...], int, int]:
    """The decisions since the month before was closed, how many flags were cleared in that time, how many of those as a new normal."""
    if before is None or before.closed_at is None:
        return (), 0, 0
    since = col(FlagEvent.at) > before.closed_at
    made = session.exec(select(FlagEvent.note).where(since, FlagEvent.what == "decided").order_by(col(FlagEvent.id)))
    count = select(func.count(), func.count(col(Flag.rebased_on))).select_from(FlagEvent).join(Flag)
    cleared, accepted = session.exec(count.where(since, FlagEvent.what == "cleared")).one()
    return tuple(made), cleared, accepted


def _doubts(session: Session) -> tuple[tuple[Pull, Account], ...]:
    rows = select(Pull, Account).join(Account).where(Pull.state == "UNCERTAIN")
    return tuple(session.exec(rows.order_by(col(Pull.id))).all())


def _observed(session: Session, row: work.Month) -> frozenset[int]:
    since = row.as_of - timedelta(days=RECENT_DAYS)
    seen = select(Observation.account_id).where(col(Observation.on) > since, col(Observation.on) <= row.as_of)
    return frozenset(session.exec(seen.where(Observation.activity != "not_visited")))


def _kept_out(session: Session) -> frozenset[int]:
    stated = select(Account.id, Account.relationship).where(col(Account.relationship).is_not(None))
    by_file = {key for key, word in session.exec(stated) if key and (word or "").strip().lower() in KEEPS_OUT}
    return journal.kept_out(session) | by_file


def _chunks(values: Iterable[int]) -> Iterable[list[int]]:
    rest = iter(values)
    while some := list(islice(rest, _CHUNK)):
        yield some
