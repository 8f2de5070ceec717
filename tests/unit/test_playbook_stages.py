"""Situations in which an account may be, each with the words of the source that it rests on: text number, and a few of its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.playbook import stages
from healthcheck.playbook.entries import HOUSE_KINDS, KEEPS_OUT, KINDS, Entry, in_force
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Situation
from healthcheck.playbook.stages import RULES, SALES, STAGES, step
from tests.unit.late_cases import AS_OF, before, call, entry, mail, owed, paid, promise, received, situation, strong

POLICY = Policy()
TRIED = (mail(9), mail(5), call(2))
STRONG = strong()
SAYS_STRONG = entry("relationship", 200, reason="strong")
PRICE = {"reason": "price", "invoice": "I30"}


@dataclass(frozen=True)
class Case:
    name: str
    source: str
    given: Situation
    expected: str  # stage, sales, rule, action
    on: date | None = None  # by when; None: not looked at


def late(*items, **more):
    return situation(*items, **more)


CASES = (
    # ---- not late yet
    Case("day 0 is no stage", "1: early stage, 1-15 days past due", late(0, **STRONG), "not_late not_yet not_late none"),
    Case("not due yet", "4: clear steps once an invoice is out", late(-10), "not_late not_yet not_late none"),
    Case("nothing late, a promise waits", "0: follow up a promise to pay",
         late(-5, entries=[promise(1, 3)]), "not_late not_yet not_late await_promise", before(-3)),
    # ---- days 1 to 15
    Case("day 1, strong: the rep, nothing mailed", "1: strong relationship, involve early",
         late(1, **STRONG), "early rep early_strong wait", before(-3)),
    Case("day 3, strong: still nothing mailed", "4: slow and calm, not frantic",
         late(3, **STRONG), "early rep early_strong wait", before(-1)),
    Case("day 4, strong: the rep asks", "1: strong relationship, involve early",
         late(4, **STRONG), "early rep early_strong ask_rep", before(-7)),
    Case("day 15, strong: the last day of the rep", "1: early stage, 1-15 days", late(15, **STRONG), "early rep early_strong ask_rep"),
    Case("a person says that it is strong", "1: strong relationship", late(8, entries=[SAYS_STRONG]), "early rep early_strong ask_rep"),
    Case("the customer file says that it is strong", "1: strong relationship",
         late(8, relationship="Strong"), "early rep early_strong ask_rep"),
    Case("strong, and a problem with the goods", "1: due to technical problems",
         late(8, entries=[SAYS_STRONG, entry("dispute", 2, invoice="I8", reason="goods")]), "early rep early_strong ask_rep"),
    Case("strong, the rep was asked", "1: allies used strategically",
         late(8, entries=[SAYS_STRONG, entry("asked", 3)]), "early rep early_strong await_answer", before(-4)),
    Case("strong, the rep has answered", "2: gentle reminders and statements",
         late(8, entries=[SAYS_STRONG, entry("asked", 3), entry("answer", 1)]), "early rep early_strong remind", AS_OF),
    Case("strong, and a promise", "0: simply a promise, follow up again",
         late(8, entries=[SAYS_STRONG, promise(2, 4)]), "early rep early_strong await_promise", before(-4)),
    Case("day 1, not strong: nobody", "4: slow and calm", late(1), "early not_yet early wait", before(-3)),
    Case("day 3, not strong: nobody is mailed", "4: slow and calm", late(3), "early not_yet early wait", before(-1)),
    Case("day 4, not strong: a gentle reminder", "2: gentle reminders and statements", late(4), "early not_yet early remind", AS_OF),
    Case("day 15, not strong", "1: involved strategically", late(15), "early not_yet early remind", AS_OF),
    Case("a weak relationship, whatever the history", "1: strong relationship",
         late(8, entries=[entry("relationship", 9, reason="weak")], **STRONG), "early not_yet early remind"),
    Case("the newest word counts", "1: strong relationship",
         late(8, entries=[SAYS_STRONG, entry("relationship", 20, reason="normal")]), "early not_yet early remind"),
    Case("long a customer, often late", "1: strong relationship", late(8, **strong(late=5)), "early not_yet early remind"),
    Case("long a customer, one in five late", "1: strong relationship", late(3, **strong(late=4)), "early rep early_strong wait"),
    Case("punctual, but new", "1: strong relationship", late(8, **strong(years=0)), "early not_yet early remind"),
    Case("a reminder has gone: a call", "2: follow-up phone calls to understand why",
         late(12, entries=[mail(6)]), "early not_yet early call", before(-8)),
    Case("early, all tried: the manager from day 16", "1: manager if standard efforts fail",
         late(12, entries=TRIED), "early not_yet early manager_next", before(-4)),
    Case("early, a dispute, not strong", "1: understanding customer issues",
         late(owed(8, disputed=True)), "early not_yet early settle_dispute", AS_OF),
    # ---- days 16 to 45
    Case("day 16, tried in vain: the manager", "1: reminders and calls get no results",
         late(16, entries=TRIED), "middle manager middle_tried ask_manager", before(-7)),
    Case("day 16, nothing tried: nobody yet", "1: standard collection efforts", late(16), "middle not_yet middle remind"),
    Case("day 16, strong: the rep's time is over", "1: middle stage", late(16, **STRONG), "middle not_yet middle remind"),
    Case("two reminders, no call", "1: emails, reminders, follow-up calls",
         late(20, entries=[mail(9), mail(5)]), "middle not_yet middle call"),
    Case("a call, one reminder", "1: emails, reminders, follow-up calls",
         late(20, entries=[mail(9), call(5)]), "middle not_yet middle remind"),
    Case("a letter of ours is a reminder", "2: statements through the mail",
         late(20, entries=[entry("letter", 9, reason="reminder"), mail(6), call(5)]), "middle manager middle_tried ask_manager"),
    Case("a verification letter is none", "4: verification letter at delivery",
         late(20, entries=[entry("letter", 9, reason="verification"), mail(6), call(5)]), "middle not_yet middle remind"),
    Case("what was tried before it fell due does not count", "1: not getting results",
         late(17, entries=[mail(30), mail(25), call(20)]), "middle not_yet middle remind"),
    Case("tried, and then a promise", "0: follow up a promise",
         late(30, entries=[*TRIED, promise(1, 5)]), "middle not_yet middle await_promise", before(-7)),
    Case("tried, and the promise was broken", "1: not getting results",
         late(30, entries=[*TRIED, promise(8, -4)]), "middle manager middle_tried ask_manager"),
    Case("the manager was asked", "1: manager steps in",
         late(30, entries=[*TRIED, entry("asked", 1)]), "middle manager middle_tried await_answer", before(-6)),
    Case("the manager has answered", "1: manager steps in",
         late(30, entries=[*TRIED, entry("asked", 3), entry("answer", 1)]), "middle manager middle_tried act_on_answer", AS_OF),
    Case("a dispute about what sales agreed", "1: complicated sales background",
         late(30, entries=[entry("dispute", 3, **PRICE)]), "middle manager middle_dispute ask_manager"),
    Case("a dispute in somebody's own words", "1: complicated sales background",
         late(30, entries=[entry("dispute", 3, reason="Complicated sales background")]), "middle manager middle_dispute ask_manager"),
    Case("a dispute that sales owns", "1: complicated sales background",
         late(30, sales_rep="Ada", entries=[entry("dispute", 3, invoice="I30", owner="Ada")]), "middle manager middle_dispute ask_manager"),
    Case("a plain dispute needs no manager", "1: involved strategically",
         late(owed(30, disputed=True)), "middle not_yet middle settle_dispute"),
    Case("the dispute was settled", "1: complicated sales background",
         late(30, entries=[entry("dispute", 9, **PRICE), entry("resolved", 2, invoice="I30", reason="credited")]),
         "middle not_yet middle remind"),
    Case("day 45, tried: still the manager", "1: middle stage, to 45", late(45, entries=TRIED), "middle manager middle_tried ask_manager"),
    Case("day 45, nothing tried", "1: standard collection efforts", late(45), "middle not_yet middle remind"),
    # ---- from day 46
    Case("day 46: learn", "1: cash flow, ownership, insolvency", late(46), "late learn late ask_learn", before(-7)),
    Case("day 46, tried: learn, not the manager's pressure", "1: late stage", late(46, entries=TRIED), "late learn late ask_learn"),
    Case("asked, no answer yet", "1: use the relationship to determine",
         late(50, entries=[entry("asked", 3)]), "late learn late await_answer", before(-4)),
    Case("the answer is overdue", "1: use the relationship to determine",
         late(58, entries=[entry("asked", 9)]), "late learn late await_answer", AS_OF),
    Case("answered: weighed by day 61", "1: use the relationship to determine",
         late(50, entries=[entry("asked", 3), entry("answer", 1)]), "late learn late weigh", before(-11)),
    Case("late, and a promise", "0: follow up again", late(50, entries=[promise(1, 9)]), "late learn late await_promise", before(-9)),
    Case("late, all in dispute", "4: simple disputes", late(owed(50, disputed=True)), "late learn late settle_dispute"),
    Case("day 60 is not over 60", "2: gone over 60 days past due", late(60), "late learn late ask_learn"),
    Case("day 61: credit decides", "2: over 60 days, ready to be submitted",
         late(61), "late learn hand_over decide_hand_over", before(-14)),
    Case("day 74", "0: heading toward the 90-day mark", late(74), "late learn hand_over decide_hand_over", before(-1)),
    Case("day 75", "0: heading toward the 90-day mark", late(75), "late learn hand_over decide_hand_over", AS_OF),
    Case("day 89", "0: the 90-day mark", late(89), "late learn hand_over decide_hand_over", AS_OF),
    Case("day 90", "0: the 90-day mark", late(90), "late learn hand_over decide_hand_over", AS_OF),
    Case("day 61, but promised", "0: when, how and how much", late(61, entries=[promise(1, 5)]), "late learn hand_over await_promise"),
    Case("day 61, all in dispute: settled first", "2: a major dispute",
         late(owed(61, disputed=True)), "late learn hand_over settle_dispute"),
    Case("insolvent", "1: potential insolvency", late(50, relationship="insolvent"), "late not_yet insolvent claim"),
    # ---- which invoice counts
    Case("the oldest undisputed counts, not the older disputed one", "1: days past due",
         late(owed(70, disputed=True), 8), "early not_yet early remind"),
    Case("a dispute on record counts as one in the books", "1: disputing an invoice",
         late(70, 8, entries=[entry("dispute", 3, invoice="I70")]), "early not_yet early remind"),
    Case("a dispute about everything", "4: simple disputes",
         late(20, 8, entries=[entry("dispute", 3, owner="Bo")]), "middle not_yet middle settle_dispute", before(-11)),
    # ---- keep out
    Case("evasive on day 1", "1: evasive or dishonest, credit handles",
         late(1, entries=[entry("evasive", 0)], **STRONG), "early keep_out evasive demand", AS_OF),
    Case("evasive wins over the manager", "1: escalate through legal means",
         late(30, entries=[*TRIED, entry("evasive", 1)]), "middle keep_out evasive demand"),
    Case("evasive wins over a promise", "1: evasive or dishonest",
         late(50, entries=[promise(1, 5), entry("evasive", 0)]), "late keep_out evasive demand"),
    Case("a demand is out", "1: formal demand already issued",
         late(30, entries=[entry("demand", 4)], **STRONG), "middle keep_out demand await_demand", before(-10)),
    Case("a demand with a day of its own", "1: formal demand already issued",
         late(30, entries=[entry("demand", 4, due=before(-3))]), "middle keep_out demand await_demand", before(-3)),
    Case("the demand's time is over", "1: escalate through legal means",
         late(60, entries=[entry("demand", 20)]), "late keep_out demand hand_over", AS_OF),
    Case("evasive, and the demand is out", "1: escalate through legal means",
         late(60, entries=[entry("evasive", 20), entry("demand", 4)]), "late keep_out demand await_demand"),
    Case("with an agency", "1: the account is with a collection agency",
         late(80, entries=[entry("placement", 10, agency="Firm")]), "late keep_out placement check_in", before(-20)),
    Case("with an agency, asked lately", "2: check in periodically",
         late(80, entries=[entry("placement", 40, id=9010), entry("check_in", 5, refers=9010)]),
         "late keep_out placement check_in", before(-25)),
    Case("with an agency, which paid lately", "2: see the results",
         late(80, entries=[entry("placement", 40, id=9011), entry("recovered", 3, refers=9011)]),
         "late keep_out placement check_in", before(-27)),
    Case("with an agency, not asked for long", "2: check in periodically",
         late(80, entries=[entry("placement", 40)]), "late keep_out placement check_in", AS_OF),
    Case("with an agency after a demand", "1: with a collection agency",
         late(80, entries=[entry("demand", 30), entry("placement", 4)], **STRONG), "late keep_out placement check_in"),
    Case("with an agency, nothing late any more", "1: with a collection agency",
         late(-3, entries=[entry("placement", 4)]), "not_late keep_out placement check_in"),
    Case("the customer file says so", "1: with a collection agency",
         late(8, relationship=" Placement ", paid=STRONG["paid"]), "early keep_out placement check_in"),
    Case("a dispute does not end it", "1: may undermine legal efforts",
         late(30, entries=[entry("demand", 4), entry("dispute", 1, **PRICE)]), "middle keep_out demand await_demand"),
    Case("resolved ends it", "1: involved strategically",
         late(8, entries=[SAYS_STRONG, entry("evasive", 5), entry("resolved", 1, reason="talked")]), "early rep early_strong ask_rep"),
    Case("resolved ends only what it names", "1: formal demand already issued",
         late(30, entries=[entry("evasive", 6, id=9001), entry("demand", 5, id=9002), entry("resolved", 1, refers=9001, reason="honest")]),
         "middle keep_out demand await_demand"),
    Case("evasive again after it was resolved", "1: evasive or dishonest",
         late(8, entries=[entry("evasive", 9), entry("resolved", 5, reason="x"), entry("evasive", 1)]), "early keep_out evasive demand"),
    Case("a mistake that was taken back", "1: involved strategically",
         late(8, entries=[SAYS_STRONG, entry("evasive", 5, id=9003), entry("withdrawn", 4, refers=9003)]),
         "early rep early_strong ask_rep"),
    Case("the taking back was taken back", "1: evasive or dishonest",
         late(8, entries=[entry("evasive", 5, id=9004), entry("withdrawn", 4, id=9005, refers=9004),
                          entry("withdrawn", 3, id=9006, refers=9005)]), "early keep_out evasive demand"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_situation_leads_to_its_step(case):
    found = step(case.given, POLICY)
    assert f"{found.stage} {found.sales} {found.rule} {found.action}" == case.expected
    assert case.on is None or found.next_date == case.on


def test_there_are_enough_situations_for_every_rule_stage_and_role():
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
    stage, sales, rule, _ = (set(words) for words in zip(*(case.expected.split() for case in CASES), strict=True))
    assert (stage, sales, rule) == ({"not_late", *STAGES}, set(SALES), {rule.name for rule in RULES})
    assert all(case.source[:3] in ("0: ", "1: ", "2: ", "3: ", "4: ") for case in CASES)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, "not_late"), (1, "early"), (3, "early"), (4, "early"), (15, "early"), (16, "middle"), (45, "middle"), (46, "late"),
     (60, "late"), (61, "late"), (74, "late"), (75, "late"), (89, "late"), (90, "late")],
)  # fmt: skip
def test_every_boundary_day_has_its_stage(days, expected):
    assert stages.stage(days, POLICY) == expected
    assert step(late(days), POLICY).stage == expected


def test_the_boundaries_are_settings():
    policy = replace(POLICY, early_days=5, middle_days=10)
    assert [step(late(day), policy).stage for day in (5, 6, 10, 11)] == ["early", "middle", "middle", "late"]


def test_it_says_why_in_a_sentence_with_the_numbers():
    said = step(late(8, **STRONG), POLICY).why
    assert said == "8 days past due, and a customer since 17 March 2023, 20 of 21 invoices paid punctually"
    demanded = late(8, entries=[entry("demand", 4, note="by registered mail")])
    assert step(demanded, POLICY).why == "A formal demand went out on 12 March 2026: by registered mail"


@pytest.mark.parametrize(("late_by", "sales"), [(0, "rep"), (3, "rep"), (4, "not_yet")])
def test_what_is_paid_before_anybody_is_mailed_is_punctual(late_by, sales):
    """4: slow and calm."""
    history = tuple(paid(late_by, 30 + 20 * n) for n in range(10))
    assert step(late(8, first_invoice=before(900), paid=history), POLICY).sales == sales


def test_a_member_of_the_group_that_is_kept_out_is_a_warning():
    found = step(late(8, family=("Norda Trade (C9)",), **STRONG), POLICY)
    assert found.sales == "rep"
    assert "Norda Trade (C9)" in found.warning
    assert found.warning in found.why


def test_who_acts_is_named_where_the_books_know():
    named = late(8, sales_rep="Ada", entries=[SAYS_STRONG])
    assert step(named, POLICY).who == "Ada"
    managed = late(30, manager_email="m@x.example", entries=TRIED)
    assert step(managed, POLICY).who == "m@x.example"


def test_what_sales_learned_stands_beside_the_decision():
    told = late(70, entries=[entry("asked", 12), entry("answer", 5, note="the founder sells his share")])
    found = step(told, POLICY)
    assert (found.action, found.who) == ("decide_hand_over", "credit team")
    assert "the founder sells his share" in found.why


def test_sales_is_never_asked_to_negotiate_how_to_pay():
    words = ("instalment", "payment plan", "how much", "discount", "borrow")
    asked = [found for case in CASES if (found := step(case.given, POLICY)).action.startswith("ask_")]
    assert asked
    assert not [found for found in asked if any(word in found.next_step.lower() for word in words)]


# ---- properties

kinds = st.sampled_from([*KINDS, *HOUSE_KINDS])


@st.composite
def entries(draw):
    """A history in any order, as somebody might record it."""
    made = []
    for number in range(1, draw(st.integers(0, 12)) + 1):
        kind, ago = draw(kinds), draw(st.integers(0, 120))
        more = {}
        if kind == "promise":
            more = {
                "amount": draw(st.integers(1, 500_00)),
                "currency": "EUR",
                "due": before(ago - draw(st.integers(0, 40))),
            }
        if kind in ("resolved", "withdrawn", "answer", "check_in"):
            more["refers"] = draw(st.one_of(st.none(), st.integers(1, number)))
        if kind == "relationship":
            more["reason"] = draw(st.sampled_from(["strong", "normal", "weak"]))
        more["invoice"] = (
            draw(st.sampled_from([None, "I5", "I50"])) if kind in ("dispute", "resolved", "promise") else None
        )
        made.append(Entry(id=number, kind=kind, on=before(ago), **more))
    return made


money = st.lists(
    st.builds(received, st.integers(0, 100), st.integers(-300_00, 500_00), st.sampled_from([None, "I5", "I50"])),
    max_size=6,
)
days = st.lists(st.integers(-20, 130), min_size=0, max_size=4, unique=True)


@given(days, entries(), money)
def test_an_account_with_an_agency_never_yields_a_sales_step(items, said, got):
    placed = Entry(id=99, kind="placement", on=AS_OF, agency="Firm")
    found = step(situation(*items, entries=[*said, placed], got=got, **STRONG), POLICY)
    assert (found.sales, found.rule, found.who) == ("keep_out", "placement", "credit team")
    assert found.action == "check_in"


@given(days, entries(), money)
def test_every_account_has_exactly_one_step_and_a_day_that_is_not_past(items, said, got):
    found = step(situation(*items, entries=said, got=got), POLICY)
    assert found.sales in SALES
    assert found.why
    assert found.next_date is None or found.next_date >= AS_OF
    assert (found.next_date is None) == (found.action == "none")


@given(days, entries())
def test_nobody_is_mailed_and_no_one_in_sales_is_asked_before_day_four(items, said):
    found = step(situation(*items, entries=said, **STRONG), POLICY)
    if 0 < found.days < POLICY.mail_from_day and found.sales != "keep_out" and found.rule != "insolvent":
        assert found.action == "wait"


@given(days, entries())
def test_whatever_keeps_sales_out_does_so_until_it_is_resolved(items, said):
    stands = (
        {one.kind for one in in_force(said) if one.kind in KEEPS_OUT}
        if not any(e.kind == "resolved" for e in said)
        else set()
    )
    if stands:
        assert step(situation(*items, entries=said), POLICY).sales == "keep_out"
