"""The digests of a month: gathered, worded, rendered, ready for the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import Session, col, select

from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.reports import asking, credit, late_section, message, reps, wording
from healthcheck.reports.gather import gather
from healthcheck.reports.message import Letter
from healthcheck.reports.model import CreditDigest, RepDigest
from healthcheck.reports.templating import render
from healthcheck.reports.text import lines
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.work import Message

if TYPE_CHECKING:
    from healthcheck.playbook.following import Followed

FULL: Final = 6  # accounts with every line of their own in the HTML; the others in two paragraphs
SHORT: Final = 10  # accounts in each short list
LATE: Final = 12  # accounts that are late
CAPS: Final = (30, 25, 20, 14, 10, 7, 5, 3, 1)  # accounts told at length: as many of these as keep the page below
LARGEST: Final = 80_000  # bytes of HTML: some mail programs cut off what is longer than about 100,000


def compose(
    session: Session, month: work.Month, settings: Settings, now: datetime, late: Sequence[Followed] = ()
) -> list[Message]:
    """One unsaved outbox row for each recipient, with the exact bytes: credit's digest to each of the team, then the reps'.

    ``late``: the accounts that the playbook follows. Reads only. Raises UsageError if an address in the settings is not one.
    """
    check_addresses(settings)
    book = gather(session, month)
    overdue = asking.whom(late, settings, month.as_of, settings.business_day(now))
    asked_late = frozenset(one.key for one in asking.chosen(late, overdue))
    told = credit.digest(book, settings, reps.asked(book, settings, overdue), reps.unasked(book), late, asked_late)
    rows = [_row(letter, book.month, settings, now, "credit") for letter in _to_credit(told, settings)]
    return rows + [
        _row(_to_rep(one, settings), book.month, settings, now, "rep") for one in reps.digests(book, settings, overdue)
    ]


def asked(late: Sequence[Followed], as_of: date, settings: Settings, now: datetime) -> list[Followed]:
    """The late accounts that ``compose`` asks somebody in sales about."""
    return asking.chosen(late, asking.whom(late, settings, as_of, settings.business_day(now)))


def compose_held(month: Month, why: str, settings: Settings, now: datetime) -> list[Message]:
    """One unsaved outbox row for each of the credit team: the month waits, and why."""
    subject = f"Health check {month.title}: waits for you, the ledger needs a look"
    text, html = _rendered("held", {"month": month, "why": why, "subject": subject})
    letters = [Letter(settings.mail_from, address, subject, text, html, "credit") for address in _team(settings)]
    return [_row(letter, month, settings, now, "held") for letter in letters]


def newest(session: Session, month: str | None) -> work.Month:
    """The month's row, the newest by default. Raises UsageError if there is none."""
    rows = select(work.Month).where(col(work.Month.state).in_(work.BEGUN)).order_by(col(work.Month.month).desc())
    row = session.exec(rows.where(work.Month.month == str(Month.parse(month))) if month else rows).first()
    if row is None:
        raise UsageError(f"no review of {month or 'any month'} has begun; run: healthcheck review")
    return row


def _to_credit(digest: CreditDigest, settings: Settings) -> Iterator[Letter]:
    subject = wording.credit_subject(digest)
    text, html = _fitting(lines(digest), subject)
    for address in _team(settings):
        yield Letter(settings.mail_from, address, subject, text, html, "credit")


def _team(settings: Settings) -> list[str]:
    return list(dict.fromkeys(parseaddr(one)[1].lower() for one in settings.credit_team))


def _fitting(digest: CreditDigest, subject: str) -> tuple[str, str]:
    """Both parts, with fewer accounts at length where the page would become too large."""
    for cap in CAPS:
        text, html = _rendered(
            "credit",
            {
                "d": digest,
                "w": wording,
                "l": late_section,
                "cap": cap,
                "full": FULL,
                "short": SHORT,
                "shown": LATE,
                "subject": subject,
            },
        )
        if len(html.encode()) <= LARGEST:
            break
    return text, html


def _to_rep(digest: RepDigest, settings: Settings) -> Letter:
    subject = wording.rep_subject(digest)
    text, html = _rendered("rep", {"d": lines(digest), "w": wording, "a": asking, "subject": subject})
    return Letter(settings.mail_from, digest.recipient, subject, text, html, "reps", settings.credit_team)


def _rendered(kind: str, context: dict[str, Any]) -> tuple[str, str]:
    html = message.inlined(render(f"emails/{kind}-body.html", **context))
    return render(f"emails/{kind}-body.txt", **context), html


def _row(letter: Letter, month: Month, settings: Settings, now: datetime, kind: str) -> Message:
    message_id = message.new_id(month, kind, letter.sender)
    return Message(
        kind=kind,
        month=str(month),
        recipient=letter.recipient,
        subject=letter.subject,
        message_id=message_id,
        body=message.build(letter, message_id, month, now, settings.idempotency_header),
        queued_at=now,
    )


def check_addresses(settings: Settings) -> None:
    """Raise UsageError if the digests could not be addressed; worth asking before a month's work."""
    if not settings.credit_team:
        raise UsageError("HEALTHCHECK_CREDIT_TEAM is empty: nobody would get the digest")
    if not message.is_free(settings.idempotency_header):
        raise UsageError(f"HEALTHCHECK_IDEMPOTENCY_HEADER: {settings.idempotency_header} is a header of every mail")
    for setting, address in (
        ("MAIL_FROM", settings.mail_from),
        *(("CREDIT_TEAM", one) for one in settings.credit_team),
    ):
        if not address.isprintable() or not message.is_address(parseaddr(address)[1]):
            raise UsageError(f"HEALTHCHECK_{setting}: {address!r} is not a mail address")
