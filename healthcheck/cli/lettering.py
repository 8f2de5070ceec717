"""``letters``: what is due to go out to customers, how it reads, and sending it by a person's word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from healthcheck.cli import common
from healthcheck.cli.ordering import standing
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Engine

    from healthcheck.playbook.letters import Draft, Wish
    from healthcheck.playbook.situation import Situation
    from healthcheck.reports.letters import Addressee, Paper
    from healthcheck.settings import Settings
    from healthcheck.store.letters import Letter

app = typer.Typer(
    help="Letters to customers: what is due to go out, preview, send, print, standing orders.", no_args_is_help=True
)
app.command("standing")(standing)

ACCOUNT = typer.Argument(..., help="The account's number.")
KIND = typer.Argument(..., help="verification, reminder, statement, instalments, firm or demand.")
AS_OF = typer.Option(None, "--as-of", metavar="DATE", help="As known on this date. Default: today.")
LANG = typer.Option(None, "--lang", help="en or de. Default: the customer's.")
INVOICE = typer.Option([], "--invoice", help="About this invoice alone; may be given several times.")
TIMES = typer.Option(None, "--times", help="So many instalments.")
EVERY = typer.Option("month", "--every", help="Instalments a month or a week apart.")
FIRST = typer.Option(None, "--first", metavar="DATE", help="The day of the first instalment.")
ENTITY = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several.")
KEPT_OUT = typer.Option(
    False, "--kept-out", help="Although the account is kept out: a demand is out, or others collect."
)
DRY_RUN = typer.Option(False, "--dry-run", help="Say what would be done, and do nothing.")
BY = typer.Option(None, "--by", help="Who orders it. Default: who gives the command.")
JSON = typer.Option(False, "--json", help="JSON on standard output, and nothing else there.")


@dataclass(frozen=True)
class Made:
    """One letter, ready, and what it was made of."""

    engine: Engine
    settings: Settings
    now: datetime
    situation: Situation
    draft: Draft
    to: Addressee
    language: str
    paper: Paper

    def line(self) -> dict[str, Any]:
        """As JSON types, without the text."""
        from healthcheck.money import plain

        draft = self.draft
        return {
            "account": self.situation.customer.account,
            "kind": draft.kind,
            "on": str(draft.on),
            "language": self.language,
            "channel": self.to.channel,
            "to": self.to.email or None,
            "subject": self.paper.subject,
            "invoices": list(draft.invoices),
            "amounts": {currency: plain(total, currency) for currency, total in draft.totals},
            "until": str(draft.until),
        }


@app.command("list")
def list_(
    kinds: list[str] = typer.Option([], "--kind", help="These letters alone; may be given several times."),
    as_of: str = AS_OF,
    as_json: bool = JSON,
) -> None:
    """Which letters are due to go out and why, and which were ordered and wait. Sends nothing."""
    from healthcheck.cli.letters_due import due_lines, waiting_lines

    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    day = common.day(as_of, "--as-of") or settings.business_day(now)
    due = [line for line in due_lines(engine, settings, day, now) if not kinds or line["kind"] in kinds]
    waiting = waiting_lines(engine, settings, now)
    if as_json:
        for line in (*due, *waiting):
            common.print_json(line)
        return
    shown = [line for line in due if kinds or line["kind"] != "verification"]
    common.print_table(
        shown, ("account", "kind", "why", "invoices", "channel", "next"), "" if due else f"no letter is due as of {day}"
    )
    if len(due) > len(shown):
        print(f"{len(due) - len(shown)} verification letters besides: healthcheck letters list --kind verification")
    if waiting:
        print("\nOrdered and not gone yet:")
        common.print_table(waiting, ("letter", "account", "kind", "on", "channel", "state", "next"), "")


@app.command("preview")
def preview(
    account: str = ACCOUNT, kind: str = KIND, as_of: str = AS_OF, lang: str = LANG, invoice: list[str] = INVOICE, times: int = TIMES,
    every: str = EVERY, first: str = FIRST, entity: str = ENTITY,
    html: Path = typer.Option(None, "--html", metavar="FILE", help="Write the HTML into a file instead."),
    as_json: bool = JSON,
) -> None:  # fmt: skip
    """Read a letter as it would be now. Sends nothing, records nothing."""
    made = _make(account, kind, entity, lang, _wish(invoice, times, every, first), common.day(as_of, "--as-of"))
    if html:
        common.write_text(html, made.paper.html)
    if as_json:
        common.print_json({**made.line(), "text": made.paper.text, "html": made.paper.html})
    elif not html:
        to = made.to.email if made.to.channel == "mail" else "on paper"
        print(f"To: {to}\nSubject: {made.paper.subject}\n\n{made.paper.text}", end="")


@app.command("send")
def send(
    account: str = ACCOUNT, kinds: list[str] = KIND, lang: str = LANG, invoice: list[str] = INVOICE, times: int = TIMES,
    every: str = EVERY, first: str = FIRST, entity: str = ENTITY,
    to: str = typer.Option(None, "--to", metavar="ADDRESS", help="To this address. Default: the customer's on file."),
    kept_out: bool = KEPT_OUT, by: str = BY, dry_run: bool = DRY_RUN, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Send letters by mail, now, by your word; each goes on record once it left. The same letter on the same day goes once."""
    from healthcheck.playbook import posting
    from healthcheck.reports import outbox

    made = [_make(account, kind, entity, lang, _wish(invoice, times, every, first), None, to) for kind in kinds]
    for one in made:
        _allow(one, kept_out)
        if one.to.channel != posting.MAIL:
            raise UsageError(
                f"{account} is written to on paper: healthcheck letters print {account} {one.draft.kind}, or --to ADDRESS"
            )
    _warn(made[0])
    ordered = [] if dry_run else [_order(one, by) for one in made]
    relayed = outbox.relay(made[0].engine, made[0].settings, made[0].now, hurry=True) if ordered else None
    if ordered:
        posting.settle(made[0].engine, made[0].settings, made[0].now)
    told = [_told(one, ordered[place] if ordered else None) for place, one in enumerate(made)]
    for line in told:
        if as_json:
            common.print_json(line)
        else:
            print(f"{line['account']}, {line['kind']} to {line['to']}: {line['state']}")
    for error in relayed.errors if relayed else ():
        typer.echo(f"healthcheck: {error}", err=True)
    if any(line["state"].startswith("waits") for line in told):
        raise typer.Exit(1)


