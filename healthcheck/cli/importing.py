"""``import``: files of a ledger into the books."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from healthcheck.cli import common

if TYPE_CHECKING:
    from healthcheck.intake.results import Note, Result

SHOWN = 20


def import_(
    kind: Annotated[str, typer.Argument(help="accounts, invoices, payments, plans or rates")],
    file: Annotated[list[Path], typer.Argument(help="CSV files: UTF-8 or Windows-1252; comma, semicolon or tab")],
    profile: Annotated[str | None, typer.Option(help="the system that the files come from")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="THEIRS=OURS", help="their column is our column; repeatable")
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(metavar="STRPTIME", help="how dates are written, e.g. %m/%d/%Y")
    ] = None,
    decimal: Annotated[str | None, typer.Option(metavar=",|.", help="the decimal sign")] = None,
    snapshot: Annotated[
        str | None, typer.Option(metavar="DATE", help="invoices: the files are all items open on DATE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen, change nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON only")] = False,
) -> None:
    """Import files of a ledger. The same file twice changes nothing. Exit 1 when rows were rejected: they are listed, the rest is in."""
    from healthcheck.intake.run import Options, import_files

    settings = common.settings()
    day = common.day(snapshot, "--snapshot")
    options = Options(tuple(map_ or ()), date_format, decimal, profile, day, dry_run)
    with common.progress(not as_json) as bar:
        task = bar.add_task("reading", total=None)

        def tick(name: str, done: int, rows: int) -> None:
            bar.update(task, description=Path(name).name, completed=done, total=rows)

        result = import_files(common.open_database(settings), kind, file, options, settings, common.now(), tick)
    if as_json:
        common.print_json(result.to_json())
    else:
        _tell(result, dry_run)
    if result.rejected:
        raise typer.Exit(1)


def _tell(result: Result, dry_run: bool) -> None:
    counts = ", ".join(f"{getattr(result, name):,} {name}" for name in ("added", "updated", "unchanged", "rejected"))
    print(f"{result.read:,} rows read: {counts}" + (" (a dry run: nothing was changed)" if dry_run else ""))
    more = {
        "accounts_added": "new account(s), named by the rows",
        "removed": "payment rows removed that the file no longer has",
        "settled_by_snapshot": "open items settled because the snapshot no longer lists them (estimated)",
    }
    for name, text in more.items():
        if count := getattr(result, name):
            print(f"{count:,} {text}")
    _list("rejected", result.rejects)
    _list("odd, but taken", result.warnings)
    if result.rejects:
        print("The rejected rows are not in the books: mend them and import the file again.")


def _list(title: str, notes: list[Note]) -> None:
    for note in notes[:SHOWN]:
        place = f"{note.file}:{note.line}" if note.line else note.file
        print(f"  {title}: {place}{f', {note.column}' if note.column else ''}: {note.reason}")
    if len(notes) > SHOWN:
        print(f"  ... and {len(notes) - SHOWN:,} more; --json lists them all")
