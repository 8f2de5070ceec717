"""Sends letters: the intention is written down before a letter leaves, the record after it left, each exactly once.

A letter and its mail in the outbox are one transaction; the relay sends the mail; ``settle`` then records it. Whatever is killed in
between, the next call goes on from there: a mail that was sent is recorded, one that was not is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, or_, select

from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.playbook import journal
from healthcheck.playbook.letters import ASKING, DEMAND, VERIFICATION, Draft
from healthcheck.reports import message, outbox
from healthcheck.reports.letters import Addressee, Paper
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.books import Account
from healthcheck.store.letters import Letter, LetterOrder
from healthcheck.store.session import read, write
from healthcheck.store.work import Message

MAIL, PAPER = "mail", "paper"
MESSAGE: Final = "letter"  # how the kind of a letter's mail begins in the outbox


@dataclass(frozen=True)
class Post:
    """A letter to be sent. ``order``: the standing order it rests on; None: a person's command."""

    account_id: int
    draft: Draft
    paper: Paper
    to: Addressee
    language: str
    by: str
    order: LetterOrder | None = None
    gap: int = 0  # days since the last letter, of those on a standing order

    @property
    def once(self) -> str:
        about = "/" + ",".join(sorted(self.draft.invoices)) if self.draft.kind == VERIFICATION else ""
        return f"{self.account_id}/{self.draft.kind}/{self.draft.on}{about}"


def intend(engine: Engine, settings: Settings, post: Post, now: datetime) -> tuple[Letter | None, bool]:
    """Write the letter down, with its mail where it goes by mail. The letter, and whether it is new; None: it must not go.

    One alike that is there already is returned, and nothing is written.
    """
    if not settings.letter_company:
        raise UsageError("HEALTHCHECK_LETTER_COMPANY is empty: a letter needs a sender (see config.example.env)")
    with write(engine) as session:
        account = session.exec(select(Account).where(Account.id == post.account_id).with_for_update()).one()
        _own(account, settings)
        there = _alike(session, post)
        if there is not None:
            return there, False
        if post.order is not None and not _may(session, post):
            return None, False
        letter = _letter(post, now)
        if post.to.channel == MAIL:
            letter.message_id = _mail(session, settings, post, now)
        session.add(letter)
        session.flush()
        detail = {
            "letter": letter.id,
            "kind": letter.kind,
            "channel": letter.channel,
            "to": letter.recipient,
            "order": letter.order_id,
        }
        audit.note(session, "letter.ordered", now, by=post.by, account_id=post.account_id, detail=detail)
        return letter, True


def settle(engine: Engine, settings: Settings, now: datetime) -> int:
    """Record the letters whose mail was sent since. How many."""
    query = select(Letter.id, Message.sent_at).join(Message).where(col(Letter.recorded_on).is_(None))
    with read(engine) as session:
        sent = session.exec(query.where(Message.state == outbox.SENT).order_by(col(Letter.id))).all()
    return sum(record(engine, key or 0, settings.business_day(at or now), now) for key, at in sent)


def record(engine: Engine, key: int, on: date, now: datetime) -> bool:
    """Put on record that a letter left on ``on``; False if that was done before. A final demand keeps sales out from then on."""
    with write(engine) as session:
        letter = session.exec(select(Letter).where(Letter.id == key).with_for_update()).one()
        if letter.recorded_on is not None:
            return False
        letter.recorded_on = on
        for kind, invoice in _records(letter):
            about = {"invoice": invoice} if invoice else {"amount": letter.amount, "currency": letter.currency}
            journal.add(
                session, letter.account_id, kind, on, now, **about, due=letter.until, reason=letter.kind,
                method="mail" if letter.channel == MAIL else "letter", note=letter.subject, by=letter.by,
                once=f"{kind}/{letter.id}" + (f"/{invoice}" if invoice else ""),
            )  # fmt: skip
        return True


def _records(letter: Letter) -> list[tuple[str, str | None]]:
    """What a letter leaves on record: one entry; of a verification one for each invoice; a final demand is a demand besides."""
    if letter.kind == VERIFICATION:
        return [("letter", number) for number in letter.invoices]
    return [("letter", None), ("demand", None)] if letter.kind == DEMAND else [("letter", None)]


def waiting(engine: Engine) -> list[tuple[Letter, Account, Message | None]]:
    """The letters that were ordered and are not on record, oldest first: to be printed, or on their way."""
    query = select(Letter, Account, Message).join(Account).outerjoin(Message, col(Letter.message_id) == Message.id)
    with read(engine) as session:
        rows = session.exec(query.where(col(Letter.recorded_on).is_(None)).order_by(col(Letter.id))).all()
    return [(letter, account, mail) for letter, account, mail in rows]


def _own(account: Account, settings: Settings) -> None:
    """Raise UsageError for a customer of another of our legal entities: nobody gets a letter in the wrong name."""
    if account.entity != settings.letter_entity:
        whose, ours = (name or "no entity in particular" for name in (account.entity, settings.letter_entity))
        raise UsageError(
            f"{account.account} is a customer of {whose}, and the letterhead is that of {ours} (HEALTHCHECK_LETTER_ENTITY)"
        )


def _alike(session: Session, post: Post) -> Letter | None:
    same = session.exec(select(Letter).where(Letter.once == post.once)).first()
    if same is not None or post.draft.kind != VERIFICATION:
        return same
    asked = session.exec(select(Letter).where(Letter.account_id == post.account_id, Letter.kind == VERIFICATION))
    return next((one for one in asked if set(one.invoices) & set(post.draft.invoices)), None)


def _may(session: Session, post: Post) -> bool:
    """Whether a standing order still stands, and no letter that asks for money was written so recently."""
    order = session.get(LetterOrder, post.order.id) if post.order else None
    if order is None or (order.ended_on is not None and order.ended_on <= post.draft.on):
        return False
    if post.draft.kind == VERIFICATION:
        return True
    since = post.draft.on - timedelta(days=post.gap)
    lately = select(Letter.id).where(
        Letter.account_id == post.account_id, col(Letter.kind).in_(ASKING), Letter.on > since
    )
    # a reminder and the statement that goes with it leave on one day
    return session.exec(lately.where(or_(Letter.on != post.draft.on, Letter.kind == post.draft.kind))).first() is None


def _letter(post: Post, now: datetime) -> Letter:
    draft, paper = post.draft, post.paper
    currency, amount = draft.totals[0] if len(draft.totals) == 1 else (None, None)
    mail = post.to.channel == MAIL
    return Letter(
        account_id=post.account_id, kind=draft.kind, on=draft.on, language=post.language, channel=MAIL if mail else PAPER,
        recipient=post.to.email if mail else "", subject=paper.subject, text=paper.text, html=paper.html,
        invoices=list(draft.invoices), amount=amount, currency=currency, until=draft.until, once=post.once,
        order_id=post.order.id if post.order else None, by=post.by, at=now,
    )  # fmt: skip


def _mail(session: Session, settings: Settings, post: Post, now: datetime) -> int:
    """The letter's mail in the outbox; its number."""
    month = Month.of(post.draft.on)
    sender = settings.letter_from or settings.mail_from
    letter = message.Letter(
        sender, post.to.email, post.paper.subject, post.paper.text, post.paper.html, "", settings.credit_team
    )
    key = message.new_id(month, f"{MESSAGE}.{post.draft.kind}", sender)
    row = Message(
        kind=f"{MESSAGE}:{post.once}", month=str(month), recipient=post.to.email, subject=post.paper.subject, message_id=key,
        body=message.build(letter, key, month, now, settings.idempotency_header), queued_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id or 0
