"""``observe``: what a rep heard and saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from healthcheck.store.work import Observation


def observe(
    account: str = typer.Argument(..., help="The account's number."),
    activity: str = typer.Option(None, "--activity", help="busy, as_always, quiet or not_visited."),
    people: str = typer.Option(None, "--people", help="more, same or fewer than before."),
    stock: str = typer.Option(None, "--stock", help="more, same, low or empty."),
    heard: str = typer.Option(None, "--heard", help="What was heard, in the rep's own words."),
    on: str = typer.Option(None, "--on", metavar="DATE", help="The day of the visit or call. Default: today."),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    by: str = typer.Option("", "--by", help="Who saw it."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be recorded, and record nothing."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
) -> None:
    """Record what a rep heard and saw at a customer."""
    from healthcheck.checks.field import ACTIVITY, PEOPLE, STOCK
    from healthcheck.reviews.screen import find
    from healthcheck.store.work import Observation

    settings, now = common.settings(), common.now()
    answers: dict[str, Any] = {
        "activity": _chosen(activity, "--activity", ACTIVITY), "people": _chosen(people, "--people", PEOPLE),
        "stock": _chosen(stock, "--stock", STOCK), "heard": (heard or "").strip() or None,
    }  # fmt: skip
    if not any(answers.values()):
        raise UsageError("nothing to record: give --activity, --people, --stock or --heard")
    day = common.day(on, "--on") or settings.business_day(now)
    engine = common.open_database(settings)
    seen = Observation(account_id=find(engine, account, entity), on=day, by=by.strip(), at=now, **answers)
    new = _record(engine, seen, dry_run)
    if as_json:
        common.print_json(
            {"account": account, "on": str(day), **answers, "by": seen.by, "recorded": new and not dry_run}
        )
    else:
        state = (
            "would be recorded" if dry_run and new else "recorded" if new else "was recorded before; nothing changed"
        )
        print(f"{account}, {day}: {', '.join(word for word in answers.values() if word)}: {state}")


def _chosen(value: str | None, option: str, words: Mapping[str, str]) -> str | None:
    if value is None:
        return None
    word = value.strip().lower().replace(" ", "_").replace("-", "_")
    if word not in words:
        raise UsageError(f"{option}: {value!r} is none of {', '.join(words)}")
    return word


def _record(engine: Engine, seen: Observation, dry_run: bool) -> bool:
    """Write it unless the very same stands there already; whether it is new."""
    from sqlmodel import select

    from healthcheck.store import audit
    from healthcheck.store.session import read, write
    from healthcheck.store.work import Observation

    same = [getattr(Observation, name) == getattr(seen, name) for name in _IDENTITY]
    with (read if dry_run else write)(engine) as session:
        if session.exec(select(Observation).where(*same)).first() is not None:
            return False
        if not dry_run:
            session.add(seen)
            told = {name: getattr(seen, name) for name in ("activity", "people", "stock")}
            audit.note(session, "field.observed", seen.at, by=seen.by, account_id=seen.account_id, detail=told)
    return True


_IDENTITY = ("account_id", "on", "activity", "people", "stock", "heard", "by")
