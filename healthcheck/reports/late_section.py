"""The section of credit's digest on accounts that are late: who is in which stage, who acts, what comes next; and the insurer's dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from healthcheck import money
from healthcheck.reports.model import Late, LateRow, Timer
from healthcheck.reports.text import count, day, joined, line, upper_first

if TYPE_CHECKING:
    from healthcheck.playbook.following import Followed

STAGES: Final = ("late", "middle", "early")  # as they are listed
SALES: Final = {
    "rep": "the rep is asked",
    "manager": "the sales manager is asked",
    "learn": "sales is asked what it knows",
    "keep_out": "sales keeps out",
}
AGENCY: Final = {"ready": "ready for an agency", "urgent": "urgent for an agency", "placed": "with an agency"}
KEEP_OUT, MANAGER = "keep_out", "the sales manager"
WAITS: Final = "wait"  # the step of an account that is hardly late at all: nobody has to do anything


def section(found: Sequence[Followed], newly: Collection[str] = (), asked: Collection[int] = ()) -> Late:
    """The latest stage first, in each the largest sum; ``newly``: the accounts that are late since this month.

    ``asked``: the keys of those that somebody in sales is asked about in this month's mails.
    """
    late = [one for one in found if one.step.days > 0 or one.step.sales == KEEP_OUT]
    waiting = [one for one in late if one.step.action == WAITS]
    reminded = [one for one in late if _is_routine(one) and one.step.action != WAITS]
    told = sorted((one for one in late if not _is_routine(one) and one.step.action != WAITS), key=_place)
    return Late(
        rows=tuple(_row(one, newly, one.key in asked) for one in told),
        timers=tuple(sorted(_timers(found), key=lambda timer: (timer.on, timer.account))),
        past_due=sum(one.past_due for one in (*told, *reminded)),
        reminded=len(reminded),
        waiting=len(waiting),
    )


def _is_routine(one: Followed) -> bool:
    """Whether only the usual reminder is due: early, and sales has no part in it."""
    return one.step.stage == "early" and one.step.sales == "not_yet" and not one.disputed


def _place(one: Followed) -> tuple[int, int, int, str]:
    stage = STAGES.index(one.step.stage) if one.step.stage in STAGES else len(STAGES)
    return stage, -one.past_due, -one.disputed, one.account


def _row(one: Followed, newly: Collection[str], asked: bool) -> LateRow:
    step = one.step
    return LateRow(
        name=line(one.name or one.account, 80),
        account=number(one),
        days=step.days,
        past_due=one.past_due,
        disputed=one.disputed,
        stage=step.stage,
        sales=step.sales if step.sales == KEEP_OUT else one.asks if asked else "",
        agency=one.agency,
        why=step.why,
        who=_named(step.who, one),
        step=upper_first(_named(step.next_step, one)),
        on=step.next_date,
        unconverted=one.unconverted,
        faults=one.faults,
        new=one.account in newly,
    )


def _named(text: str, one: Followed) -> str:
    """The manager by office where only an address is known."""
    return re.sub(re.escape(one.manager_email), MANAGER, text, flags=re.IGNORECASE) if one.manager_email else text


def number(one: Followed) -> str:
    """The account's number, with our entity where there are several."""
    return line(f"{one.entity}/{one.account}" if one.entity else one.account, 40)


def _timers(found: Iterable[Followed]) -> Iterable[Timer]:
    for one in found:
        for duty in one.duties:
            yield Timer(line(one.name or one.account, 80), number(one), duty.on, duty.what, duty.loud)


# ---- words


def head(late: Late, currency: str) -> str:
    """``Late, in the playbook's hands: 9 accounts, EUR 145,300 past due (2 late, 4 middle, 3 early)``."""
    stages = Counter(row.stage for row in late.rows)
    stages["early"] += late.reminded
    parts = [f"{stages[stage]} {stage}" for stage in STAGES if stages[stage]]
    if over := sum(number for stage, number in stages.items() if stage not in STAGES):
        parts.append(f"{over} with nothing past due now")
    many = count(len(late.rows) + late.reminded, "account")
    return (
        f"Late, in the playbook's hands: {many}, {money.shown(late.past_due, currency)} past due ({', '.join(parts)})"
    )


def told(row: LateRow, currency: str, as_of: date) -> str:
    """The whole of one account in a paragraph, for the text part."""
    state = ", ".join(filter(None, [stage(row), agency(row), sales(row)]))
    why = row.why if row.why.endswith(("?", "!")) else f"{row.why.rstrip('.')}."
    said = (
        f"{row.name} ({row.account}{', new' if row.new else ''}): {owed(row, currency)}{f'; {state}' if state else ''}."
    )
    return f"{said} {first(row)}{upper_first(why)} Next: {row.step.rstrip('.')} ({who(row, as_of)})."


def first(row: LateRow) -> str:
    """``Our own house first: ...``; empty where it is in order, or nothing is to be handed over."""
    return f"Our own house first: {row.faults[:1].lower()}{row.faults[1:]} " if row.faults else ""


def owed(row: LateRow, currency: str) -> str:
    """``EUR 18,400, EUR 2,000 disputed``."""
    parts = [money.shown(row.past_due, currency)] if row.past_due else []
    parts += [row.unconverted] if row.unconverted else []
    parts += [f"{money.shown(row.disputed, currency)} disputed"] if row.disputed else []
    return ", ".join(parts or ["nothing past due"])


def stage(row: LateRow) -> str:
    """``late``; empty where nothing is past due any more."""
    return row.stage if row.stage in STAGES else ""


def agency(row: LateRow) -> str:
    """``urgent for an agency``; empty where it is too early for one."""
    return AGENCY.get(row.agency, "")


def tone(row: LateRow) -> str:
    """The colour of the stage: what is late is loud, what others look after is calm."""
    return "calm" if row.agency == "placed" else {"late": "flag", "middle": "watch"}.get(row.stage, "calm")


def sales(row: LateRow) -> str:
    """``sales keeps out``; empty where sales has no part in it now."""
    return SALES.get(row.sales, "")


def who(row: LateRow, as_of: date) -> str:
    """``credit team, by 3 November``."""
    return f"{row.who}{f', by {day(row.on, as_of)}' if row.on else ''}"


def beyond(late: Late, shown: int) -> str:
    """Of those that are not told one by one; empty where there are none."""
    parts, more = [], len(late.rows) - shown
    if more > 0:
        parts.append(f"{more} more like these")
    if late.reminded:
        parts.append(f"{late.reminded} {_is(late.reminded)} early and to be reminded")
    if late.waiting:
        parts.append(f"{late.waiting} {_is(late.waiting)} late by so few days that the money may be on its way")
    return f"And {joined(parts)}:" if parts else ""


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def timer(one: Timer) -> str:
    """``Brackwater Timber Ltd (C044): report the overdue account ...``"""
    return f"{one.name} ({one.account}): {one.what}"


def next_of(one: Followed, as_of: date) -> str:
    """The playbook's step, for the account's flag: ``send a gentle reminder with a statement (credit team, by 3 November)``."""
    row = _row(one, (), asked=False)
    step = row.step.rstrip(".")
    first = (
        step
        if step.startswith(tuple(name for name in (one.sales_rep, one.rep_email) if name))
        else step[:1].lower() + step[1:]
    )
    return f"{first} ({who(row, as_of)})"
