"""The seven questions: what a brief says, to whom, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from healthcheck.errors import UsageError
from healthcheck.playbook.brief import CONFIDENTIAL, CREDIT, SALES, brief
from healthcheck.playbook.habits import lateness, season
from healthcheck.playbook.language import LANGUAGES, holes, language
from healthcheck.reports import briefing
from healthcheck.reports.text import BREAK
from tests.late_world import (
    AS_OF,
    POLICY,
    WORLD,
    customer,
    early,
    entry,
    evasive,
    foreign,
    middle,
    new,
    owed,
    paid,
    situation,
)


def answers(of, code="en", audience=CREDIT):
    made = brief(of, language(code), POLICY, audience)
    return {one.key: one.text for question in made.questions for one in question.answers}


def page_text(html):
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.S).replace(BREAK, "").split())


# ---- both languages


def test_both_languages_say_the_same_things_of_the_same_facts():
    english, german = (language(code).phrases for code in LANGUAGES)
    assert set(english) == set(german)
    for key, phrase in english.items():
        assert holes(phrase) == holes(german[key]), key
        assert phrase.count("|") == german[key].count("|"), key


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("world", WORLD)
def test_every_brief_renders_everywhere(world, code):
    made = brief(WORLD[world](), language(code), POLICY)
    page, console = briefing.page(made), Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        briefing.print_brief(made, console)
    told = console.export_text()
    assert [one.number for one in made.questions] == [1, 2, 3, 4, 5, 6, 7]
    assert f'<html lang="{code}">' in page
    assert made.open_asks > 5
    for question in made.questions:
        assert question.title in told
    assert "@page" in page
    assert "@media print" in page
    assert not re.search(r"https?://|<script|<link|<img", page)


def test_words_of_one_language_stay_out_of_the_other():
    german = page_text(briefing.page(brief(middle(), language("de"), POLICY)))
    for word in ("past due", "invoice", "days", "promise", "Customer since", "clear", "urgent"):
        assert word not in german, word
    assert "20.800 EUR" in german
    assert "4. Oktober 2026" in german


def test_numbers_dates_and_plurals_are_written_as_there():
    english, german = language("en"), language("Deutsch")
    assert (english.money(123_456_789, "EUR"), german.money(123_456_789, "EUR")) == ("EUR 1,234,568", "1.234.568 EUR")
    assert (english.exact(123_450, "EUR"), german.exact(123_450, "EUR")) == ("EUR 1,234.50", "1.234,50 EUR")
    assert (english.exact(1234, "JPY"), german.exact(1234, "KWD")) == ("JPY 1,234", "1,234 KWD")
    assert (english.day(AS_OF), german.day(AS_OF)) == ("20 November 2026", "20. November 2026")
    assert (english.short(AS_OF), german.short(AS_OF)) == ("20 Nov 2026", "20.11.2026")
    assert (english.say("years", n=1), english.say("years", n=2)) == ("1 year", "2 years")
    assert german.joined(["a", "b", "c"]) == "a, b und c"
    with pytest.raises(UsageError, match="'fr' is none of the languages en, de"):
        language("fr")


# ---- the seven questions


def test_the_particulars_come_from_the_books():
    said = answers(middle())
    assert said["debt"] == "EUR 20,800 past due in 2 invoices; the oldest is R1042, due 4 October 2026, 47 days ago"
    assert said["disputed"] == "EUR 2,100 in 1 invoice: R1060"
    assert said["terms"] == "30 days net; EUR 29,300 open of a limit of EUR 150,000"
    assert said["since"] == "6 March 2023 (3 years)"
    assert "score 38 of 100 (band D)" in said["bureau"]
    assert "1 open legal event (judgment)" in said["bureau"]


def test_a_debt_in_another_currency_is_shown_in_its_own():
    said = answers(foreign())
    assert said["own"] == "EUR 10,000 and PLN 25,000"
    assert said["unconverted"] == "PLN 25,000.00, not in the sums above"


@pytest.mark.parametrize(
    ("days", "history", "word"),
    [
        (30, [0] * 20, "new"),
        (30, [0] * 19 + [30], "happened"),
        (30, [0] * 15 + [31] * 5, "usual"),
        (30, [0] * 16 + [31] * 4, "usual"),
        (30, [0] * 17 + [31] * 3, "happened"),
        (30, [0] * 5, "unknown"),
        (30, [], "unknown"),
    ],
)
def test_like_them_is_measured_by_their_own_history(days, history, word):
    assert lateness([paid(late) for late in history], days).word == word


@given(st.lists(st.integers(-40, 200), max_size=60), st.integers(1, 200))
def test_lateness_is_in_order(history, now):
    found = lateness([paid(late) for late in history], now)
    assert found.middle <= found.most <= found.worst or not history
    assert found.as_late == sum(late >= now for late in history)


def test_a_season_has_to_come_back():
    def bought(*months):
        return situation((), paid=tuple(
            replace(paid(value=9_000_000 if (day.year, day.month) in months else 100_000), issued=day)
            for n in range(24)
            for day in [date(2024, 11, 1) + timedelta(days=30 * n + 14)]
        ))  # fmt: skip

    assert season(bought((2025, 6), (2026, 6))) == ([6], [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12])
    strong, _ = season(bought((2026, 6)))
    assert strong == []
    assert season(new()) is None


def test_contacts_are_listed_newest_first_with_the_reason_given():
    made = brief(middle(), language("en"), POLICY).questions[1]
    assert [one.how for one in made.contacts] == ["reminder", "call", "reminder"]
    assert made.contacts[1].said == "A building site stands still, they wait for money. · reason: short of cash"
    assert answers(middle())["reason"] == "short of cash (said on 20 October 2026)"
    assert "3 contacts on record since 11 October 2026: 2 mails and 1 call" in answers(middle())["contacts"]


@pytest.mark.parametrize(("days", "silent"), [(14, False), (15, True)])
def test_our_own_silence_is_said_when_it_was_longer_than_meant(days, silent):
    one = situation((owed(),), (entry(1, "contact", days, method="phone"),))
    assert ("silence" in answers(one)) == silent


def test_what_only_a_person_knows_is_asked_with_the_command_that_records_it():
    made = brief(early(), language("en"), POLICY)
    asks = {ask.text: ask.command for question in made.questions for ask in question.asks}
    assert asks["Who has spoken with them, when, and what did they say?"].startswith("healthcheck record C117 contact")
    assert asks["How much will they pay, and on which day?"].startswith("healthcheck record C117 promise")
    assert made.open_asks == len([ask for question in made.questions for ask in question.asks])


def test_every_promise_has_its_day_and_what_became_of_it():
    running = answers(middle())["promise"]
    assert running == "EUR 4,000 by 27 November 2026 (said on 14 November 2026): follow up on 28 November 2026."
    broken = situation(
        (owed(),),
        (entry(1, "promise", 30, amount=100_000, currency="EUR", due=AS_OF - timedelta(days=8)),),
        received=(),
    )
    assert answers(broken)["promise"] == "EUR 1,000 by 12 November 2026: broken. Follow up now."


def test_who_else_waits_is_told_by_the_bureau():
    said = answers(middle())["others"]
    assert "They pay other suppliers 23 days beyond terms. Their industry takes 6." in said
    assert "others wait longer" in said


def test_the_clock_counts_to_the_agency():
    assert (
        answers(middle())["clock"]
        == "Day 47: day 61 is 4 December 2026, day 75 is 18 December 2026 and day 90 is 2 January 2027."
    )
    assert "day 61 has passed, day 75 has passed and day 90 is" in answers(evasive())["clock"]
    marks = brief(middle(), language("en"), POLICY).marks
    assert [(mark.day, mark.passed) for mark in marks] == [
        (1, True),
        (16, True),
        (46, True),
        (61, False),
        (75, False),
        (90, False),
    ]


def test_whether_they_still_buy_is_said():
    assert answers(middle())["since_due"] == "1 more invoice, EUR 6,400, since 4 October 2026."
    gone = situation((owed(days=200),))
    assert answers(replace(gone, paid=()))["since_due.none"].startswith("No. Nothing was bought since 4 May 2026")


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("world", WORLD)
def test_a_brief_for_sales_holds_nothing_of_a_bureau_or_an_insurer(world, code):
    of = replace(WORLD[world](), report={"bureau": "CANARY", "reported_on": "2026-10-12", "limit": {"amount": "77123", "currency": "EUR"},
                                         "payment": {"dbt": "31"}})  # fmt: skip
    of = replace(of, customer=replace(of.customer, insured_limit=55_512_300), checks={
        **of.checks, "credit": replace(middle().checks["credit"], summary="CANARY fell")})  # fmt: skip
    made = brief(of, language(code), POLICY, SALES)
    assert not [one for question in made.questions for one in question.answers if one.source in CONFIDENTIAL]
    for told in (briefing.page(made), str(made.line())):
        for secret in ("CANARY", "77,123", "77.123", "555,123", "555.123", "31 days", "31 Tage"):
            assert secret not in told, secret
    keys = {one.key for question in made.questions for one in question.answers}
    assert not keys & {"approach", "plan", "bureau", "insured", "others"}
    whole = str(brief(of, language(code), POLICY).line())
    assert "CANARY" in whole


def test_foreign_text_stays_text():
    nasty = customer(name="<script>alert(1)</script> pay-now.example", account="C1\u202e7")
    page = briefing.page(brief(replace(middle(), customer=nasty), language("en"), POLICY))
    assert "<script" not in page
    assert "pay-now.example" not in page
