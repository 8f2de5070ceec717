"""What ``agency`` prints for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from healthcheck import money
from healthcheck.playbook import house, recovery
from healthcheck.playbook.agency import Placed, Route
from healthcheck.playbook.choosing import Ask
from healthcheck.playbook.dossier import Dossier
from healthcheck.playbook.handover import Case
from healthcheck.playbook.late import unconverted
from healthcheck.reports.text import count, day

STYLE: Final = {"not_yet": "dim", "ready": "yellow", "urgent": "bold red", "placed": "cyan"}
SAID: Final = {True: "yes", False: "no", None: "cannot be told"}
TONE: Final = {True: "green", False: "red", None: "yellow"}


def print_list(found: Sequence[Case], route: Route, late: int, as_of: date) -> None:
    """A table, then agency or attorney."""
    console = _console()
    if not found:
        console.print(
            f"No account is ready to be handed over on {as_of}; {count(late, 'account')} late (agency list --all)."
        )
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("account", "days", "past due", "state", "our house", "missing"):
        table.add_column(head, justify="right" if head in ("days", "past due", "missing") else "left", overflow="fold")
    for one in found:
        table.add_row(*_row(one))
    console.print(table)
    console.print("What is missing, and why: healthcheck agency show ACCOUNT", style="dim")
    if any(one.waits for one in found):
        console.print(f"{route.to.capitalize()}? {route.why}", markup=False)


def _row(one: Case) -> tuple[str, ...]:
    about, state = one.situation, one.readiness.state
    own = {True: "in order", False: "[red]not in order[/]", None: "not sure"}[one.house.in_order]
    where = f" with {escape(one.readiness.placed.agency)}" if one.readiness.placed else ""
    there = f"[{STYLE[state]}]{state.replace('_', ' ')}[/]{where}"
    return (
        escape(f"{about.customer.account} {about.customer.name}"), str(one.readiness.days or ""),
        _owed(one), there, own, str(len(one.readiness.missing) or ""),
    )  # fmt: skip


def _owed(one: Case) -> str:
    about, strange = one.situation, unconverted(one.situation)
    shown = [money.shown(about.past_due, about.currency)] if about.past_due or not strange else []
    return "\n".join([*shown, *filter(None, [strange])])


def print_case(one: Case) -> None:
    """One account: our own house first where it is not in order."""
    console, about = _console(), one.situation
    state = one.readiness.state
    console.print(f"\n[bold]{escape(about.customer.name)}[/] ({escape(about.customer.account)}), as of {about.as_of}")
    console.print(f"[{STYLE[state]}]{state.replace('_', ' ').capitalize()}.[/] {escape(one.readiness.why)}\n")
    if one.house.in_order is False:
        console.print(f"[bold red]Our own house first.[/] {escape(one.house.faults)}\n")
    print_house(one.house, "", about.as_of)
    if one.readiness.placed:
        _print_placed(console, one.readiness.placed)
    _print_list(console, "Missing for the file", [lack.why for lack in one.readiness.lacks])
    _print_recovery(console, one)
    _print_list(console, "Credit insurance", [duty.what for duty in one.duties])


def _print_list(console: Console, title: str, said: Sequence[str]) -> None:
    if said:
        console.print(f"\n[bold]{title}[/]")
        for text in said:
            console.print(f"  - {escape(text)}")


def _print_recovery(console: Console, one: Case) -> None:
    chance, currency = one.recovery, one.situation.currency
    if not chance.owed:
        return
    now, later = money.shown(chance.now, currency), money.shown(chance.later, currency)
    console.print(
        f"\n[bold]What to expect[/]\n  Of debts of this age {chance.share:.0%} has been collected: {now} of "
        f"{money.shown(chance.owed, currency)}; {later} if nothing is done until {day(chance.later_on, one.situation.as_of)}."
    )
    console.print(f"  [dim]{recovery.STUDY}; before fees; an order of magnitude, not a forecast.[/]")


def _print_placed(console: Console, placed: Placed) -> None:
    currency = placed.currency or "EUR"
    amount = f", {money.shown(placed.amount, currency)}" if placed.amount is not None else ""
    console.print(f"\n[bold]With {escape(placed.agency)}[/]{f' since {placed.on}' if placed.on else ''}{amount}")
    got, fee = money.shown(placed.recovered, currency), money.shown(placed.fee, currency)
    console.print(f"  Recovered so far {got}, for fees of {fee}. Ask how it stands by {placed.next_check}.")


def print_house(found: house.House, of: str, as_of: date) -> None:
    """The four questions with their answers."""
    console = _console()
    if of:
        console.print(f"Our own house, {escape(of)}, as of {as_of}: [bold]{_order(found)}[/]")
    table = Table(box=None, show_header=False, pad_edge=False)
    for one in found.answers:
        table.add_row(house.QUESTIONS[one.question], f"[{TONE[one.ok]}]{SAID[one.ok]}[/]", escape(one.why))
    console.print(table)


def _order(found: house.House) -> str:
    return {True: "in order", False: "not in order", None: "cannot be told"}[found.in_order]


def print_checklist(asks: Iterable[Ask]) -> None:
    """Numbered, with what is known under each."""
    console = _console()
    for place, ask in enumerate(asks, 1):
        console.print(f"[ ] {place:>2}. [bold]{escape(ask.question)}[/] {escape(ask.why)}".replace("[ ]", r"\[ ]", 1))
        if ask.known:
            console.print(f"        [cyan]{escape(ask.known)}[/]")


def print_file(made: Dossier, to: Path) -> None:
    """What was written and what is missing; our own house first."""
    console = _console()
    if made.house.in_order is False:
        console.print(f"[bold red]Our own house first.[/] {escape(made.house.faults)}")
    console.print(f"wrote {escape(str(to))}: an index, {count(len(made.files), 'file')}", soft_wrap=True)
    _print_list(console, "Missing", [lack.why for lack in made.readiness.lacks])


def _console(**more: Any) -> Console:
    return Console(highlight=False, **more)
