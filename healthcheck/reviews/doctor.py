"""What is configured, what is missing, what is unsafe; one line each, with what to do. Only free things are asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from healthcheck.bureaus import registry
from healthcheck.bureaus.answers import AuthFailed
from healthcheck.bureaus.base import Bureau
from healthcheck.errors import HealthcheckError, UsageError
from healthcheck.ledger import freshness
from healthcheck.reports import digests, mail
from healthcheck.reviews import carriers, linking, status
from healthcheck.settings import Settings
from healthcheck.store import schema
from healthcheck.store.books import Account, Invoice, Rate
from healthcheck.store.operations import JobRun
from healthcheck.store.session import read

OK, NOTE, MISSING, UNSAFE, BROKEN = "ok", "note", "missing", "unsafe", "broken"
TROUBLE: Final = (MISSING, UNSAFE, BROKEN)
KEY_LENGTH: Final = 32


@dataclass(frozen=True)
class Sign:
    """One thing looked at: how it is, and what to do where it is not well."""

    what: str
    state: str
    said: str


def examine(engine: Engine, settings: Settings, now: datetime, ask: bool = True) -> Iterator[Sign]:
    """Everything, in the order in which it is set up. ``ask``: bureaus and the mail server are asked too."""
    yield from _database(engine)
    yield from _secrets(settings)
    yield from _mail(settings, ask)
    yield from _carrier(settings)
    for name in settings.bureaus:
        yield from _bureau(engine, settings, name, ask)
    yield from _budget(settings)
    if not _broken(engine):
        with read(engine) as session:
            yield from _ledger(session, settings, now)
            yield from _clock(session, now)


def _broken(engine: Engine) -> str:
    try:
        schema.require_current(engine)
    except UsageError as error:
        return str(error)
    return ""


def _database(engine: Engine) -> Iterator[Sign]:
    why = _broken(engine)
    place = engine.url.database if engine.dialect.name == "sqlite" else engine.url.render_as_string()
    yield Sign("database", BROKEN if why else OK, why or f"{engine.dialect.name}, {place}")


def _secrets(settings: Settings) -> Iterator[Sign]:
    if not settings.keys:
        yield Sign(
            "secret keys",
            MISSING,
            "none: the audit is unsigned, payers' accounts are hashed without a key; run: healthcheck init",
        )
    elif len(settings.keys[0]) < KEY_LENGTH:
        yield Sign(
            "secret keys", UNSAFE, f"the newest has fewer than {KEY_LENGTH} characters; put a longer one in front of it"
        )
    else:
        yield Sign("secret keys", OK, f"{len(settings.keys)} set")
    env = Path(".env")
    if env.exists() and os.name == "posix" and env.stat().st_mode & 0o077:
        yield Sign(".env", UNSAFE, "others on this machine can read it; chmod 600 .env")


def _mail(settings: Settings, ask: bool) -> Iterator[Sign]:
    try:
        digests.check_addresses(settings)
        sender = mail.sender(settings)
    except UsageError as error:
        yield Sign("mail", BROKEN, str(error))
        return
    parts = urlsplit(settings.mail_url)
    if parts.scheme == "file":
        yield Sign("mail", NOTE, f"digests go to files ({settings.mail_url}); set HEALTHCHECK_MAIL_URL to send them")
        return
    if parseaddr(settings.mail_from)[1].endswith("@localhost"):
        yield Sign("mail sender", MISSING, "set HEALTHCHECK_MAIL_FROM to an address of yours")
    if any(parseaddr(one)[1].endswith("@localhost") for one in settings.credit_team):
        yield Sign("credit team", MISSING, "set HEALTHCHECK_CREDIT_TEAM: who gets credit's digest")
    yield _reached(sender, f"{parts.scheme}://{parts.hostname}") if ask else Sign("mail", NOTE, "not asked")


def _reached(sender: mail.Sender, place: str) -> Sign:
    try:
        with sender:
            sender.greet()
    except HealthcheckError as error:
        return Sign("mail", BROKEN, str(error))
    return Sign("mail", OK, f"{place} answers and lets us in")


def _carrier(settings: Settings) -> Iterator[Sign]:
    try:
        carriers.open_carrier(settings).shutdown()
    except HealthcheckError as error:
        yield Sign("carrier", BROKEN, str(error))
    else:
        yield Sign("carrier", OK, f"{settings.carrier}, {settings.carrier_workers} workers")


def _bureau(engine: Engine, settings: Settings, name: str, ask: bool) -> Iterator[Sign]:
    what = f"bureau {name}"
    try:
        bureau = registry.load(name, settings)
    except HealthcheckError as error:
        yield Sign(what, BROKEN, str(error))
        return
    yield _price(what, bureau, settings)
    yield _probed(what, bureau) if ask else Sign(what, NOTE, "not asked")
    if getattr(bureau, "monitoring", ""):
        often = (
            f"every {settings.monitor_hours:g} h" if settings.monitor_hours else "never: HEALTHCHECK_MONITOR_HOURS is 0"
        )
        yield Sign(what, OK, f"tells what has changed; read {often}")
    column = linking.column_of(bureau)
    if column and not _broken(engine):
        with read(engine) as session:
            without, all_of_them = (
                linking.unlinked(session, bureau),
                session.exec(select(func.count(col(Account.id)))).one(),
            )
        state = NOTE if without else OK
        yield Sign(
            what,
            state,
            f"{without:,} of {all_of_them:,} accounts are not linked"
            + (": healthcheck bureaus find" if without else ""),
        )


def _price(what: str, bureau: Bureau, settings: Settings) -> Sign:
    try:
        cost = bureau.cost()
    except UsageError as error:
        return Sign(what, MISSING, str(error))
    return Sign(what, OK, f"a report costs {settings.currency} {cost}" if cost else "reports are free")


def _probed(what: str, bureau: Bureau) -> Sign:
    """Reachable, credentials accepted, sandbox or live."""
    probe: Any = getattr(bureau, "probe", None)
    if probe is None:
        return Sign(what, NOTE, "its adapter has no free call to try")
    try:
        found = probe()
    except AuthFailed as error:
        return Sign(what, BROKEN, f"reachable, credentials not accepted: {error}")
    except HealthcheckError as error:
        return Sign(what, BROKEN, str(error))
    credentials = {True: ", credentials accepted", False: ", credentials not accepted", None: ""}[found.credentials]
    return Sign(what, OK, f"reachable{credentials}; {found.mode}")


def _budget(settings: Settings) -> Iterator[Sign]:
    if settings.bureaus and settings.bureau_budget is None:
        yield Sign("budget", NOTE, "no cap set, so nothing that costs is bought; set HEALTHCHECK_BUREAU_BUDGET")
    elif settings.bureaus:
        yield Sign("budget", OK, f"{settings.currency} {settings.bureau_budget} a month")


def _ledger(session: Session, settings: Settings, now: datetime) -> Iterator[Sign]:
    today = settings.business_day(now)
    newest = freshness.latest(session, today)
    old = freshness.warning(newest, today, settings.ledger_max_age_days)
    if newest is None:
        yield Sign("ledger", MISSING, "empty; healthcheck import invoices FILE")
    else:
        yield Sign("ledger", BROKEN if old else OK, old or f"up to {newest}")
    rated = set(session.exec(select(Rate.currency).distinct()))
    used = set(session.exec(select(Invoice.currency).distinct()))
    if lacking := sorted(used - rated - {settings.currency}):
        yield Sign(
            "rates", MISSING, f"none for {', '.join(lacking)}: such sums are shown apart; healthcheck import rates FILE"
        )


def _clock(session: Session, now: datetime) -> Iterator[Sign]:
    tick = session.get(JobRun, "tick")
    if tick is None:
        yield Sign("scheduler", NOTE, "has not run yet: healthcheck run")
    elif tick.ended_at is None or now - tick.ended_at > status.QUIET:
        yield Sign("scheduler", BROKEN, f"has not run since {tick.started_at:%Y-%m-%d %H:%M} UTC: healthcheck run")
    else:
        yield Sign("scheduler", OK, f"ran at {tick.ended_at:%Y-%m-%d %H:%M} UTC")
