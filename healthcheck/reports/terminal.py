"""What people read on the terminal: one account, or the screen of all. Computes no finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from healthcheck import money
from healthcheck.checks.outcomes import ALERTS, RANK
from healthcheck.reports.account import TITLES, WORDS, Facts, ageing
from healthcheck.reports.text import count
from healthcheck.reviews.judge import Judged

STYLES = {
    "clear": "green", "watch": "yellow", "flag": "bold dark_orange", "urgent": "bold red", "unknown": "dim", "not_applicable": "dim",
}  # fmt: skip
_MOST = 40


def word(outcome: str) -> Text:
    """An outcome as people read it; in words, and in colour besides."""
    return Text(WORDS[outcome], style=STYLES[outcome])


def print_account(of: Facts, line: Mapping[str, Any], console: Console | None = None) -> None:
    """One account: the verdict, the money, the checks, the ageing."""
    table = Table.grid(padding=(0, 2, 1, 0))
    table.add_column(width=16)
    table.add_column(width=14)
    table.add_column(ratio=1)
    for name, check in line["checks"].items():
        table.add_row(Text(TITLES.get(name, name), style="bold"), word(check["outcome"]), Text(check["summary"]))
    title = Text.assemble((f"{line['name']} ", "bold"), (f"({line['account']})", ""), "  ", word(line["verdict"]))
    subtitle = f"as of {line['as_of']} · {line['class']}"
    body = Group(_money(of), Text(), table, _ages(of))
    (console or Console()).print(
        Panel(body, title=title, subtitle=subtitle, title_align="left", subtitle_align="right", padding=(1, 2))
    )


def _money(of: Facts) -> Text:
    account = of.account
    words = f"Open {of.money(account['exposure'])} of {of.money(account['limit'])} limit" if account["limit"] else None
    parts = [words or f"Open {of.money(account['exposure'])}, no limit on file"]
    late = f"{of.money(account['past_due'])} past due, the oldest {account['oldest_days']} days"
    parts.append(late if account["past_due"] else "nothing past due")
    if account["group_size"] > 1:
        limit = f" of {of.money(account['group_limit'])}" if account["group_limit"] else ""
        parts.append(f"group {of.money(account['group_exposure'])}{limit}")
    if account["unconverted"]:
        parts.append(f"without exchange rate: {account['unconverted']}")
    return Text(" · ".join(parts))


def _ages(of: Facts) -> Text:
    parts = [f"{part['label']} {part['amount']}" for part in ageing(of)]
    return Text("Ageing, days past due:  " + "   ".join(parts), style="dim")


def print_screen(judged: Sequence[Judged], console: Console | None = None) -> None:
    """All accounts: how many of each verdict, and those that need a look, by exposure."""
    lines = [line for part in judged for line in part.lines()]
    out = console or Console()
    counts = Counter(line["verdict"] for line in lines)
    said = ", ".join(
        f"{counts[verdict]} {WORDS[verdict]}" for verdict in sorted(counts, key=RANK.__getitem__, reverse=True)
    )
    out.print(f"{count(len(lines), 'account')} screened: {said or 'none known yet'}.")
    alerts = [line for line in lines if line["verdict"] in ALERTS]
    if alerts:
        out.print(_alerts(sorted(alerts, key=lambda line: -float(line["exposure"]))))


def findings(*before: str) -> Table:
    """An empty table for findings: columns of your own, then the account, the check with its outcome, and the sentence."""
    table = Table(box=None, padding=(0, 2, 1, 0), show_edge=False)
    for heading in before:
        table.add_column(heading, justify="right")
    table.add_column("account", max_width=26)
    table.add_column("check")
    table.add_column("what was found", ratio=1)
    return table


def finding(
    name: str, account: str, check: str, outcome: str, said: str | Text, more: str = ""
) -> tuple[Text, Text, Text]:
    """The cells of one finding; ``more`` is a second line in small print."""
    sentence = Text(said) if isinstance(said, str) else said
    whole = Text.assemble(sentence, (f"\n{more}", "dim")) if more else sentence
    return Text(f"{name}\n({account})"), Text.assemble((check, "bold"), "\n", word(outcome)), whole


def _alerts(lines: Sequence[Mapping[str, Any]]) -> Table:
    table = findings()
    for line in lines[:_MOST]:
        amount = money.shown(money.to_minor(line["exposure"], line["currency"]), line["currency"])
        for name, check in line["checks"].items():
            if check["outcome"] in ALERTS:
                more = f"{amount} open · {line['class']}"
                table.add_row(*finding(line["name"], line["account"], name, check["outcome"], check["summary"], more))
    if len(lines) > _MOST:
        table.add_row("", "", f"and {len(lines) - _MOST} more: healthcheck screen --json")
    return table


def print_flags(rows: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Flags that a person must answer, one below the other."""
    out = console or Console()
    if not rows:
        out.print("No flags: nothing waits for an answer.")
        return
    table = findings("flag")
    for row in rows:
        cells = finding(row["name"], row["account"], row["check"], row["outcome"], row["summary"], _answer(row))
        table.add_row(str(row["id"]), *cells)
    out.print(table)
    out.print("Answer with: healthcheck flags decide | ack | snooze | clear FLAG", style="dim")


def _answer(row: Mapping[str, Any]) -> str:
    parts = [row["state"], f"by {row['due']}", row["owner"]]
    if row["snoozed_until"]:
        parts.append(f"quiet until {row['snoozed_until']}")
    if row["decision"]:
        parts.append(f"decided: {row['decision']}")
    if row["rebased_on"]:
        parts.append(f"new normal accepted on {row['rebased_on']}")
    return " · ".join(parts)
