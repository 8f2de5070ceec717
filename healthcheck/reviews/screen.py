"""Judging stored accounts: all of them chunk by chunk, or one with its family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import col, select

from healthcheck.errors import UsageError
from healthcheck.ledger.read import chunks, read_columns, read_parts
from healthcheck.reviews import calibrations, workers
from healthcheck.reviews.judge import Judged, judge
from healthcheck.settings import Settings
from healthcheck.store.books import Account, Invoice
from healthcheck.store.session import read

CHUNK = 20_000  # accounts judged at a time
LARGE = 500_000  # invoices from which on several processes are quicker than one
ROWS = 250_000  # invoices judged at a time by each of them


def screen(
    engine: Engine,
    as_of: date,
    settings: Settings,
    now: datetime,
    size: int = CHUNK,
    done: Callable[[int, int], None] | None = None,
) -> Iterator[Judged]:
    """Every account, ``size`` at a time, whole families together. ``done(chunks so far, chunks)`` is called after each."""
    learned = calibrations.current(engine, as_of, settings, now)
    batches = chunks(engine, size)
    for number, columns in enumerate(read_parts(engine, as_of, settings.currency, batches), 1):
        judged = judge(columns, settings, learned)
        if done:
            done(number, len(batches))
        yield judged


def texts(
    engine: Engine, as_of: date, settings: Settings, now: datetime, done: Callable[[int, int], None] | None = None
) -> Iterator[str]:
    """The lines of every account as JSON, some at a time: the same bytes whether by one process or, of a large book, by several."""
    with read(engine) as session:
        invoices = session.exec(select(func.max(Invoice.id))).one() or 0
        accounts = session.exec(select(func.max(Account.id))).one() or 0
    processes = min(workers.MOST, workers.processors())
    if invoices < LARGE or processes < 2:
        yield from (judged.text() for judged in screen(engine, as_of, settings, now, done=done))
        return
    url = engine.url.render_as_string(hide_password=False)
    task = workers.Task(url, as_of, settings, calibrations.current(engine, as_of, settings, now))
    batches = chunks(engine, max(1, min(CHUNK, ROWS * accounts // invoices)))
    for number, text in enumerate(workers.texts(task, batches, processes), 1):
        if done:
            done(number, len(batches))
        yield text


def one(engine: Engine, key: int, as_of: date, settings: Settings, now: datetime) -> Judged:
    """One account, with its family, by the same calibration and the same checks as the screen."""
    learned = calibrations.current(engine, as_of, settings, now)
    judged = judge(read_columns(engine, as_of, settings.currency, [key]), settings, learned)
    if key not in set(judged.columns.accounts["key"]):
        raise UsageError(f"nothing is known of this account yet on {as_of}")
    return judged


def line(judged: Judged, key: int) -> dict[str, Any]:
    """The line of one account."""
    return next(judged.lines({key}))


def find(engine: Engine, account: str, entity: str | None = None) -> int:
    """The key of an account given by its number; UsageError names near ones, or the entities to choose from."""
    with read(engine) as session:
        rows = session.exec(select(Account).where(col(Account.account) == account)).all()
        found = [row for row in rows if entity is None or row.entity == entity]
        if len(found) == 1:
            return int(found[0].id or 0)
        if found:
            raise UsageError(
                f"{account} is an account of {', '.join(r.entity or '(none)' for r in found)}: say which with --entity"
            )
        names = session.exec(select(Account.account)).all()
    raise UsageError(f"there is no account {account!r}{_near(account, list(names))}")


def _near(account: str, names: list[str]) -> str:
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in sorted(names)}
    near = [folded[name] for name in get_close_matches(account.casefold(), folded, n=3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""
