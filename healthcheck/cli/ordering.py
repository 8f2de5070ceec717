"""``letters standing``: the letters that go out by themselves, because somebody said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from healthcheck.store.letters import LetterOrder


def standing(
    words: list[str] | None = typer.Argument(
        None,
        metavar="[ACCOUNT] KIND",
        help="The account and the letter; with --class the letter alone; nothing: list all.",
    ),
    risk_class: str = typer.Option(None, "--class", help="For a class: high, medium, low, unclassed or all."),
    ended: int | None = typer.Option(None, "--end", metavar="ORDER", help="End this standing order."),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    by: str = typer.Option(None, "--by", help="Who orders it. Default: who gives the command."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be done, and do nothing."),
    as_json: bool = typer.Option(False, "--json", help="JSON on standard output, and nothing else there."),
) -> None:
    """Let a verification, reminder or statement go out by itself, for an account or a class; list such orders; end one."""
    settings = common.settings()
    engine = common.open_database(settings)
    who = common.who() if by is None else by
    if ended is not None:
        _end(engine, ended, who, dry_run, as_json)
    elif words:
        _give(engine, words, risk_class, entity, who, dry_run, as_json)
    else:
        _list(engine, as_json)


def _give(
    engine: Engine, words: list[str], risk_class: str | None, entity: str | None, by: str, dry_run: bool, as_json: bool
) -> None:
    from healthcheck.playbook import orders
    from healthcheck.reviews.screen import find

    if len(words) != (1 if risk_class else 2):
        raise UsageError("write it as: healthcheck letters standing ACCOUNT KIND, or --class CLASS KIND")
    key = None if risk_class else find(engine, words[0], entity)
    settings, now = common.settings(), common.now()
    day = settings.business_day(now)
    orders.check(words[-1], key, risk_class or "")
    order, new = (None, True) if dry_run else orders.give(engine, words[-1], key, risk_class or "", day, by, now)
    whom = f"class {risk_class}" if risk_class else words[0]
    number = order.id if order else None
    state = "would be given" if dry_run else f"given (order {number})" if new else f"stands already (order {number})"
    if as_json:
        common.print_json(
            {"order": number, "kind": words[-1], "for": whom, "on": str(day), "given": new and not dry_run}
        )
    else:
        print(f"{words[-1]} letters to {whom} by themselves: {state}")


def _end(engine: Engine, number: int, by: str, dry_run: bool, as_json: bool) -> None:
    from healthcheck.playbook import orders

    settings, now = common.settings(), common.now()
    if number not in {order.id for order, _ in orders.listed(engine) if order.ended_on is None}:
        raise UsageError(f"there is no standing order {number} in force; see: healthcheck letters standing")
    if not dry_run:
        orders.end(engine, number, settings.business_day(now), by, now)
    if as_json:
        common.print_json({"order": number, "ended": not dry_run})
    else:
        print(f"standing order {number}: {'would be ended' if dry_run else 'ended'}")


def _list(engine: Engine, as_json: bool) -> None:
    from healthcheck.playbook import orders

    rows = [_row(order, account.account if account else None) for order, account in orders.listed(engine)]
    if as_json:
        for row in rows:
            common.print_json(row)
    else:
        common.print_table(
            rows, ("order", "kind", "for", "on", "by", "ended"), "no standing orders: no letter goes out by itself"
        )


def _row(order: LetterOrder, account: str | None) -> dict[str, Any]:
    return {
        "order": order.id,
        "kind": order.kind,
        "for": account or f"class {order.risk_class}",
        "on": str(order.on),
        "by": order.by,
        "ended": str(order.ended_on) if order.ended_on else None,
    }
