"""What an agency or an attorney gets: one ZIP of all that the books hold of an account, a person's papers, and an index that says what is
missing. Nothing of a credit bureau is in it: their licences forbid it. The same situation makes the same bytes.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from healthcheck import money
from healthcheck.playbook import agency, house
from healthcheck.playbook.documents import Document
from healthcheck.playbook.entries import Entry, standing
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Owed, Situation

CONTACTS: Final = ("contact", "letter", "demand", "evasive", "answer")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # of every entry: a ZIP knows no earlier time


@dataclass(frozen=True)
class File:
    """One part of the dossier: its name in the ZIP, what it is, and its content (bytes, or read when packed)."""

    name: str
    title: str
    content: bytes


@dataclass(frozen=True)
class Dossier:
    """All of it, ready to be shown as an index. ``totals`` are what is past due by currency, in minor units."""

    situation: Situation
    house: house.House
    readiness: agency.Readiness
    files: tuple[File, ...]
    totals: Mapping[str, int]
    identity: Mapping[str, str]


def build(
    situation: Situation, policy: Policy, documents: Sequence[Document] | None = None, identity: Mapping[str, str] | None = None,
    promises: Mapping[int, str] | None = None,
) -> Dossier:  # fmt: skip
    """Put the parts together. ``documents`` None: no folder was named. ``identity``: what the accounts file knows of the company's numbers.

    ``promises``: kept, broken, partly or open, by record.
    """
    from healthcheck.playbook.documents import papers

    late = house.past_due(situation)
    return Dossier(
        situation=situation,
        house=house.assess(situation, policy),
        readiness=agency.readiness(situation, policy, papers(documents) if documents is not None else None),
        files=(*_tables(situation, promises or {}), *_attached(documents or ())),
        totals=_totals(late),
        identity=identity or {},
    )


def pack(dossier: Dossier, index: Mapping[str, str]) -> bytes:
    """The ZIP; ``index`` is the rendered index: file name to text."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in index.items():
            packed.writestr(_info(name), text.encode())
        for file in dossier.files:
            packed.writestr(_info(file.name), file.content)
    return made.getvalue()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _totals(invoices: Iterable[Owed]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in invoices:
        found[one.currency] = found.get(one.currency, 0) + one.open
    return dict(sorted(found.items()))


# ---- tables


def _tables(situation: Situation, promises: Mapping[int, str]) -> Iterable[File]:
    who = situation
    yield _csv("1-statement.csv", "Statement: every open invoice, past due or not", _STATEMENT, _statement(who))
    yield _csv(
        "2-payments.csv", "Payments received in the last 24 months", "on amount currency invoice", _payments(who)
    )
    yield _csv("3-history.csv", "How earlier invoices were paid", _HISTORY, _history(who))
    yield _csv("4-contacts.csv", "Contact log: what was said and written, when, by whom", _CONTACT, _contacts(who))
    yield _csv("5-promises.csv", "Promises to pay, and what became of them", _PROMISE, _promises(who, promises))
    yield _csv("6-disputes.csv", "Disputes: what the customer said, and how it was settled", _DISPUTE, _disputes(who))


_STATEMENT: Final = "invoice issued delivered due days_past_due currency amount open disputed"
_HISTORY: Final = "invoice issued delivered due paid days_late"
_CONTACT: Final = "on kind method by reason invoice note"
_PROMISE: Final = "made due amount currency invoice outcome by note"
_DISPUTE: Final = "on invoice reason owner state note"
Rows = Iterable[tuple[Any, ...]]


def _statement(situation: Situation) -> Rows:
    for one in situation.owed:
        sums = (money.plain(one.amount, one.currency), money.plain(one.open, one.currency))
        disputed = "yes" if one.disputed else ""
        yield one.number, one.issued, one.delivered, one.due, max(one.days, 0), one.currency, *sums, disputed


def _payments(situation: Situation) -> Rows:
    for one in situation.received:
        yield one.on, money.plain(one.amount, one.currency), one.currency, one.invoice


def _history(situation: Situation) -> Rows:
    for one in situation.paid:
        yield one.number, one.issued, one.delivered, one.due, one.settled, one.days


def _contacts(situation: Situation) -> Rows:
    for e in situation.entries:
        if e.kind in CONTACTS:
            yield e.on, e.kind, e.method, e.by, e.reason, e.invoice, e.note


def _promises(situation: Situation, promises: Mapping[int, str]) -> Rows:
    for e in situation.entries:
        if e.kind == "promise":
            yield e.on, e.due, *_sum(e), e.invoice, promises.get(e.id, ""), e.by, e.note


def _disputes(situation: Situation) -> Rows:
    """Those on record, then the invoices that the ledger alone marks as disputed."""
    still = {entry.id for entry in standing(situation.entries, ("dispute",))}
    said = [e for e in situation.entries if e.kind == "dispute"]
    for e in said:
        yield e.on, e.invoice, e.reason, e.owner, "open" if e.id in still else "settled", e.note
    named = {entry.invoice for entry in said}
    for one in situation.owed:
        if one.disputed and not {None, one.number} & named:
            yield None, one.number, None, None, "open", "marked in the ledger"


def _sum(entry: Entry) -> tuple[str, str]:
    known = entry.amount is not None and entry.currency
    return (money.plain(entry.amount or 0, entry.currency or "") if known else "", entry.currency or "")


def _csv(name: str, title: str, heads: str, rows: Rows) -> File:
    """A table that a spreadsheet opens as it is (UTF-8 with its mark), in which no text is run as a formula."""
    out, listed = io.StringIO(newline=""), list(rows)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads.split())
    writer.writerows([_cell(value) for value in row] for row in listed)
    return File(name, f"{title} ({len(listed)})", b"\xef\xbb\xbf" + out.getvalue().encode())


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (int, date)):
        return value
    text = str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


# ---- papers


def _attached(documents: Iterable[Document]) -> Iterable[File]:
    titles = {
        "invoice": "Copy of invoice",
        "delivery": "Proof of delivery",
        "terms": "Terms or order",
        "dispute": "Paper of the dispute",
    }
    for one in documents:
        title = f"{titles.get(one.kind, 'Other paper')}{f' {one.invoice}' if one.invoice else ''}"
        yield File(f"documents/{one.path.name}", title, one.path.read_bytes())
