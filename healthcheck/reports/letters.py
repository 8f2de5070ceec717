"""Letters as customers get them: the words of one language and kind in our letterhead, as plain text and as HTML that prints.

The words stand in ``templates/letters/<language>/<kind>.txt``: paragraphs, lines that begin with ``- ``, and ``[invoices]``,
``[instalments]`` and ``[payment]`` where these belong. Both forms are made of them, so that they never differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from markupsafe import Markup, escape

from healthcheck.playbook.language import Language
from healthcheck.playbook.letters import DEMAND, VERIFICATION, Draft
from healthcheck.playbook.situation import Customer, Owed
from healthcheck.reports import text
from healthcheck.reports.message import inlined
from healthcheck.reports.templating import render
from healthcheck.settings import Settings

BLOCKS: Final = {"[invoices]": "invoices", "[instalments]": "instalments", "[payment]": "payment"}
NUMBERS: Final = 3  # invoices named in a subject


@dataclass(frozen=True)
class Head:
    """Our letterhead; lines of our own, trusted. ``terms``: what was agreed, as half a sentence."""

    company: str
    address: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    pay_to: tuple[str, ...] = ()
    signed: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Addressee:
    """Whom a letter goes to. ``channel``: mail or paper; ``language`` empty: not known."""

    name: str
    account: str
    address: tuple[str, ...] = ()
    email: str = ""
    language: str = ""
    channel: str = "mail"


@dataclass(frozen=True)
class Paper:
    """A letter ready to go."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Block:
    """``kind``: text, list, invoices, instalments, payment."""

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    table: str = ""


@dataclass(frozen=True)
class _Row:
    number: str
    issued: str
    due: str
    days: str
    open: str
    note: str
    late: bool


def head(settings: Settings) -> Head:
    """The letterhead that ``settings`` state."""
    lines = (settings.letter_address, settings.letter_contact, settings.letter_pay_to)
    address, contact, pay_to = (tuple(line.strip() for line in one.split("|") if line.strip()) for one in lines)
    return Head(settings.letter_company, address, contact, pay_to, settings.letter_signed, settings.letter_terms)


def compose(draft: Draft, customer: Customer, to: Addressee, language: Language, own: Head) -> Paper:
    """The letter in its language. ``own`` without a company shows that one is missing."""
    subject, blocks = _body(draft, language, own)
    rows = [_row(one, language) for one in draft.items]
    plan = [
        {"due": language.day(part.due), "amount": language.exact(part.amount, part.currency)} for part in draft.parts
    ]
    shell = {
        "code": language.code,
        "to": {"name": to.name, "address": to.address or _place(customer)},
        "subject": subject,
        "words": _words(draft, to, language),
        "rows": rows,
        "sums": [language.exact(total, currency) for currency, total in draft.totals],
        "plan": plan,
        "asks": draft.kind != VERIFICATION,
    }
    tables = {"invoices": _invoices(shell), "instalments": _instalments(shell)}
    plain = [
        replace(one, text=_clean(one.text), items=tuple(map(_clean, one.items)), table=tables.get(one.kind, ""))
        for one in blocks
    ]
    marked = [replace(one, text=escape(one.text), items=tuple(map(escape, one.items))) for one in blocks]
    return Paper(
        subject,
        render("letters/letter.txt", **shell, head=_trusted(own, language, html=False), blocks=plain).rstrip() + "\n",
        inlined(render("letters/letter.html", **shell, head=_trusted(own, language, html=True), blocks=marked)),
    )


def _clean(value: str) -> Markup:
    """Text that was made harmless before, and goes into plain text as it is."""
    return Markup(value)  # noqa: S704


def _body(draft: Draft, language: Language, own: Head) -> tuple[str, list[_Block]]:
    """The subject and the blocks. Values from outside are made harmless on the way in, so that none of them can be a block."""
    filled = render(f"letters/{language.code}/{draft.kind}.txt", **_values(draft, language, own))
    first, *paragraphs = [part.strip() for part in filled.split("\n\n") if part.strip()]
    return first.removeprefix("Subject:").strip(), [_block(part) for part in paragraphs]


def _block(paragraph: str) -> _Block:
    if paragraph in BLOCKS:
        return _Block(BLOCKS[paragraph])
    if paragraph.startswith("- "):
        return _Block("list", items=tuple(line.removeprefix("- ") for line in paragraph.splitlines()))
    return _Block("text", " ".join(paragraph.split()))


