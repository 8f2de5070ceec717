"""The digest's section on late accounts, the insurer's dates, and what sales is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from healthcheck.playbook.following import ASKING, Followed
from healthcheck.playbook.insurance import Duty
from healthcheck.playbook.stages import SALES, Step
from healthcheck.reports import asking, digests, late_section, message
from healthcheck.store.books import Account
from healthcheck.store.session import read
from healthcheck.store.work import Month as MonthRow
from tests.digest_world import AS_OF, NOW, fill, settings

UNTIL = date(2026, 11, 29)


def step(**more) -> Step:
    given = {
        "stage": "middle", "sales": "not_yet", "why": "31 days past due", "next_step": "Call and ask why.", "next_date": AS_OF,
        "who": "credit team", "action": "call", "rule": "middle", "source": "1", "days": 31,
    }  # fmt: skip
    return Step(**{**given, **more})


def late(account="L1", past_due=5_000_00, **more) -> Followed:
    own = {name: more.pop(name) for name in tuple(more) if name in Followed.__dataclass_fields__}
    given = {
        "key": 9_000 + int(account[1:]),
        "entity": "",
        "name": f"Firm {account}",
        "disputed": 0,
        "exposure": past_due,
    }
    people = {"sales_rep": "Ada North", "rep_email": "ada@nordwind.example", "manager_email": "boss@nordwind.example"}
    facts = {"account": account, "past_due": past_due, "agency": "not_yet", "step": step(**more)}
    return Followed(**{**given, **people, **facts, **own})


ASKS = {
    "rep": late("L1", sales="rep", action="ask_rep", stage="early", days=9),
    "manager": late("L2", sales="manager", action="ask_manager"),
    "learn": late("L3", sales="learn", action="ask_learn", stage="late", days=50),
}


def mails(engine, *found, **more):
    with read(engine) as session:
        row = session.exec(select(MonthRow).where(MonthRow.month == "2026-11")).one()
        composed = digests.compose(session, row, settings(**more), NOW, found)
    return {one.recipient: (one.subject, *message.parts(one.body)) for one in composed}


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def month(engine):
    return fill(engine)


def test_the_latest_stage_comes_first_then_the_largest_sum():
    found = late_section.section([
        late("L1", 9_000_00), late("L2", 1_000_00, stage="late", days=50), late("L3", 2_000_00, stage="late", days=47),
        late("L4", 99_000_00, stage="early", days=10, sales="rep"),
    ])  # fmt: skip
    assert [row.account for row in found.rows] == ["L3", "L2", "L1", "L4"]


def test_the_few_days_late_and_those_to_be_reminded_are_counted_not_listed():
    found = late_section.section([
        late("L1"), late("L2", stage="early", days=8, action="remind"), late("L3", stage="early", days=2, action="wait"),
        late("L4", stage="early", days=8, action="settle_dispute", disputed=100),
    ])  # fmt: skip
    assert [row.account for row in found.rows] == ["L1", "L4"]
    assert (found.reminded, found.waiting, found.past_due) == (1, 1, 15_000_00)
    assert late_section.beyond(found, 1) == (
        "And 1 more like these, 1 is early and to be reminded and 1 is late by so few days that the money may be on its way:"
    )
    assert late_section.beyond(late_section.section([late("L1")]), 12) == ""


def test_the_head_counts_every_stage():
    found = late_section.section([
        late("L1"), late("L2", stage="late", days=60), late("L3", stage="early", days=8),
        late("L4", 0, stage="not_late", days=0, sales="keep_out", agency="placed"),
    ])  # fmt: skip
    head = "Late, in the playbook's hands: 4 accounts, EUR 15,000 past due (1 late, 1 middle, 1 early, 1 with nothing past due now)"
    assert late_section.head(found, "EUR") == head


def test_credit_reads_who_acts_what_comes_next_and_by_when(engine, month):
    placed = late(
        "L5", stage="late", days=80, sales="keep_out", agency="placed", why="With Inkasso Nord since 1 November"
    )
    urgent = late("L6", 7_000_00, stage="late", days=80, sales="learn", agency="urgent", why="80 days past due: why?")
    subject, text, html = mails(engine, late("L1"), placed, urgent)["credit@nordwind.example"]
    assert subject.startswith("Health check November 2026: 3 of 120")
    assert (
        "Firm L1 (L1): EUR 5,000; middle. 31 days past due. Next: Call and ask why (credit team, by 22 November)."
    ) in flat(text)
    assert (
        "Firm L5 (L5): EUR 5,000; late, with an agency, sales keeps out. With Inkasso Nord since 1 November."
        in flat(text)
    )
    assert "Firm L6 (L6): EUR 7,000; late, urgent for an agency. 80 days past due: why? Next:" in flat(text)
    for words in ("Urgent for an agency", "Sales keeps out", "Call and ask why.", "Credit team, by 22 November."):
        assert words in flat(html)


def test_an_account_to_hand_over_says_our_own_house_first(engine, month):
    faults = "Nobody followed up from 2 June to 21 September; the rule is every 14 days."
    _, text, html = mails(engine, late(agency="urgent", days=80, stage="late", faults=faults))[
        "credit@nordwind.example"
    ]
    told = flat(text).split("Firm L1 (L1)")[1]
    assert told.index("Our own house first: nobody followed up from 2 June") < told.index("31 days past due")
    assert faults in flat(html)
    assert "Our own house first" not in mails(engine, late())["credit@nordwind.example"][1]


def test_the_note_on_newly_late_accounts_gives_way_to_the_section(engine, month):
    alone = mails(engine)["credit@nordwind.example"][1]
    assert "Now late, and no longer a matter of routine" in alone
    assert "in the playbook's hands" not in alone
    both = mails(engine, late("L1"), replace(late("L44"), account="C044"))["credit@nordwind.example"][1]
    assert "Now late, and no longer a matter of routine" not in both
    assert "Firm L44 (C044, new)" in flat(both)
    assert "Firm L1 (L1):" in flat(both)


def test_a_flag_on_payments_carries_the_playbooks_step(engine, month):
    with read(engine) as session:
        alva = session.exec(select(Account).where(Account.account == "C117")).one()
    before = flat(mails(engine)["credit@nordwind.example"][1])
    assert "Next: call their accounts department: a date for the oldest item" in before
    told = replace(late(next_step="Send a second reminder."), account="C117", key=alva.id)
    after = flat(mails(engine, told)["credit@nordwind.example"][1])
    assert "Next: send a second reminder (credit team, by 22 November)" in after
    assert "a date for the oldest item" not in after


def test_the_insurers_dates_stand_in_the_digest_the_earliest_first(engine, month):
    duties = (
        Duty("report", date(2026, 12, 1), "Report it.", loud=True),
        Duty("cover_ends", date(2026, 11, 30), "It ends."),
    )
    _, text, html = mails(engine, late("L1", duties=duties))["credit@nordwind.example"]
    assert "Credit insurance\n   Firm L1 (L1): It ends.\n   Firm L1 (L1): Report it." in text
    assert "Credit insurance" in html
    only = mails(engine, late("L1", days=0, stage="not_late", duties=duties))["credit@nordwind.example"][1]
    assert "Credit insurance" in only
    assert "in the playbook's hands" not in only


def test_a_hundred_late_accounts_do_not_swell_the_mail(engine, month):
    many = [late(f"L{n}", 1_000_00 + n) for n in range(100)]
    _, text, html = mails(engine, *many)["credit@nordwind.example"]
    assert text.count("Next: Call and ask why") == digests.LATE
    assert "And 88 more like these: healthcheck late" in flat(text)
    assert len(html.encode()) < digests.LARGEST


# ---- sales


@pytest.mark.parametrize(("asks", "to"), [("rep", "ada@"), ("manager", "boss@"), ("learn", "ada@")])
def test_whom_the_playbook_names_is_asked_in_neutral_words(asks, to):
    ((address, (one,)),) = asking.whom([ASKS[asks]], settings(), AS_OF, AS_OF).items()
    assert address == f"{to}nordwind.example"
    assert (one.asks, one.until) == (asks, UNTIL)


def test_sales_is_asked_about_goods_and_never_to_negotiate(engine, month):
    subject, text, html = mails(engine, ASKS["rep"], ASKS["learn"])["ada@nordwind.example"]
    assert subject == "A question about 2 customers past due (November 2026)"
    assert "Firm L1 (L1)\n   EUR 5,000 is past due, the oldest by 9 days." in text
    assert asking.QUESTIONS["rep"] in flat(text)
    assert asking.QUESTIONS["learn"] in flat(html)
    assert "leave instalments and discounts to us" in flat(text)
    assert "Please answer by 29 November" in flat(text)
    assert "three questions" not in text
    for words in ("agency", "demand", "31 days past due", "call and ask why"):
        assert words not in flat(text).lower()


def test_what_has_no_rate_is_said_in_its_own_currency(engine, month):
    one = replace(ASKS["rep"], past_due=0, unconverted="USD 700.00")
    told = mails(engine, one)
    assert "USD 700.00 is past due, the oldest by 9 days." in flat(told["ada@nordwind.example"][1])
    assert "Firm L1 (L1): USD 700.00; early, the rep is asked." in flat(told["credit@nordwind.example"][1])


def test_routine_questions_follow_and_an_overdue_customer_gets_no_second_question(engine, month):
    maria = {"sales_rep": "Maria Thorsen", "rep_email": "maria.thorsen@nordwind.example"}
    with read(engine) as session:
        alva = session.exec(select(Account).where(Account.account == "C117")).one()
    told = replace(ASKS["rep"], account="C117", key=alva.id, name="Alva", **maria)
    subject, text, _ = mails(engine, told)["maria.thorsen@nordwind.example"]
    assert subject == "A customer past due, and three short questions about 1 more (November 2026)"
    assert text.count("C117") == 1
    assert text.index("C117") < text.index("The routine questions of the month") < text.index("C042")
    credit = flat(mails(engine, told)["credit@nordwind.example"][1])
    assert "what is seen and heard there" not in credit.split("C117")[1].split("3. ")[0]


@pytest.mark.parametrize("sales", SALES)
@pytest.mark.parametrize(
    "action", ["call", "await_answer", "await_promise", "settle_dispute", "check_in", "decide_hand_over"]
)
def test_nobody_is_asked_while_the_playbook_waits_for_something_else(sales, action):
    assert asking.whom([late(sales=sales, action=action)], settings(), AS_OF, AS_OF) == {}


@given(st.integers(0, 100), st.sampled_from(sorted(ASKING)))
def test_nobody_is_mailed_before_day_4(days, action):
    found = asking.whom([late(days=days, action=action)], settings(), AS_OF, AS_OF)
    assert bool(found) is (days >= 4)


def test_a_person_is_asked_about_five_late_customers_at_most_the_largest_sums():
    many = [late(f"L{n}", n * 100_00, action="ask_rep", sales="rep") for n in range(1, 9)]
    found = asking.whom(many, settings(), AS_OF, AS_OF)
    assert [one.account for one in found["ada@nordwind.example"]] == ["L8", "L7", "L6", "L5", "L4"]
    assert [one.account for one in asking.chosen(many, found)] == ["L4", "L5", "L6", "L7", "L8"]
    assert asking.whom(many, settings(rep_questions=0), AS_OF, AS_OF) == {}


def test_credit_reads_that_sales_is_asked_only_where_it_is(engine, month):
    many = [late(f"L{n}", n * 100_00, action="ask_rep", sales="rep") for n in range(1, 9)]
    nobody = dict.fromkeys(("sales_rep", "rep_email", "manager_email"))
    text = flat(mails(engine, *many, replace(ASKS["learn"], account="L20", **nobody))["credit@nordwind.example"][1])
    assert text.count("; middle, the rep is asked.") == 5
    assert "Firm L3 (L20): EUR 5,000; late. 31 days past due." in text


def test_a_month_caught_up_on_long_after_asks_nobody():
    found = [ASKS["rep"]]
    assert asking.whom(found, settings(), AS_OF, AS_OF + timedelta(days=31)) != {}
    assert asking.whom(found, settings(), AS_OF, AS_OF + timedelta(days=32)) == {}


def test_a_manager_without_an_address_is_credits_to_find():
    one = replace(ASKS["manager"], manager_email=None)
    ((address, (asked,)),) = asking.whom([one], settings(), AS_OF, AS_OF).items()
    assert (address, asked.rep) == ("credit@nordwind.example", "Ada North")


def test_a_name_from_outside_cannot_break_a_mail(engine, month):
    bad = replace(ASKS["rep"], name="Evil\r\nBcc: x@y.example <b>pay-now.example</b>")
    _, text, html = mails(engine, bad)["ada@nordwind.example"]
    assert "\nBcc" not in text
    assert "<b>pay" not in html
    assert "pay-now.example" not in text
