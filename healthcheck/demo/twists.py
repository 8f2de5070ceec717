"""What a story does to its account's documents after they were drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from healthcheck.demo.days import AS_OF
from healthcheck.demo.trade import Document


def apply(documents: list[Document]) -> list[Document]:
    """The same documents with the customer's dispute and its exact open total."""
    customer = documents[0].customer
    if customer.dispute_due:
        documents = _dispute(documents)
    return _make_up(documents) if customer.open_total else documents


def _dispute(documents: list[Document]) -> list[Document]:
    """The invoice due nearest to the day is due on it, and disputed."""
    customer = documents[0].customer
    wanted = customer.dispute_due or AS_OF
    chosen = min((one for one in documents if one.kind == "invoice"), key=lambda one: abs(one.due - wanted))
    moved = replace(chosen, issued=wanted - timedelta(days=customer.terms), due=wanted, disputed=True)
    return [moved if one is chosen else one for one in documents]


def _make_up(documents: list[Document]) -> list[Document]:
    """The latest invoice makes what is not yet due add up to the open total."""
    kept = [one for one in documents if one.kind == "invoice"]
    last = kept[-1]
    others = sum(one.amount for one in kept if one.due > AS_OF and one is not last)
    return [*kept[:-1], replace(last, amount=last.customer.open_total - others)]
