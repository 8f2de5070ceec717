"""What a story does to its account's documents after they were drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from healthcheck.demo.days import AS_OF
from healthcheck.demo.trade import Document


def apply(documents: list[Document]) -> list[Document]:
    """The same documents with the customer's dispute, its day of falling late, and its exact open total."""
    customer = documents[0].customer
    if customer.late_due:
        documents = _due_on(documents, customer.late_due)
    if customer.dispute_due:
        documents = _dispute(documents)
    return _make_up(documents) if customer.open_total else documents


def _dispute(documents: list[Document]) -> list[Document]:
    """The invoice due nearest to the day is due on it, and disputed."""
    return _due_on(documents, documents[0].customer.dispute_due or AS_OF, disputed=True)


def _due_on(documents: list[Document], wanted: date, disputed: bool = False) -> list[Document]:
    """The invoice due nearest to the day is due on it."""
    chosen = min((one for one in documents if one.kind == "invoice"), key=lambda one: abs(one.due - wanted))
    moved = replace(
        chosen, issued=wanted - timedelta(days=chosen.customer.terms), due=wanted, disputed=disputed or chosen.disputed
    )
    return [moved if one is chosen else one for one in documents]


def _make_up(documents: list[Document]) -> list[Document]:
    """The latest invoice makes what is not yet due add up to the open total."""
    kept = [one for one in documents if one.kind == "invoice"]
    last = kept[-1]
    others = sum(one.amount for one in kept if one.due > AS_OF and one is not last)
    return [*kept[:-1], replace(last, amount=last.customer.open_total - others)]
