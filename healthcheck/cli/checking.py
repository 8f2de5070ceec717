"""``screen``: the ledger checks over every account."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import typer

from healthcheck.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterator

    from healthcheck.reviews.judge import Judged

AS_OF = typer.Option(
    None, "--as-of", metavar="DATE", help="Judge as of this date; nothing later is known. Default: today."
)


def screen(
    as_of: str = AS_OF,
    as_json: bool = typer.Option(False, "--json", help="One JSON object an account on standard output."),
) -> None:
    """Run the ledger checks over every account: free of charge, no paid call."""
    from healthcheck.reviews import screen as screening

    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    day = common.day(as_of, "--as-of") or settings.business_day(now)
    with common.progress() as bar:
        task = bar.add_task(f"screening as of {day}", total=None)
        judged = screening.screen(
            engine, day, settings, now, done=lambda n, of: bar.update(task, completed=n, total=of)
        )
        if as_json:
            _print_lines(judged)
            return
        held = list(judged)
    from healthcheck.reports.terminal import print_screen

    print_screen(held)


def _print_lines(judged: Iterator[Judged]) -> None:
    write = sys.stdout.write
    encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
    for part in judged:
        for line in part.lines():
            write(encode(line) + "\n")
