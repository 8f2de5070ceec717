"""Faults put into a child on purpose, outside the shipped code: each breaks one rule of the durable core, and the harness must see it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from healthcheck.reports import digests, mail
from healthcheck.reviews import closing, months
from healthcheck.store.session import write
from tests.servers.adapters import KeyBureau, LookupBureau


def key_per_attempt() -> None:
    """A bureau's key is made anew for each call, so it takes the second for another order."""
    order = KeyBureau.order
    KeyBureau.order = lambda self, subject, as_of, _key: order(self, subject, as_of, uuid.uuid4().hex)


def no_look_up() -> None:
    """An order without an answer is bought again without asking what became of it."""
    LookupBureau.look_up = lambda *_given: None


def sent_before_sending() -> None:
    """SENT is committed, then the message leaves."""
    submit, kept = mail.submit, []

    def later(*given: Any) -> None:
        kept.append(given)

    def now(self: mail.Relay, *given: Any) -> None:
        while kept:
            submit(*kept.pop(0))
        leave(self, *given)

    leave = mail.Relay.__exit__
    mail.submit, mail.Relay.__exit__ = later, now


def month_before_its_reviews() -> None:
    """The month is open before it has reviews; they follow in a second transaction."""
    plan, reviews, kept = months.plan, months._reviews, []

    def none(*given: Any) -> list[Any]:
        kept.extend(reviews(*given))
        return []

    def planned(engine: Any, *given: Any) -> int:
        month = plan(engine, *given)
        with write(engine) as session:
            session.add_all(kept)
        kept.clear()
        return month

    months.plan, months._reviews = planned, none


def digests_after_closing() -> None:
    """The month is closed, then its digests are written, in a second transaction."""
    close, compose, kept = closing.close, digests.compose, []

    def nothing(*given: Any) -> list[Any]:
        kept.extend(compose(*given))
        return []

    def closed(engine: Any, *given: Any) -> bool:
        did = close(engine, *given)
        with write(engine) as session:
            session.add_all(kept)
        kept.clear()
        return did

    digests.compose, closing.close = nothing, closed


MUTANTS: Final[dict[str, tuple[str, Callable[[], None]]]] = {
    "key_per_attempt": ("key", key_per_attempt),
    "no_look_up": ("lookup", no_look_up),
    "sent_before_sending": ("key", sent_before_sending),
    "month_before_its_reviews": ("key", month_before_its_reviews),
    "digests_after_closing": ("key", digests_after_closing),
}  # with the bureau that shows it


def apply(name: str) -> None:
    if name:
        MUTANTS[name][1]()
