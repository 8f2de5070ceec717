"""What came of a battle: by the bureau, the mail server, and then the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlmodel import col, select

from healthcheck.reports import outbox
from healthcheck.store import audit
from healthcheck.store.books import Account
from healthcheck.store.session import read
from healthcheck.store.work import Message, Month, Pull, Review
from tests.crash import scene
from tests.servers.bureau import _lines

if TYPE_CHECKING:
    from tests.crash.nemesis import Battle

MONTHS = ("2026-06", "2026-07")


def violations(fight: Battle) -> Iterator[str]:
    months = sorted(fight.seen(select(Month.month)))
    if months != list(fight.months):
        yield f"months: {months}"
    yield from _charges(fight)
    yield from _mails(fight)
    left = select(Review.state, Review.attempts, Review.error).where(Review.state != "done")
    yield from (f"a review is {state} at attempt {attempts}: {error}" for state, attempts, error in fight.seen(left))
    with read(fight.engine) as session:
        if why := audit.verify(session, [scene.SECRET]).why:
            yield f"the audit is broken: {why}"


def _charges(fight: Battle) -> Iterator[str]:
    charges = _lines(fight.folder / "charges.jsonl")
    orders = Counter((line["account"], line["reference"]) for line in charges)
    yield from (
        f"{account} was charged {times} times for one order" for (account, _), times in orders.items() if times > 1
    )
    paid = select(Account.account).join(Review).where(col(Review.reason) != "flagged")
    units, charged = Counter(fight.seen(paid)), Counter(line["account"] for line in charges)
    yield from (f"{account}: {charged[account]} charges, {units[account]} reviews" for account in charged - units)
    strange = set(fight.seen(select(Pull.state))) - {"STORED"}
    if not charges or strange - {"UNCERTAIN"} or (strange and fight.bureau != "blind"):
        yield f"{len(charges)} charges, pulls are {', '.join(strange)}"


def _mails(fight: Battle) -> Iterator[str]:
    mails = _lines(fight.folder / "mails.jsonl")
    if len({mail["id"].strip() for mail in mails}) != len(fight.seen(select(Message.id))):
        yield "not every message arrived, or one under two Message-IDs"
    if len({(mail["id"], mail["hash"]) for mail in mails}) != len({mail["id"] for mail in mails}):
        yield "one message came with different bytes"
    for name in fight.seen(select(Message.message_id).where(Message.state == "HELD")):
        if fight.doubted[name] <= outbox.DOUBTS:
            yield f"{name} is held, and {fight.doubted[name]} kills met it on its way"
    for name, copies in Counter(mail["id"].strip() for mail in mails).items():
        if copies > 1 + fight.doubted[name]:
            yield f"{name} came {copies} times, and {fight.doubted[name]} kills met it on its way"
    people = Counter((row.kind, row.month, row.recipient) for row in fight.seen(select(Message)))
    yield from (f"two digests for {person}" for person, times in people.items() if times > 1)
