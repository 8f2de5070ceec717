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


def late(
    account: str = typer.Argument(None, help="One account, with the evidence. Default: all that are past due."),
    as_of: str = typer.Option(None, "--as-of", metavar="DATE", help="As known on this date. Default: today."),
    group: bool = typer.Option(False, "--group", help="One line a family: its sums, and its member that leads."),
    tasks: bool = typer.Option(
        False, "--tasks", help="What somebody has to do: broken promises, disputes, answers, check-ins."
    ),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object an account on standard output."),
) -> None:
    """Who is past due: the stage, who acts, the next step and when."""
    from healthcheck.playbook.late import families, group_line, line

    settings, now = common.settings(), common.now()
    if tasks:
        _tasks(common.open_database(settings), as_json)
        return
    day = common.day(as_of, "--as-of") or settings.business_day(now)
    engine = common.open_database(settings)
    found = sorted(_found(engine, day, settings, now, account, entity), key=_order)
    lines = [(group_line(some), some[0]) for some in families(found)] if group else [(line(one), one) for one in found]
    if as_json:
        for told, _ in lines:
            common.print_json(told)
        return
    from healthcheck.reports.overdue import print_all, print_one

    if account and found:
        print_one(found[0])
    else:
        print_all(lines, day, _waiting(engine))


def _waiting(engine: Engine) -> int:
    from healthcheck.playbook import journal
    from healthcheck.store.session import read

    with read(engine) as session:
        return len(journal.waiting(session))


def _tasks(engine: Engine, as_json: bool) -> None:
    from healthcheck.playbook import journal
    from healthcheck.store.session import read

    with read(engine) as session:
        rows = [
            {"due": str(task.due), "account": account.account, "what": task.what, "owner": task.owner, "kind": task.kind,
             "record": task.record_id, "raised_on": str(task.raised_on)}
            for task, account in journal.waiting(session)
        ]  # fmt: skip
    if as_json:
        for row in rows:
            common.print_json(row)
    else:
        common.print_table(rows, ("due", "account", "what", "owner"), "Nobody has anything to do.")


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
