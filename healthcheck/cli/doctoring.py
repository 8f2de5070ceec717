"""``doctor``: what is configured, what is missing, what is unsafe."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from healthcheck.cli import common

_MARKS = {
    "ok": "[green]ok[/]",
    "note": "[dim]note[/]",
    "missing": "[yellow]missing[/]",
    "unsafe": "[red]unsafe[/]",
    "broken": "[red]broken[/]",
}


def doctor(
    offline: bool = typer.Option(False, "--offline", help="Ask neither bureaus nor the mail server."),
    as_json: bool = typer.Option(False, "--json", help="JSON on standard output, and nothing else there."),
) -> None:
    """Say what is configured, what is missing, what is unsafe. Only free things are asked.

    Exit code 1: something needs mending.
    """
    from healthcheck.reviews import doctor as doctoring
    from healthcheck.store.session import connect

    settings, now = common.settings(), common.now()
    engine = connect(settings.database_url, settings.keys)
    signs = list(doctoring.examine(engine, settings, now, ask=not offline))
    if as_json:
        common.print_json({"signs": [vars(sign) for sign in signs]})
    else:
        _print(signs)
    if any(sign.state in doctoring.TROUBLE for sign in signs):
        raise typer.Exit(1)


def _print(signs: Sequence[object]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = ""
    for sign in signs:
        what, state, said = vars(sign).values()
        table.add_row(escape(what) if what != before else "", _MARKS[state], escape(said))
        before = what
    Console(highlight=False).print(table)