def _values(draft: Draft, language: Language, own: Head) -> dict[str, Any]:
    before = list(dict.fromkeys(language.day(entry.on) for entry in draft.before))
    delivered = sorted({one.delivered for one in draft.items if one.delivered})
    terms = [language.say("terms", n=draft.terms_days)] if draft.terms_days is not None else []
    return {
        "n": len(draft.items),
        "numbers": language.joined([text.line(number) for number in draft.invoices[:NUMBERS]])
        + (" …" if len(draft.invoices) > NUMBERS else ""),
        "total": _sum(draft.items, language),
        "overdue": _sum([one for one in draft.items if one.days > 0 and not one.disputed], language),
        "on": language.day(draft.on),
        "until": language.day(draft.until),
        "delivered": language.joined([language.day(day) for day in delivered])
        if len(delivered) and all(one.delivered for one in draft.items)
        else "",
        "terms": Markup("; ".join([*terms, own.terms] if own.terms else terms)),  # noqa: S704 - ours
        "before": language.joined(before),
        "before_count": len(before),
        "parts": len({part.due for part in draft.parts}),
    }


def _sum(items: Sequence[Owed], language: Language) -> str:
    """``EUR 1,200.00 and USD 30.00``; empty for nothing."""
    currencies = sorted({one.currency for one in items})
    return language.joined(
        [language.exact(sum(one.open for one in items if one.currency == name), name) for name in currencies]
    )


def _row(one: Owed, language: Language) -> _Row:
    note = language.say("paper.disputed") if one.disputed else ""
    if one.open < one.amount:
        rest = language.say("paper.rest", amount=language.exact(one.amount, one.currency))
        note = f"{rest}; {note}" if note else rest
    days = language.number(one.days) if one.days > 0 else language.say("paper.not_due")
    return _Row(
        text.line(one.number), language.short(one.issued), language.short(one.due), days, language.exact(one.open, one.currency), note,
        one.days > 0 and not one.disputed,
    )  # fmt: skip


def _words(draft: Draft, to: Addressee, language: Language) -> dict[str, str]:
    names = ("invoice issued due days open total instalment payable amount pay_to").split()
    said = {name: language.say(f"paper.{name}") for name in names}
    numbers = language.say("paper.invoice_numbers", n=len(draft.items))
    account = text.line(to.account)
    return {
        **said,
        "regards": language.say("paper.faithfully" if draft.kind == DEMAND else "paper.regards"),
        "day": language.day(draft.on),
        "reference": language.say("paper.reference", account=account),
        "pay_reference": language.say("paper.pay_reference", account=account, numbers=numbers),
    }


def _place(customer: Customer) -> tuple[str, ...]:
    return tuple(one for one in (customer.city, customer.country) if one)


def _trusted(own: Head, language: Language, html: bool) -> dict[str, Any]:
    """The letterhead, which may hold an address that is a link."""

    def mark(value: str) -> Markup:
        return Markup(escape(value)) if html else Markup(value)  # noqa: S704 - ours

    lines = {name: tuple(map(mark, getattr(own, name))) for name in ("address", "contact", "pay_to")}
    company = own.company or "[HEALTHCHECK_LETTER_COMPANY]"
    return {**lines, "company": mark(company), "signed": mark(own.signed or language.say("paper.signed"))}


# ---- tables in plain text


def _invoices(shell: dict[str, Any]) -> str:
    words, rows = shell["words"], shell["rows"]
    asks = shell["asks"]
    cells = [[words["invoice"], words["due"], *([words["days"]] if asks else []), words["open"], ""]]
    cells += [[row.number, row.due, *([row.days] if asks else []), row.open, row.note] for row in rows]
    if len(rows) > 1:
        for place, total in enumerate(shell["sums"]):
            cells.append([words["total"] if not place else "", "", *([""] if asks else []), total, ""])
    return _aligned(cells, right=(2, 3) if asks else (2,))


def _instalments(shell: dict[str, Any]) -> str:
    words = shell["words"]
    cells = [[words["instalment"], words["payable"], words["amount"]]]
    cells += [[str(place), part["due"], part["amount"]] for place, part in enumerate(shell["plan"], 1)]
    return _aligned(cells, right=(2,))


def _aligned(cells: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = [
        "   ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join(f"  {line}" for line in lines)
