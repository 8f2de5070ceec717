"""Legal filings, overdue statutory filings, status, ownership and the bank on file."""

from __future__ import annotations

from datetime import date, timedelta

from healthcheck.bureaus.base import ACTIVE, INSOLVENCY, Legal, Report
from healthcheck.checks.credit.policy import NOT_KNOWN, Part, Policy, part
from healthcheck.checks.outcomes import CLEAR, FLAG, RANK, URGENT, WATCH

ACTIVE_WORDS = frozenset({ACTIVE, "registered", "live", "trading"})
SEVERE = frozenset({"judgment", "lien", "suit", "strike_off", "debt_acceleration", "restatement"})


def legal(now: Report, before: Report | None, as_of: date, policy: Policy) -> Part:
    """An open insolvency is urgent; a new open event of a SEVERE kind a flag; other news a watch."""
    if not now.has("legal"):
        return NOT_KNOWN
    judged = [(_weigh(event, _is_new(event, before, as_of, policy)), event) for event in now.legal]
    counted = sorted((pair for pair in judged if pair[0] != CLEAR), key=lambda pair: (-RANK[pair[0]], _order(pair[1])))
    told = [_told(event) for _, event in counted]
    if not counted:
        return part(CLEAR, 0.0, legal=[])
    rest = f" and {len(told) - 1} more" if len(told) > 1 else ""
    return part(counted[0][0], len(counted) / 5, f"there is {told[0]}{rest}", legal=told[:20])


def _weigh(event: Legal, new: bool) -> str:
    if event.kind in INSOLVENCY:
        return URGENT if event.open else FLAG if event.open is None else WATCH if new else CLEAR
    if event.open is False:
        return CLEAR
    if event.kind in SEVERE:
        return FLAG if new and event.open else WATCH
    return WATCH if new else CLEAR


def _is_new(event: Legal, before: Report | None, as_of: date, policy: Policy) -> bool:
    """Not in the report before; on a first report: dated within the last year, or not dated."""
    if before and before.has("legal"):
        return _identity(event) not in {_identity(known) for known in before.legal}
    return event.date is None or event.date > as_of - timedelta(days=policy.new_event_days)


def _identity(event: Legal) -> tuple[str, ...]:
    return (event.kind, event.ref) if event.ref else (event.kind, str(event.date), str(event.amount))


def _order(event: Legal) -> tuple[str, ...]:
    return (str(event.date), event.kind, event.ref or "", str(event.amount))


def _told(event: Legal) -> str:
    word = "event" if event.kind == "other" else event.kind.replace("_", " ")
    article = "an" if not event.open and word[0] in "aeiou" else "a" if not event.open else "an"
    state = " open" if event.open else ""
    when = f" of {event.date.day} {event.date:%B %Y}" if event.date else ""
    what = f" ({event.ref})" if event.kind == "other" and event.ref else ""
    return f"{article}{state} {word}{when}{what}"


def filings(now: Report, before: Report | None) -> Part:
    """Overdue statutory filings: a watch; a flag when they were overdue in the report before too."""
    if not now.has("filings") or now.filings_overdue is None:
        return NOT_KNOWN
    if not now.filings_overdue:
        return part(CLEAR, 0.0, filings_overdue=False)
    again = bool(before and before.has("filings") and before.filings_overdue)
    detail = f" ({now.filings_detail})" if now.filings_detail else ""
    phrase = f"its statutory filings are {'still ' if again else ''}overdue{detail}"
    return part(FLAG if again else WATCH, 0.3, phrase, filings_overdue=True)


def status(now: Report) -> Part:
    """Anything but active is urgent."""
    if not now.has("status") or now.status is None:
        return NOT_KNOWN
    if now.status in ACTIVE_WORDS:
        return part(CLEAR, 0.0, status=now.status)
    return part(URGENT, 1.0, f"its status is “{now.status.replace('_', ' ')}”", status=now.status)


def ownership(now: Report, before: Report | None) -> Part:
    """A change of control is a flag, other owners a watch."""
    if not now.has("ownership"):
        return NOT_KNOWN
    if now.ownership.control_changed:
        return part(FLAG, 0.0, "control of the company changed", control_changed=True)
    old = set(before.ownership.owners) if before and before.has("ownership") else set()
    came = sorted(set(now.ownership.owners) - old) if old and now.ownership.owners else []
    if came:
        return part(WATCH, 0.3, f"it has a new owner on file, {came[0]}", control_changed=now.ownership.control_changed)
    if now.ownership.control_changed is None and not now.ownership.owners:
        return NOT_KNOWN
    return part(CLEAR, 0.0, control_changed=now.ownership.control_changed)


def banks(now: Report, before: Report | None) -> Part:
    """Another bank on file than before: a watch (registers follow slowly; the bank check looks at the payments)."""
    if not now.has("banks"):
        return NOT_KNOWN
    new = {_bank(name) for name in now.banks_on_file}
    old = {_bank(name) for name in before.banks_on_file} if before and before.has("banks") else set()
    if not new or not old or new & old:
        return part(CLEAR, 0.0, bank_on_file=sorted(new)[:5])
    return part(WATCH, 0.3, "the bank on file changed", bank_on_file=sorted(new)[:5])


def _bank(name: str) -> str:
    """A BIC with and without its branch is one bank."""
    plain = name.upper().strip()
    return plain[:8] if len(plain) == 11 and plain.isalnum() else plain
