"""``record``: what was said and done about an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from healthcheck.playbook.entries import Entry
    from healthcheck.playbook.recording import Said


def record(
    account: str = typer.Argument(..., help="The account's number."),
    kind: str = typer.Argument(
        ...,
        help="contact, promise, dispute, demand, placement, evasive, bank_confirmed, answer, relationship, resolved, withdrawn; "
        "or list, to see what is on record.",
    ),
    value: str = typer.Argument(None, help="Of a relationship: strong, normal or weak."),
    on: str = typer.Option(None, "--on", metavar="DATE", help="The day it happened. Default: today."),
    invoice: str = typer.Option(None, "--invoice", help="The invoice it is about. Default: the whole account."),
    amount: str = typer.Option(None, "--amount", help="How much: of a promise, each instalment."),
    currency: str = typer.Option(None, "--currency", help="Of the amount. Default: the invoice's, else the account's."),
    due: str = typer.Option(None, "--due", metavar="DATE", help="Of a promise: by when. Else: when to follow up."),
    times: int = typer.Option(1, "--times", help="Of a promise: so many instalments, the first one by --due."),
    every: str = typer.Option("month", "--every", help="Of instalments: month or week."),
    agency: str = typer.Option(None, "--agency", help="Of a placement: who collects."),
    method: str = typer.Option(None, "--method", help="Of a contact: phone, mail, letter, visit or other."),
    reason: str = typer.Option(
        None,
        "--reason",
        help="Of a contact, why they say it is late: oversight, disaster, cash, dispute, unwilling or other. "
        "Of a dispute: goods, service, delivery, price, agreement or your own words. Of resolved: what settled it.",
    ),
    owner: str = typer.Option(None, "--owner", help="Of a dispute: who has to settle it. Default: credit team."),
    by: str = typer.Option(None, "--by", help="Who did it. Default: who gives the command."),
    note: str = typer.Option("", "--note", help="What was said, in your own words."),
    refers: int = typer.Option(
        None, "--id", help="Of resolved and withdrawn: the number of the record that it is about."
    ),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be recorded, and record nothing."),
    as_json: bool = typer.Option(False, "--json", help="JSON on standard output, and nothing else there."),
) -> None:
    """Record what was said and done about an account: contacts, promises, disputes, and when sales must keep out."""
    from healthcheck.playbook.recording import Said
    from healthcheck.reviews.screen import find

    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    key = find(engine, account, entity)
    if kind == "list":
        _list(engine, key, account, as_json)
        return
    said = Said(
        kind=kind.strip().lower().replace("-", "_"), on=common.day(on, "--on") or settings.business_day(now), value=value,
        invoice=invoice, amount=amount, currency=currency, due=common.day(due, "--due"), agency=agency, method=method, reason=reason,
        note=note, by=common.who() if by is None else by, owner=owner, refers=refers, times=times, every=every,
    )  # fmt: skip
    written, ended = _write(engine, key, said, settings.currency, None if dry_run else now)
    if as_json:
        common.print_json(
            {"account": account, "recorded": not dry_run, "records": [_plain(one) for one in written],
             "ended": [_plain(one) for one in ended]}
        )  # fmt: skip
    else:
        _tell(account, written, ended, dry_run)


def _write(engine: Engine, key: int, said: Said, currency: str, now: Any) -> tuple[list[Entry], list[Entry]]:
    """What was written, and what that settles or takes back; ``now`` None: nothing is written."""
    from healthcheck.playbook import journal, recording
    from healthcheck.store.books import Account
    from healthcheck.store.session import read, write

    with (write if now else read)(engine) as session:
        entries = recording.prepare(session, session.get_one(Account, key), said, currency)
        ended = [one for entry in entries for one in recording.ends(session, key, entry)]
        if now:
            entries = [journal.entry(row) for row in recording.store(session, key, entries, now)]
    return entries, ended


def _list(engine: Engine, key: int, account: str, as_json: bool) -> None:
    from healthcheck.playbook import journal
    from healthcheck.store.session import read

    with read(engine) as session:
        entries = journal.history(session, key)
    if as_json:
        for entry in entries:
            common.print_json({"account": account, **_plain(entry)})
        return
    for entry in entries:
        print(
            f"{entry.id:>5}  {entry.on}  {' '.join(filter(None, (entry.kind, _detail(entry))))}{f'  [{entry.by}]' if entry.by else ''}"
        )
        if entry.note:
            print(f"{'':19}{entry.note}")
    if not entries:
        print(f"nothing is on record of {account}")


def _plain(entry: Entry) -> dict[str, Any]:
    """The entry as JSON types: amounts as text; what was not given is null."""
    from healthcheck.money import plain

    told = {**vars(entry), "on": str(entry.on), "due": str(entry.due) if entry.due else None, "id": entry.id or None}
    amount = None if entry.amount is None else plain(entry.amount, entry.currency or "EUR")
    return {**told, "amount": amount}


def _tell(account: str, written: list[Entry], ended: list[Entry], dry_run: bool) -> None:
    for one in written:
        number = "would be recorded" if dry_run else f"recorded as {one.id}"
        print(f"{account}, {one.on}: {' '.join(filter(None, (one.kind, _detail(one))))}: {number}")
    for one in ended:
        print(f"ends {one.kind} {one.id} of {one.on}{f' about {one.invoice}' if one.invoice else ''}")


def _detail(one: Entry) -> str:
    """``(invoice A1, EUR 500 by 2026-03-01)``; empty where there is none."""
    from healthcheck.money import shown

    parts = [
        f"invoice {one.invoice}" if one.invoice else "", one.method or "", one.reason or "",
        shown(one.amount, one.currency or "EUR") if one.amount is not None else "", f"by {one.due}" if one.due else "",
        one.agency or "", f"owner: {one.owner}" if one.owner else "", f"about record {one.refers}" if one.refers else "",
    ]  # fmt: skip
    told = ", ".join(part for part in parts if part)
    return f"({told})" if told else ""
