"""``insurance``: what is insured of each late account, and the duties towards the credit insurer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from healthcheck.playbook.handover import Case

app = typer.Typer(help="What is insured, and what the credit insurer must hear by when.", no_args_is_help=True)

AS_OF = typer.Option(None, "--as-of", metavar="DATE", help="As known on this date. Default: today.")
JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")
COLUMNS = ("account", "open", "own_risk", "by", "what")


@app.command("list")
def list_(as_of: str = AS_OF, as_json: bool = JSON) -> None:
    """The insured accounts that are late, have more open than is insured, or whose cover ends: what is insured, and what to do by when."""
    from healthcheck.playbook import handover
    from healthcheck.playbook.policy import policy_from

    settings = common.settings()
    engine, on = common.open_database(settings), common.day(as_of, "--as-of") or settings.business_day(common.now())
    policy, late = policy_from(settings), handover.insured(engine, on, settings, common.now())
    found = sorted((handover.case(one, policy) for one in late), key=_first)
    if as_json:
        for one in found:
            common.print_json(_line(one))
    else:
        rows = [row for one in found for row in _rows(one)]
        common.print_table(rows, COLUMNS, f"no duty towards a credit insurer on {on}", ("open", "own_risk"))


@app.command("reported")
def reported(
    account: str = typer.Argument(..., help="The account's number."),
    invoice: str = typer.Option(None, "--invoice", help="The invoice. Default: all that is past due."),
    on: str = typer.Option(None, "--on", metavar="DATE", help="The day it was reported. Default: today."),
    note: str = typer.Option("", "--note", help="The insurer's reference, or what you wrote."),
    by: str = typer.Option(None, "--by", help="Who did it. Default: who gives the command."),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be recorded, and record nothing."),
    as_json: bool = JSON,
) -> None:
    """Record that the overdue account was reported to the credit insurer: its deadline is met."""
    from healthcheck.playbook import gather, journal
    from healthcheck.reviews.screen import find
    from healthcheck.store.session import write

    settings, now = common.settings(), common.now()
    day = common.day(on, "--on") or settings.business_day(now)
    engine = common.open_database(settings)
    about = gather.situation(engine, find(engine, account, entity), day, settings, now)
    if invoice is not None and invoice not in {one.number for one in about.owed}:
        raise UsageError(f"{account} owes no invoice {invoice!r} on {day}")
    if not dry_run:
        who = common.who() if by is None else by.strip()
        with write(engine) as session:
            journal.add(
                session, about.customer.key, "insurer_report", day, now, invoice=invoice, note=note.strip(), by=who
            )
    if as_json:
        common.print_json({"account": account, "on": day, "invoice": invoice, "recorded": not dry_run})
    else:
        only = " (not recorded: only a try)" if dry_run else ""
        typer.echo(f"{account}: reported to the insurer on {day}{f', {invoice}' if invoice else ''}{only}")


def _first(one: Case) -> tuple[date, str]:
    return one.duties[0].on, one.situation.customer.account


def _line(one: Case) -> dict[str, Any]:
    from healthcheck.money import plain

    about, cover = one.situation, one.cover
    sums = {"exposure": cover.exposure, "limit": cover.limit, "insured_limit": cover.insured_limit, "own_limit": cover.own_limit,
            "insured": cover.insured, "own": cover.own} if cover else {}  # fmt: skip
    told = {name: None if minor is None else plain(minor, about.currency) for name, minor in sums.items()}
    until = {"until": cover.until, "in_force": cover.in_force} if cover else {}
    head = {
        "account": about.customer.account,
        "name": about.customer.name,
        "as_of": about.as_of,
        "currency": about.currency,
    }
    return {**head, **told, **until, "duties": [duty.as_dict() for duty in one.duties]}


def _rows(one: Case) -> list[dict[str, Any]]:
    from healthcheck.money import shown

    about, cover = one.situation, one.cover
    if cover is None:
        return []
    sums = {"open": cover.exposure, "own_risk": cover.own}
    head = {"account": f"{about.customer.account} {about.customer.name}"}
    head |= {name: shown(minor, about.currency) for name, minor in sums.items()}
    empty = dict.fromkeys(head)
    return [{**(empty if place else head), "by": duty.on, "what": duty.what} for place, duty in enumerate(one.duties)]
