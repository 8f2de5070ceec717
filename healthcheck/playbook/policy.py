"""The rules of the playbook as numbers, each a setting."""

from __future__ import annotations

from dataclasses import dataclass

from healthcheck.settings import Settings


@dataclass(frozen=True)
class Policy:
    """Days past due, unless said otherwise; a boundary day belongs to the stage that ends with it (day 15 is early, day 16 middle)."""

    early_days: int = 15  # the last day of the early stage
    middle_days: int = 45  # the last day of the middle stage
    hand_over_days: int = 60  # the last day on which sales is asked to learn; then handing over is credit's decision
    agency_ready_days: int = 60  # above it an account is ready for an agency
    agency_urgent_days: int = 75  # from it on handing over is urgent
    agency_mark_days: int = 90  # the mark that an ageing account must not reach in our hands
    mail_from_day: int = 4  # nobody is mailed before; a payment until then counts as punctual
    learn_answer_days: int = 7  # within so many days sales answers
    strong_months: int = 12  # a customer for so long ...
    strong_punctual_share: float = 0.8  # ... who paid this share of the invoices punctually has a strong relationship
    reminders: int = 2  # the standard efforts: so many reminders
    calls: int = 1  # and so many calls
    handful: int = 3  # up to so many cases a year: an attorney rather than an agency
    verify_after_issue_days: int = 3  # after issue, where no delivery is known
    invoice_within_days: int = 7  # after delivery
    follow_up_every_days: int = 14
    books_current_days: int = 14
    check_in_every_days: int = 30  # with the agency
    insurer_report_days: int = 60  # after the due date
    verify_within_days: int = 14  # after delivery: later nobody is asked whether it arrived
    letter_answer_days: int = 7  # within so many days a letter asks for an answer or the money
    demand_days: int = 10  # and a final demand for the money
    instalments: int = 3  # offered, where nobody says how many


def policy_from(settings: Settings) -> Policy:
    """The policy that ``settings`` state."""
    return Policy(**{name: getattr(settings, name) for name in Policy.__dataclass_fields__})
