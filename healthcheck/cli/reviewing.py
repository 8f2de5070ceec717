"""``review``, ``flags`` and ``pulls``: the monthly batch, and what people answer to it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID
    from sqlalchemy import Engine
    from sqlmodel import Session

    from healthcheck.months import Month
    from healthcheck.settings import Settings
    from healthcheck.store.work import Flag

JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")
REASON = typer.Option(..., "--reason", help="Why, in a few words; it stands in the flag's history.")
TARGET = typer.Argument(..., metavar="FLAG|ACCOUNT", help="A flag's id, or an account: then all its live flags.")
flags_app = typer.Typer(name="flags", help="What the checks found and a person must answer.", no_args_is_help=True)
pulls_app = typer.Typer(name="pulls", help="Bureau reports bought, refused, or in doubt.", no_args_is_help=True)


def review(
    month: str = typer.Option(
        None, "--month", metavar="YYYY-MM", help="The month. Default: that of --as-of, or today."
    ),
    as_of: str = typer.Option(
        None,
        "--as-of",
        metavar="DATE",
        help="Judge as of this date. Default: the month's last day, or today if earlier.",
    ),
    accept_ledger: bool = typer.Option(
        False,
        "--accept-ledger",
        help="The ledger is right as it is: review the month although it looks old or too small.",
    ),
    as_json: bool = JSON,
) -> None:
    """Review a month: plan it, do what is missing, send the digests. Run again, it finishes what is missing and changes nothing else.

    Exit code 1 says that the batch itself needs a person: a review failed, a pull is in doubt, a digest is not delivered. Flags alone
    leave it at 0: they are the ordinary result, have an owner and a date, and stand in the digest that was just sent.
    """
    from healthcheck.reviews import review as batch

    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    day = common.day(as_of, "--as-of")
    chosen = _month(month, day, settings.business_day(now))
    _same_day(engine, chosen, day)
    if accept_ledger:
        from healthcheck.reviews import holds, months

        holds.accept(engine, chosen, day or months.default_day(chosen, settings, now), common.who(), now)
    with common.progress(not as_json) as bar:
        totals = batch.review(engine, chosen, day, settings, now, _meter(bar))
    if totals.get("held"):
        _say_held(chosen, totals, as_json)
    left = batch.unfinished(engine, chosen)
    if as_json:
        common.print_json(totals)
    else:
        _print_review(totals, left, settings)
    if any(left.values()):
        raise typer.Exit(1)


def _say_held(month: Month, totals: dict[str, Any], as_json: bool) -> NoReturn:
    """The month waits for a person: why, and what to do."""
    if as_json:
        common.print_json(totals)
    remedy = f"Import what is newer, or accept it: healthcheck review --month {month} --accept-ledger"
    typer.echo(f"{month} is held, nothing was bought: {totals['held']} {remedy}", err=True)
    raise typer.Exit(1)


def _meter(bar: Progress) -> Callable[[str, int, int], None]:
    """Shows each kind of step (what stands before a colon) as a bar of its own."""
    tasks: dict[str, TaskID] = {}

    def tell(what: str, done: int, total: int) -> None:
        kind = what.partition(":")[0]
        if kind not in tasks:
            tasks[kind] = bar.add_task(what)
        bar.update(tasks[kind], description=what, completed=done, total=total)

    return tell


def _month(text: str | None, day: date | None, today: date) -> Month:
    from healthcheck.months import Month

    return Month.parse(text) if text else Month.of(day or today)


def _same_day(engine: Engine, month: Month, day: date | None) -> None:
    """A month keeps the as-of date it was planned with."""
    from healthcheck.reviews import months
    from healthcheck.store.work import BEGUN

    there = months.find(engine, month)
    if there and there.state in BEGUN and day and there.as_of != day:
        raise UsageError(f"{month} was planned as of {there.as_of} and keeps that date; leave --as-of out")


def _print_review(totals: dict[str, Any], left: dict[str, int], settings: Settings) -> None:
    from rich.console import Console

    pulls = totals["pulls"]
    say = Console(highlight=False, soft_wrap=True).print
    say(
        f"{totals['month']}: {totals['reviewed']} of {totals['planned']} reviewed, [bold]{totals['flagged']} need a look[/], "
        f"{totals['unknown']} could not be judged, {totals['failed']} failed"
    )
    say(
        f"reports: {pulls['stored']} stored, {pulls['reused']} reused, {pulls['refused']} refused, {pulls['uncertain']} in doubt; "
        f"{settings.currency} {pulls['cost']}"
    )
    for digest in totals["digests"]:
        say(f"digest for {digest['to']}: {digest['subject']}", markup=False)
    for what, remedy in _REMEDIES.items():
        if left[what]:
            say(f"[bold]{left[what]} {what}[/]: {remedy}")


_REMEDIES = {
    "failed": "see the digest for the reason",
    "uncertain": "healthcheck pulls list, then resolve each",
    "undelivered": "healthcheck digests list, then healthcheck digests send",
}


# ---- flags


@flags_app.command("list")
def list_flags(
    account: str = typer.Option(None, "--account", help="Only this account's."),
    everything: bool = typer.Option(False, "--all", help="Cleared ones too."),
    as_json: bool = JSON,
) -> None:
    """List the live flags, the earliest due first."""
    from healthcheck.reviews import flags
    from healthcheck.store.session import read

    with read(common.open_database(common.settings())) as session:
        rows = [row for row in flags.listed(session, everything) if account in (None, row["account"])]
    if as_json:
        common.print_json({"flags": rows})
    else:
        from healthcheck.reports.terminal import print_flags

        print_flags(rows)


@flags_app.command("ack")
def acknowledge(target: str = TARGET) -> None:
    """Say that somebody looks after it."""
    from healthcheck.reviews import flags

    _each(target, lambda session, flag, on, now: flags.acknowledge(session, flag, common.who(), on, now))


@flags_app.command("snooze")
def snooze(
    target: str = TARGET, until: str = typer.Option(..., "--until", metavar="DATE", help="Be quiet until this date."),
    reason: str = REASON,
) -> None:  # fmt: skip
    """Be quiet about it until a date, unless it gets worse."""
    from healthcheck.reviews import flags

    day = common.day(until, "--until")

    def act(session: Session, flag: Flag, on: date, now: Any) -> None:
        if day is None or day <= on:
            raise UsageError(f"--until: {until} is not after {on}")
        flags.snooze(session, flag, day, reason, common.who(), on, now)

    _each(target, act)


@flags_app.command("clear")
def clear(
    target: str = TARGET,
    reason: str = REASON,
    new_normal: bool = typer.Option(
        False, "--new-normal", help="They pay, or buy, like this now and we accept it: compare with what came since."
    ),
    on: str = typer.Option(
        None, "--on", metavar="DATE", help="With --new-normal: accepted on this day. Default: today."
    ),
) -> None:
    """Settle it: the flag goes away.

    With --new-normal the check (payments or purchases) holds against the customer only what came since, and says so; a later one moves
    the date, and ``flags reopen`` takes it back.
    """
    from healthcheck.reviews import flags

    day = common.day(on, "--on")
    if day and not new_normal:
        raise UsageError("--on goes with --new-normal")

    def act(session: Session, flag: Flag, today: date, now: Any) -> None:
        if new_normal:
            flags.accept(session, flag, day, reason, common.who(), today, now)
        else:
            flags.clear(session, flag, reason, common.who(), today, now)

    _each(target, act)


@flags_app.command("reopen")
def reopen(flag: str = typer.Argument(..., metavar="FLAG", help="The id of a cleared flag.")) -> None:
    """Take back that it was cleared, a new normal included."""
    from healthcheck.reviews import flags
    from healthcheck.store.session import write

    settings, now = common.settings(), common.now()
    with write(common.open_database(settings)) as session:
        row = flags.cleared(session, flag)
        flags.reopen(session, row, common.who(), settings.business_day(now), now)
        _print_state(row)


@flags_app.command("decide")
def decide(target: str = TARGET, text: str = typer.Argument(..., help="What was decided.")) -> None:
    """Note the decision; the flag stays until it is quiet or cleared."""
    from healthcheck.reviews import flags

    _each(target, lambda session, flag, on, now: flags.decide(session, flag, text, common.who(), on, now))


def _each(target: str, act: Any) -> None:
    """Do ``act`` to each live flag that ``target`` names, all or none."""
    from healthcheck.reviews import flags
    from healthcheck.store.session import write

    settings, now = common.settings(), common.now()
    with write(common.open_database(settings)) as session:
        found = flags.named(session, target)
        for flag in found:
            act(session, flag, settings.business_day(now), now)
            _print_state(flag)


def _print_state(flag: Flag) -> None:
    accepted = f", new normal from {flag.rebased_on}" if flag.rebased_on else ""
    typer.echo(f"flag {flag.id}: {flag.check}, {flag.state}{accepted}")


# ---- pulls


@pulls_app.command("list")
def list_pulls(
    month: str = typer.Option(None, "--month", metavar="YYYY-MM", help="Only this month's."),
    in_doubt: bool = typer.Option(False, "--uncertain", help="Only those that may have been charged."),
    as_json: bool = JSON,
) -> None:
    """List the pulls, newest month first."""
    from healthcheck.months import Month
    from healthcheck.reviews import pulls
    from healthcheck.store.session import read

    settings = common.settings()
    wanted = str(Month.parse(month)) if month else None
    with read(common.open_database(settings)) as session:
        rows = pulls.listed(session, settings.currency, wanted, pulls.UNCERTAIN if in_doubt else None)
    if as_json:
        common.print_json({"pulls": rows})
    else:
        waits = ("next_try_at",) if any(row["next_try_at"] for row in rows) else ()
        names = ("id", "month", "account", "name", "bureau", "state", *waits, "cost", "note")
        common.print_table(rows, names, "no pulls", right=("cost",))


@pulls_app.command("resolve")
def resolve(
    pull: int = typer.Argument(..., metavar="ID", help="The pull's id, from pulls list."),
    charged: bool = typer.Option(False, "--charged", help="It was charged, and nothing came."),
    not_charged: bool = typer.Option(False, "--not-charged", help="It was not charged."),
    buy_again: bool = typer.Option(False, "--buy-again", help="It was charged; buy the report once more, now."),
) -> None:
    """Say what became of a pull that may have been charged."""
    from healthcheck.reviews import pulls

    if [charged, not_charged, buy_again].count(True) != 1:
        raise UsageError("say one of --charged, --not-charged, --buy-again")
    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    if buy_again:
        row = pulls.buy_again(engine, pull, settings, now, common.who())
    else:
        row = pulls.resolve(engine, pull, pulls.CHARGED if charged else pulls.REFUSED, now, common.who())
    price = f"{settings.currency} {pulls.as_price(row, settings.currency)}"
    typer.echo(f"pull {row.id}: {row.state}, {price}" + (f" ({row.note})" if row.note else ""))
    if row.state == pulls.UNCERTAIN:
        raise typer.Exit(1)
