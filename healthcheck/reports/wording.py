"""The fixed sentences of the digests: what each check asks for next, what clears it, and how counts are said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from healthcheck import money
from healthcheck.checks.outcomes import ALERTS, CLEAR, FLAG, NOT_APPLICABLE, UNKNOWN, URGENT, WATCH
from healthcheck.reports.model import Brief, Counts, CreditDigest, OpenFlag, RepDigest, Row, Standing
from healthcheck.reports.text import count, day, joined, upper_first, wrapped

LINE: Final = 116  # columns of an account's first line; it is not wrapped, so that it can be scanned
QUESTIONS: Final = (
    ("What is their business like?", ("not visited, not spoken", "bustling", "as always", "too quiet")),
    ("What do you hear about them?", ("nothing new", "good news", "trouble", "in your words")),
    ("People, premises, stock: what do you see?", ("not seen", "more", "as always", "fewer, emptier")),
)

CLEARS: Final = {
    "credit": "the limit is decided",
    "bank": "they confirm it on a number you had before",
    "payments": "what is past due is paid or explained, and two monthly checks are quiet",
    "purchases": "the reason is known, or two monthly checks are quiet",
    "field": "somebody has spoken with them",
}

NEW_ORDERS: Final = "; decide on new orders until it is paid"
NEXT: Final = {
    ("credit", FLAG): "decide the limit; call their accounts department",
    ("credit", URGENT): "decide the limit before the next delivery; call their accounts department",
    ("bank", FLAG): "confirm the new bank by calling a number you already had, never one from the message",
    ("bank", URGENT): "confirm the new bank today by calling a number you already had, never one from the message",
    ("payments", FLAG): "call their accounts department: a date for the oldest item, and whether anything is disputed",
    ("payments", URGENT): f"call today: a date for the oldest item{NEW_ORDERS}",
    ("purchases", FLAG): "find out what changed: season, a competitor, or trouble",
    ("purchases", URGENT): "find out today what changed: a competitor, or trouble; look at open orders",
    ("field", FLAG): "call the rep, then the customer",
    ("field", URGENT): "call the rep today, then the customer",
}
_PAID_LATE: Final = "ask why it came late, and whether anything was disputed"
_SURGE: Final = "ask what the extra goods are for before the limit is used up"

THEN: Final = {
    CLEAR: "clear",
    WATCH: "worth watching",
    FLAG: "flag",
    URGENT: "urgent",
    UNKNOWN: "not judged",
    NOT_APPLICABLE: "not applicable",
}

_NEUTRAL: Final = {
    ("payments", CLEAR): "Pays as usual.",
    ("payments", WATCH): "Some payments have come a little later than usual.",
    ("payments", FLAG): "Payments have been coming later than usual.",
    ("payments", URGENT): "Payments have been coming later than usual.",
    ("purchases", CLEAR): "Orders as usual.",
    ("purchases", WATCH): "Orders have differed a little from the usual lately.",
    ("purchases", FLAG): "Orders have been lower than usual lately.",
    ("purchases", URGENT): "Orders have been lower than usual lately.",
}
_MORE: Final = "Orders have been higher than usual lately."


def next_step(check: str, outcome: str, signals: dict[str, Any] | None, past_due: int = 0) -> str:
    """What to do about one finding; empty where nothing has to be done."""
    if outcome in ALERTS and check == "purchases" and surged(signals):
        return _SURGE
    if outcome in ALERTS and check == "payments" and not past_due:
        return _PAID_LATE
    return NEXT.get((check, outcome), "")


def neutral(check: str, outcome: str, signals: dict[str, Any] | None) -> str:
    """What a rep is told of a finding from our own books: no judgement, no number of another source; empty for other checks."""
    if outcome in ALERTS and check == "purchases" and surged(signals):
        return _MORE
    return _NEUTRAL.get((check, outcome), "")


def surged(signals: dict[str, Any] | None) -> bool:
    """True if buying too much is what was found."""
    surge = (signals or {}).get("surge") or {}
    return surge.get("outcome") in ALERTS


def verdict(counts: Counts) -> str:
    """The first line of credit's digest; its numbers add up to all accounts looked at."""
    if not counts.total:
        return "No account was due for review this month."
    parts = [part for part in _tally(counts) if part]
    if counts.look:
        return f"{count(counts.look, 'account')} {_verb(counts.look, 'needs', 'need')} a look, {', '.join(parts)}.".replace(
            ", .", "."
        )
    return f"No account needs a look: {', '.join(parts)}."


def _tally(counts: Counts) -> tuple[str, ...]:
    return (
        f"{counts.still_open:,} {_verb(counts.still_open)} still open from earlier months" if counts.still_open else "",
        f"{counts.watch:,} {_verb(counts.watch)} worth watching" if counts.watch else "",
        f"{counts.fine:,} {_verb(counts.fine)} fine{_without_bank(counts)}",
        f"{counts.unknown:,} could not be judged" if counts.unknown else "",
        f"{counts.failed:,} failed" if counts.failed else "",
        f"{counts.pending:,} {_verb(counts.pending)} still to be reviewed" if counts.pending else "",
    )


