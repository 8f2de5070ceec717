"""What became of each promise: kept, broken, partly kept, or still open, as of a date.

Money that came since a promise was made counts for it, each euro for one promise: for one that names the invoice it was paid on first,
then for the oldest that can still be kept, and only then for one whose day is over. Money for an invoice issued later counts for none.
Money that went back takes the newest with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from healthcheck.ledger.workdays import next_business_day
from healthcheck.playbook.entries import Entry
from healthcheck.playbook.situation import Received, Situation

OPEN, KEPT, BROKEN, PARTLY = "open", "kept", "broken", "partly"
ENOUGH: Final = 0.95  # as in the ledger: the rest is taken for discount and bank charges


@dataclass(frozen=True)
class Promise:
    """A promise as of a date. ``until`` is its day, rolled to a business day; amounts are minor units of the entry's currency."""

    entry: Entry
    until: date
    state: str = OPEN
    met: int = 0  # came by its day
    after: int = 0  # came after it
    met_on: date | None = None  # the day on which enough of it had come

    @property
    def amount(self) -> int:
        return self.entry.amount or 0

    @property
    def failed(self) -> bool:
        """Broken or only partly kept, and not made good since."""
        return self.state in (BROKEN, PARTLY) and self.met_on is None

    @property
    def left(self) -> int:
        """What has not come yet."""
        return 0 if self.met_on else max(0, self.amount - self.met - self.after)


def of(situation: Situation) -> list[Promise]:
    """All promises of an account, those agreed together by their days."""
    issued = {one.number: one.issued for one in situation.paid} | {one.number: one.issued for one in situation.owed}
    return reconcile(situation.entries, situation.received, situation.as_of, situation.customer.country, issued)


def reconcile(
    entries: Iterable[Entry],
    received: Iterable[Received],
    as_of: date,
    country: str | None = None,
    issued: Mapping[str, date] = MappingProxyType({}),
) -> list[Promise]:
    """Each promise among ``entries`` (in force), oldest first, and what became of it by ``as_of``.

    ``issued``: the issue dates of invoices, by number.
    """
    made = sorted((entry for entry in entries if entry.kind == "promise"), key=_age)
    found = [Promise(entry, next_business_day(entry.due or entry.on, country)) for entry in made]
    for money in _kept_money([one for one in received if one.on <= as_of]):
        _spend(money, found, issued.get(money.invoice or ""))
    return [replace(one, state=_state(one, as_of)) for one in found]


def plans(promises: Iterable[Promise]) -> dict[str, list[Promise]]:
    """The instalments agreed together, by series, each plan's by their days."""
    found: dict[str, list[Promise]] = {}
    for one in promises:
        if one.entry.series:
            found.setdefault(one.entry.series, []).append(one)
    return found


def next_open(promises: Iterable[Promise]) -> Promise | None:
    """The promise whose day comes next; None: nothing is promised."""
    return min(
        (one for one in promises if one.state == OPEN and not one.met_on), key=lambda one: one.until, default=None
    )


def _age(entry: Entry) -> tuple[date, date, int]:
    return entry.on, entry.due or entry.on, entry.id


def _state(promise: Promise, as_of: date) -> str:
    if promise.met_on is not None and promise.met_on <= promise.until:
        return KEPT
    if as_of <= promise.until:
        return OPEN
    return PARTLY if promise.met else BROKEN


def _kept_money(received: Sequence[Received]) -> list[Received]:
    """What came and stayed, by day: what went back is taken off the newest that came before, of the same invoice where it names one."""
    kept: list[Received] = []
    for money in sorted(received, key=lambda one: (one.on, -one.amount)):
        if money.amount > 0:
            kept.append(money)
        else:
            _take_back(kept, money)
    return [money for money in kept if money.amount > 0]


def _take_back(kept: list[Received], gone: Received) -> None:
    left = -gone.amount
    for place in range(len(kept) - 1, -1, -1):
        there = kept[place]
        if there.currency == gone.currency and gone.invoice in (None, there.invoice):
            taken = min(left, there.amount)
            kept[place], left = replace(there, amount=there.amount - taken), left - taken


def _spend(money: Received, promises: list[Promise], issued: date | None) -> None:
    left = money.amount
    mine = [n for n, one in enumerate(promises) if _counts(money, one) and (issued is None or issued <= one.entry.on)]
    for place in sorted(
        mine, key=lambda place: (money.on > promises[place].until, promises[place].entry.invoice is None)
    ):
        taken = min(left, promises[place].left)
        promises[place], left = _given(promises[place], taken, money.on), left - taken


def _counts(money: Received, promise: Promise) -> bool:
    entry = promise.entry
    same = entry.currency in (None, money.currency) and (
        entry.invoice is None or money.invoice in (None, entry.invoice)
    )
    return same and entry.on <= money.on and promise.left > 0


def _given(promise: Promise, amount: int, on: date) -> Promise:
    in_time = on <= promise.until
    met, after = promise.met + amount * in_time, promise.after + amount * (not in_time)
    enough = met + after >= promise.amount * ENOUGH
    return replace(promise, met=met, after=after, met_on=on if enough and amount else None)
