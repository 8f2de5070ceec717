"""What is said of an account: one or two sentences a credit manager can read out, and the numbers behind them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from healthcheck import money
from healthcheck.checks.accepted import told, too_few
from healthcheck.checks.outcomes import ALERTS, CLEAR, UNKNOWN
from healthcheck.ledger.columns import Columns

from . import accepted
from .cube import NEVER
from .judge import Judged
from .plan import day_of
from .policy import Policy

ROWS = 10
SURGE = 2  # its number among the signals
LIKELY = 0.5  # an outlook of which is spoken
FALL = 0.7  # where the pace is less than this share of the year before
EVIDENCE = pl.Struct(
    {
        "reason": pl.String,
        "new_normal": pl.Date,
        "window_months": pl.Int64,
        "window_from": pl.Date,
        "window_to": pl.Date,
        "expected_orders": pl.Float64,
        "orders": pl.Int64,
        "expected": pl.String,
        "actual": pl.String,
        "currency": pl.String,
        "share": pl.Float64,
        "last_order": pl.Date,
        "days_since": pl.Int64,
        "usual_gap_days": pl.Float64,
        "missed_orders": pl.Float64,
        "coming": pl.String,
        "coming_before": pl.String,
        "season": pl.String,
        "plan": pl.String,
        "rows": pl.List(pl.String),
    }
)


def write(
    j: Judged, columns: Columns, outcomes: list[str], leading: list[int], policy: Policy, spoken: list[str]
) -> tuple[pl.Series, pl.Series]:
    """(summary, evidence) of every account; ``leading`` is the number of the worst signal.

    ``spoken`` says for each signal how often healthy reviews looked like an alert of it; empty where nothing can be said.
    """
    facts, new_normal = _facts(j), accepted.accepted_on(columns, policy)
    names = list(facts)
    rows = zip(*facts.values(), strict=True)
    said = [
        _say(j, i, outcomes[i], leading[i], dict(zip(names, row, strict=True)), policy, new_normal[i])
        for i, row in enumerate(rows)
    ]
    facts["new_normal"] = new_normal.to_list()
    facts["reason"] = [text if outcome == UNKNOWN else None for text, outcome in zip(said, outcomes, strict=True)]
    types = dict(EVIDENCE.to_schema())
    evidence = (
        pl.DataFrame(facts, schema_overrides=types).with_columns(last_rows(columns).alias("rows")).select(list(types))
    )
    replay = [
        spoken[at] if outcome in ALERTS and not planned else ""
        for at, outcome, planned in zip(leading, outcomes, j.planned.tolist(), strict=True)
    ]
    summary = [
        _sentence(text) if outcome == UNKNOWN else f"{text} {more}".rstrip()
        for text, outcome, more in zip(said, outcomes, replay, strict=True)
    ]
    return told(summary, new_normal), evidence.to_struct("evidence")


def last_rows(columns: Columns) -> pl.Series:
    """The newest invoice and credit numbers of each account, oldest of them first."""
    keys = columns.accounts.select("key")
    items = columns.items.filter(pl.col("kind").is_in(["invoice", "credit"])).select("key", "issued", "number")
    # the tenth newest date of an account bounds what has to be sorted by number
    recent = items.filter(pl.col("issued") >= pl.col("issued").top_k(ROWS).min().over("key"))
    newest = (
        recent.sort("key", "issued", "number").group_by("key", maintain_order=True).agg(pl.col("number").tail(ROWS))
    )
    return keys.join(newest, on="key", how="left", maintain_order="left")["number"].fill_null([])


def _facts(j: Judged) -> dict[str, list[Any]]:
    """The evidence by column, JSON types, null where it does not apply."""
    window, ordered, heard = j.months > 0, j.cube.last != NEVER, j.heard
    e, s = np.round(j.e), np.round(j.s)
    first = {m: day_of(int(j.cube.edges[m])) for m in set(j.months.tolist())}
    return {
        "window_months": _where(window, j.months),
        "window_from": [first[m] if m else None for m in j.months.tolist()],
        "window_to": [day_of(j.cube.today) if m else None for m in j.months.tolist()],
        "expected_orders": _where(window, np.round(j.en, 1)),
        "orders": _where(window, j.n.astype(np.int64)),
        "expected": _amounts(window, e, j.cube.unit),
        "actual": _amounts(window, s, j.cube.unit),
        "currency": j.cube.unit,
        "share": _where(window, np.round(s / np.maximum(e, 1.0), 3)),
        "last_order": [day_of(d) if d is not None else None for d in _where(ordered, j.cube.last)],
        "days_since": _where(ordered, j.quiet.days),
        "usual_gap_days": _where(heard, np.round(j.quiet.gap, 1)),
        "missed_orders": _where(heard, np.round(j.quiet.missed, 2)),
        "coming": _amounts(window & ~j.outlook.planned, np.round(j.outlook.pace), j.cube.unit),
        "coming_before": _amounts(
            window & ~j.outlook.planned & ~j.outlook.absent, np.round(j.outlook.before), j.cube.unit
        ),
        "season": ["own" if own else "book" for own in j.own_season.tolist()],
        "plan": j.plan.source,
    }


def _where(known: Any, values: Any) -> list[Any]:
    return [value if k else None for k, value in zip(known.tolist(), values.tolist(), strict=True)]


def _amounts(known: Any, values: Any, units: list[str]) -> list[str | None]:
    """Decimal strings with the currency's own decimals."""
    every = zip(known.tolist(), values.tolist(), units, strict=True)
    return [money.plain(int(value), unit) if k else None for k, value, unit in every]


