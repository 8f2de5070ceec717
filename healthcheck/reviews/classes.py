"""Which accounts rotate: every account is exactly one of eligible, small, new, late, inactive, excluded.

All that is said of one account follows from its own family's rows and the calibration, so one account checked alone gets the class
that the screen of the whole book gives it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from healthcheck.ledger.columns import Columns
from healthcheck.money import shown, to_minor
from healthcheck.months import Month, add_months, last_month_end
from healthcheck.settings import Settings

CLASSES: Final = ("eligible", "small", "new", "late", "inactive", "excluded")
PLAYBOOK: Final = ("demand", "placement", "evasive", "insolvent")  # relationships that belong to the playbook: late


def _unlearned(default: Any) -> Any:
    """A field that no calibration depends on: left out of ``repr``, by which calibrations are kept apart."""
    return field(default=default, repr=False)


@dataclass(frozen=True)
class Policy:
    """The rules of rotation. Amounts are minor units of the reporting currency; shares are 0..1; cycles are months."""

    currency: str = "EUR"
    active_months: int = 12
    large_sales_share: float = 0.8
    large_exposure: int = 25_000_00
    good_payer_late_days: float = 10.0
    good_payer_over_30_share: float = 0.10
    good_payer_skip_days: int = 90
    late_days: int = 45
    late_amount: int = 500_00
    late_share: float = 0.02
    new_first_review_days: int = 90
    cycle_high: int = 3
    cycle_medium: int = 6
    cycle_low: int = 12
    cycle_new: int = 6
    cycle_largest: int = 6
    largest_count: int = 20
    quota: int | None = _unlearned(None)
    quota_reserve: float = _unlearned(1.1)
    carry_over_share: float = _unlearned(0.2)
    excluded_relationships: tuple[str, ...] = ("excluded", "intercompany", "prepaid", "cash")
    report_max_age_days: int = _unlearned(60)
    cost_per_pull: int = _unlearned(0)
    budget: int | None = _unlearned(None)


@dataclass(frozen=True)
class Calibration:
    """What "large" means in this book, in reporting minor units; None: not known, and then it makes nobody large.

    ``sales_cutoff`` is the 12-month sales of the smallest group among those that make up 80 % of all sales; ``exposure_cutoff`` is the
    exposure of the 20th largest account (0 where fewer have any: then all of them are among the largest).
    """

    sales_cutoff: float | None = None
    exposure_cutoff: float | None = None


def policy_from(settings: Settings) -> Policy:
    """The policy that ``settings`` state, with amounts in reporting minor units."""
    same = {
        name: getattr(settings, name) for name in Policy.__dataclass_fields__ if name in type(settings).model_fields
    }
    budget = settings.bureau_budget
    return Policy(
        **same
        | {
            "large_exposure": to_minor(settings.large_exposure, settings.currency),
            "late_amount": to_minor(settings.late_amount, settings.currency),
            "quota": settings.monthly_quota,
            "cost_per_pull": _price(settings),
            "budget": None if budget is None else to_minor(budget, settings.currency),
        }
    )


def _price(settings: Settings) -> int:
    """What a pull from the preferred bureau costs."""
    names = [f"{bureau}_cost_per_pull" for bureau in settings.bureaus[:1]]
    return sum(to_minor(Decimal(getattr(settings, name, None) or 0), settings.currency) for name in names)


def calibrate(columns: Columns, as_of: date, policy: Policy) -> Calibration:
    """The cut-offs of the whole book ``columns`` as of ``as_of``."""
    groups = _group_sales(columns, as_of).filter(pl.col("group_sales") > 0).sort("group_sales", descending=True)
    exposures = columns.accounts.filter(pl.col("exposure") > 0)["exposure"].sort(descending=True)
    return Calibration(_sales_cutoff(groups["group_sales"], policy), _exposure_cutoff(exposures, policy))


def _sales_cutoff(sales: pl.Series, policy: Policy) -> float | None:
    """Sales of the group with which the cumulated share of the largest reaches the policy's; ``sales`` falls."""
    if sales.is_empty():
        return None
    reached = sales.cum_sum() >= policy.large_sales_share * int(sales.sum())
    return float(sales[int(reached.arg_max() or 0)])


def _exposure_cutoff(exposures: pl.Series, policy: Policy) -> float | None:
    if not policy.largest_count:
        return None
    return float(exposures[policy.largest_count - 1]) if len(exposures) >= policy.largest_count else 0.0