@app.command("print")
def print_(
    account: str = typer.Argument(None, help="The account's number. Default: all letters that wait to be printed."),
    kind: str = typer.Argument(None, help="verification, reminder, statement, instalments, firm or demand."),
    folder: Path = typer.Option(Path(), "--dir", metavar="DIR", help="Where to; this folder by default."),
    lang: str = LANG, invoice: list[str] = INVOICE, times: int = TIMES, every: str = EVERY, first: str = FIRST, entity: str = ENTITY,
    kept_out: bool = KEPT_OUT, by: str = BY, dry_run: bool = DRY_RUN, as_json: bool = JSON,
) -> None:  # fmt: skip
    """Write letters as pages to print, for those who prefer paper, and put them on record as gone."""
    from healthcheck.cli.letters_due import to_print

    if account and not kind:
        raise UsageError(f"say which letter to print: healthcheck letters print {account} reminder")
    settings = common.settings()
    engine, now = common.open_database(settings), common.now()
    if account:
        made = _make(account, kind, entity, lang, _wish(invoice, times, every, first), None, on_paper=True)
        _allow(made, kept_out)
        _warn(made)
        wanted = [] if dry_run else [(_order(made, by)[0], made.situation.customer.account)]
        planned = [made.line()]
    else:
        wanted = to_print(engine)
        planned = [{"account": number, "kind": letter.kind, "on": str(letter.on)} for letter, number in wanted]
    lines = [{**line, "state": "would be printed"} for line in planned] if dry_run else [
        _print_one(engine, settings, now, letter, number, folder) for letter, number in wanted
    ]  # fmt: skip
    for line in lines:
        if as_json:
            common.print_json(line)
        else:
            print(f"{line['account']}, {line['kind']}: {line['state']}")
    if not lines and not as_json:
        print("no letter waits to be printed")


def _wish(invoice: list[str], times: int | None, every: str, first: str | None) -> Wish:
    from healthcheck.playbook.instalments import STEPS
    from healthcheck.playbook.letters import Wish

    if every not in STEPS:
        raise UsageError(f"--every {every!r} is neither month nor week")
    return Wish(tuple(invoice), times, every, common.day(first, "--first"))


