"""The columns that every check reads: a book as it was known on one date.

``key`` joins the frames (an account's database id) and never orders anything: frames are sorted by entity and account, then as said
below, so that two runs sum in the same order. Amounts named ``value`` are minor units of the reporting currency as float (null where no
exchange rate is known); ``amount`` and ``open`` are integer minor units of the row's own ``currency``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

ACCOUNTS = {
    "key": pl.Int64,
    "entity": pl.String,
    "account": pl.String,
    "name": pl.String,
    "parent": pl.String,  # null: none
    "group": pl.String,  # entity/account of the family's root; equal for all members
    "country": pl.String,
    "industry": pl.String,
    "currency": pl.String,  # the account's own, else the reporting currency
    "terms_days": pl.Int64,
    "limit": pl.Int64,  # reporting minor units, as are all amounts of this frame; null: no limit known
    "insured_limit": pl.Int64,
    "insured_until": pl.Date,
    "sales_rep": pl.String,
    "rep_email": pl.String,
    "manager_email": pl.String,
    "relationship": pl.String,
    "risk_class": pl.String,  # high, medium, low; null: unclassed
    "opened": pl.Date,
    "plan_annual": pl.Int64,
    "links": pl.String,  # the bureaus' numbers that we have of it, by name, each with a blank behind: "duns cik "; null: none
    "first_invoice": pl.Date,
    "first_known": pl.Date,
    "exposure": pl.Int64,  # open invoices minus unallocated credits; 0 at least
    "unconverted": pl.String,  # what has no rate, in its own currency: "USD 1200.00, GBP 3.50"; null: nothing
    "past_due": pl.Int64,  # undisputed and uncovered, past due
    "oldest_days": pl.Int32,  # days past due of the oldest of those; 0: none
    "unallocated": pl.Int64,  # credits and cash not allocated
    "disputed": pl.Int64,
    "group_size": pl.Int64,
    "group_exposure": pl.Int64,
    "group_limit": pl.Int64,  # of the root; null: none
}

# sorted by account, due, issued, number
ITEMS = {
    "key": pl.Int64,
    "number": pl.String,
    "kind": pl.String,  # invoice, credit (credit note or rebate; negative amount)
    "issued": pl.Date,
    "due": pl.Date,  # rolled to the next business day of the account's country
    "terms": pl.Int32,  # days from issue to the due date as written
    "delivered": pl.Date,
    "amount": pl.Int64,
    "currency": pl.String,
    "value": pl.Float64,
    "open": pl.Int64,  # what is still to pay of it at the as-of date
    "open_value": pl.Float64,
    "received": pl.Int64,  # what was paid of it, by then
    "settled": pl.Date,  # payments reached 95 % of it, or unallocated money covers it; null: open
    "days_late": pl.Int32,  # settled - due, or as_of - due while open (censored); negative: early
    "disputed": pl.Boolean,
    "covered": pl.Boolean,  # settled by unallocated cash or credits, not by an allocated payment
    "estimated": pl.Boolean,  # settled on the date of a snapshot that no longer listed it
    "part_payments": pl.Int32,  # payments counted towards it
}

# money received, sorted by account, paid, invoice, amount
PAYMENTS = {
    "key": pl.Int64,
    "paid": pl.Date,
    "amount": pl.Int64,
    "currency": pl.String,
    "value": pl.Float64,
    "invoice": pl.String,  # null: unallocated
    "method": pl.String,
    "payer_last4": pl.String,
    "payer_hash": pl.String,
    "payer_bank": pl.String,
    "payer_country": pl.String,
    "reference": pl.String,
}

# anticipated purchases, sorted by account, month
PLANS = {
    "key": pl.Int64,
    "month": pl.Date,  # first day
    "amount": pl.Int64,
    "currency": pl.String,
    "value": pl.Float64,
    "source": pl.String,
}

# bureau reports known at the as-of date, sorted by account, reported_on, as_of, bureau; body is the JSON of bureaus.base.Report
REPORTS = {"key": pl.Int64, "bureau": pl.String, "as_of": pl.Date, "reported_on": pl.Date, "body": pl.String}

# what reps saw, sorted by account, on
OBSERVATIONS = {
    "key": pl.Int64,
    "on": pl.Date,
    "activity": pl.String,  # busy, as_always, quiet, not_visited
    "people": pl.String,
    "stock": pl.String,
    "heard": pl.String,
    "by": pl.String,
}

# what a person accepted as a new normal, or (bank) confirmed with the customer: the latest of each account and check; sorted
# by account, check
ACCEPTED = {"key": pl.Int64, "check": pl.String, "on": pl.Date}


@dataclass(frozen=True)
class Columns:
    """A book, or some accounts of it, as known on ``as_of``. Nothing later is in it."""

    as_of: date
    currency: str
    accounts: pl.DataFrame
    items: pl.DataFrame
    payments: pl.DataFrame
    plans: pl.DataFrame
    reports: pl.DataFrame
    observations: pl.DataFrame
    accepted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACCEPTED))

    def only(self, keys: pl.Series) -> Columns:
        """The same book with these accounts alone."""
        wanted = keys.implode()
        frames = ("accounts", "items", "payments", "plans", "reports", "observations", "accepted")
        return replace(self, **{name: getattr(self, name).filter(pl.col("key").is_in(wanted)) for name in frames})

    def accepted_on(self, check: str) -> pl.Series:
        """For each account, in their order, the day on which its new normal was accepted in this check; null: never."""
        mine = self.accepted.filter(pl.col("check") == check).select("key", "on")
        return self.accounts.select("key").join(mine, on="key", how="left", maintain_order="left")["on"]
