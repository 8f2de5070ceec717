"""What ``letters list`` says: the letters that are due, and those that were ordered and have not gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select

from healthcheck.money import plain
from healthcheck.playbook import orders, posting
from healthcheck.playbook.addresses import addressees
from healthcheck.playbook.gather import situations
from healthcheck.playbook.letters import Due, draft, due
from healthcheck.playbook.policy import Policy, policy_from
from healthcheck.playbook.situation import Situation
from healthcheck.reports import outbox
from healthcheck.reports.letters import Addressee
from healthcheck.settings import Settings
from healthcheck.store.letters import Letter, LetterOrder
from healthcheck.store.session import read
from healthcheck.store.work import Message


def due_lines(engine: Engine, settings: Settings, day: date, now: datetime) -> Iterator[dict[str, Any]]:
    """Each letter that is due, by account: of the late ones, and of those that a standing order is about."""
    policy = policy_from(settings)
    with read(engine) as session:
        standing = orders.in_force(session, day)
    late = {one.customer.key: one for one in situations(engine, day, settings, now)}
    others = [key for key in standing if key not in late]
    found = [*late.values(), *situations(engine, day, settings, now, others)]
    with read(engine) as session:
        known = addressees(session, [one.customer.key for one in found], settings)
    for one in sorted(found, key=lambda one: (one.customer.entity, one.customer.account)):
        mine = standing.get(one.customer.key, {})
        by_itself = {wanted.kind for wanted in orders.wants(one, policy, mine)}
        for wanted in due(one, policy):
            order = mine.get(wanted.kind) if wanted.kind in by_itself else None
            yield _line(one, wanted, known[one.customer.key], order, policy)


def _line(one: Situation, wanted: Due, to: Addressee, order: LetterOrder | None, policy: Policy) -> dict[str, Any]:
    made, account = draft(one, wanted.kind, policy), one.customer.account
    verb = "send" if to.channel == posting.MAIL else "print"
    return {
        "account": account,
        "name": one.customer.name,
        "kind": wanted.kind,
        "why": wanted.why,
        "invoices": ", ".join(wanted.invoices),
        "amounts": {currency: plain(total, currency) for currency, total in made.totals},
        "channel": to.channel,
        "to": to.email or None,
        "language": to.language,
        "standing_order": order.id if order else None,
        "next": f"by itself (standing order {order.id})"
        if order
        else f"healthcheck letters {verb} {account} {wanted.kind}",
    }


def waiting_lines(engine: Engine, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """Each letter that was ordered and is not on record; those that were sent meanwhile are put on record first."""
    posting.settle(engine, settings, now)
    return [
        {
            "letter": letter.id, "account": account.account, "kind": letter.kind, "on": str(letter.on), "channel": letter.channel,
            "state": _state(letter, mail), "next": _next(mail),
        }
        for letter, account, mail in posting.waiting(engine)
    ]  # fmt: skip


def to_print(engine: Engine) -> list[tuple[Letter, str]]:
    """The letters that wait to be printed, with the account's number."""
    return [(letter, account.account) for letter, account, mail in posting.waiting(engine) if mail is None]


def state(engine: Engine, key: int) -> str:
    """What became of a letter: sent, or what it waits for."""
    with read(engine) as session:
        letter = session.exec(select(Letter).where(Letter.id == key)).one()
        return _state(letter, session.get(Message, letter.message_id) if letter.message_id else None)


def _state(letter: Letter, mail: Message | None) -> str:
    if mail is None:
        return f"printed on {letter.recorded_on}" if letter.recorded_on else "waits to be printed"
    if mail.state == outbox.SENT:
        return f"sent on {letter.recorded_on or letter.on}"
    return f"waits ({mail.state.lower()}{f': {mail.error}' if mail.error else ''})"


def _next(mail: Message | None) -> str:
    if mail is None:
        return "healthcheck letters print"
    again = f" --again {mail.id}" if mail.state in (outbox.HELD, outbox.DEAD) else ""
    return f"healthcheck digests send{again}"
