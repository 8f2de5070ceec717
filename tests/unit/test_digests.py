"""What credit and the reps read: the text part as hard as the HTML."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.playbook import journal
from healthcheck.reports import digests, message, text, wording
from healthcheck.reports.model import Counts, CreditDigest
from healthcheck.store import audit
from healthcheck.store.session import read, write
from healthcheck.store.work import FlagEvent
from healthcheck.store.work import Month as MonthRow
from tests.digest_world import ALVA, AS_OF, CANARY, NOW, World, fill, observe, quiet, settings

NORDWIND = "Health check <healthcheck@nordwind.example>"
VERDICT = "3 accounts need a look, 114 are fine (71 of them without a bank check), 3 could not be judged."


def composed(engine, month="2026-11", **more):
    with read(engine) as session:
        row = session.exec(select(MonthRow).where(MonthRow.month == month)).one()
        return digests.compose(session, row, settings(**more), NOW)


def to(messages, recipient):
    (found,) = [one for one in messages if one.recipient == recipient]
    return found


def credit_text(engine, **more):
    return message.parts(composed(engine, **more)[0].body)[0]


@pytest.fixture
def month(engine):
    return fill(engine)


@pytest.fixture
def world(engine):
    """A month with nothing in it yet, to be filled by the test."""
    with write(engine) as session:
        yield World(session)


def test_the_subject_says_how_many_of_how_many_and_what_is_at_stake(engine, month):
    subject = composed(engine)[0].subject
    assert subject == "Health check November 2026: 3 of 120 accounts need a look (EUR 412,300 open)"


def test_the_first_line_is_the_verdict_and_its_numbers_add_up(engine, month):
    assert credit_text(engine).splitlines()[0] == VERDICT


def test_the_first_account_is_told_with_all_that_a_decision_needs(engine, month):
    told = credit_text(engine).split("\n\n")[1]
    assert told == "\n".join([
        "1. Norda Metall GmbH (C042)    EUR 212,000 open of 250,000 limit, nothing past due    CREDIT, urgent",
        "   The bureau's score fell from B to D since the report of March, and its recommended limit from",
        f"   240,000 to 60,000 ({CANARY}).",
        "   Reassuring: Pays on the day as ever: 48 of 48 invoices of the last year were settled by their due",
        "   date. Also clear: purchases. Not checked: bank.",
        "   At its last review, in March: credit clear.",
        "   Clears when: the limit is decided. Owner: credit team, by 26 November.",
        "   Next: decide the limit before the next delivery; call their accounts department; the rep is asked",
        "   what is seen and heard there.",
    ])  # fmt: skip


def test_rows_come_by_exposure_at_stake(engine, month):
    assert re.findall(r"^(\d)\. .*\((C\d+)\)", credit_text(engine), re.M) == [
        ("1", "C042"),
        ("2", "C117"),
        ("3", "C203"),
    ]


def test_a_group_over_its_limit_and_money_without_a_rate_are_said(engine, month):
    told = credit_text(engine)
    assert "Its group has EUR 145,000 open, over the group's limit of 120,000." in told
    assert "Not in these sums, for want of an exchange rate: USD 1200.00." in told


def test_a_surge_asks_another_question_than_a_fall(engine, month):
    assert "Next: ask what the extra goods are for" in credit_text(engine)


def test_flags_of_earlier_months_are_listed_with_age_owner_and_due_date(engine, month):
    told = credit_text(engine)
    assert "Still open from earlier months: 4, 3 past their due date" in told
    assert "Reva Konserven AG (E01): purchases, flag, 61 days; credit team, was due 5 November." in told
    assert "Lindqvist Möbler AB (E04): credit, flag, 31 days; credit team, decided. Limit cut to 40,000." in told
    assert "Since October: 3 × limit cut, no action." in told


def test_money_doubts_waiting_late_coverage_and_freshness_close_the_digest(engine, month):
    told = " ".join(credit_text(engine).split())
    for sentence in (
        "May have been charged, not bought again: Sundhavn Reefer A/S, EUR 4.20 (healthcheck pulls resolve 1).",
        "Waiting for next month: 1 account (the month's report budget is used up): Pellworm Netze KG (C311).",
        "Brackwater Timber Ltd (C044, EUR 18,400 past due, 52 days).",
        "Coverage: 1,310 of 1,344 eligible accounts are within their cycle. The cycles (38 quarterly, 201 half-yearly, 1,105 yearly)"
        " need 145 reviews a month and the quota is 120. 34 accounts will outlive theirs by March:",
        "Ledger: up to 20 November, judged as of 22 November.",
        "Reports: 61 bought (EUR 256.20 of 400), 52 reused.",
    ):
        assert sentence in told


def test_the_html_says_what_the_text_says(engine, month):
    body = composed(engine)[0].body
    plain, html = (" ".join(part.split()) for part in message.parts(body))
    seen = " ".join(_words(html).split())
    for sentence in (
        VERDICT,
        "nothing past due",
        "Pays on the day as ever",
        "At its last review, in March: credit clear.",
    ):
        assert sentence in plain
        assert sentence in seen
    for number in ("212,000", "250,000", "131,500", "44,200", "256.20", "4.20", "61 days", "1,310"):
        assert number in plain
        assert number.removesuffix(" days") in seen


def test_a_month_in_which_nothing_is_wrong_is_reported_too(engine):
    with write(engine) as session:
        world = World(session)
        month = world.month(summary={})
        for n in range(2):
            world.review(month, world.account(f"A{n}", f"Firm {n}"), "clear", quiet("clear"), 1000)
    (one,) = composed(engine)
    assert one.subject == "Health check November 2026: none of 2 accounts needs a look"
    assert message.parts(one.body)[0].splitlines()[0] == "No account needs a look: 2 are fine."


def test_a_month_without_any_review_is_reported_too(engine):
    with write(engine) as session:
        World(session).month()
    (one,) = composed(engine)
    assert one.subject == "Health check November 2026: no account was due"
    assert message.parts(one.body)[0].startswith("No account was due for review this month.")


def test_a_flag_told_of_before_is_still_open_and_not_told_as_new(engine):
    with write(engine) as session:
        world = World(session)
        account = world.account("A1", "Norda")
        world.review(world.month("2026-10", date(2026, 10, 22)), account, "flag", {"payments": ("flag", "Late.")})
        world.review(world.month(), account, "flag", {"payments": ("flag", "Late still.")})
        world.flag(account, "payments", raised=date(2026, 10, 22))
    told = credit_text(engine)
    assert told.startswith("No account needs a look: 1 is still open from earlier months, 0 are fine.")


def test_a_flag_that_got_worse_is_told_again_with_what_it_was(engine):
    with write(engine) as session:
        world = World(session)
        account = world.account("A1", "Norda")
        world.review(world.month("2026-10", date(2026, 10, 22)), account, "flag", {"payments": ("flag", "Late.")})
        world.review(world.month(), account, "urgent", {"payments": ("urgent", "Later.")})
        world.flag(account, "payments", "urgent", raised=date(2026, 10, 22), changed_on=AS_OF)
    told = credit_text(engine)
    assert told.startswith("1 account needs a look, 0 are fine.")
    assert "At its last review, in October: payments flag." in told
    assert "Still open from earlier months" not in told


def test_what_a_person_has_cleared_is_only_worth_watching(engine):
    with write(engine) as session:
        world = World(session)
        account = world.account("A1", "Norda")
        world.review(world.month(), account, "flag", {"payments": ("flag", "Late.")})
        world.flag(account, "payments", raised=date(2026, 10, 22), state="cleared", cleared_on=date(2026, 11, 2))
    assert credit_text(engine).startswith("No account needs a look: 1 is worth watching, 0 are fine.")


def one_flag(engine, check, exposure=1000, limit=2000, past_due=0, **more):
    """The text for one flagged account."""
    with write(engine) as session:
        world = World(session)
        found = {**quiet(), check: ("flag", "Something was found.")}
        world.review(world.month(), world.account("A1", "Norda"), "flag", found, exposure, limit, past_due, **more)
    return " ".join(credit_text(engine).split())


def test_what_was_paid_late_asks_for_the_reason_not_for_a_date(engine):
    assert "Next: ask why it came late, and whether anything was disputed." in one_flag(engine, "payments")


def test_what_is_past_due_asks_for_a_date(engine):
    assert "Next: call their accounts department: a date for the oldest item" in one_flag(
        engine, "payments", past_due=500
    )


def test_an_account_over_its_limit_or_without_one_is_said_to_be(engine):
    assert "EUR 3,000 open, over its limit of 2,000, nothing past due" in one_flag(engine, "credit", 3000)


def test_a_missing_limit_is_said(engine):
    assert "EUR 3,000 open, no limit on file, nothing past due" in one_flag(engine, "credit", 3000, None)


def test_an_account_that_is_its_own_group_is_not_told_twice(engine):
    facts = {"group_exposure": 300000, "group_limit": 200000}
    assert "Its group" not in one_flag(engine, "credit", 3000, facts=facts)


def test_a_snoozed_flag_is_shown_with_its_end_and_is_not_overdue(engine):
    with write(engine) as session:
        world = World(session)
        world.month()
        flag = {"state": "snoozed", "snoozed_until": date(2026, 12, 3), "reason": "season", "due": date(2026, 11, 5)}
        world.flag(world.account("A1", "Norda"), "purchases", raised=date(2026, 10, 22), **flag)
    told = credit_text(engine)
    assert "Still open from earlier months: 1\n" in told
    assert "Norda (A1): purchases, flag, 31 days; snoozed until 3 December. Season." in told


def crowd(engine, found):
    """41 accounts that need a look."""
    with write(engine) as session:
        world = World(session)
        month = world.month()
        for n in range(41):
            account = world.account(f"A{n}", f"Norda Metallverarbeitung {n} GmbH & Co. KG")
            world.review(month, account, "urgent", found, 1000 + n, 900, 800, 50)
    return message.parts(composed(engine)[0].body)


def test_more_than_thirty_rows_are_cut_and_counted_and_the_mail_stays_small(engine):
    plain, html = crowd(engine, {**quiet(), "payments": ("flag", ALVA)})
    for part in (plain, _words(html)):
        assert "And 11 more: healthcheck flags list" in part
        assert "30. Norda" in part
        assert "31. Norda" not in part
    assert len(html.encode()) <= 80_000


def test_very_long_sentences_make_fewer_rows_not_a_larger_mail(engine):
    plain, html = crowd(engine, dict.fromkeys(quiet(), ("urgent", "What was found there is a long story. " * 50)))
    assert len(html.encode()) <= 80_000
    more = re.search(r"And (\d+) more", plain)
    assert more
    assert int(more[1]) > 11
    assert f"And {more[1]} more" in _words(html)


def test_more_than_a_twentieth_flagged_is_itself_a_warning(engine):
    with write(engine) as session:
        World(session).month(summary={"screen": {"accounts": 1000, "flagged": 51}})
    assert "WARNING: The screen flagged 51 of 1,000 accounts (5%)." in credit_text(engine)


@pytest.mark.parametrize(("accounts", "flagged"), [(1000, 0), (1000, 50), (8, 4)])
def test_up_to_a_twentieth_flagged_or_a_handful_is_no_warning(engine, accounts, flagged):
    with write(engine) as session:
        World(session).month(summary={"screen": {"accounts": accounts, "flagged": flagged}})
    assert "WARNING" not in credit_text(engine)


def test_a_review_that_failed_or_is_still_to_come_is_counted_as_such(engine):
    with write(engine) as session:
        world = World(session)
        month = world.month(state="open", closed_at=None)
        world.review(month, world.account("A1", "Norda"), None, {}, state="failed", error="no such file")
        world.review(month, world.account("A2", "Alva"), None, {}, state="waiting")
    told = credit_text(engine)
    assert told.startswith("No account needs a look: 0 are fine, 1 failed, 1 is still to be reviewed.")
    assert "Norda (A1): no such file" in told


def test_each_of_the_credit_team_gets_a_mail_of_his_own(engine, month):
    found = composed(engine, credit_team="one@nordwind.example,Two@Nordwind.example,one@nordwind.example")
    assert [one.recipient for one in found if one.kind == "credit"] == ["one@nordwind.example", "two@nordwind.example"]


# ---- the reps


def test_nothing_of_a_bureau_reaches_a_rep(engine, month):
    for one in composed(engine):
        if one.kind == "rep":
            mail = message_from_bytes(one.body, policy=policy.default)
            plain, html = message.parts(one.body)
            everything = " ".join([*map(str, mail.values()), plain, _words(html)]).lower()
            for word in (CANARY.lower(), "bureau", "score", "credit,", "limit", "urgent", "flag"):
                assert word not in everything


def test_a_rep_reads_facts_of_our_own_books_in_neutral_words(engine, month):
    told = " ".join(message.parts(to(composed(engine), "maria.thorsen@nordwind.example").body)[0].split())
    assert "1. Norda Metall GmbH (C042) EUR 212,000 is open, nothing past due. Pays as usual. Orders as usual." in told
    assert "EUR 44,200 of it past due, the oldest by 33 days. Payments have been coming later than usual." in told


def test_the_first_answer_offered_is_not_visited_not_spoken(engine, month):
    told = message.parts(to(composed(engine), "maria.thorsen@nordwind.example").body)[0]
    assert "   not visited, not spoken  /  bustling  /  as always  /  too quiet" in told


def test_a_rep_is_asked_about_five_customers_at_most(engine, month):
    one = to(composed(engine), "per.lund@nordwind.example")
    assert one.subject == "Three short questions about 5 of your customers (November 2026)"
    assert len(re.findall(r"^\d\. ", message.parts(one.body)[0], re.M)) == 5


def test_no_question_no_mail(engine, month):
    assert {one.kind for one in composed(engine, rep_questions=0)} == {"credit"}


def test_without_an_address_of_the_rep_his_manager_is_asked_and_told_why(engine, month):
    told = message.parts(to(composed(engine), "lead@nordwind.example").body)[0]
    assert "You get the questions of Karl Brandt because there is no working address on file" in told


@pytest.mark.parametrize("address", [None, "", "left", "a@b\r\nBcc: x@y.example", "two@x.example,three@x.example"])
def test_without_any_usable_address_credit_is_asked(engine, address):
    with write(engine) as session:
        world = World(session)
        account = world.account("A1", "Norda", sales_rep="Karl Brandt", rep_email=address, manager_email=address)
        world.review(world.month(), account, "clear", quiet())
    assert [(one.kind, one.recipient) for one in composed(engine)] == [
        ("credit", "credit@nordwind.example"), ("rep", "credit@nordwind.example"),
    ]  # fmt: skip


def test_an_account_without_any_rep_on_file_is_counted_and_nobody_is_asked(engine):
    with write(engine) as session:
        world = World(session)
        world.review(world.month(), world.account("A1", "Norda"), "clear", quiet())
    (one,) = composed(engine)
    assert "1 account of this month has no sales rep on file: nobody was asked." in message.parts(one.body)[0]


def test_a_rep_who_answered_lately_is_not_asked_again(engine, month):
    before = to(composed(engine), "lead@nordwind.example")
    assert before.kind == "rep"
    observe(engine, 3)
    assert "lead@nordwind.example" not in [one.recipient for one in composed(engine)]


@pytest.mark.parametrize("kind", ["evasive", "demand", "placement"])
def test_nobody_in_sales_is_asked_about_an_account_to_keep_out_of(engine, month, kind):
    with write(engine) as session:
        journal.add(session, 3, kind, AS_OF + timedelta(days=1), NOW)  # after the month's day: it counts at once
    assert "lead@nordwind.example" not in [one.recipient for one in composed(engine)]
    with write(engine) as session:
        journal.add(session, 3, "resolved", AS_OF + timedelta(days=1), NOW, reason="settled")
    assert to(composed(engine), "lead@nordwind.example").kind == "rep"


def test_not_visited_is_no_answer_that_stops_the_next_question(engine, month):
    observe(engine, 3, "not_visited")
    assert to(composed(engine), "lead@nordwind.example").kind == "rep"


def test_answers_of_a_rep_go_to_credit(engine, month):
    mail = message_from_bytes(to(composed(engine), "per.lund@nordwind.example").body, policy=policy.default)
    assert mail["Reply-To"] == "credit@nordwind.example"


# ---- labels, words


@given(st.integers(2000, 2100), st.integers(1, 12))
def test_the_subject_names_the_month_of_the_review_whatever_the_clock_says(year, number):
    month = Month(year, number)
    digest = CreditDigest(month, month.last, "EUR", Counts(total=1, look=1), 100)
    assert wording.credit_subject(digest).startswith(f"Health check {month.title}: 1 of 1 account needs a look")


@given(st.integers(0, 400), st.integers(1, 30))
def test_a_month_named_without_its_year_is_never_one_of_another_year_round(offset, year):
    near = Month(2000 + year, 6)
    for month in (near + offset, near + -offset):
        named = text.month_name(month, near)
        within = [near + step for step in range(-11, 12) if (near + step).title.split()[0] == named.split()[0]]
        assert named == month.title if offset > 11 else month in within


@given(
    st.builds(
        Counts, look=st.integers(0, 9), still_open=st.integers(0, 9), watch=st.integers(0, 9), fine=st.integers(0, 2000)
    )
)
def test_the_numbers_of_the_verdict_add_up(counts):
    total = counts.look + counts.still_open + counts.watch + counts.fine
    told = wording.verdict(Counts(total, counts.look, counts.still_open, counts.watch, counts.fine))
    assert sum(int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", told)) == total


@given(st.text(), st.integers(0, 6))
def test_wrapped_lines_fit_and_lose_no_word(words, indent):
    lines = text.wrapped(words, indent).splitlines()
    assert " ".join(lines).split() == words.split()
    assert all(len(line) <= text.WIDTH or " " not in line.strip() for line in lines)


# ---- what stands in an account's name


EVIL = (
    "A\r\nBcc: injected@example.com", "A é subject=?UTF-8?Q?=0A?=Bcc: injected@example.com", "=?UTF-8?B?DQpCY2M6?=",
    "<script>alert(1)</script>", "pay-now.example", "https://pay-now.example/x", "\u202eevil", "A\u2028B", "x" * 3000, "\x00\x1b[31m",
)  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_no_name_becomes_a_header_a_link_or_markup(engine, name):
    with write(engine) as session:
        world = World(session)
        account = world.account("A1", name, sales_rep=name, rep_email="rep@nordwind.example")
        world.review(world.month(), account, "flag", {"payments": ("flag", f"Of {name}.")}, 1000)
    for one in composed(engine):
        mail = message_from_bytes(one.body, policy=policy.default)
        assert not {"bcc", "cc"} & {key.lower() for key in mail}
        plain, html = message.parts(one.body)
        for part in (plain, html):
            assert "pay-now.example" not in part
            assert "https://" not in part
            assert "\u202e" not in part
            assert "\x1b" not in part
        assert "<script" not in html
        assert not re.search(r"^Bcc:", plain, re.M)


@given(st.text(max_size=60))
def test_whatever_the_subject_only_our_headers_come_out(words):
    letter = message.Letter(
        "a@b.example", "c@d.example", f"Health {words}", "text\n", "<html><head></head><body>x</body></html>", "credit"
    )
    body = message.build(letter, "<x@b.example>", Month(2026, 11), NOW)
    assert message_from_bytes(body, policy=policy.default)["Subject"] is not None
    assert all(byte < 128 for byte in body)
    assert all(len(line) <= 998 for line in body.split(b"\r\n"))


def test_the_headers_are_those_of_a_machine_that_wants_no_answer_from_machines(engine, month):
    mail = message_from_bytes(composed(engine)[0].body, policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply, RN, NRN"
    assert mail["List-Id"] == "Health check, credit <credit.healthcheck.nordwind.example>"
    assert mail["References"] == "<healthcheck.credit.2026@nordwind.example>"
    assert mail["Date"].datetime == datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_no_two_messages_share_an_id(engine, month):
    ids = [one.message_id for one in composed(engine) + composed(engine)]
    assert len(set(ids)) == len(ids)


def header(messages, name):
    return [message_from_bytes(one.body, policy=policy.default)[name] for one in messages]


def test_a_provider_that_knows_repeated_mails_by_a_header_gets_one_key_a_message(engine, month):
    name = "Resend-Idempotency-Key"
    messages = composed(engine, idempotency_header=name)
    keys = header(messages, name)
    assert len(set(keys)) == len(messages) > 3
    assert all(re.fullmatch(r"[0-9a-f-]{36}", key) for key in keys)
    first = messages[0]
    letter = message.Letter(NORDWIND, "x@y.example", "s", "t", "<p>t</p>", "credit")
    assert header([first], name) == [
        message_from_bytes(message.build(letter, first.message_id, Month(2026, 11), NOW, name))[name]
    ], "it follows from the Message-ID alone"
    assert header(composed(engine), name) == [None] * len(messages)


@pytest.mark.parametrize("name", ["Subject", "bcc", "MESSAGE-ID"])
def test_a_header_of_every_mail_is_no_key(engine, month, name):
    with pytest.raises(UsageError, match="HEALTHCHECK_IDEMPOTENCY_HEADER"):
        composed(engine, idempotency_header=name)


def test_credits_digest_ends_in_the_audits_head_and_no_reps_does(engine, month):
    with write(engine) as session:
        audit.note(session, "month.planned", NOW, month="2026-11")
    with read(engine) as session:
        head = audit.head(session)
    text_part, html = message.parts(composed(engine)[0].body)
    assert f"Audit: head {head[:8]}, as it was before this month was closed." in text_part
    assert f"Head {head[:8]}" in html
    assert all(head[:8] not in part for one in composed(engine)[1:] for part in message.parts(one.body))


def test_where_nothing_was_audited_no_head_is_shown(engine, month):
    assert "Audit" not in credit_text(engine)


@pytest.mark.parametrize(
    "more",
    [{"credit_team": "nobody"}, {"credit_team": " "}, {"mail_from": "nobody"}, {"mail_from": "a@b\nBcc: c@d.example"}],
)
def test_an_address_in_the_settings_that_is_none_is_one_clear_line(engine, month, more):
    with pytest.raises(UsageError, match=r"HEALTHCHECK_(CREDIT_TEAM|MAIL_FROM)") as caught:
        composed(engine, **more)
    assert "\n" not in str(caught.value)


# ---- the page as such


def test_the_html_is_readable_by_everybody_and_loads_nothing(engine, month):
    for one in composed(engine):
        html = message.parts(one.body)[1]
        assert '<html lang="en"' in html
        assert 'name="color-scheme" content="light dark"' in html
        assert "prefers-color-scheme: dark" in html
        assert not re.search(r"<img|<link|url\(|src=|http", html)
        tables = re.findall(r"<table[^>]*>(?:\s*<caption)?", html)
        assert all("presentation" in one or "caption" in one or 'class="facts"' in one for one in tables)
        assert all("scope=" in tag for tag in re.findall(r"<th\b[^>]*>", html))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_text_stands_out_from_its_ground(engine, scheme):
    pairs = {
        "light": [("#22282b", "#ffffff"), ("#5b666b", "#ffffff"), ("#4d585d", "#ffffff"), ("#9a2f1c", "#ffffff"), ("#7c2412", "#fbe4da"),
                  ("#ffffff", "#9a2f1c"), ("#5c4300", "#f8edcf"), ("#5c4300", "#fdf3dc")],
        "dark": [("#e4e8e6", "#1d2326"), ("#a9b4b3", "#1d2326"), ("#ff9d85", "#1d2326"), ("#ffc9b8", "#4d2419"), ("#ffffff", "#c4462f"),
                 ("#f4dc9a", "#43360f"), ("#f6e3ae", "#3a2f0d")],
    }  # fmt: skip
    for ink, ground in pairs[scheme]:
        assert _contrast(ink, ground) >= 4.5, (ink, ground)


def test_composing_twice_says_the_same(engine, month):
    first, second = composed(engine), composed(engine)
    assert [(one.recipient, message.parts(one.body)) for one in first] == [
        (one.recipient, message.parts(one.body)) for one in second
    ]


def test_composing_writes_nothing(engine, month):
    with write(engine) as session:
        row = session.exec(select(MonthRow).where(MonthRow.month == "2026-11")).one()
        digests.compose(session, row, settings(), NOW)
        assert not session.new
        assert not session.dirty
        assert session.exec(select(FlagEvent)).first() is not None


class _Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.out, self.skip = [], False

    def handle_starttag(self, tag, attrs):
        self.skip = tag == "style"

    def handle_endtag(self, tag):
        self.skip = False

    def handle_data(self, data):
        if not self.skip:
            self.out.append(data)


def _words(html):
    parser = _Words()
    parser.feed(html)
    return "".join(parser.out)


def _contrast(ink, ground):
    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((light(ink), light(ground)))
    return (high + 0.05) / (low + 0.05)


def test_an_old_ledger_is_warned_of_where_credit_reads_it(engine):
    with write(engine) as session:
        World(session).month(summary={"ledger": {"latest": "2026-10-30"}})
    assert "WARNING: The ledger ends on 2026-10-30, 23 days before 2026-11-22" in " ".join(credit_text(engine).split())
