"""A small book to be reviewed: firms that pay on the day, one that stopped, one that buys no more, a folder of bureau reports."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta

from healthcheck.settings import Settings
from healthcheck.store.books import Account, Invoice
from healthcheck.store.session import read, write
from healthcheck.store.work import Finding, Flag, FlagEvent, Message, Month, Observation, Pull, Report, Review, Standing
from tests import databases

NOW = datetime(2026, 6, 30, 18, 0, tzinfo=UTC)
JUNE = date(2026, 6, 30)
START = date(2024, 1, 8)
FIRMS = 10


def settings(engine, folder, **more) -> Settings:
    given = {
        "database_url": databases.of(engine), "bureaus": "file", "file_folder": str(folder / "reports"),
        "mail_url": f"file:{folder / 'outbox'}", "credit_team": "credit@nordwind.example", "carrier": "inline",
        "secret_keys": "only-for-tests-only-for-tests-only", "monthly_quota": "6", "large_sales_share": "1",
    }  # fmt: skip
    return Settings(_env_file=None, **{**given, **more})


def fill(engine, folder, firms=FIRMS, until=JUNE) -> None:
    """Weekly invoices of two and a half years on 30 days; firm 0 stopped paying in May, firm 1 buys no more since March."""
    (folder / "reports").mkdir(exist_ok=True)
    with write(engine) as session:
        for n in range(firms):
            _firm(session, n, until)
    for n in range(0, firms, 2):
        report(folder, f"C{n:03d}", date(2026, 5, 2), 70 - n)


def _firm(session, n: int, until: date) -> None:
    draw = random.Random(n)
    row = Account(
        account=f"C{n:03d}", name=f"Firm {n} GmbH", currency="EUR", terms_days=30, credit_limit=40_000_00,
        sales_rep="North" if n % 2 else "South", rep_email=f"rep{n % 2}@nordwind.example",
    )  # fmt: skip
    session.add(row)
    session.flush()
    for week in range((until - START).days // 7):
        issued = START + timedelta(days=7 * week + draw.randrange(3))
        due = issued + timedelta(days=30)
        paid = due + timedelta(days=draw.randrange(-3, 3))
        if n == 0 and paid > date(2026, 5, 20):
            paid = None
        if n == 1 and issued > date(2026, 3, 1):
            continue
        session.add(Invoice(
            account_id=row.id, number=f"{n}-{week}", issued=issued, due=due, amount=draw.randrange(3_000_00, 5_000_00),
            currency="EUR", paid=paid, paid_amount=None,
        ))  # fmt: skip


def report(folder, account: str, on: date, score: int, limit: int = 50_000) -> None:
    body = {
        "currency": "EUR", "status": "active", "limit": {"amount": str(limit), "currency": "EUR"},
        "score": {"value": score, "scale_min": 1, "scale_max": 100, "higher_is_better": True, "model": "2024"},
    }  # fmt: skip
    (folder / "reports" / f"{account}_{on}.json").write_text(json.dumps(body))


TABLES = (Month, Review, Finding, Flag, FlagEvent, Standing, Pull, Report, Message, Observation)


def dump(engine) -> dict:
    """Every row of every table that a review writes."""
    from sqlmodel import select

    with read(engine) as session:
        return {model.__tablename__: [row.model_dump() for row in session.exec(select(model))] for model in TABLES}


def results(engine) -> dict:
    """What a review found and says, without ids, tokens and counters of attempts: equal however it was interrupted."""
    from sqlmodel import col, select

    with read(engine) as session:
        names = {row.id: row.account for row in session.exec(select(Account))}
        reviews = {row.id: row for row in session.exec(select(Review))}
        flags = {row.id: row for row in session.exec(select(Flag))}
        keep = ("outcome", "score", "p", "summary", "evidence", "signals")
        return {
            "reviews": sorted((names[r.account_id], r.reason, r.state, r.verdict, repr(r.facts)) for r in reviews.values()),
            "findings": sorted(
                (names[reviews[f.review_id].account_id], f.check, *(repr(getattr(f, k)) for k in keep))
                for f in session.exec(select(Finding))
            ),
            "flags": sorted((names[f.account_id], f.check, repr(f.model_dump(exclude={"id", "account_id"}))) for f in flags.values()),
            "events": sorted(
                (names[flags[e.flag_id].account_id], flags[e.flag_id].check, e.what, e.outcome, e.note)
                for e in session.exec(select(FlagEvent))
            ),
            "standings": sorted(repr(s.model_dump()) for s in session.exec(select(Standing))),
            "messages": [
                (m.kind, m.recipient, m.subject, m.state, _text(m)) for m in session.exec(select(Message).order_by(col(Message.recipient)))
            ],
            "months": [(m.month, m.state, repr(m.summary)) for m in session.exec(select(Month))],
            "reports": sorted((names[r.account_id], r.bureau, r.as_of, r.reported_on) for r in session.exec(select(Report))),
        }  # fmt: skip


def _text(message: Message) -> str:
    """The text part of a mail, without the audit's head: what is told there may come in another order."""
    import email
    import re
    from email import policy

    text = email.message_from_bytes(message.body, policy=policy.default).get_body(("plain",)).get_content()
    return re.sub(r"Audit: head [0-9a-f]{8}", "Audit: head", text)
