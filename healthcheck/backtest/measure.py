"""From account-months to what is said of them: every ranking against its event, and the alerts of each month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from healthcheck.backtest import rules, score
from healthcheck.backtest.lead import lead
from healthcheck.backtest.model import BUDGETS, Against, Alarm, Interval, MonthEnd, Ranking, Subject

LEAST_ROWS: Final = 200  # account-months
LEAST_EVENTS: Final = 20
SIGNALS: Final = {
    "payments": ("drift", "out_of_character", "level"),
    "purchases": ("amount", "silence", "surge"),
}
BUDGET: Final = 0.05  # of account-months, for alerts at a limit that every number can keep
WHO: Final = ["entity", "account"]


def too_little(rows: int, events: int) -> str:
    """Why no ratio is quoted; empty where there is enough."""
    if rows >= LEAST_ROWS and events >= LEAST_EVENTS:
        return ""
    return (
        f"too little to quote a ratio: {rows} account-months with {events} event{'' if events == 1 else 's'};"
        f" at least {LEAST_ROWS} and {LEAST_EVENTS} are needed"
    )


@dataclass(frozen=True)
class Case:
    """One check to be measured: all account-months sorted by account and date, and those its event is asked of."""

    name: str
    horizon: int
    ordered: pl.DataFrame

    @cached_property
    def asked(self) -> pl.DataFrame:
        return self.ordered.filter(pl.col(f"{self.name}_asked") & pl.col("judged"))

    @cached_property
    def sample(self) -> score.Sample:
        """Accounts are numbered in their order."""
        number = self.asked.select(pl.struct(WHO).rle_id()).to_series()
        happened = self.asked[f"{self.name}_on"].is_not_null()
        return score.Sample(number.cast(pl.Int64).to_numpy(), happened.to_numpy())

    @cached_property
    def events(self) -> dict[object, list[date]]:
        return _days(self.asked.drop_nulls(f"{self.name}_on"), f"{self.name}_on")


def subject(frame: pl.DataFrame, name: str, horizon: int) -> Subject:
    """One check against its event. ``frame``: one row an account-month, see ``replay``; the order of its rows does not matter."""
    own = [rule.name for rule in rules.RULES[name]]
    chosen = frame.select(*WHO, "as_of", "judged", pl.col(f"^{name}.*$"), *own)
    case = Case(name, horizon, chosen.sort(*WHO, "as_of"))
    rows, happened = case.asked.height, int(case.sample.event.sum())
    accounts = int(case.sample.account.max()) + 1 if rows else 0
    why = too_little(rows, happened)
    if why:
        return Subject(name, rows, accounts, happened, why, (), ())
    measured = {ranked: score.measure(_values(case, ranked), case.sample, BUDGETS) for ranked, *_ in _numbers(name)}
    found = tuple(_ranking(case, measured[ranked], ranked, label, kind) for ranked, label, kind in _numbers(name))
    return Subject(name, rows, accounts, happened, "", found, tuple(_against(found, measured)))


def _numbers(name: str) -> Iterator[tuple[str, str, str]]:
    """Every number that is measured: its column, its label, its kind."""
    yield name, f"{name} check", "check"
    for signal in SIGNALS[name]:
        yield f"{name}.{signal}", signal.replace("_", " "), "signal"
    for rule in rules.RULES[name]:
        yield rule.name, rule.label, "rule"


def _values(case: Case, ranked: str) -> score.Floats:
    return case.asked[ranked].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _ranking(case: Case, got: score.Measured, ranked: str, label: str, kind: str) -> Ranking:
    values, of = _values(case, ranked), case.sample
    there = ~np.isnan(values)
    known = float(there.mean()), float(there[of.event].mean())
    auc = score.interval(got.auc)
    among = auc if there.all() else _auc_known(values, there, of)
    alarms = tuple(_alarm(case, words, raised) for words, raised in _limits(case, ranked, kind))
    return Ranking(ranked, label, kind, *known, auc, among, score.at_budgets(got, BUDGETS), alarms)


def _auc_known(values: score.Floats, there: score.Bools, of: score.Sample) -> Interval | None:
    """AUC among the account-months that have the number."""
    some = score.Sample(np.unique(of.account[there], return_inverse=True)[1], of.event[there])
    mixed = some.event.any() and not some.event.all()
    return score.interval(score.measure(values[there], some, ()).auc) if mixed else None


def _limits(case: Case, ranked: str, kind: str) -> Iterator[tuple[str, pl.Expr]]:
    """The limits at which a number raises an alert: its usual ones, and the one that keeps a budget."""
    if kind == "rule":
        rule = next(one for one in rules.RULES[case.name] if one.name == ranked)
        yield from ((words, pl.col(ranked) >= least) for words, least in rule.alarms)
    else:
        yield "flag or urgent", pl.col(f"{ranked}.alert")
    if kind != "signal":
        yield f"highest {BUDGET:.0%}", pl.col(ranked) > _edge(case.asked[ranked])


def _edge(values: pl.Series) -> float:
    """The number that at most the budget's share of ``values`` lie above; what ties with it stays out."""
    ranked = values.cast(pl.Float64).fill_null(-np.inf).sort(descending=True)
    return float(ranked[int(BUDGET * len(ranked))])


def _alarm(case: Case, label: str, raised: pl.Expr) -> Alarm:
    mine = case.asked.select(raised.fill_null(value=False)).to_series().to_numpy()
    of = case.sample
    alerts, right, happened = int(mine.sum()), int((mine & of.event).sum()), int(of.event.sum())
    precision = right / alerts if alerts else None
    lift = precision / (happened / len(of.event)) if precision is not None else None
    ahead = lead(case.events, _days(case.ordered.filter(raised), "as_of"), case.horizon)
    return Alarm(label, alerts, right, precision, lift, right / happened, ahead)


def _against(found: Sequence[Ranking], measured: dict[str, score.Measured]) -> Iterator[Against]:
    """The check over the best rule of thumb at each budget."""
    check, naive = found[0], [one for one in found if one.kind == "rule"]
    for n, budget in enumerate(BUDGETS):
        best = max(naive, key=lambda one: one.budgets[n].right)
        if best.budgets[n].right > 0:
            with np.errstate(invalid="ignore", divide="ignore"):
                times = measured[check.name].right[:, n] / measured[best.name].right[:, n]
            yield Against(budget, best.name, score.interval(times))


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
