"""``status`` on the terminal."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_RUNS = {True: "runs", False: ""}


def show(found: dict[str, Any], currency: str) -> None:
    """What needs a person first, then months, work, money and mail, then the jobs."""
    console = Console(highlight=False, soft_wrap=True)
    count = len(found["problems"])
    if count:
        console.print(f"[bold red]{count} {'needs' if count == 1 else 'need'} a person[/]")
    else:
        console.print("[bold green]Nothing needs a person.[/]")
    for problem in found["problems"]:
        console.print(f"  [red]•[/] {escape(problem)}")
    console.print()
    _months(console, found)
    _facts(console, found, currency)
    _jobs(console, found["jobs"])


def _months(console: Console, found: dict[str, Any]) -> None:
    if found["months"]:
        table = _table("month", "state", "as of", "done", "waiting", "failed")
        for row in found["months"]:
            counts = row["reviews"]
            state = "held" if row["held"] else row["state"]
            table.add_row(
                row["month"], state, row["as_of"], str(counts["done"]), str(counts["waiting"] + counts["claimed"]), str(counts["failed"])
            )  # fmt: skip
        console.print(table)
    console.print(f"Next: {found['next']['month']}, due {_when(found['next']['due_at'])}")


def _facts(console: Console, found: dict[str, Any], currency: str) -> None:
    pulls, mails, flags, tasks = found["pulls"], found["mails"], found["flags"], found["tasks"]
    budget = f" of {pulls['budget']}" if pulls["budget"] else ", no cap set"
    waits = ", ".join(f"{pulls[name]} {name}" for name in ("planned", "pending", "uncertain") if pulls[name])
    console.print(f"Pulls in {pulls['month']}: {currency} {pulls['taken']}{budget}" + (f"; {waits}" if waits else ""))
    for bureau, news in found["news"].items():
        last = f"read {_when(news['read'])}" if news["read"] else "not read yet"
        console.print(f"News of {bureau}: {news['watched']} watched, {last}, {news['waiting']} not looked into yet")
    told = ", ".join(f"{count} {state.lower()}" for state, count in sorted(mails.items()))
    console.print(f"Mails: {told or 'none yet'}")
    console.print(f"Flags: {flags['live']} live, {flags['overdue']} overdue")
    if tasks["open"]:
        console.print(
            f"Late accounts: {tasks['open']} tasks open, {tasks['overdue']} overdue (healthcheck late --tasks)"
        )
    console.print(
        f"Ledger up to {found['ledger']['latest'] or 'nothing yet'}.  Audit head {found['audit_head'] or 'none'}."
    )


def _jobs(console: Console, jobs: dict[str, dict[str, Any]]) -> None:
    if not jobs:
        console.print("The scheduler has not run here yet: healthcheck run")
        return
    console.print()
    table = _table("job", "last run", "took", "on", "how it went")
    for name, job in jobs.items():
        table.add_row(
            name,
            _when(job["started"]),
            _took(job),
            escape(job["host"]),
            escape(job["error"] or _RUNS[job["ended"] is None]),
        )
    console.print(table)


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in ("done", "waiting", "failed", "took") else "left")
    return table


def _when(instant: str) -> str:
    return f"{instant[:10]} {instant[11:16]} UTC"


def _took(job: dict[str, Any]) -> str:
    from datetime import datetime

    if not job["ended"]:
        return ""
    seconds = (datetime.fromisoformat(job["ended"]) - datetime.fromisoformat(job["started"])).total_seconds()
    return f"{seconds:,.1f} s"