def _say(
    j: Judged, i: int, outcome: str, leading: int, fact: dict[str, Any], policy: Policy, new_normal: date | None
) -> str:
    if outcome == UNKNOWN:
        return why_unknown(j, i, policy, new_normal)
    if not fact["window_months"]:
        return _silence(fact)
    if outcome == CLEAR:
        return _calm(j, i, fact)
    return _surge(j, i, fact) if leading == SURGE else _short(j, i, fact)


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def why_unknown(j: Judged, i: int, policy: Policy, new_normal: date | None) -> str:
    """Which minimum is not met."""
    orders = int(j.cube.counts[i].sum())
    if j.cube.mixed[i]:
        return "invoiced in several currencies without an exchange rate, so purchases cannot be added up"
    if new_normal and orders < policy.min_orders:
        return too_few(new_normal, orders, "order", policy.min_orders)
    if new_normal and j.cube.age[i] < policy.min_months:
        return too_few(new_normal, int(j.cube.age[i]), "month", int(policy.min_months))
    if j.cube.last[i] == NEVER:
        return "nothing has been bought yet and there is no plan"
    if j.cube.today - j.cube.last[i] > policy.forgotten_days:
        return (
            f"the last order was on {_day(day_of(int(j.cube.last[i])))}, more than two years ago, and there is no plan"
        )
    if orders < policy.min_orders:
        return f"only {_count(orders, 'order')} so far; {policy.min_orders} are needed to know what to expect"
    if j.cube.age[i] < policy.min_months:
        return f"a customer for {_count(int(j.cube.age[i]), 'month')} only; {policy.min_months:.0f} are needed to know what to expect"
    yearly = max(1, round(float(j.yearly[i])))
    return f"buys about {_times(yearly)} a year, too rarely to tell a quiet spell from chance; nothing stands out"


def _calm(j: Judged, i: int, fact: dict[str, Any]) -> str:
    expected = "planned" if fact["plan"] and j.planned[i] else "expected"
    got, due = _money(fact, "actual") if fact["orders"] else "nothing", _money(fact, "expected")
    months = _count(fact["window_months"], "month") if fact["window_months"] > 1 else "month"
    share = fact["share"]
    if 0.85 <= share <= 1.15:
        said = f"Bought {got} in the last {months}, about what was {expected} ({due})."
    else:
        side = "less" if share < 1 else "more"
        said = f"Bought {got} in the last {months}, {side} than {expected} ({due}), but within this customer's usual ups and downs."
    return f"{said} {_ahead(j, i, fact)}".rstrip()


def _ahead(j: Judged, i: int, fact: dict[str, Any]) -> str:
    """Said where a fall is more likely than not, and the pace shows it."""
    look = j.outlook
    if fact["coming_before"] is None or look.fall[i] < LIKELY or look.pace[i] > FALL * look.before[i]:
        return ""
    quarter = _count(look.months, "month")
    return f"At this pace the next {quarter} bring {_money(fact, 'coming')}, against {_money(fact, 'coming_before')} a year before."


def _short(j: Judged, i: int, fact: dict[str, Any]) -> str:
    if fact["share"] >= 0.85 and fact["usual_gap_days"] is not None:
        return f"{_silence(fact)} {_opening(j, i, fact)}."
    by = f": {_percent(1 - fact['share'])} short" if fact["orders"] else ""
    by += " against plan" if j.planned[i] else ""
    return f"{_opening(j, i, fact)}{by}{_since(fact)}."


def _surge(j: Judged, i: int, fact: dict[str, Any]) -> str:
    return f"{_opening(j, i, fact)}: {_factor(fact['share'])} as much as {'planned' if j.planned[i] else 'expected'}."


def _opening(j: Judged, i: int, fact: dict[str, Any]) -> str:
    orders, n, due = max(1, round(fact["expected_orders"])), fact["orders"], _money(fact, "expected")
    if j.planned[i]:
        came = f"{_count(n, 'order')} came, worth {_money(fact, 'actual')}" if n else "nothing was bought"
        return f"{_period(fact)} purchases of {due} were planned; {came}"
    came = f"{n} came, worth {_money(fact, 'actual')}" if n else "none came"
    season = " (season included)" if fact["window_months"] < 12 else ""
    return f"{_period(fact)} we expected about {_count(orders, 'order')} worth {due}{season}; {came}"


def _silence(fact: dict[str, Any]) -> str:
    return f"The last order was {_count(fact['days_since'], 'day')} ago where this customer normally orders every {_gap(fact)}."


def _since(fact: dict[str, Any]) -> str:
    if fact["usual_gap_days"] is None or fact["missed_orders"] < 1:
        return ""
    since = f"; the last order was {_count(fact['days_since'], 'day')} ago"
    return f"{since} where this customer normally orders every {_gap(fact)}"


def _period(fact: dict[str, Any]) -> str:
    """From August to October; where the window does not end with a month, by days."""
    first, last = fact["window_from"], fact["window_to"]
    if first.day != 1:
        return f"From {_day(first)} to {_day(last)}"
    if fact["window_months"] == 1:
        return f"In {first:%B}"
    years = first.year != last.year
    return f"From {first:%B}{f' {first.year}' if years else ''} to {last:%B}{f' {last.year}' if years else ''}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _money(fact: dict[str, Any], name: str) -> str:
    unit = fact["currency"]
    return money.shown(money.to_minor(fact[name], unit), unit)


def _percent(share: float) -> str:
    return f"{round(100 * min(max(share, 0.0), 1.0))} %"


def _factor(share: float) -> str:
    return "twice" if 1.9 <= share <= 2.1 else f"{share:.1f} times"


def _gap(fact: dict[str, Any]) -> str:
    days = max(1, round(fact["usual_gap_days"]))
    return "day" if days == 1 else f"{days}"


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
