"""The main job on the demo's book: write it, import it, review a month, lay the digests out to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from healthcheck.checks.outcomes import RANK
from healthcheck.demo import backfill, book, bureau, folder, followed
from healthcheck.demo.days import AS_OF
from healthcheck.demo.followed import Followed
from healthcheck.intake.run import Options, import_files
from healthcheck.months import Month
from healthcheck.reviews import review as batch
from healthcheck.store import schema
from healthcheck.store.books import Account
from healthcheck.store.session import connect, read
from healthcheck.store.work import Flag

MONTH = Month.of(AS_OF)
NOW = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 18, tzinfo=UTC)
KINDS = ("rates", "accounts", "invoices", "payments", "plans")
Tell = Callable[[str, int, int], None]  # what, done, of how many


@dataclass(frozen=True)
class Found:
    """One flag that nobody has settled; ``new`` in this month."""

    account: str
    name: str
    check: str
    outcome: str
    summary: str
    new: bool


@dataclass(frozen=True)
class Outcome:
    """What the demo came to. ``digests`` are the readable copies; ``totals`` is what ``review --json`` prints."""

    folder: Path
    accounts: int
    documents: int
    totals: dict[str, Any]
    found: list[Found]
    digests: list[Path]
    followed: Followed


def run(where: Path, tell: Tell) -> Outcome:
    """The whole demo in the folder ``where``; the same on any day. Raises UsageError if the folder is no place for it."""
    folder.prepare(where)
    settings = folder.settings(where)
    tell("drawing the book", 0, 1)
    drawn = book.make()
    book.write(drawn, where)
    bureau.write(drawn.customers, where / "reports")
    tell("drawing the book", 1, 1)
    engine = connect(settings.database_url, settings.keys)
    try:
        schema.upgrade(engine)
        for step, kind in enumerate(KINDS):
            tell("importing", step, len(KINDS))
            import_files(engine, kind, [where / f"{kind}.csv"], Options(), settings, NOW)
        tell("importing", len(KINDS), len(KINDS))
        backfill.fill(engine, settings, NOW)
        totals = batch.review(engine, MONTH, AS_OF, settings, NOW, tell)
        late = followed.follow(engine, settings, NOW, where / "late")
        readable = _readable(where / "outbox")
        return Outcome(where, len(drawn.customers), len(drawn.documents), totals, found(engine), readable, late)
    finally:
        engine.dispose()


def found(engine: Any) -> list[Found]:
    """The live flags, worst first, then by account."""
    query = select(Flag, Account).join(Account).where(Flag.state != "cleared").order_by(col(Account.account))
    with read(engine) as session:
        rows = session.exec(query).all()
    flags = [
        Found(account.account, account.name, flag.check, flag.outcome, flag.summary, flag.raised_month == str(MONTH))
        for flag, account in rows
    ]
    return sorted(flags, key=lambda one: -RANK[one.outcome])


def _readable(outbox: Path) -> list[Path]:
    """Beside each mail its text and its HTML part as files named by recipient; the HTML files."""
    pages = []
    for path in sorted(outbox.glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        name = f"{MONTH}-{str(mail['To']).partition('@')[0].strip('<')}"
        for kind, ending in (("plain", ".txt"), ("html", ".html")):
            part = mail.get_body((kind,))
            if part is not None:
                outbox.joinpath(name + ending).write_text(part.get_content(), encoding="utf-8")
        pages.append(outbox / f"{name}.html")
    return sorted(pages)
