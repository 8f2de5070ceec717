"""``bureaus``: whom we ask, and which of their companies an account is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from healthcheck.reviews.linking import Found
    from healthcheck.settings import Settings

JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")
ENTITY = typer.Option(None, "--entity", help="Our own legal entity, where several have such an account.")
ONLY = typer.Option(None, "--bureau", help="Only this one. Default: all of HEALTHCHECK_BUREAUS.")
app = typer.Typer(
    name="bureaus",
    help="Whom we ask for credit reports, and which of their companies an account is.",
    no_args_is_help=True,
)


@app.command("list")
def list_bureaus(as_json: bool = JSON) -> None:
    """The bureaus that can be asked: which are configured, what a report costs, how many accounts are linked. Asks nobody."""
    from healthcheck.bureaus import registry
    from healthcheck.reviews.linking import column_of, unlinked
    from healthcheck.store.session import read

    settings = common.settings()
    engine = common.open_database(settings)
    rows = []
    with read(engine) as session:
        for name in [*settings.bureaus, *sorted(set(registry.known()) - set(settings.bureaus))]:
            bureau = registry.load(name, settings)
            rows.append({
                "bureau": name, "configured": name in settings.bureaus, "price": _price(bureau), "protects": bureau.idempotency,
                "linked_by": column_of(bureau) or "account", "unlinked": unlinked(session, bureau),
            })  # fmt: skip
    if as_json:
        common.print_json({"bureaus": rows, "currency": settings.currency})
        return
    shown = [
        {**row, "configured": "yes" if row["configured"] else "", "price": row["price"] or "not set"} for row in rows
    ]
    common.print_table(
        shown, ("bureau", "configured", "price", "linked_by", "unlinked"), "no bureaus", right=("price", "unlinked")
    )


def _price(bureau: Any) -> str | None:
    try:
        return str(bureau.cost())
    except UsageError:
        return None


@app.command("find")
def find(
    account: str = typer.Argument(None, help="The account. Left out: every account that lacks a link."),
    bureau: str = ONLY,
    link: bool = typer.Option(
        False, "--link", help="Link those that are found beyond doubt; without it nothing is changed."
    ),
    entity: str = ENTITY,
    as_json: bool = JSON,
) -> None:
    """Who may this account be? Candidates with confidence, free of charge. Exit code 1: some need a person to say."""
    from healthcheck.reviews import linking, screen

    settings = common.settings()
    engine = common.open_database(settings)
    keys = [screen.find(engine, account, entity)] if account else linking.without_link(engine, settings, bureau)
    found = []
    with common.progress(not as_json and len(keys) > 1) as bar:
        task = bar.add_task("asking", total=len(keys))
        for one in linking.find(engine, settings, keys, bureau):
            found.append(one)
            bar.update(task, advance=1)
    rows = [_linked(engine, settings, one, link) for one in found]
    if as_json:
        common.print_json({"accounts": rows})
    else:
        _print(rows, link)
    if not all(row["linked"] for row in rows):
        raise typer.Exit(1)


def _linked(engine: Engine, settings: Settings, found: Found, link: bool) -> dict[str, Any]:
    from healthcheck.bureaus import registry
    from healthcheck.reviews import linking

    sure = linking.sure(found, settings.bureau_confidence)
    if sure and link:
        linking.confirm(
            engine, found.account_id, registry.load(found.bureau, settings), sure.id, "healthcheck", common.now()
        )
    candidates = [
        {"id": one.id, "name": one.name, "city": one.city, "country": one.country, "confidence": round(one.confidence, 2)}
        for one in found.candidates
    ]  # fmt: skip
    return {
        "account": found.subject.account, "name": found.subject.name, "bureau": found.bureau, "candidates": candidates,
        "sure": sure.id if sure else None, "linked": bool(sure and link), "problem": found.problem,
    }  # fmt: skip


def _print(rows: list[dict[str, Any]], link: bool) -> None:
    for row in rows:
        typer.echo(
            f"{row['account']} {row['name']} at {row['bureau']}:" + (f" {row['problem']}" if row["problem"] else "")
        )
        if row["linked"]:
            typer.echo(f"  linked to {row['sure']}")
            continue
        shown = [{**one, "confidence": f"{one['confidence']:.0%}"} for one in row["candidates"]]
        nothing = "" if row["problem"] else "  nobody found"
        common.print_table(shown, ("confidence", "id", "name", "city", "country"), nothing, right=("confidence",))
        if row["candidates"]:
            typer.echo(f"  healthcheck bureaus confirm {row['account']} {row['bureau']} {row['candidates'][0]['id']}")
    sure = sum(bool(row["sure"]) for row in rows)
    if sure and not link:
        typer.echo(f"{sure} of {len(rows)} are beyond doubt: --link links them")


@app.command("confirm")
def confirm(
    account: str = typer.Argument(..., help="The account."),
    bureau: str = typer.Argument(..., help="The bureau, e.g. creditsafe."),
    company: str = typer.Argument(None, metavar="ID", help="The bureau's id of the company, from bureaus find."),
    remove: bool = typer.Option(False, "--remove", help="Take the link away again."),
    entity: str = ENTITY,
) -> None:
    """Say which company of a bureau an account is."""
    from healthcheck.bureaus import registry
    from healthcheck.reviews import linking, screen

    if bool(company) == remove:
        raise UsageError("give the company's ID, or --remove")
    settings = common.settings()
    engine = common.open_database(settings)
    key = screen.find(engine, account, entity)
    column = linking.confirm(engine, key, registry.load(bureau, settings), company, common.who(), common.now())
    typer.echo(f"{account}: {column} is {company}" if company else f"{account}: {column} is empty")
