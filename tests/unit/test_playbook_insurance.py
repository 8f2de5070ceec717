"""What is insured, what is our own risk, and what the insurer must hear by when."""

from __future__ import annotations

from datetime import date

import pytest

from healthcheck.playbook import insurance
from tests.unit.playbook_house_cases import AS_OF, DAY, POLICY, case, owed, said

INSURED = {"limit": 10_000_00, "insured_limit": 6_000_00, "insured_until": date(2027, 6, 30)}


def duties(*invoices, customer=INSURED, **more):
    return {duty.kind: duty for duty in insurance.duties(case(*invoices, customer=customer, **more), POLICY)}


def test_the_limit_divides_into_the_insurers_share_and_our_own():
    found = insurance.cover(case(owed(amount=8_000_00), customer=INSURED))
    assert (found.insured_limit, found.own_limit) == (6_000_00, 4_000_00)
    assert (found.insured, found.own, found.over, found.in_force) == (6_000_00, 2_000_00, 2_000_00, True)


def test_without_a_limit_of_our_own_all_beyond_the_cover_is_our_risk():
    found = insurance.cover(case(owed(amount=2_000_00), customer={**INSURED, "limit": None}))
    assert (found.own_limit, found.insured, found.own) == (0, 2_000_00, 0)


def test_no_insured_limit_no_duty():
    assert insurance.cover(case(owed())) is None
    assert duties(owed(days=200), customer={}) == {}


def test_after_its_end_the_cover_holds_for_what_was_invoiced_before():
    ended = {**INSURED, "insured_until": AS_OF - 40 * DAY}
    old, new = owed("A", days=20, amount=500_00), owed("B", days=-25, amount=700_00)
    found = insurance.cover(case(old, new, customer=ended))
    assert (found.in_force, found.insured, found.own, found.own_limit) == (False, 500_00, 700_00, 10_000_00)
    duty = duties(old, new, customer=ended)["cover_ended"]
    assert duty.loud
    assert "EUR 700 of what is open is at our own risk" in duty.what


@pytest.mark.parametrize(
    ("left", "told", "loud"), [(61, 0, None), (60, 1, False), (31, 1, False), (30, 1, True), (0, 1, True)]
)
def test_a_cover_that_ends_is_told_60_days_before_and_loudly_30_days_before(left, told, loud):
    found = duties(owed(days=-5), customer={**INSURED, "insured_until": AS_OF + left * DAY})
    assert ("cover_ends" in found) is bool(told)
    assert not told or found["cover_ends"].loud is loud


@pytest.mark.parametrize(
    ("days", "told", "loud", "words"),
    [
        (29, False, None, ""),
        (30, True, False, "by 30 November"),
        (45, True, True, "by 15 November"),
        (60, True, True, "by 31 October"),
        (61, True, True, "was due 30 October"),
    ],
)
def test_the_overdue_report_is_a_timer(days, told, loud, words):
    found = duties(owed("A", days=days), owed("B", days=3))
    assert ("report" in found) is told
    if told:
        assert (found["report"].on, found["report"].loud) == (AS_OF + (60 - days) * DAY, loud)
        assert words in found["report"].what
        assert found["report"].invoices == ("A", "B")


def test_a_report_stops_the_timer_for_what_was_due_by_then():
    entries = [said("insurer_report", 20)]
    assert "report" not in duties(owed("A", days=50), entries=entries)
    later = duties(owed("A", days=80), owed("B", days=50), entries=[said("insurer_report", 60)])
    assert later["report"].invoices == ("B",)
    one = duties(owed("A", days=50), owed("B", days=48), entries=[said("insurer_report", 20, invoice="A")])
    assert one["report"].invoices == ("B",)


def test_a_disputed_invoice_is_reported_too_one_outside_the_cover_is_not():
    assert "report" in duties(owed(days=50, disputed=True))
    ended = {**INSURED, "insured_until": AS_OF - 100 * DAY}
    assert "report" not in duties(owed(days=50), customer=ended)


def test_more_open_than_insured_is_told_and_duties_come_by_day():
    ending = {**INSURED, "insured_until": AS_OF + 10 * DAY}
    found = insurance.duties(case(owed(amount=9_000_00, days=40), customer=ending), POLICY)
    assert [duty.kind for duty in found] == ["over_limit", "cover_ends", "report"]
    assert "EUR 3,000 is open beyond the insured limit of EUR 6,000" in found[0].what
    assert found[0].as_dict()["on"] == AS_OF
