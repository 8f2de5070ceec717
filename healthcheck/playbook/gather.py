"""Reads the books and the records of accounts as known on a date into Situations. Nothing is decided here."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

import polars as pl
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck.errors import UsageError
from healthcheck.ledger import freshness
from healthcheck.ledger.columns import Columns
from healthcheck.ledger.read import chunks, read_columns, read_parts
from healthcheck.ledger.recorded import money
from healthcheck.months import add_months
from healthcheck.playbook import journal
from healthcheck.playbook.entries import KEEPS_OUT, Entry, standing
from healthcheck.playbook.situation import Customer, Owed, Paid, Received, Said, Seen, Situation
from healthcheck.reviews import calibrations
from healthcheck.reviews.judge import judge
from healthcheck.settings import Settings
from healthcheck.store.books import Account
from healthcheck.store.session import read

MONTHS: Final = 24  # of payments that are looked at
_CUSTOMER: Final = (
    "key account name entity country industry currency terms_days limit insured_limit insured_until sales_rep rep_email manager_email "
    "relationship first_invoice group risk_class group_limit"
).split()
_Made = TypeVar("_Made")


def situations(
    engine: Engine, as_of: date, settings: Settings, now: datetime, keys: Collection[int] | None = None
) -> Iterator[Situation]:
    """Each account that is past due or has a record that still stands, as known on ``as_of``; with ``keys``, just those, late or not.

    Ordered by group, then by number. Accounts of which nothing was known yet are left out.
    """
    learned = calibrations.current(engine, as_of, settings, now)
    with read(engine) as session:
        until = freshness.latest(session, as_of)
    for columns in _parts(engine, as_of, settings, keys):
        family = columns.accounts["key"].to_list()
        with read(engine) as session:
            entries = journal.histories(session, family, as_of)
            chosen = [key for key in family if key in keys] if keys is not None else _concerned(columns, entries)
            aside = _aside(session, chosen)
        if chosen:
            yield from _Part(columns, entries, aside, until, settings, learned).situations(chosen)


def situation(engine: Engine, key: int, as_of: date, settings: Settings, now: datetime) -> Situation:
    """One account, late or not. Raises UsageError if nothing was known of it on ``as_of``."""
    found = next(situations(engine, as_of, settings, now, [key]), None)
    if found is None:
        raise UsageError(f"nothing is known of this account yet on {as_of}")
    return found


def overdue() -> pl.Expr:
    """Whether an item is an open invoice past its due date, disputed or not."""
    there = pl.col("settled").is_null() & (pl.col("open") > 0)
    return (pl.col("kind") == "invoice") & there & (pl.col("days_late") > 0)


def _parts(engine: Engine, as_of: date, settings: Settings, keys: Collection[int] | None) -> Iterable[Columns]:
    if keys is None:
        return read_parts(engine, as_of, settings.currency, chunks(engine))
    return [read_columns(engine, as_of, settings.currency, sorted(keys))] if keys else []


def _concerned(columns: Columns, entries: Mapping[int, list[Entry]]) -> list[int]:
    late = set(columns.items.filter(overdue())["key"])
    return [key for key in columns.accounts["key"] if key in late or _stands(entries.get(key, ()), columns.as_of)]


def _stands(entries: Iterable[Entry], as_of: date) -> bool:
    """Whether something is not over: sales kept out, a dispute, a promise to come, a question without answer."""
    found = standing(entries, ("dispute", *KEEPS_OUT))
    entries = list(entries)
    answered = {one.refers for one in entries if one.kind == "answer"}
    waiting = [one for one in entries if one.kind == "asked" and one.id not in answered]
    return bool(found or waiting) or any(e.kind == "promise" and e.due is not None and e.due >= as_of for e in entries)


def _aside(session: Session, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What the ledger's columns leave out of the accounts' own: the city, and columns that are none of ours."""
    found: dict[int, dict[str, Any]] = {}
    for some in journal.batches(keys):
        rows = session.exec(select(Account.id, Account.city, Account.extra).where(col(Account.id).in_(some)))
        found |= {key: {"city": city, "extra": extra or {}} for key, city, extra in rows if key is not None}
    return found