def classify(columns: Columns, as_of: date, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """The class of each account of ``columns.accounts``, in that order.

    Columns: key; klass, one of CLASSES; why, a sentence; group_sales, 12 months, and peak_exposure, at a month-end of the last 12, both in
    reporting minor units; lateness_days, amount-weighted, and over_30_share over the invoices due in the 12 months that ended 90 days ago
    (null: none fell due).
    """
    facts = _facts(columns, as_of, policy)
    facts = facts.with_columns(klass=_klass(as_of, policy, calibration))
    return facts.with_columns(why=pl.Series(_reasons(facts, policy), dtype=pl.String)).select(
        "key", "klass", "why", "group_sales", "peak_exposure", "lateness_days", "over_30_share"
    )


def _facts(columns: Columns, as_of: date, policy: Policy) -> pl.DataFrame:
    """One row an account, in order: what the rules look at."""
    items = columns.items.with_columns(
        minor=pl.col("value").round(0).cast(pl.Int64)
    )  # whole numbers add up in any order
    per_account = (
        _activity(items, as_of, policy),
        _peaks(items, as_of),
        _lateness(items, as_of, policy),
        _overdue(items, policy),
    )
    facts = columns.accounts.join(_group_sales(columns, as_of), on="group", how="left", maintain_order="left")
    for part in per_account:
        facts = facts.join(part, on="key", how="left", maintain_order="left")
    return facts.with_columns(
        pl.col("group_sales", "peak_exposure", "overdue", "exposure").fill_null(0),
        pl.col("active").fill_null(value=False),
        relationship=pl.col("relationship").fill_null("").str.strip_chars().str.to_lowercase(),
        since=pl.min_horizontal("first_invoice", "opened"),
    )


def _group_sales(columns: Columns, as_of: date) -> pl.DataFrame:
    """Sales of the last 12 months by group: invoices less credits, in whole reporting minor units."""
    recent = columns.items.filter(pl.col("issued").is_between(add_months(as_of, -12), as_of, closed="right"))
    named = recent.join(columns.accounts.select("key", "group"), on="key")
    return named.group_by("group").agg(group_sales=pl.col("value").round(0).cast(pl.Int64).sum())


def _activity(items: pl.DataFrame, as_of: date, policy: Policy) -> pl.DataFrame:
    """Active: invoiced in the last 12 months, or anything open."""
    bought = (pl.col("kind") == "invoice") & (pl.col("issued") > add_months(as_of, -policy.active_months))
    open_ = pl.col("settled").is_null() & (pl.col("open") != 0)
    return items.filter(bought | open_).select("key").unique().with_columns(active=pl.lit(value=True))


def _peaks(items: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The highest of the last twelve month-end exposures: issued by then and not settled by then."""
    last = Month.of(last_month_end(as_of))
    ends = [(last + -back).last for back in range(12)]
    held = [
        pl.col("minor")
        .filter((pl.col("issued") <= end) & (pl.col("settled").is_null() | (pl.col("settled") > end)))
        .sum()
        for end in ends
    ]
    alive = items.filter(pl.col("settled").is_null() | (pl.col("settled") > ends[-1]))
    return alive.group_by("key").agg(peak_exposure=pl.max_horizontal(*held, 0))


def _lateness(items: pl.DataFrame, as_of: date, policy: Policy) -> pl.DataFrame:
    """Amount-weighted days late, and the share of the amount over 30 days late, of what fell due in the 12 months that ended 90 days ago.

    Undisputed invoices; open ones at their age. Early counts as on time: one early payment excuses no late one.
    """
    end = as_of - timedelta(days=policy.good_payer_skip_days)
    mine = items.filter(
        (pl.col("kind") == "invoice")
        & ~pl.col("disputed")
        & pl.col("due").is_between(add_months(end, -12), end, closed="right")
        & (pl.col("amount") > 0)
    ).with_columns(weight=pl.coalesce("minor", "amount"), late=pl.col("days_late").clip(lower_bound=0).cast(pl.Int64))
    total = pl.col("weight").sum()
    return mine.group_by("key").agg(
        lateness_days=(pl.col("weight") * pl.col("late")).sum() / total,
        over_30_share=pl.col("weight").filter(pl.col("late") > 30).sum() / total,
    )


def _overdue(items: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """What is open, undisputed and more than 45 days past due, and how old the oldest of it is."""
    old = items.filter(
        (pl.col("kind") == "invoice")
        & ~pl.col("disputed")
        & pl.col("settled").is_null()
        & (pl.col("open_value") > 0)
        & (pl.col("days_late") > policy.late_days)
    )
    return old.group_by("key").agg(
        overdue=pl.col("open_value").round(0).cast(pl.Int64).sum(), overdue_days=pl.col("days_late").max()
    )


def _klass(as_of: date, policy: Policy, calibration: Calibration) -> pl.Expr:
    allowed = pl.max_horizontal(pl.lit(policy.late_amount), pl.col("exposure") * policy.late_share)
    year_old = pl.lit(add_months(as_of, -12))
    rules = {
        "inactive": ~pl.col("active"),
        "excluded": pl.col("relationship").is_in(_names(policy)),
        "late": pl.col("relationship").is_in(PLAYBOOK) | (pl.col("overdue") > allowed),
        "small": ~large(policy, calibration),
        "new": pl.col("since") > year_old,
    }
    chain = pl.when(~pays_well(policy)).then(pl.lit("excluded")).otherwise(pl.lit("eligible"))
    for name, applies in reversed(rules.items()):
        chain = pl.when(applies.fill_null(value=False)).then(pl.lit(name)).otherwise(chain)
    return chain


def large(policy: Policy, calibration: Calibration) -> pl.Expr:
    """Whether an account is large, over columns group_sales and peak_exposure."""
    by_exposure = pl.col("peak_exposure") >= policy.large_exposure
    if calibration.sales_cutoff is None:
        return by_exposure
    return by_exposure | ((pl.col("group_sales") >= calibration.sales_cutoff) & (pl.col("group_sales") > 0))


def pays_well(policy: Policy) -> pl.Expr:
    """Whether an account pays well, over columns lateness_days and over_30_share; nothing fell due counts as paying well."""
    within = pl.col("lateness_days") <= policy.good_payer_late_days
    return (within & (pl.col("over_30_share") <= policy.good_payer_over_30_share)).fill_null(value=True)


def _names(policy: Policy) -> list[str]:
    return [name.strip().lower() for name in policy.excluded_relationships]


def _reasons(facts: pl.DataFrame, policy: Policy) -> Iterable[str]:
    names = (
        "klass relationship since peak_exposure overdue overdue_days lateness_days over_30_share unconverted".split()
    )
    return [_reason(row, policy) for row in facts.select(names).iter_rows(named=True)]


def _reason(row: dict[str, Any], policy: Policy) -> str:
    match row["klass"]:
        case "inactive":
            return f"no invoice in the last {policy.active_months} months and nothing open"
        case "new":
            return f"a customer since {row['since']}, less than a year"
        case "excluded":
            return _why_excluded(row, policy)
        case "late":
            return _why_late(row, policy)
        case "small":
            return _why_small(row, policy)
    return _why_eligible(row)


def _why_eligible(row: dict[str, Any]) -> str:
    if row["lateness_days"] is None:
        return "large; nothing fell due in the year that shows how it pays"
    late = row["lateness_days"]
    return f"large, and pays well: {f'{_days(late)} late' if round(late) else 'on time'} on average, weighted by amount"


def _why_small(row: dict[str, Any], policy: Policy) -> str:
    if row["unconverted"]:
        return f"not large by what can be converted; no exchange rate for {row['unconverted']}"
    peak = shown(row["peak_exposure"], policy.currency)
    return f"not among the groups that make up {policy.large_sales_share:.0%} of sales; peak exposure {peak}"


def _why_late(row: dict[str, Any], policy: Policy) -> str:
    if row["relationship"] in PLAYBOOK:
        return f"in the hands of the playbook: {row['relationship']}"
    amount = shown(row["overdue"], policy.currency)
    return f"{amount} more than {policy.late_days} days past due, the oldest {_days(row['overdue_days'])}"


def _why_excluded(row: dict[str, Any], policy: Policy) -> str:
    if row["relationship"] in _names(policy):
        return f"relationship: {row['relationship']}"
    late, share = _days(row["lateness_days"]), row["over_30_share"]
    return f"does not pay well: {late} late on average, {share:.0%} of the amount over 30 days late"


def _days(count: float) -> str:
    return f"{count:.0f} day{'' if round(count) == 1 else 's'}"
