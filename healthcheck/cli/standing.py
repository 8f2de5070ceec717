"""``status`` and ``audit``: how things stand, and whether the record of them holds."""

from __future__ import annotations

import typer

from healthcheck.cli import common

JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")
audit_app = typer.Typer(name="audit", help="The record of what was done: does it hold?", no_args_is_help=True)


@audit_app.callback()
def _group() -> None:
    pass


def status(as_json: bool = JSON) -> None:
    """What runs, what waits, what failed, and the coming month. Exit code 1 says that something needs a person."""
    from healthcheck.reviews import status as standing

    settings, now = common.settings(), common.now()
    found = standing.gather(common.open_database(settings), settings, now)
    if as_json:
        common.print_json(found)
    else:
        from healthcheck.reports.standing import show

        show(found, settings.currency)
    if found["problems"]:
        raise typer.Exit(1)


@audit_app.command("verify")
def verify(as_json: bool = JSON) -> None:
    """Walk the whole chain of the audit. Compare the head with the one that your last digests printed."""
    from healthcheck.store import audit
    from healthcheck.store.session import read

    settings = common.settings()
    with read(common.open_database(settings)) as session:
        found = audit.verify(session, settings.keys)
    if as_json:
        common.print_json({**vars(found), "holds": found.broken_at is None})
    elif found.broken_at is None:
        unsigned = f", {found.unsigned:,} of them unsigned: no SECRET_KEYS were set" if found.unsigned else ""
        typer.echo(f"the audit holds: {found.entries:,} entries{unsigned}; head {found.head[:8] or 'none'}")
    else:
        typer.echo(f"the audit does not hold from entry {found.broken_at:,} on: {found.why}", err=True)
    if found.broken_at is not None:
        raise typer.Exit(1)
