"""What people recorded that changes what the books say: disputes, agreed instalments, banks, and whom sales must keep out of.

A recorded dispute makes its invoice disputed, or all that was issued by its day. An invoice under agreed instalments is late only from
the first of them that was not met. While sales is kept out, the account's relationship is what keeps it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date

import polars as pl

from healthcheck.playbook.entries import KEEPS_OUT, Entry, in_force, standing
from healthcheck.playbook.keepout import strongest
from healthcheck.playbook.promises import ENOUGH, Promise, plans, reconcile
from healthcheck.playbook.situation import Received

KINDS = ("dispute", "promise", "bank_confirmed", "resolved", "withdrawn", *KEEPS_OUT)
MONEY = ("key", "on", "amount", "currency", "invoice")
_ISSUED_BY = {"key": pl.Int64, "by": pl.Date}
_NAMED = {"key": pl.Int64, "number": pl.String}
Records = Mapping[int, list[Entry]]


def entries(records: pl.DataFrame) -> Records:
    """The records of each account that nobody took back."""
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for row in records.iter_rows(named=True):
        found[row.pop("key")].append(Entry(**row))
    return {key: in_force(some) for key, some in found.items()}


def kept_out(accounts: pl.DataFrame, records: Records) -> pl.DataFrame:
    """``accounts`` with the relationship that keeps sales out, where one does."""
    found = {key: strongest(stands).kind for key, some in records.items() if (stands := standing(some, KEEPS_OUT))}
    if not found:
        return accounts
    said = pl.DataFrame({"key": list(found), "said": list(found.values())}, schema={"key": pl.Int64, "said": pl.String})
    joined = accounts.join(said, on="key", how="left", maintain_order="left")
    return joined.with_columns(relationship=pl.coalesce("said", "relationship")).drop("said")


def confirmed(records: Records) -> pl.DataFrame:
    """Key, check and day of each bank that was confirmed with the customer."""
    days = [(key, "bank", one.on) for key, some in records.items() for one in some if one.kind == "bank_confirmed"]
    return pl.DataFrame(days, schema={"key": pl.Int64, "check": pl.String, "on": pl.Date}, orient="row")


def disputed(invoices: pl.DataFrame, records: Records) -> pl.DataFrame:
    """``invoices`` (key, number, kind, issued, disputed) with those disputed that a standing record says so of."""
    stands = [(key, one) for key, some in records.items() for one in standing(some, ("dispute",))]
    if not stands:
        return invoices
    named = pl.DataFrame(
        [(key, one.invoice) for key, one in stands if one.invoice], schema=_NAMED, orient="row"
    ).unique()
    whole = pl.DataFrame([(key, one.on) for key, one in stands if not one.invoice], schema=_ISSUED_BY, orient="row")
    joined = invoices.join(
        named.with_columns(named=True), on=["key", "number"], how="left", maintain_order="left"
    ).join(whole.group_by("key").agg(pl.col("by").max()), on="key", how="left", maintain_order="left")
    held = (pl.col("named") | (pl.col("issued") <= pl.col("by"))).fill_null(value=False) & (pl.col("kind") == "invoice")
    return joined.with_columns(disputed=pl.col("disputed") | held).drop("named", "by")


def money(items: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """What came (MONEY), by day: the payments, and what files say was paid of invoices that no payment names."""
    rows = payments.select("key", "amount", "currency", "invoice", on="paid").select(*MONEY)
    told = (
        (pl.col("kind") == "invoice") & ~pl.col("covered") & (pl.col("received") != 0) & pl.col("settled").is_not_null()
    )
    stated = (
        items.filter(told).select("key", "currency", amount="received", invoice="number", on="settled").select(*MONEY)
    )
    unnamed = stated.join(rows, on=["key", "currency", "invoice"], how="anti")
    return pl.concat([rows, unnamed]).sort("on", "invoice", "amount", nulls_last=True)


def planned(items: pl.DataFrame, payments: pl.DataFrame, records: Records, as_of: date) -> pl.DataFrame:
    """``items`` with the due dates of those under agreed instalments moved to the first one that was not met."""
    agreed = {key: some for key, some in records.items() if any(one.series for one in some)}
    if not agreed:
        return items
    numbered = items.with_row_index("row")
    mine = numbered.filter(pl.col("key").is_in(pl.Series(list(agreed), dtype=pl.Int64).implode()))
    came = _made(money(mine, payments.join(mine.select("key").unique(), on="key", how="semi")))
    moved = [
        found
        for (key,), own in mine.partition_by("key", as_dict=True).items()
        for found in _moved(own, agreed[key], came[key], as_of)
    ]
    dates = pl.DataFrame(moved, schema={"row": numbered["row"].dtype, "until": pl.Date}, orient="row")
    dates = dates.group_by("row").agg(pl.col("until").max())
    joined = numbered.join(dates, on="row", how="left", maintain_order="left")
    return joined.with_columns(due=pl.max_horizontal("due", "until")).drop("row", "until")


def _made(came: pl.DataFrame) -> defaultdict[int, list[Received]]:
    found: defaultdict[int, list[Received]] = defaultdict(list)
    for row in came.iter_rows(named=True):
        found[row.pop("key")].append(Received(**row))
    return found


def _moved(items: pl.DataFrame, said: list[Entry], came: list[Received], as_of: date) -> Iterator[tuple[int, date]]:
    """(row, date) of each invoice of one account that is under a plan."""
    bought = items.filter(pl.col("kind") == "invoice").sort("due", "issued", "number")
    issued = dict(bought.select("number", "issued").iter_rows())
    country = next(iter(bought["country"]), None)
    for parts in plans(reconcile(said, came, as_of, country, issued)).values():
        first, until = parts[0].entry, _from(parts)
        there = pl.col("settled").is_null() | (pl.col("settled") >= first.on)
        open_then = bought.filter((pl.col("currency") == first.currency) & (pl.col("issued") <= first.on) & there)
        yield from ((row, until) for row in _covered(open_then, came, parts))


def _covered(items: pl.DataFrame, came: list[Received], parts: list[Promise]) -> Iterator[int]:
    """The rows that a plan is about: its invoice, or the oldest of what was open when it was agreed, as far as its sum goes."""
    first, left = parts[0].entry, sum(part.amount for part in parts)
    for row, number, amount in items.select("row", "number", "amount").iter_rows():
        if first.invoice == number:
            yield row
        elif first.invoice is None:
            left -= amount - sum(one.amount for one in came if one.invoice == number and one.on < first.on)
            if left < -amount * (1 - ENOUGH):
                return
            yield row


def _from(parts: list[Promise]) -> date:
    """The day of the first instalment that was not met; the last one's, where all were."""
    return next((one.until for one in parts if one.met_on is None), parts[-1].until)
