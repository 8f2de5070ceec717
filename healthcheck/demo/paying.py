"""How customers pay: when each document is settled, in which pay run, from which bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import log
from random import Random

from healthcheck.demo import banks
from healthcheck.demo.customers import Customer
from healthcheck.demo.days import AS_OF, next_run, on_or_after
from healthcheck.demo.trade import Document

_AHEAD = {"weekly": 3, "twice": 7, "fifth": 15}  # a run takes along what falls due so many days later
_TWO_BANKS = 0.06


@dataclass(frozen=True)
class Money:
    """A payment, or the part of one that belongs to one document; ``invoice`` is empty where it was not allocated."""

    account: str
    paid: date
    amount: int
    currency: str
    invoice: str
    method: str
    payer_account: str
    payer_bank: str
    reference: str


def payments(customer: Customer, documents: list[Document]) -> list[Money]:
    """All money received from one customer up to the book's date, for its numbered ``documents``."""
    random = Random(f"{customer.seed}/{customer.number}/paying")  # noqa: S311
    two_banks = random.random() < _TWO_BANKS
    paid = [
        row for one in documents for row in _rows(random, one, _pay_day(random, one), two_banks) if row.paid <= AS_OF
    ]
    return paid + [_on_account(customer, day, amount) for day, amount in customer.sends]


def _on_account(who: Customer, day: date, amount: int) -> Money:
    account, routing = _payer(who, day, 0)
    paid = on_or_after(day)
    return Money(who.number, paid, amount, who.currency, "", "transfer", account, routing, "payment on account")


def _rows(random: Random, one: Document, paid: date | None, two_banks: bool) -> list[Money]:
    if paid is None:
        return []
    parts = _parts(random, one)
    bank = 1 if two_banks and random.random() < 0.45 else 0
    return [
        _row(one, on_or_after(paid + timedelta(days=12 * index)), amount, bank) for index, amount in enumerate(parts)
    ]


def _parts(random: Random, one: Document) -> list[int]:
    """The amounts in which it is paid; now and then two."""
    if random.random() >= 0.006 or one.kind == "credit" or not one.customer.habit.wobble:
        return [one.amount]
    first = round(one.amount * 0.6)
    return [first, one.amount - first]


def _row(one: Document, paid: date, amount: int, bank: int) -> Money:
    who = one.customer
    start, end = who.unmatched
    loose = start <= one.due <= end and one.kind == "invoice"
    account, routing = _payer(who, paid, bank)
    method = "ach" if who.country == "US" else "transfer"
    number = "" if loose else one.number
    return Money(
        who.number, paid, amount, who.currency, number, method, account, routing, number or "payment on account"
    )


def _payer(who: Customer, paid: date, bank: int) -> tuple[str, str]:
    if not who.bank:
        return "", ""
    if who.new_bank_from and paid >= who.new_bank_from:
        country, index = who.new_bank
        return banks.payer(country, index, f"{who.number}/new")
    return banks.payer(who.country, bank, who.number)


def _pay_day(random: Random, one: Document) -> date | None:
    """The day it is paid; None: not at all. Draws the same number of random figures whatever the story."""
    who, habit = one.customer, one.customer.habit
    usual, late, lost, how_long = (random.random() for _ in range(4))
    delay = habit.lag + (0 if usual < 0.8 else -1.5 * log(1 - late) * habit.wobble)
    delay += 6 + 14 * how_long if lost < habit.mislaid else 0
    delay += 25 + 30 * how_long if one.disputed else 0
    if one.due.month == 12 and one.due.day > 20 and late > 0.6 and habit.wobble:
        delay += 6  # Christmas
    if _never(one):
        return None
    if who.later_from and one.due >= who.later_from:
        delay += who.later_by
    wanted = on_or_after(one.due) + timedelta(days=round(delay) - _AHEAD.get(habit.run, 0))
    return next_run(habit.run, max(wanted, one.issued))


def _never(one: Document) -> bool:
    """Whether it is unpaid for good: the customer has stopped, or disputes it since not long ago."""
    stopped = one.customer.stops_on and one.due >= one.customer.stops_on
    return bool(stopped) or (one.disputed and one.due > AS_OF - timedelta(days=55))
