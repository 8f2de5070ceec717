"""From account-months to what is said of them: every ranking against its event, and the alerts of each month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from healthcheck.backtest import rules, score
from healthcheck.backtest.lead import lead
from healthcheck.backtest.model import BUDGETS, Against, Alarm, Lead, MonthEnd, Ranking, Subject

LEAST_ROWS: Final = 200  # account-months
LEAST_EVENTS: Final = 20
SIGNALS: Final = {
    "payments": ("drift", "out_of_character", "level"),
    "purchases": ("amount", "silence", "surge"),
}
WHO: Final = ["entity", "account"]


def too_little(rows: int, events: int) -> str:
    """Why no ratio is quoted; empty where there is enough."""
    if rows >= LEAST_ROWS and events >= LEAST_EVENTS:
        return ""
    return (
        f"too little to quote a ratio: {rows} account-months with {events} events;"
        f" at least {LEAST_ROWS} and {LEAST_EVENTS} are needed"
    )


def subject(frame: pl.DataFrame, name: str, horizon: int) -> Subject:
    """One check against its event. ``frame``: one row an account-month, see ``replay``; the order of its rows does not matter."""
    ordered = frame.sort(*WHO, "as_of")
    asked = ordered.filter(pl.col(f"{name}_asked") & pl.col("judged"))
    events = int(asked[f"{name}_on"].is_not_null().sum())
    accounts = asked.select(WHO).n_unique() if asked.height else 0
    why = too_little(asked.height, events)
    if why:
        return Subject(name, asked.height, accounts, events, why, (), (), None)
    found, measured = _rankings(asked, name)
    return Subject(
        name, asked.height, accounts, events, "", found, tuple(_against(found, measured)), _lead(ordered, asked, name, horizon)
    )  # fmt: skip


def sample(asked: pl.DataFrame, name: str) -> score.Sample:
    """``asked`` is sorted by account: accounts are numbered in that order."""
    number = asked.select(pl.struct(WHO).rle_id()).to_series()
    return score.Sample(number.cast(pl.Int64).to_numpy(), asked[f"{name}_on"].is_not_null().to_numpy())


def _rankings(asked: pl.DataFrame, name: str) -> tuple[tuple[Ranking, ...], dict[str, score.Measured]]:
    of, found, measured = sample(asked, name), [], {}
    for ranked, label, kind in _numbers(name):
        values = asked[ranked].cast(pl.Float64).fill_null(np.nan).to_numpy()
        got = measured[ranked] = score.measure(values, of, BUDGETS)
        alarms = _own(asked, ranked, of) if kind != "rule" else _usual(name, ranked, values, of)
        there = ~np.isnan(values)
        known = float(there.mean()), float(there[of.event].mean())
        auc = score.interval(got.auc)
        found.append(Ranking(ranked, label, kind, *known, auc, score.at_budgets(got, BUDGETS), tuple(alarms)))
    return tuple(found), measured


def _numbers(name: str) -> Iterator[tuple[str, str, str]]:
    """Every number that is measured: its column, its label, its kind."""
    yield name, f"{name} check", "check"
    for signal in SIGNALS[name]:
        yield f"{name}.{signal}", signal.replace("_", " "), "signal"
    for rule in rules.RULES[name]:
        yield rule.name, rule.label, "rule"


def _own(asked: pl.DataFrame, ranked: str, of: score.Sample) -> Iterator[Alarm]:
    yield _alarm("flag or urgent", asked[f"{ranked}.alert"].to_numpy(), of)


def _usual(name: str, ranked: str, values: score.Floats, of: score.Sample) -> Iterator[Alarm]:
    rule = next(one for one in rules.RULES[name] if one.name == ranked)
    for words, least in rule.alarms:
        yield _alarm(words, np.nan_to_num(values, nan=-np.inf) >= least, of)


def _alarm(label: str, raised: score.Bools, of: score.Sample) -> Alarm:
    alerts, right, events = int(raised.sum()), int((raised & of.event).sum()), int(of.event.sum())
    precision = right / alerts if alerts else None
    lift = precision / (events / len(of.event)) if precision is not None else None
    return Alarm(label, alerts, right, precision, lift, right / events)


def _against(found: Sequence[Ranking], measured: dict[str, score.Measured]) -> Iterator[Against]:
    """The check over the best rule of thumb at each budget."""
    check, naive = found[0], [one for one in found if one.kind == "rule"]
    for n, budget in enumerate(BUDGETS):
        best = max(naive, key=lambda one: one.budgets[n].right)
        if best.budgets[n].right > 0:
            with np.errstate(invalid="ignore", divide="ignore"):
                times = measured[check.name].right[:, n] / measured[best.name].right[:, n]
            yield Against(budget, best.name, score.interval(times))


def _lead(ordered: pl.DataFrame, asked: pl.DataFrame, name: str, horizon: int) -> Lead:
    alerts = ordered.filter(pl.col(f"{name}.alert"))
    return lead(_days(asked.drop_nulls(f"{name}_on"), f"{name}_on"), _days(alerts, "as_of"), horizon)


def _days(frame: pl.DataFrame, column: str) -> dict[object, list[date]]:
    listed = frame.group_by(*WHO, maintain_order=True).agg(column)
    return {(entity, account): days for entity, account, days in listed.iter_rows()}


def months(frame: pl.DataFrame, checks: Sequence[str]) -> tuple[MonthEnd, ...]:
    """The alerts of each month-end."""
    raised = frame.with_columns(any=pl.any_horizontal(pl.col(f"{name}.alert") for name in checks))
    before: set[int] = set()
    found = []
    for end in raised["as_of"].unique().sort().to_list():
        now = raised.filter(pl.col("as_of") == end)
        loud = set(now.filter("any")["key"])
        counts = {name: int(now[f"{name}.alert"].sum()) for name in checks}
        judged = bool(now["judged"].all())
        found.append(MonthEnd(end, now.height, counts, len(loud), len(loud - before), judged))
        before = loud
    return tuple(found)
