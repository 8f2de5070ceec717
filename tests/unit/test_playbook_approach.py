"""Cannot pay, will not pay, a dispute, an oversight: what a person recorded, else what the signs say."""

from __future__ import annotations

import pytest

from healthcheck.playbook.approach import approach
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Said, Seen
from tests.unit.late_cases import before, call, entry, mail, owed, promise, received, situation, strong

POLICY = Policy()
BAD, GOOD = Said("flag", "the score fell from B to D"), Said("clear", "the score is B as before")
PUNCTUAL = strong()


def kind(*items, **more):
    return approach(situation(*items, **more), POLICY).kind


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("oversight", "oversight"), ("disaster", "cannot_pay"), ("cash", "cannot_pay"), ("dispute", "dispute"),
     ("unwilling", "will_not_pay"), ("other", "unclear")],
)  # fmt: skip
def test_what_a_person_heard_wins_over_all_signs(reason, expected):
    signs = {"checks": {"credit": BAD, "payments": BAD, "purchases": BAD}}
    assert kind(20, **signs) == "cannot_pay"
    found = approach(situation(20, entries=[call(3, reason=reason)], **signs), POLICY)
    assert (found.kind, found.said.reason) == (expected, reason)


def test_the_newest_word_wins():
    assert kind(20, entries=[call(9, reason="oversight"), call(3, reason="cash")]) == "cannot_pay"
    assert kind(20, entries=[call(9, reason="cash"), entry("dispute", 3, invoice="I20")]) == "dispute"
    assert kind(20, entries=[entry("evasive", 3), entry("dispute", 9, invoice="I20")]) == "will_not_pay"


def test_what_was_said_of_an_older_debt_does_not_count():
    assert kind(20, entries=[call(40, reason="unwilling")]) == "unclear"


def test_a_dispute_that_was_settled_is_none():
    said = [entry("dispute", 9, invoice="I20"), entry("resolved", 2, invoice="I20", reason="credited")]
    assert kind(20, entries=said) == "unclear"
    assert kind(20, entries=[entry("evasive", 9), entry("resolved", 2, reason="a misunderstanding")]) == "unclear"


def test_all_in_dispute_is_a_dispute():
    assert kind(owed(20, disputed=True)) == "dispute"
    assert kind(owed(20, disputed=True), 3) == "dispute"  # the only sign
    assert kind(20) == "unclear"


def test_one_late_invoice_of_a_punctual_customer_is_an_oversight():
    assert kind(8, **PUNCTUAL) == "oversight"
    assert kind(20, **PUNCTUAL) == "unclear"  # nobody forgets so long
    assert kind(8, **strong(late=10)) == "unclear"  # their habit


def test_signs_of_trouble_are_cannot_pay():
    assert kind(20, checks={"credit": BAD, "payments": GOOD}) == "cannot_pay"
    assert kind(20, seen=(Seen(before(10), "quiet"),)) == "cannot_pay"
    assert kind(20, seen=(Seen(before(200), "quiet"),)) == "unclear"
    partly = {"entries": [promise(9, -5)], "got": [received(6, 200_00)]}
    assert kind(20, **partly) == "cannot_pay"


def test_silence_and_broken_promises_of_a_sound_customer_are_will_not_pay():
    assert kind(50, checks={"credit": GOOD}) == "will_not_pay"
    assert kind(30, entries=[promise(20, -15), promise(9, -5)]) == "will_not_pay"
    assert kind(30, entries=[mail(9), mail(6), call(2)]) == "will_not_pay"


def test_as_many_signs_on_two_sides_are_unclear_and_both_are_shown():
    found = approach(situation(50, checks={"credit": GOOD, "payments": BAD}), POLICY)
    assert found.kind == "unclear"
    assert [sign.text for sign in found.evidence["cannot_pay"]] == ["the score fell from B to D"]
    assert found.evidence["will_not_pay"][0].source == "bureau"


def test_what_comes_from_a_bureau_is_marked_so():
    found = approach(situation(20, checks={"credit": BAD, "purchases": BAD}), POLICY)
    assert [sign.source for sign in found.evidence["cannot_pay"]] == ["bureau", "books"]
