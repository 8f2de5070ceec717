import pytest

from healthcheck.checks.payments.wording import sentence

FACTS = {
    "outcome": "clear",
    "speaks": "level",
    "due_year": 50,
    "past_due": 0,
    "past_due_items": 0,
    "oldest_days": 0,
    "replayed": "",
    "habits": [],
}


@pytest.mark.parametrize(
    ("median", "on_time", "late_15", "said"),
    [
        (0.0, 48, 0, "Pays on the day as ever: 48 of 50 invoices in the last year at most 3 days late"),
        (2.0, 30, 1, "Pays as ever, around the due date: 49 of 50 invoices in the last year at most 15 days late"),
        (-14.0, 50, 0, "Pays as ever, usually 14 days early: 50 of 50 invoices in the last year at most 3 days late"),
        (9.0, 8, 5, "Pays as ever, usually 9 days late: 45 of 50 invoices in the last year at most 15 days late"),
    ],
)
def test_a_clear_account_is_described_as_it_pays(median, on_time, late_15, said):
    facts = FACTS | {"median_days": median, "on_time_year": on_time, "late_15_year": late_15}
    assert sentence(facts, "EUR") == f"{said}; nothing past due."
