"""``agency``: which late accounts to hand over, what is missing for it, the file, and what became of those handed over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from healthcheck.cli import common, placing
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from healthcheck.playbook.situation import Situation
    from healthcheck.settings import Settings

app = typer.Typer(
    help="Hand over late accounts: whether, what is missing, the file, and the results.", no_args_is_help=True
)

ACCOUNT = typer.Argument(..., help="The account's number.")
ENTITY = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several.")
AS_OF = typer.Option(None, "--as-of", metavar="DATE", help="As known on this date. Default: today.")
JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")


@app.command("list")
def list_(
    everything: bool = typer.Option(False, "--all", help="Those that are not ready yet, too."),
    as_of: str = AS_OF,
    as_json: bool = JSON,
) -> None:
    """The accounts that are ready for an agency, urgent, or placed with one; the oldest first."""
    from healthcheck.playbook import handover
    from healthcheck.playbook.agency import NOT_YET

    settings, engine, on = _begin(as_of)
    found = handover.cases(engine, on, settings, common.now())
    shown = [one for one in found if everything or one.readiness.state != NOT_YET]
    if as_json:
        for one in shown:
            common.print_json(handover.line(one))
    else:
        from healthcheck.playbook.policy import policy_from
        from healthcheck.reports.handover import print_list

        print_list(shown, handover.route(found, _placed(engine, on), policy_from(settings)), len(found), on)


@app.command("show")
def show(account: str = ACCOUNT, entity: str = ENTITY, as_of: str = AS_OF, as_json: bool = JSON) -> None:
    """One account: whether to hand it over, our own house, what is missing, what it may bring, what became of it."""
    from healthcheck.playbook import handover
    from healthcheck.playbook.policy import policy_from

    settings, engine, on = _begin(as_of)
    found = handover.case(_situation(engine, account, entity, on, settings), policy_from(settings))
    if as_json:
        common.print_json(handover.whole_line(found))
    else:
        from healthcheck.reports.handover import print_case

        print_case(found)


@app.command("house")
def house(
    account: str = typer.Argument(None, help="The account's number. Default: the whole book."),
    entity: str = ENTITY, as_of: str = AS_OF, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Our own house: did we invoice on time and regularly, did we follow up, are the books current?"""
    from healthcheck.playbook import handover
    from healthcheck.playbook import house as own
    from healthcheck.playbook.policy import policy_from

    settings, engine, on = _begin(as_of)
    if account:
        found = own.assess(_situation(engine, account, entity, on, settings), policy_from(settings))
    else:
        found = handover.whole_book(engine, on, settings, handover.cases(engine, on, settings, common.now()))
    if as_json:
        common.print_json({"account": account, "as_of": on, **found.as_dict()})
    else:
        from healthcheck.reports.handover import print_house

        print_house(found, account or "the whole book", on)


@app.command("checklist")
def checklist(as_of: str = AS_OF, as_json: bool = JSON) -> None:
    """What to settle before choosing an agency, with what the books know of it."""
    from dataclasses import asdict

    from healthcheck.playbook import choosing, handover
    from healthcheck.playbook.policy import policy_from

    settings, engine, on = _begin(as_of)
    found = handover.cases(engine, on, settings, common.now())
    books = handover.whole_book(engine, on, settings, found).why or "They are in order: healthcheck agency house."
    need = handover.need(found, _placed(engine, on), books, settings.currency)
    asks = choosing.checklist(need, policy_from(settings))
    if as_json:
        common.print_json([asdict(ask) for ask in asks])
    else:
        from healthcheck.reports.handover import print_checklist

        print_checklist(asks)


@app.command("file")
def file(
    account: str = ACCOUNT,
    to: Path = typer.Option(..., "--zip", metavar="FILE", help="Where to write it."),
    documents: Path = typer.Option(
        None, "--documents", metavar="DIR", help="Your papers: copies of invoices, proofs of delivery, terms; by name."
    ),
    entity: str = ENTITY, as_of: str = AS_OF, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Make the file to hand over: a ZIP with an index, the statement, contacts, promises, disputes, your papers, and what is missing."""
    from healthcheck.playbook import documents as papers
    from healthcheck.playbook import dossier
    from healthcheck.playbook.policy import policy_from
    from healthcheck.reports.dossier import index

    settings, engine, on = _begin(as_of)
    about = _situation(engine, account, entity, on, settings)
    if not any(one.days > 0 for one in about.owed):
        raise UsageError(f"{account} owes nothing that is past due on {on}")
    numbers = [*(one.number for one in about.owed), *(one.number for one in about.paid)]
    found = papers.scan(documents, about.customer.account, numbers) if documents else None
    made = dossier.build(about, policy_from(settings), found, _identity(engine, about.customer.key), _promises(about))
    _write(to, dossier.pack(made, index(made)))
    if as_json:
        names = [file.name for file in made.files]
        common.print_json(
            {"account": account, "file": str(to), "files": names, "missing": made.readiness.missing, "house_in_order": made.house.in_order}
        )  # fmt: skip
    else:
        from healthcheck.reports.handover import print_file

        print_file(made, to)


for name, command in (("place", placing.place), ("check-in", placing.check_in), ("result", placing.result)):
    app.command(name)(command)


def _begin(as_of: str | None) -> tuple[Settings, Engine, date]:
    settings = common.settings()
    return settings, common.open_database(settings), common.day(as_of, "--as-of") or settings.business_day(common.now())


def _situation(engine: Engine, account: str, entity: str | None, on: date, settings: Settings) -> Situation:
    from healthcheck.playbook import gather
    from healthcheck.reviews.screen import find

    return gather.situation(engine, find(engine, account, entity), on, settings, common.now())


def _placed(engine: Engine, on: date) -> frozenset[int]:
    from healthcheck.playbook import handover
    from healthcheck.store.session import read

    with read(engine) as session:
        return handover.handed_over(session, on)


def _promises(about: Situation) -> dict[int, str]:
    from healthcheck.playbook import promises

    return {one.entry.id: one.state for one in promises.of(about)}


_NUMBERS = {
    "company_number": "Company number", "vat": "VAT number", "duns": "D-U-N-S number", "bin": "Business number", "cik": "CIK",
}  # fmt: skip


def _identity(engine: Engine, key: int) -> dict[str, str]:
    """What the accounts file knows of the company's own numbers."""
    from healthcheck.store.books import Account
    from healthcheck.store.session import read

    with read(engine) as session:
        row = session.get_one(Account, key)
        return {label: value for name, label in _NUMBERS.items() if (value := getattr(row, name))}


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
