"""``demo``: the main job on a shipped, fictitious book."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common

if TYPE_CHECKING:
    from healthcheck.demo.runner import Outcome


def demo(
    folder: Path = typer.Option(
        Path("healthcheck-demo"), "--dir", metavar="DIR", help="Where; made if it is not there."
    ),
    as_json: bool = typer.Option(False, "--json", help="JSON on standard output, nothing else there."),
) -> None:
    """The main job on a fictitious book: import, a month's review, digests as files. Run again, it starts afresh."""
    from healthcheck.demo import runner

    with common.progress(not as_json) as bar:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        outcome = runner.run(folder, tell)
    if as_json:
        common.print_json(_as_dict(outcome))
    else:
        _print(outcome)


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    from dataclasses import asdict

    from healthcheck.playbook.late import line as late_line

    return {
        "dir": str(outcome.folder),
        "accounts": outcome.accounts,
        "documents": outcome.documents,
        "review": outcome.totals,
        "found": [asdict(one) for one in outcome.found],
        "late": [late_line(one) for one in outcome.followed.late],
        "files": [str(path) for path in outcome.digests],
        "papers": [str(path) for path in outcome.followed.papers],
    }


def _print(outcome: Outcome) -> None:
    from rich.console import Console

    from healthcheck.demo.days import AS_OF
    from healthcheck.reports.terminal import finding, findings

    totals, console = outcome.totals, Console(highlight=False)
    console.print(
        f"\nHarbour & Pine Building Supplies, who do not exist: {outcome.accounts} customers, {outcome.documents:,} invoices "
        f"in three years.\nThe health check of {totals['month']}, as of {AS_OF}: {totals['reviewed']} customers reviewed, "
        f"[bold]{totals['flagged']} need a look[/], {totals['unknown']} could not be judged.\n"
    )
    table = findings()
    for one in outcome.found:
        more = "" if one.new else "known since an earlier month"
        table.add_row(*finding(one.name, one.account, one.check, one.outcome, one.summary, more))
    console.print(table)
    _print_late(console, outcome)
    _print_next(console, outcome)


def _print_late(console: Any, outcome: Outcome) -> None:
    """The late customers, which are no matter of the health checks any more."""
    from rich import box
    from rich.table import Table

    from healthcheck.money import shown

    followed = outcome.followed
    console.print(
        f"[bold]Late, and in the playbook's hands[/]: {len(followed.late)} customers. One or two of each stage, with their story:\n"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("account", "past due", "stage, sales", "next step"):
        table.add_column(heading, max_width={"account": 30, "next step": 52}.get(heading))
    for one, title in followed.told:
        who, step = one.situation.customer, one.step
        owed = shown(one.situation.past_due, one.situation.currency)
        table.add_row(
            f"{who.name} ({who.account})", f"{owed}\n{step.days} days", f"{step.stage}\n{step.sales.replace('_', ' ')}",
            f"{step.next_step} ({step.who}, by {step.next_date})\n[dim]{title}[/]", end_section=False,
        )  # fmt: skip
    console.print(table)
    for story in followed.in_time:
        console.print(f"Not late: {story.name} ({story.account}) {story.title}.\n")


def _print_next(console: Any, outcome: Outcome) -> None:
    from healthcheck.demo.days import AS_OF
    from healthcheck.demo.stories import SCORE_COLLAPSE

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    say("The digests, as mails (.eml), pages (.html) and text (.txt):")
    for path in outcome.digests:
        say(f"  {path}")
    say("\nA brief, a letter and a file to hand over:")
    for path in outcome.followed.papers:
        say(f"  {path}")
    say("\nNext:")
    say(f"  cd {outcome.folder}")
    for command in (
        f"check {SCORE_COLLAPSE} --as-of {AS_OF} --html {SCORE_COLLAPSE}.html",
        "flags list",
        "digests preview",
        f"screen --as-of {AS_OF}",
        f"late --as-of {AS_OF}",
        f"agency list --as-of {AS_OF}",
    ):
        say(f"  {_ourselves(outcome.folder)} {command}")


def _ourselves(folder: Path) -> str:
    """How this command is called from ``folder``: by name where it is on the path, else by the way that was taken now."""
    called = Path(sys.argv[0])
    if which("healthcheck") or not called.is_file():
        return "healthcheck"
    return os.path.relpath(called.resolve(), folder.resolve())