def _make(
    account: str, kind: str, entity: str | None, lang: str | None, wish: Wish, day: date | None, email: str | None = None,
    on_paper: bool = False,
) -> Made:  # fmt: skip
    from dataclasses import replace

    from healthcheck.playbook import letters, posting
    from healthcheck.playbook.addresses import addressees, language_of
    from healthcheck.playbook.gather import situation
    from healthcheck.playbook.policy import policy_from
    from healthcheck.reports.letters import compose, head
    from healthcheck.reports.message import is_address
    from healthcheck.reviews.screen import find
    from healthcheck.store.session import read

    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    key = find(engine, account, entity)
    found = situation(engine, key, day or settings.business_day(now), settings, now)
    draft = letters.draft(found, kind, policy_from(settings), wish)
    with read(engine) as session:
        to = addressees(session, [key], settings)[key]
    if email is not None:
        if not is_address(email):
            raise UsageError(f"--to {email!r} is not a mail address")
        to = replace(to, email=email, channel=posting.MAIL)
    to = replace(to, channel=posting.PAPER) if on_paper else to
    words = language_of(to, lang)
    return Made(
        engine, settings, now, found, draft, to, words.code, compose(draft, found.customer, to, words, head(settings))
    )


def _allow(made: Made, anyway: bool) -> None:
    """A kept-out account is written to by credit's explicit word alone; the demand that evasiveness calls for needs no more words."""
    from healthcheck.playbook.facts import Facts
    from healthcheck.playbook.policy import policy_from

    kept = Facts(made.situation, policy_from(made.settings)).kept_out
    if kept is None or anyway or (kept.kind == "evasive" and made.draft.kind == "demand"):
        return
    account = made.situation.customer.account
    raise UsageError(
        f"{account} is kept out ({kept.why}): nothing goes to it by the way; if credit wants it to, add --kept-out"
    )


def _warn(made: Made) -> None:
    """Old books make paid invoices look unpaid."""
    from healthcheck.playbook.orders import current
    from healthcheck.playbook.policy import policy_from

    if not current(made.situation, policy_from(made.settings)):
        until = made.situation.books_until or "an unknown day"
        typer.echo(f"healthcheck: the ledger ends on {until}: what was paid since is asked for again", err=True)


def _order(made: Made, by: str | None) -> tuple[Letter, bool]:
    from healthcheck.playbook import posting

    who = common.who() if by is None else by
    post = posting.Post(made.situation.customer.key, made.draft, made.paper, made.to, made.language, who)
    letter, new = posting.intend(made.engine, made.settings, post, made.now)
    if letter is None:
        raise UsageError(f"the {made.draft.kind} letter to {made.situation.customer.account} must not go")
    return letter, new


def _told(made: Made, ordered: tuple[Letter, bool] | None) -> dict[str, Any]:
    """What became of it, from the database."""
    from healthcheck.cli.letters_due import state

    if ordered is None:
        return {**made.line(), "state": "would be sent"}
    letter, new = ordered
    now = state(made.engine, letter.id or 0)
    said = now if new or not now.startswith("sent") else f"was {now} before (letter {letter.id}); nothing was done"
    return {**made.line(), "letter": letter.id, "to": letter.recipient, "state": said}


def _print_one(
    engine: Engine, settings: Settings, now: datetime, letter: Letter, account: str, folder: Path
) -> dict[str, Any]:
    """The page first, the record after: whoever is cut short prints the same letter again, and records it once."""
    import re

    from healthcheck.playbook import posting

    if letter.channel == posting.MAIL:
        raise UsageError(f"the {letter.kind} letter {letter.id} to {account} went by mail on {letter.on} already")
    file = folder / f"{re.sub(r'[^A-Za-z0-9_-]', '_', account)}-{letter.kind}-{letter.on}-{letter.id}.html"
    common.write_text(file, letter.html)
    posting.record(engine, letter.id or 0, settings.business_day(now), now)
    return {
        "account": account,
        "kind": letter.kind,
        "on": str(letter.on),
        "letter": letter.id,
        "file": str(file),
        "state": f"printed to {file}",
    }