def _without_bank(counts: Counts) -> str:
    if not counts.without_bank:
        return ""
    who = "all of them" if counts.without_bank == counts.fine > 1 else f"{counts.without_bank:,} of them"
    return f" ({'' if counts.fine == 1 else who + ' '}without a bank check)"


def _verb(number: int, one: str = "is", many: str = "are") -> str:
    return one if number == 1 else many


def credit_subject(digest: CreditDigest) -> str:
    """Counts and money only: no name of a customer stands in a header."""
    counts, lead = digest.counts, f"Health check {digest.month.title}: "
    if not counts.total:
        return lead + "no account was due"
    if not counts.look:
        return f"{lead}none of {count(counts.total, 'account')} needs a look"
    noun, verb = ("account", "needs") if counts.total == 1 else ("accounts", _verb(counts.look, "needs", "need"))
    stake = money.shown(digest.at_stake, digest.currency)
    return f"{lead}{counts.look:,} of {counts.total:,} {noun} {verb} a look ({stake} open)"


def rep_subject(digest: RepDigest) -> str:
    """``Three short questions about 4 of your customers (November 2026)``; before it, how many are past due."""
    number, late = len(digest.customers), len(digest.overdue)
    month = f" ({digest.month.title})"
    past_due = f"{'a customer' if late == 1 else f'{late} customers'} past due"
    if not number:
        return f"A question about {past_due}{month}"
    if late:
        return f"{upper_first(past_due)}, and three short questions about {number} more{month}"
    whom = "one of your customers" if number == 1 else f"{number} of your customers"
    return f"Three short questions about {whom}{month}"


def owed(books: Standing, currency: str) -> str:
    """``EUR 131,500 open of 150,000 limit, 44,200 past due``."""
    return f"{money.shown(books.exposure, currency)} open{of_limit(books, currency)}, {past_due(books, currency)}"


def of_limit(books: Standing, currency: str) -> str:
    """`` of 150,000 limit``, or that it is over it, or that there is none."""
    if books.limit is None:
        return ", no limit on file"
    if books.exposure > books.limit:
        return f", over its limit of {_bare(books.limit, currency)}"
    return f" of {_bare(books.limit, currency)} limit"


def past_due(books: Standing, currency: str) -> str:
    """``44,200 past due``."""
    return f"{_bare(books.past_due, currency)} past due" if books.past_due else "nothing past due"


def group(books: Standing, currency: str) -> str:
    """A sentence on the family, where it owes more than its limit; else empty."""
    if books.group_exposure is None or books.group_limit is None or books.group_exposure == books.exposure:
        return ""
    if books.group_exposure <= books.group_limit:
        return ""
    return (
        f"Its group has {money.shown(books.group_exposure, currency)} open, over the group's limit of "
        f"{_bare(books.group_limit, currency)}."
    )


def heading(place: int, row: Row, currency: str) -> str:
    """The account's first line; two lines where one would be too long."""
    who = f"{place}. {row.books.name} ({row.books.account})"
    what, tag = owed(row.books, currency), tags(row)
    line = f"{who}    {what}    {tag}"
    return line if len(line) <= LINE else f"{who}    {tag}\n{wrapped(what, 3)}"


def tags(row: Row) -> str:
    """``CREDIT, urgent; PAYMENTS, flag``."""
    return "; ".join(f"{point.check.upper()}, {point.outcome}" for point in row.points)


def other_side(row: Row) -> str:
    """What speaks for the account, and what nobody could check."""
    parts = [f"Reassuring: {row.reassuring}"] if row.reassuring else []
    if row.unchecked:
        parts.append(f"Not checked: {joined(row.unchecked)}.")
    return " ".join(parts)


def clears(row: Row, as_of: date) -> str:
    """``Clears when: the limit is decided. Owner: credit team, by 26 November.``"""
    what, owner = _clears(row), f"Owner: {_owner(row, as_of)}"
    return f"Clears when: {what}. {owner}" if what else owner


def reassuring(clear: Sequence[tuple[str, str]]) -> str:
    """The first clear check in its own words, the others by name: ``Pays on the day as ever. Also clear: purchases and bank.``"""
    if not clear:
        return ""
    others = [check for check, _ in clear[1:]]
    return clear[0][1] + (f" Also clear: {joined(others)}." if others else "")


def _clears(row: Row) -> str:
    return _by_check([(point.check, point.clears) for point in row.points if point.clears])


def _owner(row: Row, as_of: date) -> str:
    return f"{row.owner}{f', by {day(row.due, as_of)}' if row.due else ''}."


def next_steps(row: Row) -> str:
    """``Next: decide the limit; call their accounts department.``"""
    return f"Next: {_next(row)}"


def _next(row: Row) -> str:
    said = _by_check([(point.check, point.next_step) for point in row.points if point.next_step])
    asked = "the rep is asked what is seen and heard there" if row.rep_asked else ""
    return f"{'; '.join(filter(None, [said, asked])) or 'look at it'}."


