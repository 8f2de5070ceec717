"""What people read of a backtest: the page and the terminal. Computes no finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from healthcheck.backtest.model import Backtest, Interval, Lead, Ranking, Subject
from healthcheck.reports import backtest_charts as charts
from healthcheck.reports.account import TITLES
from healthcheck.reports.templating import render
from healthcheck.reports.text import upper_first

EVENTS = {"payments": "serious lateness", "purchases": "a fall of purchases to under half"}
HEADLINE = 0.02  # the budget that the first sentence quotes


@dataclass(frozen=True)
class Part:
    """One check on the page."""

    subject: Subject
    title: str
    said: str
    about: str
    alerts: Markup
    lift: Markup | None
    legend: list[tuple[str, str]]  # css class, label


def page(tested: Backtest) -> str:
    """The HTML page of a backtest."""
    return render(
        "web/backtest.html",
        tested=tested,
        volume=volume(tested),
        parts=[_part(tested, subject) for subject in tested.subjects],
        percent=percent,
    )


def _part(tested: Backtest, subject: Subject) -> Part:
    shown = drawn(subject)
    return Part(
        subject,
        TITLES.get(subject.name, subject.name),
        headline(subject),
        tested.definitions[subject.name],
        charts.alerts(tested.months, subject.name),
        charts.lift(shown, f"Lift of {subject.name} by budget") if shown else None,
        [(charts.CLASSES[n], one.label) for n, one in enumerate(shown)],
    )


def drawn(subject: Subject) -> list[Ranking]:
    """What the picture of lift shows: the check and the rules of thumb."""
    return [one for one in subject.rankings if one.kind != "signal"][: len(charts.CLASSES)]


def headline(subject: Subject) -> str:
    """One sentence: what the check is worth at a small budget, and what the best rule of thumb is."""
    if subject.too_little:
        return upper_first(subject.too_little) + "."
    at = next(one for one in subject.rankings[0].budgets if one.budget == HEADLINE)
    first = (
        f"Look at the {HEADLINE:.0%} of account-months with the highest score and {percent(at.precision.value)} are followed by"
        f" {EVENTS[subject.name]}: {span(at.lift)} times chance, {percent(at.recall.value)} of all such events."
    )
    return " ".join(part for part in (first, _rival(subject), _unscored(subject.rankings[0])) if part)


def _unscored(check: Ranking) -> str:
    """What the check could not judge, where that matters."""
    if check.known > 0.98 and check.known_events > 0.98:
        return ""
    return (
        f"The check had too little data for {percent(1 - check.known)} of the account-months, with"
        f" {percent(1 - check.known_events)} of the events; they come last.{_auc_known(check)}"
    )


def _auc_known(check: Ranking) -> str:
    return f" Among the others its AUC is {span(check.auc_known, '.2f')}." if check.auc_known else ""


def percent(share: float) -> str:
    """A share as people read it: whole from 10 % on, one decimal below."""
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"


def _rival(subject: Subject) -> str:
    best = next((one for one in subject.against if one.budget == HEADLINE), None)
    if best is None:
        return ""
    rule = next(one for one in subject.rankings if one.name == best.rule)
    at = next(one for one in rule.budgets if one.budget == HEADLINE)
    return f"The best rule of thumb ({rule.label}) reaches {span(at.lift)}."


def span(value: Interval | None, form: str = ".1f") -> str:
    """A value with its interval: ``9.5 (3.9 to 14.8)``."""
    if value is None:
        return "none"
    shown = format(value.value, form)
    return shown if value.low is None or value.high is None else f"{shown} ({value.low:{form}} to {value.high:{form}})"


def lead(subject: Subject) -> str:
    """How long before the event the check's alerts came, in a sentence for each limit."""
    return " ".join(f"{upper_first(one.label)}: {_ahead(one.lead)}" for one in subject.rankings[0].alarms)


def _ahead(found: Lead) -> str:
    first = f"{found.alerted} of {found.events} events were alerted before ({percent(found.alerted / found.events)})"
    if found.median is None:
        return f"{first}."
    middle = f", half of them between {found.quartiles[0]:.0f} and {found.quartiles[1]:.0f}" if found.quartiles else ""
    return f"{first}; the first alert came {found.median:.0f} days before the event in the median{middle}."


def volume(tested: Backtest) -> str:
    """Alerts a month over all checks, in a sentence."""
    if not tested.months:
        return "Nothing was replayed."
    whole, new = mean(one.any for one in tested.months), mean(one.new for one in tested.months[1:] or tested.months)
    accounts = mean(one.accounts for one in tested.months)
    ends = f"{len(tested.months)} month-ends" if len(tested.months) > 1 else "1 month-end"
    return (
        f"{ends} replayed: on average {whole:.1f} of {accounts:,.0f} accounts flagged or urgent ({percent(whole / accounts)}),"
        f" {new:.1f} newly so each month."
    )


def print_backtest(tested: Backtest, console: Console | None = None) -> None:
    """The backtest on the terminal."""
    out = console or Console()
    out.print(Text(f"Backtest {tested.first} to {tested.last}, judged {tested.horizon} months later", style="bold"))
    out.print(volume(tested))
    if tested.months:
        out.print(_months(tested))
    if len(tested.months) > _SHOWN:
        out.print(Text(f"the last {_SHOWN} month-ends; all of them with --json or --html", style="dim"))
    for subject in tested.subjects:
        out.print(Text(f"\n{TITLES.get(subject.name, subject.name)}", style="bold"))
        out.print(Text(tested.definitions[subject.name], style="dim"))
        out.print(
            Text(f"{subject.account_months} account-months, {subject.accounts} accounts, {subject.events} events")
        )
        out.print(Text(headline(subject)))
        if subject.rankings:
            out.print(_table(subject))
            out.print(Text(lead(subject)))
    for note in (*tested.notes, tested.definitions["days_late"], _READING):
        out.print(Text(upper_first(note), style="dim"))


_READING = (
    "Lift: how many times more often than chance an alert is right; in brackets 95 % intervals, customers resampled. Ties at the edge of a"
    " budget count by expectation; accounts without a score come last."
)


_SHOWN = 24  # month-ends on the terminal


def _months(tested: Backtest) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    names = [name for name in TITLES if any(one.alerts.get(name) for one in tested.months)]
    for heading in ("month-end", "accounts", *names, "any", "new"):
        table.add_column(heading, justify="left" if heading == "month-end" else "right")
    for one in tested.months[-_SHOWN:]:
        counts = [str(one.alerts[name]) for name in names]
        table.add_row(f"{one.as_of}", str(one.accounts), *counts, str(one.any), str(one.new))
    return table


def _table(subject: Subject) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("ranked by", min_width=24)
    for budget in subject.rankings[0].budgets:
        table.add_column(f"lift at {budget.budget:.0%}", justify="right", no_wrap=True)
    table.add_column("AUC", justify="right")
    for one in subject.rankings:
        style = {"check": "bold", "signal": "", "rule": "dim"}[one.kind]
        table.add_row(one.label, *_lifts(one), f"{one.auc.value:.2f}", style=style)
    return table


def _lifts(one: Ranking) -> Iterator[str]:
    """The lift at each budget; with its interval where there is room for it: the check's own."""
    for at in one.budgets:
        low, high = at.lift.low, at.lift.high
        shown = one.kind == "check" and low is not None and high is not None
        yield f"{at.lift.value:.1f}" + (f"\n({low:.1f}-{high:.1f})" if shown else "")