@dataclass(frozen=True)
class _Part:
    """Some families as known on a date, out of which situations are made."""

    columns: Columns
    entries: Mapping[int, list[Entry]]
    aside: Mapping[int, dict[str, Any]]
    until: date | None
    settings: Settings
    learned: Mapping[str, Any]

    def situations(self, chosen: Sequence[int]) -> Iterator[Situation]:
        """Those of the accounts ``chosen``, in their order."""
        mine = self.columns.only(self._families(chosen))
        wanted = pl.col("key").is_in(pl.Series(chosen, dtype=pl.Int64).implode())
        checks, classes = self._checks(mine, wanted)
        items = mine.items.filter(wanted)
        owed, paid, received = _owed(items), _paid(items, mine.as_of), _received(mine, items, wanted)
        reports = dict(mine.reports.filter(wanted).select("key", "body").iter_rows())  # the newest comes last
        seen = _made(Seen, mine.observations.filter(wanted).select("key", "on", "activity", "heard", "by"))
        kept_out = self._kept_out(mine)
        for account in mine.accounts.filter(wanted).iter_rows(named=True):
            key = account["key"]
            yield Situation(
                as_of=mine.as_of,
                currency=mine.currency,
                customer=_customer(account, classes[key], self.aside.get(key, {})),
                exposure=account["exposure"],
                past_due=account["past_due"],
                disputed=sum(one.value or 0 for one in owed.get(key, ()) if one.disputed and one.days > 0),
                unconverted=account["unconverted"],
                owed=owed.get(key, ()),
                paid=paid.get(key, ()),
                received=received.get(key, ()),
                entries=tuple(self.entries.get(key, ())),
                checks=checks[key],
                report=json.loads(reports[key]) if key in reports else None,
                family=tuple(name for other, name in kept_out.get(account["group"], ()) if other != key),
                seen=seen.get(key, ()),
                books_until=self.until,
            )

    def _families(self, chosen: Sequence[int]) -> pl.Series:
        accounts = self.columns.accounts
        groups = accounts.filter(pl.col("key").is_in(pl.Series(chosen, dtype=pl.Int64).implode()))["group"].unique()
        return accounts.filter(pl.col("group").is_in(groups.implode()))["key"]

    def _checks(self, mine: Columns, wanted: pl.Expr) -> tuple[dict[int, dict[str, Said]], dict[int, str]]:
        judged = judge(mine, self.settings, self.learned)
        said: defaultdict[int, dict[str, Said]] = defaultdict(dict)
        for name, frame in judged.checks.items():
            for row in frame.filter(wanted).select("key", "outcome", "summary", "evidence").iter_rows(named=True):
                said[row["key"]][name] = Said(row["outcome"], row["summary"], row["evidence"] or {})
        return said, dict(judged.classes.filter(wanted).select("key", "klass").iter_rows())

    def _kept_out(self, mine: Columns) -> dict[str, list[tuple[int, str]]]:
        """By group, whom sales must keep out of: key, and name with number."""
        found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for key, group, name, account, relationship in mine.accounts.select(
            "key", "group", "name", "account", "relationship"
        ).iter_rows():
            if (relationship or "").strip().lower() in KEEPS_OUT or standing(self.entries.get(key, ()), KEEPS_OUT):
                found[group].append((key, f"{name} ({account})" if name != account else account))
        return found


def _customer(account: Mapping[str, Any], klass: str, aside: Mapping[str, Any]) -> Customer:
    group_exposure = account["group_exposure"] or 0
    return Customer(**{name: account[name] for name in _CUSTOMER}, klass=klass, group_exposure=group_exposure, **aside)


def _owed(items: pl.DataFrame) -> dict[int, tuple[Owed, ...]]:
    there = pl.col("settled").is_null() & (pl.col("open") > 0)
    names = ("key", "number", "issued", "due", "amount", "open", "currency", "disputed", "delivered")
    mine = items.filter((pl.col("kind") == "invoice") & there).sort("due", "issued", "number")
    return _made(Owed, mine.select(*names, days="days_late", value=_whole("open_value")))


def _paid(items: pl.DataFrame, as_of: date) -> dict[int, tuple[Paid, ...]]:
    recent = (pl.col("kind") == "invoice") & (pl.col("settled") > add_months(as_of, -MONTHS))
    names = ("key", "number", "issued", "due", "settled", "delivered")
    mine = items.filter(recent).sort("settled", "due", "number")
    return _made(Paid, mine.select(*names, days="days_late", value=_whole("value")))


def _received(columns: Columns, items: pl.DataFrame, wanted: pl.Expr) -> dict[int, tuple[Received, ...]]:
    since = add_months(columns.as_of, -MONTHS)
    return _made(Received, money(items, columns.payments.filter(wanted)).filter(pl.col("on") > since))


def _made(kind: Callable[..., _Made], frame: pl.DataFrame) -> dict[int, tuple[_Made, ...]]:
    """Each account's rows, in the frame's order, as ``kind``, whose fields are the columns other than ``key``."""
    found: defaultdict[int, list[_Made]] = defaultdict(list)
    for row in frame.iter_rows(named=True):
        found[row.pop("key")].append(kind(**row))
    return {key: tuple(rows) for key, rows in found.items()}


def _whole(name: str) -> pl.Expr:
    return pl.col(name).round().cast(pl.Int64)
