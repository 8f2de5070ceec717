"""The bank check in a sentence: bank identities and last fours only, never a bank's name or a whole account."""

from __future__ import annotations

from datetime import date

from healthcheck.checks.bank.institutions import institution, payment_institution
from healthcheck.checks.bank.runs import History, Policy, Run

NOTHING = "No payment has shown yet which bank it came from."


def no_recent(policy: Policy) -> str:
    return f"No payment of the last {policy.recent_days} days shows which bank it came from."


def no_baseline(history: History, as_of: date) -> str:
    first = min(run.paid for runs in [history.baseline, history.known, *history.news.values()] for run in runs)
    return f"Payments show a bank since {day(first, as_of)} only, too short a time to see a change."


def known(history: History, as_of: date) -> str:
    """All recent payments came from payers known before."""
    first, last = history.known[0], history.known[-1]
    count = len({run.paid for run in history.known})
    when = (
        f"The payment of {day(last.paid, as_of)} came"
        if count == 1
        else f"All {count} payments since {day(first.paid, as_of)} came"
    )
    if history.confirmed:
        told = f"its change was confirmed with the customer on {day(history.confirmed, as_of)}"
        return f"{when} from an account known before{_brackets(last)}; {told}."
    if history.excused:
        return f"{when} from banks known before, one that took over such a bank, or an account that pays for several customers."
    return f"{when} from an account known before{_brackets(last)}."


def alternating(new: list[Run], old: Run, as_of: date) -> str:
    return (
        f"{_count(new)} came from a second account{_brackets(new[-1])} since {day(new[0].paid, as_of)}, in turn with the known one"
        f"{_brackets(old)}."
    )


def changed(kind: str, new: list[Run], old: Run | None, silent: int, as_of: date) -> str:
    """``silent``: pay runs since the old payer's last."""
    if (
        kind == "new_account"
        and old
        and old.bank
        and new[-1].bank
        and institution(old.bank) == institution(new[-1].bank)
    ):
        kind = "same_bank"
    source = (
        f"{_SOURCES[kind].format(name=payment_institution(new[-1].bank), country=new[-1].country)}{_brackets(new[-1])}"
    )
    first = day(new[0].paid, as_of)
    count = len({run.paid for run in new})
    head = (
        f"On {first} a first payment came from {source}"
        if count == 1
        else f"Since {first}, {count} payments came from {source}"
    )
    if old is None or not silent:
        return head + "; the one known before still pays."
    if silent == 1:
        return head + f"; the last from the old one{_brackets(old)} was on {day(old.paid, as_of)}."
    return head + f"; the old one{_brackets(old)} has been silent since {day(old.paid, as_of)}."


_SOURCES = {
    "new_account": "another account",
    "same_bank": "another account at the same bank",
    "new_bank": "another bank",
    "new_country": "a bank in another country, {country}",
    "payment_institution": "a payment institution, {name}",
}


def _count(runs: list[Run]) -> str:
    count = len({run.paid for run in runs})
    return f"{count} payments" if count > 1 else "One payment"


def _brackets(run: Run) -> str:
    parts = [run.bank or "", f"{'account ' if run.bank else ''}ending {run.last4}" if run.last4 else ""]
    shown = ", ".join(part for part in parts if part)
    return f" ({shown})" if shown else ""


def day(on: date, as_of: date) -> str:
    """14 September; with its year unless it is the as-of date's."""
    return f"{on.day} {on:%B}" if on.year == as_of.year else f"{on.day} {on:%B %Y}"
