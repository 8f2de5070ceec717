"""``digests``: what was mailed, what it will say, and sending what waits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from healthcheck.settings import Settings
    from healthcheck.store.work import Message

app = typer.Typer(help="The monthly mails: list them, read them, send them.", no_args_is_help=True)

MonthOption = typer.Option(None, "--month", metavar="YYYY-MM", help="One month; the newest by default.")
JsonOption = typer.Option(False, "--json", help="JSON on standard output.")


@app.command("list")
def list_(
    month: str | None = typer.Option(None, "--month", metavar="YYYY-MM", help="One month; all by default."),
    dead: bool = typer.Option(False, "--dead", help="Only those that wait for a person: held, or refused for good."),
    json: bool = JsonOption,
) -> None:
    """Which mails there are, to whom, and what became of them; ``--dead``: those that nobody will send by itself, why, and what to do."""
    from healthcheck.months import Month

    wanted = str(Month.parse(month)) if month else None
    rows = [_entry(row) for row in _stored(common.open_database(common.settings()), wanted)]
    rows = [row for row in rows if row["remedy"]] if dead else rows
    if json:
        for row in rows:
            common.print_json(row)
    elif dead:
        _remedies(rows)
    else:
        _table(rows)


@app.command("preview")
def preview(
    month: str | None = MonthOption,
    to: str | None = typer.Option(None, "--to", metavar="ADDRESS", help="The mail to one person; credit's by default."),
    html: Path | None = typer.Option(None, "--html", metavar="FILE", help="Write the HTML part into a file instead."),
    eml: Path | None = typer.Option(None, "--eml", metavar="FILE", help="Write the whole mail into a file instead."),
    json: bool = JsonOption,
) -> None:
    """Read a digest: as stored for a closed month, as it would be now for an open one. Sends nothing."""
    chosen = common.settings()
    messages = _messages(common.open_database(chosen), chosen, month)
    if json:
        for message in messages:
            if to in (None, message.recipient):
                common.print_json(_read(message))
        return
    message = _pick(messages, to)
    for path, content in ((html, _read(message)["html"].encode()), (eml, message.body)):
        if path:
            _write(path, content)
    if not (html or eml):
        typer.echo(f"To: {message.recipient}\nSubject: {message.subject}\n\n{_read(message)['text']}", nl=False)
        _tell_others(messages, message)


@app.command("send")
def send(
    again: list[int] = typer.Option(
        [], "--again", metavar="ID", help="First put this held or dead mail back in line; may be given several times."
    ),
    json: bool = JsonOption,
) -> None:
    """Send what waits in the outbox, the same bytes as before; what was sent is never sent again."""
    from dataclasses import asdict

    from healthcheck.reports import outbox

    chosen = common.settings()
    engine = common.open_database(chosen)
    for message in again:
        outbox.again(engine, message, common.now(), common.who())
    result = outbox.relay(engine, chosen, common.now(), hurry=True)
    if json:
        common.print_json(asdict(result))
    else:
        typer.echo(outbox.told(result))
    for error in result.errors:
        typer.echo(f"healthcheck: {error}", err=True)
    if result.needs_person:
        raise typer.Exit(1)


def _stored(engine: Engine, month: str | None) -> list[Message]:
    from sqlmodel import col, select

    from healthcheck.store.session import read
    from healthcheck.store.work import Message

    rows = select(Message).order_by(col(Message.month).desc(), col(Message.id))
    with read(engine) as session:
        return list(session.exec(rows.where(Message.month == month) if month else rows))


def _messages(engine: Engine, chosen: Settings, month: str | None) -> list[Message]:
    from healthcheck.playbook import following
    from healthcheck.reports import digests
    from healthcheck.store.session import read

    now = common.now()
    with read(engine) as session:
        row = digests.newest(session, month)
    if row.state != "closed":
        late = following.follow(engine, row.as_of, chosen, now)
        with read(engine) as session:
            return digests.compose(session, row, chosen, now, late)
    return [message for message in _stored(engine, row.month) if not message.kind.startswith("letter:")]


def _pick(messages: list[Message], to: str | None) -> Message:
    for message in messages:
        if to is None or message.recipient == to.lower():
            return message
    known = ", ".join(message.recipient for message in messages) or "nobody"
    raise UsageError(f"there is no digest for {to or 'anybody'} in this month; there are some for: {known}")


def _entry(row: Message) -> dict[str, Any]:
    names = (
        "id",
        "month",
        "kind",
        "recipient",
        "subject",
        "message_id",
        "state",
        "attempts",
        "sent_at",
        "next_try_at",
        "error",
    )
    entry = {name: getattr(row, name) for name in names}
    times = {name: entry[name].isoformat() for name in ("sent_at", "next_try_at") if entry[name]}
    return {**entry, **times, "to": entry.pop("recipient"), "remedy": _remedy(row)}


def _remedy(row: Message) -> str | None:
    """The command that sends it after all, where nothing else will."""
    return f"healthcheck digests send --again {row.id}" if row.state in ("HELD", "DEAD") else None


def _remedies(rows: list[dict[str, Any]]) -> None:
    """Two lines each, which no narrow terminal cuts."""
    for row in rows:
        why = "may have arrived" if row["state"] == "HELD" else "refused for good"
        typer.echo(f"{row['month']} {row['to']}: {why}, after {row['attempts']} attempts: {row['error']}")
        typer.echo(f"    send the same mail again: {row['remedy']}")
    if not rows:
        typer.echo("no mail waits for a person")


def _read(message: Message) -> dict[str, str]:
    from healthcheck.reports.message import parts

    text, html = parts(message.body)
    head = {"kind": message.kind, "month": message.month, "to": message.recipient, "subject": message.subject}
    return {**head, "message_id": message.message_id, "text": text, "html": html}


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    typer.echo(f"wrote {path}", err=True)


def _tell_others(messages: list[Message], shown: Message) -> None:
    others = [message.recipient for message in messages if message.recipient != shown.recipient]
    if others:
        typer.echo(f"also for: {', '.join(others)} (read one with --to ADDRESS)", err=True)


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    names = ("id", "month", "kind", "to", "state", "attempts", "sent_at", "error")
    table = Table(*names, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        when = str(row["sent_at"] or "")[:16].replace("T", " ")
        cells = ({**row, "sent_at": when}[name] for name in names)
        table.add_row(*(escape(str(cell)) if cell is not None else "" for cell in cells))
    Console().print(table if rows else "no mail yet; it is written when a month is closed: healthcheck review")
