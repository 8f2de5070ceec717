"""The plan of a month on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from healthcheck.money import shown, to_minor
from healthcheck.months import Month

Body = dict[str, Any]  # planning.as_dict


def show(plans: Sequence[Body], console: Console | None = None) -> None:
    """Print the months one after the other: whose turn it is, then what the numbers come to."""
    screen = console or Console()
    for body in plans:
        screen.print(_table(body))
        for line in lines(body):
            screen.print(escape(line), soft_wrap=True)
        screen.print()


def _table(body: Body) -> Table:
    title = f"{Month.parse(body['month']).title}: {_reviews(len(body['accounts']))}"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    table.add_column("account", no_wrap=True)
    table.add_column("name", overflow="ellipsis", no_wrap=True, max_width=32)
    table.add_column("exposure", justify="right", no_wrap=True)
    table.add_column("cycle", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for row in body["accounts"]:
        months = f"{row['cycle']} mo" if row["cycle"] else ""
        why = row["why"] if row["reason"] != "carry_over" else f"carried over; {row['why']}"
        table.add_row(escape(row["account"]), escape(row["name"]), _money(row["exposure"], body), months, escape(why))
    return table


def lines(body: Body) -> list[str]:
    """What the month comes to, a sentence a line."""
    found = [_classes(body), _need(body), _coverage(body), _spend(body)]
    waits = [f"{row['name'] or row['account']} ({row['account']}) waits: {row['why']}." for row in body["waited"]]
    return [line for line in found if line] + waits


def _classes(body: Body) -> str:
    counts: dict[str, int] = body["counts"]
    if not counts:
        return ""
    return (
        f"{sum(counts.values()):,} accounts: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()) + "."
    )


def _need(body: Body) -> str:
    """By how many the quota falls short, and who outlives a cycle when; or that it suffices."""
    if body["needed"] is None:
        return ""
    need, quota, late = ceil(body["needed"]), body["quota"], body["outlive"]
    if not late:
        return f"The cycles need {_reviews(need)} a month and the quota is {quota}: nobody outlives theirs in the next twelve months."
    last = Month.of(max(date.fromisoformat(row["on"]) for row in late)).title
    names = ", ".join(f"{row['account']} ({row['on']})" for row in late[:5]) + (", ..." if len(late) > 5 else "")
    return f"The cycles need {_reviews(need)} a month and the quota is {quota}: {len(late)} will outlive theirs by {last}: {names}."


def _reviews(count: int) -> str:
    return f"{count:,} review{'' if count == 1 else 's'}"


def _coverage(body: Body) -> str:
    coverage = body["coverage"]
    if not coverage or not coverage["eligible"]:
        return ""
    return f"{coverage['within_cycle']:,} of {coverage['eligible']:,} eligible accounts are within their cycle."


def _spend(body: Body) -> str:
    if body["cost"] is None or not Decimal(body["cost"]):
        return ""
    said = f"Reports will cost about {_money(body['cost'], body)}"
    if body["budget"] is None:
        return f"{said}, but no budget is set (HEALTHCHECK_BUREAU_BUDGET), so none will be bought."
    return f"{said} of a budget of {_money(body['budget'], body)}."


def _money(amount: str | None, body: Body) -> str:
    return "" if amount is None else shown(to_minor(amount, body["currency"]), body["currency"])
