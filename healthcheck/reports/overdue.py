"""Who is past due, on the terminal: all of them by stage, or one with the evidence. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from healthcheck import money
from healthcheck.ledger import freshness
from healthcheck.playbook.late import Late
from healthcheck.playbook.promises import Promise
from healthcheck.playbook.promises import of as promises_of
from healthcheck.playbook.stages import STAGES
from healthcheck.reports.text import count, day, upper_first

STYLES: Final = {"early": "green", "middle": "yellow", "late": "bold dark_orange", "keep_out": "bold red"}
SALES: Final = {
    "rep": "the rep helps",
    "manager": "the manager steps in",
    "learn": "finds out",
    "keep_out": "keeps out",
    "not_yet": "not yet",
}
AGENCY: Final = {
    "not_yet": "not yet for an agency",
    "ready": "ready for an agency",
    "urgent": "urgent for an agency",
    "placed": "with an agency",
}


def print_all(
    lines: Sequence[tuple[dict[str, Any], Late]], as_of: date, tasks: int = 0, console: Console | None = None
) -> None:
    """A table for each stage, the latest first; ``lines`` as ``late --json`` prints them, each with what it was made of.

    ``tasks``: how many wait for somebody.
    """
    out = console or Console()
    if not lines:
        out.print(f"Nothing is past due as of {day(as_of)}.")
        return
    out.print(f"{count(len(lines), 'account')} past due on {day(as_of)}: {_total(lines)}.")
    for stage in reversed(STAGES):
        found = [(line, one) for line, one in lines if line["stage"] == stage]
        if found:
            out.print(_table(stage, found, as_of))
    if old := freshness.warning(lines[0][1].situation.books_until, as_of):
        out.print(old)
    if tasks:
        out.print(f"{count(tasks, 'task waits', 'tasks wait')} for somebody: healthcheck late --tasks")


def _total(lines: Sequence[tuple[dict[str, Any], Late]]) -> str:
    ones = lines[0][1].situation
    sums = [
        sum(money.to_minor(line[name], ones.currency) for line, _ in lines)
        for name in ("amount_past_due", "disputed_past_due")
    ]
    disputed = f", and {money.shown(sums[1], ones.currency)} in dispute" if sums[1] else ""
    strange = any("unconverted" in line for line, _ in lines)
    return f"{money.shown(sums[0], ones.currency)}{disputed}{'; and what no exchange rate converts' if strange else ''}"


def _table(stage: str, found: Sequence[tuple[dict[str, Any], Late]], as_of: date) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, padding=(0, 2, 1, 0), title_justify="left", header_style="dim",
                  title=Text(f"\n{upper_first(stage)}", style=STYLES[stage]))  # fmt: skip
    table.add_column("days", justify="right", no_wrap=True)
    table.add_column("past due", justify="right", no_wrap=True)
    table.add_column("customer", ratio=3)
    table.add_column("sales", ratio=2)
    table.add_column("next step", ratio=6)
    for line, one in found:
        table.add_row(
            str(line["days_past_due"]), _owed(line), _name(line), _sales(one), _step(line, as_of) + _insurer(line)
        )
    return table


def _owed(line: dict[str, Any]) -> Text:
    currency = line["currency"]
    owed, disputed = (money.to_minor(line[name], currency) for name in ("amount_past_due", "disputed_past_due"))
    parts = [money.shown(owed, currency)] if owed or not (disputed or "unconverted" in line) else []
    parts += [line["unconverted"]] if "unconverted" in line else []
    parts += [f"{money.shown(disputed, currency)} disputed"] if disputed else []
    return Text("\n".join(parts))


def _name(line: dict[str, Any]) -> Text:
    if len(line.get("accounts", ())) > 1:
        return Text.assemble((f"{line['account']}", "bold"), f" group: {', '.join(line['accounts'])}")
    named = line["name"] if line["name"] != line["account"] else ""
    return Text.assemble((f"{named} ", "bold"), line["account"] if not named else f"({line['account']})")


def _sales(one: Late) -> Text:
    return Text(SALES[one.step.sales], style=STYLES["keep_out"] if one.step.sales == "keep_out" else "")


def _step(line: dict[str, Any], as_of: date) -> Text:
    when = f", by {day(date.fromisoformat(line['next_date']), as_of)}" if line["next_date"] else ""
    return Text.assemble(line["next_step"], (f"\n{line['who']}{when}", "dim"))


def _insurer(line: dict[str, Any]) -> Text:
    """What the insurer must hear, where that cannot wait."""
    loud = [duty["what"] for duty in line["insurance"] if duty["loud"]]
    return Text("".join(f"\n{what}" for what in loud), style="yellow")


# ---- one account


def print_one(one: Late, console: Console | None = None) -> None:
    """The step and why, the signs of each side, promises, disputes, and whether it is for an agency."""
    situation, step = one.situation, one.step
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", width=9)
    table.add_column(ratio=1)
    for label, text in _facts(one):
        table.add_row(label, text)
    style = STYLES["keep_out"] if step.sales == "keep_out" else STYLES.get(step.stage, "")
    title = Text.assemble(
        (f"{situation.customer.name} ", "bold"),
        f"({situation.customer.account})  ",
        (step.stage.replace("_", " "), style),
    )
    subtitle = f"as of {situation.as_of} · rule {step.rule} · source {step.source}"
    (console or Console()).print(
        Panel(table, title=title, subtitle=subtitle, title_align="left", subtitle_align="right", padding=(1, 2))
    )


def _facts(one: Late) -> Iterator[tuple[str, str]]:
    """Label and sentence; a label that goes on is empty."""
    situation, step = one.situation, one.step
    owed = money.shown(situation.past_due, situation.currency)
    disputed = f", {money.shown(situation.disputed, situation.currency)} in dispute" if situation.disputed else ""
    when = f", by {day(step.next_date, situation.as_of)}" if step.next_date else ""
    yield (
        "Past due",
        f"{owed}{disputed}{f', and {one.unconverted}' if one.unconverted else ''}; {count(step.days, 'day')}",
    )
    yield "Why", f"{step.why.rstrip('.')}."
    yield "Sales", SALES[step.sales]
    yield "Next", f"{step.next_step} ({step.who}{when})"
    yield "", ""
    yield (
        "Approach",
        f"{one.approach.kind.replace('_', ' ')}, {'as recorded' if one.approach.said else 'by the signs; a person decides'}",
    )
    for kind, signs in one.approach.evidence.items():
        yield from (("", f"{kind.replace('_', ' ')}: {sign.text} ({sign.source})") for sign in signs)
    yield from (("Promise", _promise(made, situation.currency, situation.as_of)) for made in promises_of(situation))
    for dispute in one.disputes:
        yield "Dispute", f"{f'about {dispute.invoice}: ' if dispute.invoice else ''}{dispute.owner} has to settle it"
    yield from (("Insurer", duty.what) for duty in one.duties)
    yield "Agency", f"{AGENCY[one.readiness.state]}. {one.readiness.why}"
    yield from (("", f"missing: {lack.why}") for lack in one.readiness.lacks)
    in_order = {True: "in order", False: "not in order", None: "cannot be told"}[one.house.in_order]
    yield "Our house", f"{in_order}{f'. {one.house.why}' if one.house.why else ''}"


def _promise(one: Promise, currency: str, as_of: date) -> str:
    amount = money.shown(one.amount, one.entry.currency or currency)
    met = "; made good since" if one.met_on and one.met_on > one.until else ""
    return (
        f"Promise {one.entry.id} of {day(one.entry.on, as_of)}: {amount} by {day(one.until, as_of)}: {one.state}{met}"
    )
