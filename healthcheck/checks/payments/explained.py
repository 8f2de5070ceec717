"""The changes of ``habits`` in words: sentences with the numbers after an alert, one short clause where it is only watched."""

from __future__ import annotations

from typing import Any

from healthcheck.checks.outcomes import ALERTS, WATCH
from healthcheck.checks.payments.words import when

Facts = dict[str, Any]
MOST = 3  # sentences
_SHORT = {
    "discount": "Cash discount is no longer taken.",
    "early": "Early payment has ended.",
    "parts": "Invoices are paid in parts now.",
    "on_account": "Money comes on account now.",
    "slide": "Payment went from early to late in three windows.",
}
_FULL = {
    "discount": "Cash discount was taken on {before} of {of_before} invoices before, on {now} of {of_now} now.",
    "early": "{before} of {of_before} invoices were paid within about two weeks of issue before, {now} of {of_now} now.",
    "parts": "{now} of {of_now} invoices are paid in parts, against {before} of {of_before} before.",
    "on_account": "{now} of {of_now} pay runs brought sums on account that match no invoice, against {before} of {of_before} before.",
}


def explained(facts: Facts) -> str:
    """What to add to the sentence; empty where nothing changed or nothing is to be said of it."""
    found = facts["habits"]
    if facts["outcome"] in ALERTS:
        return " ".join(_full(name, facts) for name in found[:MOST])
    return _SHORT[found[0]] if found and facts["outcome"] == WATCH else ""


def _full(name: str, facts: Facts) -> str:
    if name == "slide":
        first, second, third = map(when, facts["slide"])
        return f"In three windows of {facts['window_days']} days running, payment went from {first} over {second} to {third}."
    return _FULL[name].format(**{part: facts[f"{name}_{part}"] for part in ("now", "of_now", "before", "of_before")})
