"""What every command needs. Imports of weight stay inside the functions, so that ``--help`` is quick."""

from __future__ import annotations

import getpass
import json
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.progress import Progress
    from sqlalchemy import Engine

    from healthcheck.settings import Settings


def settings() -> Settings:
    """The settings, and logs as they say."""
    from healthcheck import logs
    from healthcheck.settings import load

    chosen = load()
    logs.begin(chosen, default="ERROR")  # a command says itself what a person should know
    return chosen


def open_database(chosen: Settings) -> Engine:
    """The database, which must be of this release; else a UsageError that names the remedy."""
    from healthcheck.store import schema
    from healthcheck.store.session import connect

    engine = connect(chosen.database_url, chosen.keys)
    schema.require_current(engine)
    return engine


def now() -> datetime:
    """The clock. Only commands and jobs read it; below them it is an argument."""
    return datetime.now(UTC)


def day(text: str | None, name: str) -> date | None:
    """An ISO date given as an option; None stays None."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name}: {text!r} is not a date; write it as YYYY-MM-DD") from None


def who() -> str:
    """Who gave the command, for the record."""
    try:
        return getpass.getuser()
    except OSError:
        return "somebody"


def write_text(file: Path, content: str) -> None:
    """Write a file, and say so on standard error. Raises UsageError if it cannot be written."""
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from None
    sys.stderr.write(f"wrote {file}\n")


def print_json(value: Any) -> None:
    """One JSON value on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def print_table(rows: list[dict[str, Any]], names: tuple[str, ...], nothing: str, right: tuple[str, ...] = ()) -> None:
    """The rows as a table for people; ``nothing`` where there are none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not rows:
        sys.stdout.write(f"{nothing}\n" if nothing else "")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold", justify="right" if name in right else "left")
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]).replace("[", r"\[") for name in names))
    Console().print(table)


@contextmanager
def progress(shown: bool = True) -> Iterator[Progress]:
    """Progress bars on standard error; quiet where nobody looks (no terminal), or where JSON was asked for."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        yield bar
