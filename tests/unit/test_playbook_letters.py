"""Letters: what they say, what they never say, and when they are due."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.errors import UsageError
from healthcheck.playbook import letters
from healthcheck.playbook.instalments import plan, split
from healthcheck.playbook.language import LANGUAGES, language
from healthcheck.playbook.letters import Wish, draft, due
from healthcheck.reports import templating
from healthcheck.reports.letters import Head, compose
from healthcheck.reports.text import BREAK
from tests.late_world import (
    AS_OF,
    HEAD,
    POLICY,
    addressee,
    customer,
    early,
    entry,
    evasive,
    foreign,
    middle,
    new,
    owed,
    situation,
)


def letter(of, kind, code="en", own=HEAD, wish=None, **more):
    return compose(draft(of, kind, POLICY, wish), of.customer, addressee(**more), language(code), own)


def page_text(html):
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.S).replace(BREAK, "").split())


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_letter_has_its_words(code):
    folder = templating.folder() / "letters" / code
    assert {file.stem for file in folder.glob("*.txt")} == set(letters.KINDS)


# ---- letters


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("kind", letters.KINDS)
def test_text_and_html_of_a_letter_say_the_same(kind, code):
    of = new() if kind == "verification" else middle()
    paper = letter(of, kind, code)
    html, plain = page_text(paper.html), " ".join(paper.text.replace(BREAK, "").split())
    for paragraph in paper.text.split("\n\n")[2:]:
        words = " ".join(line for line in paragraph.splitlines() if not line.startswith((" ", "=")))
        assert words.lstrip("- ").split("\n- ")[0].split(" - ")[0] in html
    for one in draft(of, kind, POLICY).items:
        assert one.number in plain
        assert one.number in html
    assert paper.subject in plain


def test_no_letter_suggests_to_borrow():
    for code in LANGUAGES:
        for file in (templating.folder() / "letters" / code).glob("*.txt"):
            text = file.read_text(encoding="utf-8").lower()
            assert not re.search(
                r"\b(borrow|loans?|lend|family|relatives?|leihen|darlehen|verwandten?|familie)\b", text
            ), file


def test_what_is_disputed_is_asked_for_by_no_letter():
    for kind in ("reminder", "instalments", "firm", "demand"):
        assert draft(middle(), kind, POLICY).invoices == ("R1042", "R1077"), kind
    paper = letter(middle(), "statement")
    assert "in dispute: nothing is asked for" in paper.text
    assert "of which EUR 20,800.50 is past due" in " ".join(paper.text.split())


def test_a_dispute_about_the_whole_account_stops_every_letter_that_asks():
    of = situation((owed(),), (entry(1, "dispute", 5, owner="jo"),))
    with pytest.raises(UsageError, match="nothing past due that is undisputed"):
        draft(of, "reminder", POLICY)
    assert due(of, POLICY) == []


def test_a_letter_about_nothing_is_one_line():
    with pytest.raises(UsageError, match="no reminder letter to C117 as of 2026-11-20: they have nothing past due"):
        draft(new(), "reminder", POLICY)
    with pytest.raises(UsageError, match="'dunning' is none of the letters verification"):
        draft(middle(), "dunning", POLICY)
    with pytest.raises(UsageError, match=r"R9: no invoice of C117 for a reminder letter \(there are: R1042, R1077\)"):
        draft(middle(), "reminder", POLICY, Wish(("R9",)))


@pytest.mark.parametrize(("days", "allowed"), [(1, False), (3, False), (4, True)])
@pytest.mark.parametrize("kind", ["reminder", "firm", "demand", "instalments"])
def test_nobody_is_written_to_before_day_four(kind, days, allowed):
    of = situation((owed(days=days),))
    if allowed:
        assert draft(of, kind, POLICY).kind == kind
    else:
        with pytest.raises(UsageError, match="nobody is written to before day 4"):
            draft(of, kind, POLICY)


def test_deadlines_fall_on_business_days():
    monday = draft(middle(), "demand", POLICY).until
    assert monday == date(2026, 11, 30)
    german = replace(early(), as_of=date(2026, 12, 18), customer=customer(country="DE"))
    assert draft(german, "reminder", POLICY).until == date(2026, 12, 28)  # 25 December, then a weekend


def test_earlier_letters_are_named_in_later_ones_only_where_they_asked_for_money():
    asked = entry(1, "letter", 60, reason="verification", invoice="R0988")
    of = replace(evasive(), entries=(asked, *evasive().entries))
    assert [one.reason for one in draft(of, "demand", POLICY).before] == ["reminder", "firm"]


def test_a_letter_without_letterhead_shows_what_is_missing():
    assert "[HEALTHCHECK_LETTER_COMPANY]" in letter(middle(), "reminder", own=Head("")).text


@pytest.mark.parametrize("total", [1, 1000, 2_080_050])
@pytest.mark.parametrize("times", [2, 3, 7, 60])
def test_instalments_add_up_to_the_cent(total, times):
    assert sum(split(total, times)) == total
    assert max(split(total, times)) - min(split(total, times)) <= 1


def test_instalments_are_by_currency_and_in_order():
    parts = draft(foreign(), "instalments", POLICY, Wish(times=2)).parts
    assert [(part.amount, part.currency) for part in parts] == [(500_000, "EUR"), (1_250_000, "PLN")] * 2
    assert plan(100, "EUR", 3, "week", date(2026, 11, 27), "DE")[-1].due == date(2026, 12, 11)
    assert [one.due for one in plan(90, "EUR", 3, "month", date(2026, 1, 31), "DE")] == [
        date(2026, 2, 2),
        date(2026, 3, 2),
        date(2026, 3, 31),
    ]
    with pytest.raises(UsageError, match="--times 1: instalments are 2 to 60"):
        draft(foreign(), "instalments", POLICY, Wish(times=1))
    with pytest.raises(UsageError, match="has to lie after 2026-11-20"):
        draft(foreign(), "instalments", POLICY, Wish(first=AS_OF))


# ---- what is due


def kinds(of):
    return [one.kind for one in due(of, POLICY)]


REMIND = {"method": "mail", "reason": "reminder"}


@pytest.mark.parametrize(
    ("days", "entries", "wanted"),
    [
        (3, (), []),  # nobody before day 4
        (4, (), ["reminder"]),
        (30, (), ["reminder"]),
        (30, (entry(1, "letter", 13, **REMIND),), []),  # the last one was 13 days ago
        (30, (entry(1, "letter", 14, **REMIND),), ["reminder", "statement"]),
        (30, (entry(1, "letter", 28, **REMIND), entry(2, "letter", 14, **REMIND)), []),  # a call is next
        (47, (entry(1, "letter", 40, **REMIND), entry(2, "letter", 20, **REMIND), entry(3, "contact", 15, method="phone")), ["firm"]),
        (30, (entry(1, "contact", 9, method="phone", reason="cash"),), ["instalments"]),
        (30, (entry(1, "contact", 9, method="phone", reason="unwilling"),), ["firm"]),
        (30, (entry(1, "contact", 29, reason="unwilling"), entry(2, "letter", 15, method="mail", reason="firm")), ["demand"]),
        (30, (entry(1, "contact", 29, method="phone", reason="unwilling"), entry(2, "letter", 7, method="mail", reason="firm")), []),
        (30, (entry(1, "promise", 2, amount=100, currency="EUR", due=AS_OF + timedelta(days=3)),), []),  # it runs
        (30, (entry(1, "dispute", 2, invoice="R1042", owner="jo"),), []),
        (80, (entry(1, "placement", 9, agency="Inkasso Nord"),), []),
        (80, (entry(1, "demand", 9),), []),
        (80, (entry(1, "evasive", 9),), ["demand"]),
    ],
)  # fmt: skip
def test_which_letter_is_due(days, entries, wanted):
    assert kinds(situation((owed(days=days),), entries, checks={})) == wanted


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        (owed(days=-29, delivered=AS_OF), ["verification"]),
        (owed(days=-29, delivered=AS_OF - timedelta(days=14)), ["verification"]),
        (owed(days=-29, delivered=AS_OF - timedelta(days=15)), []),
        (owed(days=-29, delivered=AS_OF + timedelta(days=1)), []),
        (owed(days=-28), []),  # issued two days ago, delivery not known
        (owed(days=-27), ["verification"]),  # three days
        (owed(days=-27, disputed=True), []),
    ],
)
def test_a_verification_letter_follows_the_delivery_or_the_invoice(item, wanted):
    assert kinds(situation((item,))) == wanted


def test_nobody_is_asked_twice_whether_it_arrived():
    item = owed(days=-27)
    assert kinds(situation((item,), (entry(1, "letter", 0, reason="verification", invoice=item.number),))) == []


@given(st.sampled_from(["placement", "demand"]), st.integers(1, 200), st.integers(0, 60))
def test_no_letter_is_ever_due_while_others_collect(kind, days, ago):
    of = situation((owed(days=days), owed("R2", -27)), (entry(1, kind, ago),))
    assert kinds(of) == []


def test_foreign_text_stays_text():
    nasty = customer(name="<script>alert(1)</script> pay-now.example", account="C1\u202e7")
    paper = letter(replace(middle(), customer=nasty), "reminder", name=nasty.name, account=nasty.account)
    assert "<script" not in paper.html
    assert "pay-now.example" not in paper.text + paper.html
    assert "\u202e" not in paper.text + paper.html
