"""``agency place``, ``check-in`` and ``result``: what a person did about an account that others collect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

    from healthcheck.playbook.agency import Placed
    from healthcheck.playbook.situation import Situation
    from healthcheck.settings import Settings

ACCOUNT = typer.Argument(..., help="The account's number.")
ENTITY = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several.")
ON = typer.Option(None, "--on", metavar="DATE", help="The day it happened. Default: today.")
BY = typer.Option(None, "--by", help="Who did it. Default: who gives the command.")
NOTE = typer.Option("", "--note", help="In your own words.")
DRY = typer.Option(False, "--dry-run", help="Say what would be recorded, and record nothing.")
JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")


def place(
    account: str = ACCOUNT,
    agency: str = typer.Option(..., "--agency", help="The agency's or attorney's name."),
    amount: str = typer.Option(None, "--amount", help="What is handed over. Default: what is past due and undisputed."),
    on: str = ON, by: str = BY, note: str = NOTE, entity: str = ENTITY, dry_run: bool = DRY, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Record that an account was handed over: our chasing and sales' mails about it stop."""
    from healthcheck.playbook import handover, placements
    from healthcheck.playbook.agency import NOT_YET
    from healthcheck.playbook.policy import policy_from

    settings, engine, about = _about(account, entity, on)
    found = handover.case(about, policy_from(settings))
    there = placements.Start(agency.strip(), amount, note, _who(by))
    _do(engine, dry_run, lambda session, at: placements.start(session, about, found.readiness.placed, there, at))
    warnings = [f"Our own house is not in order. {found.house.faults}"] if found.house.in_order is False else []
    warnings += [found.readiness.why] if found.readiness.state == NOT_YET else []
    warnings += [f"Missing for the file: {lack.why}" for lack in found.readiness.lacks]
    said = {
        "agency": there.agency,
        "on": about.as_of,
        "missing": found.readiness.missing,
        "house_in_order": found.house.in_order,
    }
    _tell(f"{account}: placed with {there.agency} on {about.as_of}", account, said, dry_run, as_json, warnings)


def check_in(
    account: str = ACCOUNT, note: str = typer.Option(..., "--note", help="How it stands, in their words or yours."),
    on: str = ON, by: str = BY, entity: str = ENTITY, dry_run: bool = DRY, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Record that you asked the agency how it stands; the date of the next time follows."""
    from datetime import timedelta

    from healthcheck.playbook import placements

    settings, engine, about = _about(account, entity, on)
    placed = _placed(about, settings, account)
    _do(engine, dry_run, lambda session, at: placements.checked(session, about, placed, note, _who(by), at))
    later = about.as_of + timedelta(days=settings.check_in_every_days)
    said = {"agency": placed.agency, "on": about.as_of, "next_check": later}
    _tell(f"{account}: asked {placed.agency} on {about.as_of}; ask again by {later}", account, said, dry_run, as_json)


def result(
    account: str = ACCOUNT,
    recovered: str = typer.Option("0", "--recovered", help="What they got for you."),
    fee: str = typer.Option("0", "--fee", help="What they kept or charged for it."),
    close: str = typer.Option(None, "--close", metavar="REASON", help="The case is over, and why; sales may be asked again then."),
    on: str = ON, by: str = BY, note: str = NOTE, entity: str = ENTITY, dry_run: bool = DRY, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Record what the agency recovered and what it cost. The money comes into the books with your import of payments."""
    from healthcheck.money import plain
    from healthcheck.playbook import placements

    settings, engine, about = _about(account, entity, on)
    placed = _placed(about, settings, account)
    got = placements.outcome(recovered, fee, close, placed.currency or about.currency)
    _do(engine, dry_run, lambda session, at: placements.ended(session, about, placed, got, note, _who(by), at))
    sums = {"recovered": plain(got.recovered, got.currency), "fee": plain(got.fee, got.currency)}
    text = f"{account}: {placed.agency} recovered {got.currency} {sums['recovered']} for a fee of {sums['fee']}"
    said = {"agency": placed.agency, "on": about.as_of, **sums, "currency": got.currency, "closed": got.close}
    _tell(f"{text}; the case is over: {got.close}" if got.close else text, account, said, dry_run, as_json)


def _about(account: str, entity: str | None, on: str | None) -> tuple[Settings, Engine, Situation]:
    """The account as known on the day of the deed."""
    from healthcheck.playbook import gather
    from healthcheck.reviews.screen import find

    settings, now = common.settings(), common.now()
    day: date = common.day(on, "--on") or settings.business_day(now)
    engine = common.open_database(settings)
    return settings, engine, gather.situation(engine, find(engine, account, entity), day, settings, now)


def _placed(about: Situation, settings: Settings, account: str) -> Placed:
    from healthcheck.playbook.agency import placed
    from healthcheck.playbook.policy import policy_from

    found = placed(about, policy_from(settings))
    if found is None or found.record is None:
        raise UsageError(
            f"{account} was with nobody on {about.as_of}; record it: healthcheck agency place {account} --agency NAME"
        )
    return found


def _do(engine: Engine, dry_run: bool, deed: Callable[[Session, datetime | None], None]) -> None:
    """``deed`` in one transaction; it gets no time, and writes nothing, when this is only a try."""
    from healthcheck.store.session import read, write

    with (read if dry_run else write)(engine) as session:
        deed(session, None if dry_run else common.now())


def _who(by: str | None) -> str:
    return common.who() if by is None else by.strip()


def _tell(
    text: str, account: str, said: dict[str, Any], dry_run: bool, as_json: bool, warnings: Sequence[str] = ()
) -> None:  # fmt: skip
    if as_json:
        common.print_json({"account": account, "recorded": not dry_run, **said})
        return
    typer.echo(f"{text}{' (not recorded: only a try)' if dry_run else ''}")
    for warning in warnings:
        typer.echo(f"  {warning}")