def _by_check(said: Sequence[tuple[str, str]]) -> str:
    return "; ".join(words if len(said) == 1 else f"({check}) {words}" for check, words in said)


def row_facts(row: Row, as_of: date) -> list[tuple[str, str]]:
    """The labelled lines under one account in the HTML part: the same words as in the text part."""
    said = (
        ("Reassuring", row.reassuring),
        ("Not checked", upper_first(joined(row.unchecked))),
        ("Change", row.change),
        ("Clears when", upper_first(what) + "." if (what := _clears(row)) else ""),
        ("Owner", upper_first(_owner(row, as_of))),
        ("Next", upper_first(_next(row))),
    )
    return [(label, text) for label, text in said if text]


def tally(digest: CreditDigest) -> list[tuple[str, str, bool]]:
    """(figure, label, loud) for the row of figures under the verdict."""
    counts = digest.counts
    figures = (
        (counts.look, "need a look" if counts.look != 1 else "needs a look", True),
        (counts.still_open, "still open", False),
        (counts.watch, "to watch", False),
        (counts.fine, "fine", False),
        (counts.unknown, "not judged", False),
        (counts.failed, "failed", True),
        (counts.pending, "to be reviewed", False),
    )
    shown = [(f"{n:,}", label, loud and n > 0) for n, label, loud in figures if n or label == "fine"]
    stake = [(money.shown(digest.at_stake, digest.currency), "open with those", False)] if counts.look else []
    return shown + stake


def open_head(flags: Sequence[OpenFlag]) -> str:
    """``Still open from earlier months: 4 (1 past its due date).``"""
    overdue = sum(flag.overdue for flag in flags)
    late = f", {overdue} past {'its' if overdue == 1 else 'their'} due date" if overdue else ""
    return f"Still open from earlier months: {len(flags)}{late}"


def open_line(flag: OpenFlag, as_of: date) -> str:
    """``Reva SA (C201): purchases, flag, 61 days; credit team, was due 4 November.``"""
    said = f" {upper_first(flag.said.rstrip('.'))}." if flag.said else ""
    return f"{flag.name} ({flag.account}): {flag.check}, {flag.outcome}, {count(flag.days, 'day')}; {open_due(flag, as_of)}.{said}"


def open_due(flag: OpenFlag, as_of: date) -> str:
    """``credit team, was due 4 November``; ``snoozed until 3 December``; ``decided``."""
    if flag.state == "snoozed":
        return f"snoozed until {day(flag.due, as_of)}"
    if flag.state == "decided":
        return f"{flag.owner}, decided"
    state = "" if flag.state == "open" else f"{flag.state}, "
    return f"{state}{flag.owner}, {'was due' if flag.overdue else 'by'} {day(flag.due, as_of)}"


def short_lists(digest: CreditDigest) -> list[tuple[str, tuple[Brief, ...]]]:
    """The short lists with their titles; none that is empty."""
    lists = (
        ("Worth watching", digest.watch),
        ("Could not be judged", digest.unknown),
        ("Failed, to be run again with healthcheck review", digest.failed),
    )
    return [(f"{title}: {len(briefs)}", briefs) for title, briefs in lists if briefs]


def rep_title(digest: RepDigest) -> str:
    """``Three short questions about 4 of your customers``."""
    return rep_subject(digest).rpartition(" (")[0]


def rep_opening(digest: RepDigest) -> str:
    """What is wanted, and that no answer is a fine answer."""
    whom = "This customer is" if len(digest.customers) == 1 else "These customers are"
    return (
        f"{whom} among those we look at this month, as we do with all our large, good accounts in turn: nothing has to be wrong. "
        "“Not visited, not spoken” is a perfectly good answer, and nothing waits for it."
    )


def stands_in(digest: RepDigest) -> str:
    """Why a manager, or credit, gets a rep's questions."""
    return (
        f"You get the questions of {joined(digest.stands_in)} because there is no working address on file there. "
        "Please pass them on, or tell credit who looks after these customers now."
    )


def rep_closing() -> str:
    """How to answer."""
    return (
        "To answer, just reply to this mail: the number of the customer and your answers, for example “1: a as always, b nothing new, "
        "c not seen”. Credit writes them down (healthcheck observe). Anything else you heard is welcome in your own words."
    )


def rep_facts(books: Standing, currency: str) -> str:
    """``EUR 131,500 is open, EUR 44,200 of it past due, the oldest by 33 days.``"""
    if not books.exposure:
        return "Nothing is open at the moment."
    text = f"{money.shown(books.exposure, currency)} is open"
    if not books.past_due:
        return f"{text}, nothing past due."
    oldest = f", the oldest by {count(books.oldest_days, 'day')}" if books.oldest_days else ""
    return f"{text}, {money.shown(books.past_due, currency)} of it past due{oldest}."


def _bare(minor: int, currency: str) -> str:
    return money.shown(minor, currency).removeprefix(f"{currency} ")
