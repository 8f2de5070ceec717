"""What is said of an account: one or two sentences a credit manager can read out, and the numbers behind them."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from healthcheck import money
from healthcheck.checks.outcomes import CLEAR, UNKNOWN
from healthcheck.ledger.columns import Columns

from .cube import NEVER
from .judge import Judged
from .plan import day_of
from .policy import Policy

ROWS = 10
SURGE = 2  # its number among the signals
EVIDENCE = pl.Struct(
    {
        "reason": pl.String,
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
        "season": pl.String,
        "plan": pl.String,
        "rows": pl.List(pl.String),
    }
)


def write(
    j: Judged, columns: Columns, outcomes: list[str], leading: Any, policy: Policy
) -> list[tuple[str, dict[str, Any]]]:
    """(summary, evidence) of every account; ``leading`` is the number of the worst signal."""
    rows = last_rows(columns, j.cube.size)
    facts = _facts(j, rows)
    return [_say(j, i, outcomes[i], int(leading[i]), facts[i], policy) for i in range(j.cube.size)]


def last_rows(columns: Columns, n: int) -> list[list[str]]:
    """The newest invoice and credit numbers of each account, oldest of them first."""
    keys = columns.accounts.select("key").with_row_index("row")
    items = columns.items.filter(pl.col("kind").is_in(["invoice", "credit"])).select("key", "issued", "number")
    newest = items.sort("key", "issued", "number").group_by("key", maintain_order=True).agg(pl.col("number").tail(ROWS))
    result: list[list[str]] = [[] for _ in range(n)]
    for row, numbers in keys.join(newest, on="key").select("row", "number").iter_rows():
        result[row] = numbers
    return result


def _facts(j: Judged, rows: list[list[str]]) -> list[dict[str, Any]]:
    return [_fact(j, i, rows[i]) for i in range(j.cube.size)]


def _fact(j: Judged, i: int, rows: list[str]) -> dict[str, Any]:
    months, unit = int(j.months[i]), j.cube.unit[i]
    fact: dict[str, Any] = dict.fromkeys(EVIDENCE.to_schema())
    fact |= {"rows": rows, "currency": unit, "season": "own" if j.own_season[i] else "book", "plan": j.plan.source[i]}
    if j.cube.last[i] != NEVER:
        fact |= {"last_order": day_of(int(j.cube.last[i])), "days_since": int(j.quiet.days[i])}
    if j.heard[i]:
        fact |= {"usual_gap_days": round(float(j.quiet.gap[i]), 1), "missed_orders": round(float(j.quiet.missed[i]), 2)}
    if months:
        e, s = round(float(j.e[i])), round(float(j.s[i]))
        fact |= {
            "window_months": months,
            "window_from": day_of(int(j.cube.edges[months])),
            "window_to": day_of(j.cube.today),
            "expected_orders": round(float(j.en[i]), 1),
            "orders": int(j.n[i]),
            "expected": money.plain(e, unit),
            "actual": money.plain(s, unit),
            "share": round(s / max(e, 1), 3),
        }
    return fact


def _say(
    j: Judged, i: int, outcome: str, leading: int, fact: dict[str, Any], policy: Policy
) -> tuple[str, dict[str, Any]]:
    if outcome == UNKNOWN:
        reason = why_unknown(j, i, policy)
        return f"{reason[0].upper()}{reason[1:]}.", fact | {"reason": reason}
    if not fact["window_months"]:
        return _silence(fact), fact
    if outcome == CLEAR:
        return _calm(j, i, fact), fact
    return (_surge(j, i, fact) if leading == SURGE else _short(j, i, fact)), fact


def why_unknown(j: Judged, i: int, policy: Policy) -> str:
    """Which minimum is not met."""
    orders = int(j.cube.counts[i].sum())
    if j.cube.mixed[i]:
        return "invoiced in several currencies without an exchange rate, so purchases cannot be added up"
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
    got, due = _money(fact, "actual"), _money(fact, "expected")
    months = _count(fact["window_months"], "month") if fact["window_months"] > 1 else "month"
    share = fact["share"]
    if 0.85 <= share <= 1.15:
        return f"Bought {got} in the last {months}, about what was {expected} ({due})."
    side = "less" if share < 1 else "more"
    return f"Bought {got} in the last {months}, {side} than {expected} ({due}), but within this customer's usual ups and downs."


def _short(j: Judged, i: int, fact: dict[str, Any]) -> str:
    if fact["share"] >= 0.95:
        return f"{_silence(fact)} {_opening(j, i, fact)}."
    return f"{_opening(j, i, fact)}: {_percent(1 - fact['share'])} short{_since(fact)}."


def _surge(j: Judged, i: int, fact: dict[str, Any]) -> str:
    return f"{_opening(j, i, fact)}: {_factor(fact['share'])} as much as {'planned' if j.planned[i] else 'expected'}."


def _opening(j: Judged, i: int, fact: dict[str, Any]) -> str:
    orders, n, due = max(1, round(fact["expected_orders"])), fact["orders"], _money(fact, "expected")
    if j.planned[i]:
        came = f"{_count(n, 'order')} came, worth {_money(fact, 'actual')}" if n else "nothing was bought"
        return f"{_period(fact)} purchases of {due} were planned; {came}, against plan"
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
