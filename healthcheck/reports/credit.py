"""Credit's digest of one month, from what was gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from healthcheck.checks.outcomes import ALERTS, CLEAR, NOT_APPLICABLE, RANK, UNKNOWN, URGENT, WATCH
from healthcheck.checks.registry import CHECKS
from healthcheck.months import Month
from healthcheck.reports import late_section, notes, wording
from healthcheck.reports.gather import Book, Case, is_judged, name, number, standing
from healthcheck.reports.model import Brief, Counts, CreditDigest, OpenFlag, Point, Row
from healthcheck.reports.text import joined, month_name
from healthcheck.settings import Settings
from healthcheck.store.books import Account
from healthcheck.store.work import Flag

if TYPE_CHECKING:
    from healthcheck.playbook.following import Followed

OWNER = "credit team"
LOOK, STILL_OPEN, FINE, FAILED, PENDING = "look", "still_open", "fine", "failed", "pending"
_CORE = tuple(check for check in CHECKS if check != "field")


def digest(
    book: Book,
    settings: Settings,
    asked: frozenset[int],
    unasked: int,
    late: Sequence[Followed] = (),
    asked_late: frozenset[int] = frozenset(),
) -> CreditDigest:
    """All that credit is told. ``asked``: the accounts whose rep gets questions; ``unasked``: accounts with no rep at all.

    ``late``: the accounts that the playbook follows; ``asked_late``: those of them that somebody in sales is asked about.
    """
    followed = {one.key: one for one in late}
    newly = [str(one["account"]) for one in book.summary.get("late") or []]
    sorts = {id(case): sort(case, book) for case in book.cases}
    of = {kind: [case for case in book.cases if sorts[id(case)] == kind] for kind in {*sorts.values()}}
    look = of.get(LOOK, [])
    return CreditDigest(
        month=book.month,
        as_of=book.row.as_of,
        currency=settings.currency,
        counts=_counts(book.cases, sorts),
        at_stake=sum(case.exposure for case in look),
        rows=tuple(_row(case, book, case.account.id in asked, followed.get(case.account.id or 0)) for case in look),
        watch=tuple(_brief(case, WATCH) for case in of.get(WATCH, [])),
        unknown=tuple(_brief(case, UNKNOWN) for case in of.get(UNKNOWN, [])),
        failed=tuple(
            Brief(name(case.account), number(case.account), case.review.error or "") for case in of.get(FAILED, [])
        ),
        open_flags=tuple(_open_flags(book)),
        since=f"Since {month_name(Month.parse(book.before.month), book.month)}" if book.before else "",
        decided=_decided(book),
        warnings=tuple(notes.warnings(book, settings)),
        notes=tuple(notes.notes(book, settings, unasked, bool(late))),
        late=late_section.section(late, newly, asked_late),
    )


def sort(case: Case, book: Book) -> str:
    """Which one of the counted kinds this account is: look, still_open, watch, fine, unknown, failed or pending."""
    if case.review.state != "done":
        return FAILED if case.review.state == FAILED else PENDING
    if case.verdict in ALERTS:
        return _alerted(case, book)
    return {CLEAR: FINE, WATCH: WATCH}.get(case.verdict, UNKNOWN)


def _alerted(case: Case, book: Book) -> str:
    """A flag that is new or has grown needs a look; one already told of is still open; one that a person settled is to be watched."""
    flags = [case.flags.get(finding.check) for finding in case.alerts]
    live = [flag for flag in flags if flag is not None and flag.state != "cleared"]
    if not flags or None in flags or any(flag.changed_on >= book.row.as_of for flag in live):
        return LOOK
    return STILL_OPEN if live else WATCH


def _counts(cases: Iterable[Case], sorts: dict[int, str]) -> Counts:
    number = Counter(sorts.values())
    fine = [case for case in cases if sorts[id(case)] == FINE]
    return Counts(
        total=sum(number.values()),
        look=number[LOOK],
        still_open=number[STILL_OPEN],
        watch=number[WATCH],
        fine=number[FINE],
        without_bank=sum(not is_judged(case.findings.get("bank")) for case in fine),
        unknown=number[UNKNOWN],
        failed=number[FAILED],
        pending=number[PENDING],
    )


def _row(case: Case, book: Book, asked: bool, late: Followed | None) -> Row:
    flags = [flag for finding in case.alerts if (flag := case.flags.get(finding.check)) and flag.state != "cleared"]
    first = min(flags, key=lambda flag: flag.due, default=None)
    return Row(
        books=standing(case),
        verdict=case.verdict,
        points=tuple(_points(case, late, book.row.as_of)),
        reassuring=wording.reassuring(_clear(case)),
        unchecked=tuple(check for check in _CORE if not is_judged(case.findings.get(check))),
        change=_change(case, book),
        owner=first.owner if first else OWNER,
        due=first.due if first else None,
        rep_asked=asked,
    )


def _points(case: Case, late: Followed | None, as_of: date) -> Iterable[Point]:
    """Each finding that needs a look, then those to watch. What to do about payments the playbook says, where the account is late."""
    for one in case.alerts:
        step = wording.next_step(one.check, one.outcome, one.signals, standing(case).past_due)
        if one.check == "payments" and late is not None and late.step.days > 0:
            step = late_section.next_of(late, as_of) + (wording.NEW_ORDERS if one.outcome == URGENT else "")
        yield Point(one.check, one.outcome, one.summary, step, wording.CLEARS.get(one.check, ""))
    for one in case.findings.values():
        if one.outcome == WATCH:
            yield Point(one.check, WATCH, one.summary)


def _clear(case: Case) -> list[tuple[str, str]]:
    return [(check, f.summary) for check in CHECKS if (f := case.findings.get(check)) and f.outcome == CLEAR]


def _change(case: Case, book: Book) -> str:
    if case.past is None:
        return "This is its first review."
    then = [f"{one.check} {wording.THEN[case.past.outcomes.get(one.check, NOT_APPLICABLE)]}" for one in case.alerts]
    return f"At its last review, in {month_name(case.past.month, book.month)}: {joined(then)}."


def _brief(case: Case, outcome: str) -> Brief:
    found = [one for one in case.findings.values() if one.outcome == outcome]
    found = found or sorted(case.findings.values(), key=lambda one: -RANK[one.outcome])
    return Brief(name(case.account), number(case.account), found[0].summary if found else "")


def _open_flags(book: Book) -> Iterable[OpenFlag]:
    """Flags of earlier months, the oldest first, without those that are told of as new."""
    as_of = book.row.as_of
    for flag, account in book.live:
        if flag.raised_month < book.row.month and flag.changed_on < as_of:
            yield _open_flag(flag, account, as_of)


def _open_flag(flag: Flag, account: Account, as_of: date) -> OpenFlag:
    state = "decided" if flag.decision and flag.state == "acknowledged" else flag.state
    due = flag.snoozed_until if state == "snoozed" and flag.snoozed_until else flag.due
    return OpenFlag(
        name=name(account),
        account=number(account),
        check=flag.check,
        outcome=flag.outcome,
        days=(as_of - flag.raised_on).days,
        owner=flag.owner,
        due=due,
        overdue=state in ("open", "acknowledged") and due < as_of,
        state=state,
        said=flag.decision or flag.reason or "",
    )


def _decided(book: Book) -> str:
    """``2 × limit cut, 3 × no action, 4 cleared (1 as a new normal)``; empty where nothing was."""
    made = Counter(" ".join(note.split()).rstrip(".") for note in book.decisions)
    parts = [f"{times} × {what}" if times > 1 else what for what, times in made.most_common(6)]
    if len(made) > 6:
        parts.append(f"and {len(made) - 6} more")
    if book.cleared:
        accepted = f" ({book.accepted} as a new normal)" if book.accepted else ""
        parts.append(f"{book.cleared} cleared{accepted}")
    return ", ".join(parts)
