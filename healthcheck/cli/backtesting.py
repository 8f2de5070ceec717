"""``backtest``: what the checks would have said of your own book, and how often they would have been right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from healthcheck.backtest.model import Backtest
    from healthcheck.backtest.replay import Asked


def backtest(
    first: str = typer.Option(..., "--from", metavar="DATE", help="Replay the month-ends from this date on."),
    last: str = typer.Option(..., "--to", metavar="DATE", help="The last date of a month-end to replay."),
    horizon: int = typer.Option(3, "--horizon", metavar="MONTHS", help="Months after which each alert is judged."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    html: Path = typer.Option(None, "--html", metavar="FILE", help="Write a page with charts."),
) -> None:
    """Replay past month-ends on your own book: what would you have got?"""
    from healthcheck.backtest.replay import Asked

    asked = Asked(_day(first, "--from"), _day(last, "--to"), horizon)
    tested = _run(asked)
    if html:
        _write_page(html, tested)
    if as_json:
        common.print_json(tested.body())
        return
    from healthcheck.reports.backtest import print_backtest

    print_backtest(tested)
    if html:
        print(f"page written: {html}")


def _day(text: str, name: str) -> date:
    day = common.day(text, name)
    if day is None:
        raise UsageError(f"{name}: write a date as YYYY-MM-DD")
    return day


def _run(asked: Asked) -> Backtest:
    from healthcheck.backtest import replay

    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    with common.progress() as bar:
        task = bar.add_task("replaying month-ends", total=None)
        today = settings.business_day(now)
        return replay.backtest(engine, asked, settings, today, lambda n, of: bar.update(task, completed=n, total=of))


def _write_page(file: Path, tested: Backtest) -> None:
    from healthcheck.reports.backtest import page

    try:
        file.write_text(page(tested), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None
