"""Pay runs with evidence of the payer, and which of them are news against the year before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Run:
    """What one payer paid on one day."""

    paid: date
    bank: str | None
    last4: str | None
    country: str | None
    invoices: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """One account's pay runs: before the window, in it and known, in it and news (by payer)."""

    key: int
    baseline: list[Run]
    known: list[Run]
    news: dict[
        tuple[str, str], list[Run]
    ]  # (kind, payer): runs; kind: new_account, new_bank, new_country, payment_institution
    recent: int


def histories(columns: Columns, as_of: date, policy: Policy) -> Iterator[History]:
    """Every account that has evidence, in no particular order."""
    home = dict(columns.accounts.select("key", "country").iter_rows())
    start = as_of - timedelta(days=policy.recent_days)
    for key, *fields in _evidence(columns, as_of, policy).iter_rows():
        if key in home:
            yield _history(
                key,
                [Run(on, a, b, c, tuple(rows)) for on, a, b, c, rows in zip(*fields, strict=True)],
                start,
                home[key],
            )


def _evidence(columns: Columns, as_of: date, policy: Policy) -> pl.DataFrame:
    """One row an account: lists of pay runs by day. Money back, processors and rows without a payer are no evidence."""
    first = as_of - timedelta(days=policy.recent_days + policy.baseline_days)
    shown = columns.payments.filter(
        pl.col("paid") > first, pl.col("paid") <= as_of, pl.col("amount") > 0,
        pl.col("payer_bank").is_not_null() | pl.col("payer_last4").is_not_null(),
        pl.col("payer_bank").str.slice(0, 4).is_in(list(PROCESSORS)).not_().fill_null(True),
    )  # fmt: skip
    payer = ["payer_bank", "payer_last4"]
    runs = shown.group_by("key", "paid", *payer).agg(
        pl.col("payer_country").min(), pl.col("invoice").drop_nulls().unique().sort()
    )
    order = ["key", "paid", *payer]
    fields = ["paid", *payer, "payer_country", "invoice"]
    return runs.sort(order, nulls_last=True).group_by("key", maintain_order=True).agg(fields)


def _history(key: int, runs: list[Run], start: date, home: str | None) -> History:
    baseline, recent = [run for run in runs if run.paid <= start], [run for run in runs if run.paid > start]
    kinds = _Kinds(baseline, home)
    known: list[Run] = []
    news: dict[tuple[str, str], list[Run]] = {}
    for run in recent:
        kind = kinds.of(run)
        if kind is None:
            known.append(run)
        else:
            payer = f"{run.bank}/{run.last4}" if kind == "new_account" or not run.bank else institution(run.bank)
            news.setdefault((kind, payer), []).append(run)
    return History(key, baseline, known, news, len({run.paid for run in recent}))


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
