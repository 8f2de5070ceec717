"""What the playbook says is past due is what the ledger says, whatever was recorded, paid and disputed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthcheck.playbook import disputes, journal
from healthcheck.playbook.facts import Facts
from healthcheck.playbook.gather import situations
from healthcheck.playbook.late import late, line
from healthcheck.playbook.policy import Policy
from healthcheck.settings import Settings
from healthcheck.store.books import Invoice, Payment, Rate
from healthcheck.store.session import write
from tests.unit.books import account, day

NOW = datetime(2025, 9, 1, tzinfo=UTC)
AS_OF = 200
numbers = st.sampled_from(["I0", "I1", "I2", None])
money = st.integers(1, 90_000)
days = st.integers(0, AS_OF + 20)
invoices = st.lists(
    st.fixed_dictionaries({"issued": st.integers(0, AS_OF), "terms": st.integers(0, 60), "amount": money,
                           "currency": st.sampled_from(["EUR", "USD", "XAU"]), "disputed": st.booleans()}),
    max_size=3,
)  # fmt: skip
payments = st.lists(
    st.fixed_dictionaries({"paid": days, "amount": st.integers(-20_000, 90_000), "invoice": numbers}), max_size=3
)
records = st.lists(
    st.fixed_dictionaries({"kind": st.sampled_from(["dispute", "resolved", "promise", "evasive", "contact"]), "on": days,
                           "invoice": numbers, "amount": money, "series": st.sampled_from([None, "a"])}),
    max_size=5,
)  # fmt: skip


def fill(engine, key, bought, paid, said):
    with write(engine) as session:
        for n, one in enumerate(bought):
            due = day(one["issued"] + one["terms"])
            session.add(Invoice(account_id=key, number=f"I{n}", issued=day(one["issued"]), due=due, amount=one["amount"],
                                currency=one["currency"], disputed=one["disputed"]))  # fmt: skip
        for n, one in enumerate(paid):
            session.add(
                Payment(
                    account_id=key,
                    key=str(n),
                    paid=day(one["paid"]),
                    amount=one["amount"],
                    currency="EUR",
                    invoice=one["invoice"],
                )
            )
        for one in said:
            more = {"series": one["series"], "amount": one["amount"], "currency": "EUR", "due": day(one["on"] + 20)}
            journal.add(session, key, one["kind"], day(one["on"]), NOW, invoice=one["invoice"],
                        **(more if one["kind"] == "promise" else {}))  # fmt: skip


@pytest.fixture
def rated(engine):
    with write(engine) as session:
        session.add(Rate(currency="USD", on=day(0), rate="0.9"))
    return engine


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(invoices, payments, records)
def test_the_sum_of_what_is_late_is_the_ledgers(rated, bought, paid, said):
    key = account(rated, f"C{_next()}")
    fill(rated, key, bought, paid, said)
    for one in situations(rated, day(AS_OF), Settings(), NOW, [key]):
        in_dispute = disputes.disputed(one)
        assert in_dispute == {owed.number for owed in one.owed if owed.disputed}  # as the ledger sees it
        undisputed = [owed for owed in one.owed if owed.days > 0 and owed.number not in in_dispute]
        assert abs(sum(owed.value or 0 for owed in undisputed) - one.past_due) <= len(
            undisputed
        )  # cents of an exchange rate
        assert line(late(one, Policy()))["amount_past_due"] == f"{one.past_due / 100:.2f}"
        assert Facts(one, Policy()).days == max((owed.days for owed in undisputed), default=_oldest(one))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(invoices, payments, records)
def test_what_is_recorded_or_paid_later_is_not_known(rated, bought, paid, said):
    number = f"{_next()}"
    whole, cut = account(rated, f"A{number}", name="same"), account(rated, f"B{number}", name="same")
    fill(rated, whole, bought, paid, said)
    fill(rated, cut, bought, [one for one in paid if one["paid"] <= AS_OF], [one for one in said if one["on"] <= AS_OF])
    found = [
        line(late(one, Policy())) | {"account": ""}
        for one in situations(rated, day(AS_OF), Settings(), NOW, [whole, cut])
    ]
    assert len(found) in (0, 2)
    assert found[:1] == found[1:]


def _oldest(one):
    return max((owed.days for owed in one.owed if owed.days > 0), default=0)


_made = iter(range(1_000_000))


def _next():
    return next(_made)
