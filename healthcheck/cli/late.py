"""``late``: who is past due, who acts, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from healthcheck.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import Engine

    from healthcheck.playbook.late import Late
    from healthcheck.settings import Settings

COLUMNS = ("account", "days", "past_due", "stage", "sales", "next_step", "by", "who")


def late(
    account: str = typer.Argument(None, help="One account, with the evidence. Default: all that are past due."),
    as_of: str = typer.Option(None, "--as-of", metavar="DATE", help="As known on this date. Default: today."),
    group: bool = typer.Option(False, "--group", help="One line a family: its sums, and its member that leads."),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object an account on standard output."),
) -> None:
    """Who is past due: the stage, who acts, the next step and when."""
    from healthcheck.playbook.late import families, group_line, line, row

    settings, now = common.settings(), common.now()
    day = common.day(as_of, "--as-of") or settings.business_day(now)
    found = sorted(_found(common.open_database(settings), day, settings, now, account, entity), key=_order)
    lines = [(group_line(some), some[0]) for some in families(found)] if group else [(line(one), one) for one in found]
    if as_json:
        for told, _ in lines:
            common.print_json(told)
        return
    rows = [row(told, one) for told, one in lines]
    common.print_table(rows, COLUMNS, f"nothing is past due as of {day}", ("days", "past_due"))
    if account and found:
        _explain(found[0])


def _found(
    engine: Engine, day: date, settings: Settings, now: datetime, account: str | None, entity: str | None
) -> Iterator[Late]:
    from healthcheck.playbook.gather import situation, situations
    from healthcheck.playbook.late import is_late, late
    from healthcheck.playbook.policy import policy_from
    from healthcheck.reviews.screen import find

    policy = policy_from(settings)
    if account is None:
        chosen = situations(engine, day, settings, now)
    else:
        chosen = iter([situation(engine, find(engine, account, entity), day, settings, now)])
    return (late(one, policy) for one in chosen if is_late(one))


def _order(one: Late) -> tuple[int, str, str]:
    """The longest past due first."""
    return -one.step.days, one.situation.customer.entity, one.situation.customer.account


def _explain(one: Late) -> None:
    """Why: the rule and what it rests on, the signs of each side, promises and disputes."""
    from healthcheck.money import shown
    from healthcheck.playbook.disputes import open_disputes
    from healthcheck.playbook.promises import of

    print(f"Why: {one.step.why}. (rule {one.step.rule}; source {one.step.source})")
    print(
        f"Approach: {one.approach.kind.replace('_', ' ')}{', as recorded' if one.approach.said else ', by the signs'}"
    )
    for kind, signs in one.approach.evidence.items():
        for sign in signs:
            print(f"  {kind.replace('_', ' ')}: {sign.text} ({sign.source})")
    for promise in of(one.situation):
        amount = shown(promise.amount, promise.entry.currency or one.situation.currency)
        print(f"Promise {promise.entry.id} of {promise.entry.on}: {amount} by {promise.until}: {promise.state}")
    for dispute in open_disputes(one.situation):
        print(f"Dispute{f' about {dispute.invoice}' if dispute.invoice else ''}: {dispute.owner} has to settle it")
    print(f"Agency: {one.readiness.state.replace('_', ' ')}. {one.readiness.why}")
    for lack in one.readiness.lacks:
        print(f"  missing: {lack.why}")
