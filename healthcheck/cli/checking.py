"""``screen`` (every account) and ``check`` (one, now)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Engine

    from healthcheck.reviews.judge import Judged
    from healthcheck.settings import Settings

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

        def done(number: int, of: int) -> None:
            bar.update(task, completed=number, total=of)

        if as_json:
            for text in screening.texts(engine, day, settings, now, done):
                sys.stdout.write(text)
            return
        held = list(screening.screen(engine, day, settings, now, done=done))
    from healthcheck.reports.terminal import print_screen

    print_screen(held)


def check(
    account: str = typer.Argument(..., help="The account's number."),
    as_of: str = AS_OF,
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    pull: bool = typer.Option(
        False, "--pull/--no-pull", help="Buy a new credit report if the stored one is too old; this may cost money."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    html: Path = typer.Option(None, "--html", metavar="FILE", help="Write a page with charts."),
) -> None:
    """Check one account now: can we ship this?"""
    from healthcheck.reviews import screen as screening

    settings, now = common.settings(), common.now()
    day = common.day(as_of, "--as-of") or settings.business_day(now)
    if pull and as_of is not None and day < settings.business_day(now):
        raise UsageError(
            f"--pull with the past date {day}: a report bought today was not known then; leave out --as-of or --pull"
        )
    engine = common.open_database(settings)
    key = screening.find(engine, account, entity)
    why = _buy(engine, key, day, settings, now) if pull else ""
    judged = screening.one(engine, key, day, settings, now)
    line = screening.line(judged, key)
    if why:
        _explain(line["checks"]["credit"], why)
    if html:
        _write_page(html, judged, key, line)
    if as_json:
        common.print_json(line)
    else:
        _show(judged, key, line, html)


def _buy(engine: Engine, key: int, day: date, settings: Settings, now: datetime) -> str:
    """Why no report was had, if none was."""
    from healthcheck.months import Month
    from healthcheck.reviews.pulls import NotYet, Order, obtain, why_none
    from healthcheck.store.session import read

    month, why = str(Month.of(day)), ""
    try:
        said = obtain(Order(engine, settings, key, month, day, now))
    except NotYet as wait:
        why = f"{wait}; ask again at {wait.until:%H:%M} UTC"
        said = f"not yet ({why})"
    print(f"credit report: {said}", file=sys.stderr)
    if why or said in ("stored", "reused"):
        return why
    with read(engine) as session:
        return why_none(session, key, month)


def _explain(credit: dict[str, Any], why: str) -> None:
    """Say in the credit check's line why there is no report, or no newer one."""
    reason = credit["evidence"]["reason"]
    none = reason in ("no report", "not linked")
    credit["summary"] = f"No bureau report: {why}." if none else f"{credit['summary']} No newer report: {why}."
    if reason == "no report":
        credit["evidence"]["reason"] = "no report was had"


def _write_page(file: Path, judged: Judged, key: int, line: dict[str, Any]) -> None:
    from healthcheck.reports.account import page

    try:
        file.write_text(page(judged.columns, key, line), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None


def _show(judged: Judged, key: int, line: dict[str, Any], html: Path | None) -> None:
    from healthcheck.reports.account import facts
    from healthcheck.reports.terminal import print_account

    print_account(facts(judged.columns, key), line)
    if html:
        print(f"page written: {html}")
