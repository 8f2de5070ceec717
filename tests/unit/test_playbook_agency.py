"""When an account is ready for an agency, what is missing, what it may bring, what became of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.playbook import agency, choosing, recovery
from healthcheck.playbook.agency import Papers
from tests.unit.playbook_house_cases import AS_OF, DAY, POLICY, case, owed, said

STATES = [
    (0, "not_yet"), (1, "not_yet"), (59, "not_yet"), (60, "not_yet"), (61, "ready"), (74, "ready"), (75, "urgent"),
    (89, "urgent"), (90, "urgent"), (91, "urgent"), (400, "urgent"),
]  # fmt: skip


def ready(*invoices, papers=None, **more):
    return agency.readiness(case(*invoices, **more), POLICY, papers)


@pytest.mark.parametrize(("days", "state"), STATES)
def test_source_2_over_60_days_is_ready_and_source_0_the_90_day_mark_makes_it_urgent(days, state):
    assert ready(owed(days=days)).state == state


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (60, "60 days past due: ready to be handed over from 1 November on."),
        (1, "ready to be handed over from 30 December on."),
        (75, "75 days past due, 15 days before the 90-day mark: decide now."),
        (89, "1 day before the 90-day mark"),
        (90, "at the 90-day mark"),
        (95, "5 days beyond the 90-day mark"),
    ],
)
def test_why_names_the_day(days, words):
    assert words in ready(owed(days=days)).why


def test_the_oldest_undisputed_invoice_counts():
    found = ready(owed("A", days=80, disputed=True), owed("B", days=20))
    assert (found.state, found.days) == ("not_yet", 20)
    assert ready(owed("A", days=20), owed("B", days=80)).state == "urgent"


def test_what_is_all_disputed_is_settled_first():
    found = ready(owed(days=120, disputed=True))
    assert (found.state, found.why) == ("not_yet", "What is past due is disputed: settle that first.")
    assert "dispute_papers" in found.missing


def test_nothing_is_missing_when_the_books_hold_it_all():
    entries = [said("contact", 30), said("demand", 10, id=2)]
    assert ready(owed(days=70), entries=entries).missing == []


def test_what_is_missing_is_said_in_the_order_of_the_file():
    found = ready(
        owed("A", days=70, lag=None, disputed=True), owed("B", days=65, lag=None), customer={"terms_days": None}
    )
    assert found.missing == ["terms", "proof_of_delivery", "contact_log", "dispute_papers", "final_demand"]
    assert found.lacks[1].why == "Proof of delivery for A, B."
    assert found.as_dict() == {"state": "ready", "missing": found.missing}


def test_nothing_past_due_lacks_nothing():
    assert ready(owed(days=-3, lag=None), customer={"terms_days": None}).missing == []


def test_papers_are_asked_for_once_somebody_has_looked_for_them():
    entries = [said("contact", 30), said("demand", 10, id=2)]
    invoices = (owed("A", days=70), owed("B", days=65))
    assert ready(*invoices, entries=entries, papers=Papers()).missing == ["invoices", "terms", "proof_of_delivery"]
    some = Papers(invoices=["A"], deliveries=["A", "B"], terms=True)
    assert [lack.why for lack in ready(*invoices, entries=entries, papers=some).lacks] == ["Copies of B."]


def test_placed_wins_over_every_age_and_lacks_nothing():
    for days, _ in STATES[1:]:
        found = ready(owed(days=days), entries=[said("placement", 3, agency="Inkasso Nord")])
        assert (found.state, found.missing) == ("placed", [])
    assert found.why == "With Inkasso Nord since 28 October; ask them by 27 November."


def test_a_resolved_placement_is_over_and_the_file_may_say_placed_too():
    entries = [said("placement", 30), said("resolved", 2, id=2, refers=1, note="paid")]
    assert ready(owed(days=70), entries=entries).state == "ready"
    assert ready(owed(days=70), customer={"relationship": " Placement "}).state == "placed"


def test_a_check_in_moves_the_next_one_and_results_add_up():
    entries = [
        said("placement", 50, agency="Inkasso Nord", amount=10_000_00, currency="EUR"),
        said("check_in", 20, id=2, refers=1),
        said("recovered", 12, id=3, refers=1, amount=4_000_00, currency="EUR"),
        said("agency_fee", 12, id=4, refers=1, amount=600_00, currency="EUR"),
        said("recovered", 5, id=5, refers=1, amount=1_000_00, currency="EUR"),
    ]
    placed = ready(owed(days=90), entries=entries).placed
    assert placed.next_check == AS_OF - 5 * DAY + POLICY.check_in_every_days * DAY
    assert (placed.recovered, placed.fee, placed.amount) == (5_000_00, 600_00, 10_000_00)


@pytest.mark.parametrize(("cases", "to"), [(0, "attorney"), (1, "attorney"), (3, "attorney"), (4, "agency")])
def test_source_2_only_a_handful_suggests_an_attorney(cases, to):
    assert agency.route(cases, POLICY).to == to


@given(st.integers(0, 200), st.integers(0, 60), st.sampled_from(["phone", "mail"]))
def test_a_placed_account_is_never_ready_again_whatever_else_happened(days, ago, method):
    entries = [said("placement", ago), said("contact", 0, id=2, method=method), said("promise", 0, id=3)]
    assert ready(owed(days=days), entries=entries).state == "placed"


# ---- what it may bring


@pytest.mark.parametrize(
    ("days", "share"),
    [(-5, 0.949), (0, 0.949), (30, 0.899), (60, 0.813), (90, 0.696), (183, 0.521), (365, 0.228), (730, 0.093), (9999, 0.093)],
)  # fmt: skip
def test_the_studys_own_ages(days, share):
    assert recovery.collected(days) == share


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_older_never_brings_more(one, other):
    young, old = sorted((one, other))
    assert recovery.collected(young) >= recovery.collected(old)


def test_each_invoice_counts_at_its_own_age_and_waiting_has_a_price():
    found = recovery.expected(case(owed("A", days=60, amount=100_00), owed("B", days=30, amount=300_00)), POLICY)
    assert (found.owed, found.now) == (400_00, round(100_00 * 0.813 + 300_00 * 0.899))
    assert found.later == round(100_00 * 0.696 + 300_00 * 0.813)
    assert found.later_on == AS_OF + 30 * DAY
    assert found.share == pytest.approx(0.8775)


def test_before_the_mark_later_is_the_day_of_the_mark():
    assert recovery.expected(case(owed(days=20)), POLICY).later_on == AS_OF + 70 * DAY


def test_beyond_the_mark_later_is_a_month_on():
    found = recovery.expected(case(owed(days=100)), POLICY)
    assert found.later_on == AS_OF + 30 * DAY
    assert found.later < found.now


def test_what_has_no_rate_or_is_disputed_is_left_out_and_the_source_is_named():
    found = recovery.expected(case(owed("A"), owed("B", value=None), owed("C", disputed=True)), POLICY)
    assert (found.owed, found.left_out) == (1_000_00, 1)
    assert found.as_dict()["source_date"] == recovery.STUDY_DATE
    assert "18 October 2004" in found.as_dict()["source"]


# ---- choosing one


def test_the_checklist_begins_with_ourselves_and_fills_in_what_is_known():
    need = choosing.Need(
        cases=6, waiting=5, owed="EUR 61,000", countries=("DE", "PL"), books="The books reach to today."
    )
    listed = choosing.checklist(need, POLICY)
    assert [ask.known for ask in listed if ask.known] == [
        agency.route(6, POLICY).why,
        "The books reach to today.",
        "5 accounts past 60 days, EUR 61,000",
        "DE and PL",
        "healthcheck reminds of it every 30 days.",
    ]
    assert listed[0].question.startswith("Is there a regular need")
    assert len({ask.question for ask in listed}) == len(listed) >= 12
