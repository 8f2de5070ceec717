"""Pay runs with evidence of the payer, and which of them are news against the year before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import polars as pl

from healthcheck.checks.bank.institutions import PROCESSORS, institution, payment_institution
from healthcheck.ledger.columns import Columns


@dataclass(frozen=True)
class Policy:
    """Days and pay runs. A pay run is all that one payer paid on one day."""

    recent_days: int = 120
    baseline_days: int = 365  # before the recent window
    baseline_runs: int = 2  # fewer say nothing about a habit
    silent_runs: int = 3  # so many from the new bank alone, and the old one is silent
    merger_accounts: int = 5  # so many customers leave one bank for the same other one ...
    merger_share: float = 0.5  # ... and at least this share of its customers: the banks merged
    confirmed_days: int = 60  # so long after a change was confirmed with the customer its first payment may come
    shared_accounts: int = 3  # who pays for so many customers (in one group: for two) is a factor or a treasury


@dataclass(frozen=True)
class Calibration:
    """What only the whole book shows. ``merged``: [old, new] banks; ``shared``: hashes of accounts that pay for several customers."""

    merged: list[list[str]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What one payer paid on one day."""

    paid: date
    bank: str | None
    last4: str | None
    country: str | None
    payer: str | None  # keyed hash of the account
    invoices: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """One account's pay runs: before the window, in it and known, in it and news (by payer)."""

    key: int
    baseline: list[Run]
    known: list[Run]
    news: dict[
        tuple[str, str], list[Run]
    ]  # by kind (new_account, new_bank, new_country, payment_institution) and payer
    recent: int
    excused: bool  # known holds payers that are none of the baseline: a merged bank, a factor, a treasury
    confirmed: date | None = None  # known holds a new payer that was confirmed with the customer on this day


def histories(columns: Columns, as_of: date, policy: Policy, learned: Calibration) -> Iterator[History]:
    """Every account that has evidence, in the order of keys."""
    home = dict(columns.accounts.select("key", "country").iter_rows())
    start = as_of - timedelta(days=policy.recent_days)
    excuses = {(old, new) for old, new in learned.merged}, frozenset(learned.shared)
    confirmed = dict(zip(columns.accounts["key"], columns.accepted_on("bank"), strict=True))
    for key, *lists in evidence(columns, as_of, policy).group_by("key", maintain_order=True).agg(FIELDS).iter_rows():
        if key in home:
            runs = [Run(on, *_payer(parts), tuple(rows)) for on, *parts, rows in zip(*lists, strict=True)]
            vouched = _vouched(runs, start, home[key], confirmed[key], policy)
            yield replace(
                _history(key, runs, start, home[key], *excuses, vouched), confirmed=confirmed[key] if vouched else None
            )


FIELDS = ["paid", "payer_bank", "payer_last4", "payer_country", "payer_hash", "invoice"]


def _payer(parts: list[str | None]) -> tuple[str | None, str | None, str | None, str | None]:
    bank, last4, country, payer = parts
    return bank, last4, country, payer


def evidence(columns: Columns, as_of: date, policy: Policy) -> pl.DataFrame:
    """One row a pay run, sorted by key and day: key and FIELDS (invoice: a list). Money back, processors and rows without a payer are
    no evidence."""
    first = as_of - timedelta(days=policy.recent_days + policy.baseline_days)
    shown = columns.payments.filter(
        pl.col("paid") > first, pl.col("paid") <= as_of, pl.col("amount") > 0,
        pl.col("payer_bank").is_not_null() | pl.col("payer_last4").is_not_null(),
        pl.col("payer_bank").str.slice(0, 4).is_in(list(PROCESSORS)).not_().fill_null(True),
    )  # fmt: skip
    order = ["key", "paid", "payer_bank", "payer_last4"]
    rest = [pl.col("payer_country").min(), pl.col("payer_hash").min(), pl.col("invoice").drop_nulls().unique().sort()]
    return shown.group_by(order).agg(rest).sort(order, nulls_last=True)


def _vouched(runs: list[Run], start: date, home: str | None, confirmed: date | None, policy: Policy) -> list[Run]:
    """The runs of new payers that a person confirmed with the customer: those seen by that day, else the first new one soon after."""
    if confirmed is None:
        return []
    kinds = _Kinds([run for run in runs if run.paid <= start], home)
    news = [run for run in runs if run.paid > start and kinds.of(run) is not None]
    seen = [run for run in news if run.paid <= confirmed]
    return seen or [run for run in news[:1] if run.paid <= confirmed + timedelta(days=policy.confirmed_days)]


def _history(
    key: int, runs: list[Run], start: date, home: str | None, merged: set[tuple[str, str]], shared: frozenset[str], vouched: list[Run]
) -> History:  # fmt: skip
    baseline, recent = [run for run in runs if run.paid <= start], [run for run in runs if run.paid > start]
    kinds = _Kinds(baseline + vouched, home)
    known: list[Run] = []
    news: dict[tuple[str, str], list[Run]] = {}
    excused = False
    for run in recent:
        kind = kinds.of(run)
        excuse = kind is not None and (run.payer in shared or kinds.merged_into(run, merged))
        excused |= excuse
        if kind is None or excuse:
            known.append(run)
        else:
            payer = f"{run.bank}/{run.last4}" if kind == "new_account" or not run.bank else institution(run.bank)
            news.setdefault((kind, payer), []).append(run)
    return History(key, baseline, known, news, len({run.paid for run in recent}), excused)


class _Kinds:
    """Tells whether a payer is news, against the payers of the baseline."""

    def __init__(self, baseline: list[Run], home: str | None) -> None:
        self.accounts: dict[str | None, set[str]] = {}
        for run in baseline:
            accounts = self.accounts.setdefault(institution(run.bank) if run.bank else None, set())
            accounts.update([run.last4] if run.last4 else [])
        self.numbers = set().union(*self.accounts.values()) if self.accounts else set()
        self.countries = {run.country for run in baseline if run.country}
        self.has_banks = any(bank is not None for bank in self.accounts)
        self.home = home

    def of(self, run: Run) -> str | None:
        """The kind of news, or None. The same last four in the same country is the same account under another bank code (a merger)."""
        abroad = bool(run.country and self.countries and run.country not in self.countries)
        if run.last4 in self.numbers and not abroad:
            return None
        if run.bank is None or not self.has_banks:
            return "new_account" if run.last4 and self.numbers else None
        accounts = self.accounts.get(institution(run.bank))
        if accounts is not None:
            return "new_account" if run.last4 and accounts else None
        if payment_institution(run.bank):
            return "payment_institution"
        return "new_country" if abroad and run.country != self.home else "new_bank"

    def merged_into(self, run: Run, merged: set[tuple[str, str]]) -> bool:
        """Whether the run's bank took over one of the baseline's."""
        return bool(run.bank) and any(old and (old, institution(run.bank or "")) in merged for old in self.accounts)
