"""What the rules of the stages look at, worked out of a situation once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from healthcheck.months import add_months
from healthcheck.playbook import disputes, keepout, promises
from healthcheck.playbook.disputes import Dispute
from healthcheck.playbook.entries import STRENGTHS, Entry
from healthcheck.playbook.keepout import KeepOut
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.promises import Promise
from healthcheck.playbook.situation import Owed, Situation
from healthcheck.reports.text import day

SALES_REASONS: Final = (
    "price",
    "agreement",
    "agreed",
    "sales",
)  # words of a dispute's reason: it turns on what sales agreed
SALES_OWNERS: Final = ("sales", "sales rep", "sales manager", "manager")
WRITTEN: Final = ("mail", "letter")
NO_REMINDER: Final = ("verification",)  # letters that ask for no payment


@dataclass(frozen=True)
class Facts:
    """One account and the rules' numbers."""

    situation: Situation
    policy: Policy

    @cached_property
    def late(self) -> tuple[Owed, ...]:
        """What counts: the past-due invoices that nobody disputes; where there is none, the disputed ones."""
        past_due = tuple(owed for owed in self.situation.owed if owed.days > 0)
        in_dispute = disputes.disputed(self.situation)
        return tuple(owed for owed in past_due if owed.number not in in_dispute) or past_due

    @cached_property
    def days(self) -> int:
        """Days past due of the oldest; 0: nothing is."""
        return max((owed.days for owed in self.late), default=0)

    @cached_property
    def disputes(self) -> tuple[Dispute, ...]:
        return disputes.open_disputes(self.situation)

    @cached_property
    def only_disputed(self) -> bool:
        """Whether all that is past due is in dispute."""
        return any(owed.number in disputes.disputed(self.situation) for owed in self.late)

    @cached_property
    def kept_out(self) -> KeepOut | None:
        return keepout.of(self.situation)

    @cached_property
    def promises(self) -> list[Promise]:
        return promises.of(self.situation)

    @cached_property
    def promised(self) -> Promise | None:
        """What is promised next."""
        return promises.next_open(self.promises)

    @cached_property
    def strength(self) -> tuple[bool, str]:
        """Whether the relationship with the sales rep is strong, and why: a person's word, else how long and how punctually it lasts."""
        said = [entry for entry in self.situation.entries if entry.kind == "relationship" and entry.reason in STRENGTHS]
        stated = said[-1].reason if said else (self.situation.customer.relationship or "").strip().lower()
        if stated in STRENGTHS:
            return stated == "strong", f"the relationship is {stated}, as a person says"
        return self._proven()

    def _proven(self) -> tuple[bool, str]:
        since, rules = self.situation.customer.first_invoice, self.policy
        if since is None:
            return False, "no history yet"
        if since > add_months(self.situation.as_of, -rules.strong_months):
            return False, f"a customer for less than {rules.strong_months} months"
        settled = [paid.days for paid in self.situation.paid]
        fallen = settled + [owed.days for owed in self.situation.owed if owed.days >= rules.mail_from_day]
        punctual = sum(days < rules.mail_from_day for days in settled)
        told = f"a customer since {day(since)}, {punctual} of {len(fallen)} invoices paid punctually"
        return bool(settled) and punctual >= rules.strong_punctual_share * len(fallen), told

    @cached_property
    def since_due(self) -> list[Entry]:
        """What happened since the oldest of what is late fell due."""
        start = self.on_day(0)
        return [entry for entry in self.situation.entries if entry.on >= start]

    @cached_property
    def reminders(self) -> int:
        return sum(_reminds(entry) for entry in self.since_due)

    @cached_property
    def calls(self) -> int:
        return sum(entry.kind == "contact" and entry.method in ("phone", "visit") for entry in self.since_due)

    @cached_property
    def tried(self) -> bool:
        """Whether the standard efforts are on record."""
        return self.reminders >= self.policy.reminders and self.calls >= self.policy.calls

    @cached_property
    def last_effort(self) -> date | None:
        touched = ("contact", "letter", "promise")
        return max((entry.on for entry in self.since_due if entry.kind in touched), default=None)

    @cached_property
    def asked(self) -> Entry | None:
        """The last question to sales since it fell due."""
        return _last(entry for entry in self.since_due if entry.kind == "asked")

    @cached_property
    def learned(self) -> Entry | None:
        """The last answer of sales since it fell due."""
        return _last(entry for entry in self.since_due if entry.kind == "answer")

    @cached_property
    def sales_dispute(self) -> Dispute | None:
        """A dispute with a complicated sales background: what sales agreed, or sales owns it."""
        return next((one for one in self.disputes if self._of_sales(one)), None)

    def _of_sales(self, dispute: Dispute) -> bool:
        customer = self.situation.customer
        people = (customer.sales_rep, customer.rep_email, customer.manager_email, *SALES_OWNERS)
        own = dispute.owner.strip().lower() in {name.strip().lower() for name in people if name}
        return own or any(word in (dispute.reason or "").lower() for word in SALES_REASONS)

    def on_day(self, number: int) -> date:
        """The date on which the oldest of what is late is so many days past due."""
        return self.situation.as_of - timedelta(days=self.days - number)


def _reminds(entry: Entry) -> bool:
    letter = entry.kind == "letter" and entry.reason not in NO_REMINDER
    return letter or (entry.kind == "contact" and entry.method in WRITTEN)


def _last(entries: Iterable[Entry]) -> Entry | None:
    return max(entries, key=lambda entry: (entry.on, entry.id), default=None)
