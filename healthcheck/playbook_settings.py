"""The settings of the playbook: what to do once an account is late. Days are days past due unless said otherwise."""

from __future__ import annotations

from pydantic import Field

from healthcheck.bureau_settings import BureauSettings


class PlaybookSettings(BureauSettings):
    """Part of ``healthcheck.settings.Settings``; ``healthcheck.playbook.policy.Policy`` has the same fields."""

    early_days: int = Field(15, ge=1)
    middle_days: int = Field(45, ge=2)
    hand_over_days: int = Field(60, ge=3)
    agency_ready_days: int = Field(60, ge=1)
    agency_urgent_days: int = Field(75, ge=1)
    agency_mark_days: int = Field(90, ge=1)
    mail_from_day: int = Field(4, ge=1)
    learn_answer_days: int = Field(7, ge=1)
    strong_months: int = Field(12, ge=0)
    strong_punctual_share: float = Field(0.8, gt=0, le=1)
    reminders: int = Field(2, ge=0)
    calls: int = Field(1, ge=0)
    handful: int = Field(3, ge=0)
    verify_after_issue_days: int = Field(3, ge=0)
    invoice_within_days: int = Field(7, ge=0)
    follow_up_every_days: int = Field(14, ge=1)
    books_current_days: int = Field(14, ge=1)
    check_in_every_days: int = Field(30, ge=1)
    insurer_report_days: int = Field(60, ge=1)
    verify_within_days: int = Field(14, ge=1)
    letter_answer_days: int = Field(7, ge=1)
    demand_days: int = Field(10, ge=1)
    instalments: int = Field(3, ge=2, le=60)

    letter_company: str = ""
    letter_entity: str = ""
    letter_address: str = ""
    letter_contact: str = ""
    letter_pay_to: str = ""
    letter_signed: str = ""
    letter_terms: str = ""
    letter_from: str = ""
    letter_language: str = Field("en", pattern="^(en|de)$")
