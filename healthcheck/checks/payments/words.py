"""Numbers and days as a sentence says them."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 invoice``, ``4 invoices``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def beyond(days: int) -> str:
    """Later than a round number of days past due, in words for early payers too."""
    if days > 0:
        return f"ran past {days} days late"
    return (
        "were paid late or are past due"
        if days == 0
        else f"were paid, or are unpaid, later than {-days} days before due"
    )


def when(days: float) -> str:
    """A usual day: ``3 days late``, ``on the day``, ``8 days early``."""
    whole = round(days)
    return "on the day" if whole == 0 else f"{count(abs(whole), 'day')} {'late' if whole > 0 else 'early'}"
