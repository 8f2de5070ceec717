"""The books, or some accounts of them, as known on a date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Engine

from healthcheck.ledger import columns, exposure, recorded, source
from healthcheck.ledger.columns import Columns
from healthcheck.ledger.families import batches, groups, relatives
from healthcheck.ledger.recorded import Records
from healthcheck.ledger.settlement import settle
from healthcheck.ledger.workdays import roll

_WHO = ["entity", "account"]
_RECORDED = f"\"on\" <= '{{as_of}}' AND kind IN ({', '.join(repr(kind) for kind in recorded.KINDS)})"


def chunks(engine: Engine, size: int = 20_000) -> list[list[int]]:
    """The keys of all accounts in batches of about ``size``; a family is never split."""
    with source.connection(engine) as opened:
        return list(batches(_grouped(opened).sort("group", *_WHO), size))


@dataclass(frozen=True)
class Stored:
    """What is stored of some accounts and was known on ``as_of``: the rows of each table, before anything is made of them."""

    as_of: date
    accounts: pl.DataFrame  # with their group
    rates: pl.DataFrame
    rows: dict[str, pl.DataFrame]  # invoices, payments, plans, reports, observations, accepted, records

    def only(self, keys: Sequence[int]) -> Stored:
        """The same of these accounts alone."""
        wanted = pl.col("key").is_in(pl.Series(keys, dtype=pl.Int64).implode())
        rows = {name: frame.filter(wanted) for name, frame in self.rows.items()}
        return replace(self, accounts=self.accounts.filter(wanted), rows=rows)


def read_columns(engine: Engine, as_of: date, currency: str, keys: Sequence[int] | None = None) -> Columns:
    """What was known on ``as_of`` of the accounts ``keys`` and their whole families (None: of all accounts).

    ``currency`` is the reporting currency. Accounts of which nothing was known yet are left out.
    """
    return _columns(_read(engine, as_of, keys), currency)


def read_parts(engine: Engine, as_of: date, currency: str, batches: Sequence[Sequence[int]]) -> Iterator[Columns]:
    """The columns of each batch of ``chunks`` in turn, from one reading of the tables."""
    stored = _read(engine, as_of, [key for keys in batches for key in keys])
    for keys in batches:
        yield _columns(stored.only(keys), currency)


def _read(engine: Engine, as_of: date, keys: Sequence[int] | None) -> Stored:
    with source.connection(engine) as opened:
        grouped = _grouped(opened)
        wanted = None if keys is None else sorted(relatives(grouped, keys))
        if wanted is not None and len(wanted) == grouped.height:
            wanted = None
        accounts = source.fetch(opened, "account", source.ACCOUNT, keys=wanted)
        rows = {
            "invoices": source.fetch(opened, "invoice", source.INVOICE, f"issued <= '{as_of}'", wanted),
            "payments": source.fetch(opened, "payment", source.PAYMENT, f"paid <= '{as_of}'", wanted),
            "plans": source.fetch(opened, "plan", source.PLAN, f"month <= '{as_of}'", wanted),
            "reports": source.fetch(
                opened, "report", source.REPORT, f"as_of <= '{as_of}' AND reported_on <= '{as_of}'", wanted
            ),
            "observations": source.fetch(opened, "observation", source.OBSERVATION, f"\"on\" <= '{as_of}'", wanted),
            "accepted": source.fetch(opened, "flag", source.ACCEPTED, f"rebased_on <= '{as_of}'", wanted),
            "records": source.fetch(opened, "record", source.RECORD, _RECORDED.format(as_of=as_of), wanted),
        }
        rates = source.fetch(opened, "rate", source.RATE, f"\"on\" <= '{as_of}'")
    return Stored(as_of, accounts.join(grouped.select("key", "group"), on="key").sort(*_WHO), rates, rows)


def _columns(stored: Stored, currency: str) -> Columns:
    as_of, records = stored.as_of, recorded.entries(stored.rows["records"])
    accounts = recorded.kept_out(stored.accounts, records)
    order = accounts.select("key", "country", *_WHO).with_row_index("place")
    factor = exposure.factors(stored.rates, as_of, currency)
    payments = exposure.valued(stored.rows["payments"], factor, value="amount")
    items, pool = _items(stored.rows["invoices"], as_of, order, payments, factor, records)
    rest = {name: stored.rows[name] for name in ("plans", "reports", "observations")}
    accepted = pl.concat([stored.rows["accepted"], recorded.confirmed(records)])
    rest["accepted"] = accepted.group_by("key", "check").agg(pl.col("on").max())
    rest["plans"] = exposure.valued(rest["plans"], factor, value="amount")
    known = _known(accounts, items, payments, rest, pool, factor, currency, as_of)
    frames = {"items": items, "payments": payments, **rest}
    shaped = {name: _ordered(frame, order, _SORT[name], _SHAPES[name]) for name, frame in frames.items()}
    return Columns(as_of=as_of, currency=currency, accounts=known, **shaped)


_SORT = {
    "items": ["due", "issued", "kind", "number"],
    "payments": ["paid", "invoice", "amount", "reference"],
    "plans": ["month", "currency"],
    "reports": ["reported_on", "as_of", "bureau"],
    "observations": ["on", "activity", "heard"],
    "accepted": ["check"],
}
_SHAPES: dict[str, dict[str, Any]] = {
    "items": columns.ITEMS, "payments": columns.PAYMENTS, "plans": columns.PLANS, "reports": columns.REPORTS,
    "observations": columns.OBSERVATIONS, "accepted": columns.ACCEPTED,
}  # fmt: skip


def _grouped(opened: Any) -> pl.DataFrame:
    shape = {spec: source.ACCOUNT[spec] for spec in ("key=id", "entity", "account", "parent")}
    all_accounts = source.fetch(opened, "account", shape)
    filled = all_accounts.with_columns(pl.col("entity").fill_null(""))
    return filled.join(groups(filled), on="key", maintain_order="left")


def _items(
    raw: pl.DataFrame, as_of: date, order: pl.DataFrame, payments: pl.DataFrame, factor: pl.DataFrame, records: Records
) -> tuple[pl.DataFrame, pl.DataFrame]:
    raw = raw.join(order.select("key", "country"), on="key", how="left", maintain_order="left")
    raw = raw.with_columns(
        terms=(pl.col("due") - pl.col("issued")).dt.total_days().cast(pl.Int32), due=roll(raw["due"], raw["country"])
    )
    items, pool = settle(recorded.disputed(raw, records), payments, as_of)
    items = recorded.planned(items, payments, records, as_of)
    until = pl.col("settled").fill_null(pl.lit(as_of))
    items = items.with_columns(days_late=(until - pl.col("due")).dt.total_days().cast(pl.Int32))
    return exposure.valued(items, factor, value="amount", open_value="open"), pool


def _known(
    accounts: pl.DataFrame, items: pl.DataFrame, payments: pl.DataFrame, rest: dict[str, pl.DataFrame], pool: pl.DataFrame,
    factor: pl.DataFrame, currency: str, as_of: date,
) -> pl.DataFrame:  # fmt: skip
    """The accounts' own frame: master data, first dates, exposure. Accounts not known yet are dropped."""
    first_invoice = items.filter(pl.col("kind") == "invoice").group_by("key").agg(first_invoice=pl.col("issued").min())
    seen = [items.select("key", on="issued"), payments.select("key", on="paid"), rest["observations"].select("key", "on"),
            rest["reports"].select("key", on="as_of"), rest["plans"].select("key", on="month"),
            accounts.filter(pl.col("opened") <= as_of).select("key", on="opened")]  # fmt: skip
    first_known = pl.concat(seen).group_by("key").agg(first_known=pl.col("on").min())
    frame = accounts.with_columns(
        pl.col("entity").fill_null(""),
        pl.col("name").fill_null(pl.col("account")),
        pl.col("currency").fill_null(currency),
    )
    frame = exposure.valued(frame, factor, limit="limit", insured_limit="insured_limit", plan_annual="plan_annual")
    for part in (first_known, first_invoice, exposure.totals(items, pool, factor)):
        frame = frame.join(part, on="key", how="left", maintain_order="left")
    whole = [pl.col(n).round().cast(pl.Int64) for n in ("limit", "insured_limit", "plan_annual")]
    filled = [
        pl.col(n).fill_null(0).round().cast(pl.Int64) for n in ("exposure", "past_due", "unallocated", "disputed")
    ]
    frame = frame.filter(pl.col("first_known").is_not_null()).with_columns(
        *whole, *filled, pl.col("oldest_days").fill_null(0).cast(pl.Int32)
    )
    return exposure.of_groups(frame).sort(*_WHO).select(pl.col(n).cast(k) for n, k in columns.ACCOUNTS.items())


def _ordered(frame: pl.DataFrame, order: pl.DataFrame, by: list[str], shape: dict[str, Any]) -> pl.DataFrame:
    placed = frame.join(order.select("key", "place"), on="key", maintain_order="left")
    return placed.sort("place", *by).select(pl.col(name).cast(kind) for name, kind in shape.items())
