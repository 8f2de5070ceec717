from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.bureaus import registry
from healthcheck.bureaus.base import (
    SECTIONS,
    STATES,
    BadReport,
    Legal,
    Limit,
    NoReport,
    Ownership,
    Payment,
    Report,
    Score,
    Subject,
)
from healthcheck.bureaus.file import FileBureau
from healthcheck.bureaus.reading import NOTHING
from healthcheck.errors import Fatal, UsageError
from healthcheck.settings import load

AS_OF = date(2026, 6, 30)
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=12
).filter(
    lambda word: word.lower() not in NOTHING and word not in ("998", "999") and "|" not in word and word == word.strip()
)
NUMBERS = st.decimals(-(10**9), 10**9, places=2).filter(lambda n: n not in (998, 999))
DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))
TRUTH = st.sampled_from([True, False, None])


def maybe(strategy):
    return st.none() | strategy


SCORES = st.builds(
    Score, value=maybe(NUMBERS), higher_is_better=TRUTH, band=maybe(WORDS), bands=st.lists(WORDS, max_size=3).map(tuple),
    model=maybe(WORDS), as_of=maybe(DAYS),
)  # fmt: skip
PAYMENTS = st.builds(Payment, maybe(NUMBERS), maybe(st.decimals(1, 100, places=0)), maybe(WORDS), maybe(NUMBERS))
LEGAL = st.builds(Legal, WORDS.map(str.lower), TRUTH, maybe(NUMBERS), maybe(DAYS), maybe(WORDS))
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])
TEXTS = st.lists(WORDS, max_size=3).map(tuple)
REPORTS = st.builds(
    Report,
    bureau=WORDS,
    reported_on=DAYS,
    currency=maybe(CURRENCIES),
    score=SCORES,
    limit=st.just(Limit()) | st.builds(Limit, NUMBERS, CURRENCIES),
    payment=PAYMENTS,
    legal=st.lists(LEGAL, max_size=3).map(tuple),
    filings_overdue=TRUTH,
    filings_detail=maybe(WORDS),
    ownership=st.builds(Ownership, TRUTH, TEXTS),
    status=maybe(st.sampled_from(["active", "dissolved"])),
    banks_on_file=TEXTS,
    sections=st.dictionaries(st.sampled_from(SECTIONS), st.sampled_from(STATES)),
)


@settings(max_examples=40, deadline=None)
@given(REPORTS)
def test_a_report_survives_json_exactly(report):
    assert Report.from_json(report.to_json()) == report
    assert Report.from_body(report.to_body()) == report
    json.dumps(report.to_body())


def test_money_and_dates_are_text_in_json():
    report = Report("file", AS_OF, limit=Limit(Decimal("240000.10"), "EUR"))
    assert report.to_body()["limit"] == {"amount": "240000.10", "currency": "EUR"}
    assert report.to_body()["reported_on"] == "2026-06-30"


NAMES = st.sampled_from(["value", "amount", "score", "legal", "kind", "sections"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(NAMES, x, max_size=3), max_leaves=8)


def complaint(body):
    try:
        Report.from_body(body)
    except UsageError as error:
        return str(error)
    return ""


@settings(max_examples=40, deadline=None)
@given(JSON)
def test_any_json_is_a_report_or_one_clear_line(body):
    assert "\n" not in complaint({"reported_on": "2026-01-01", **body} if isinstance(body, dict) else body)


def test_a_value_outside_its_own_scale_is_not_known():
    body = {
        "reported_on": "2026-01-01",
        "score": {"value": 0, "scale_min": 1, "scale_max": 100},
        "payment": {"paydex": 0},
    }
    report = Report.from_body(body)
    assert report.score.value is None
    assert report.payment.paydex is None
    assert not report.has("score")
    assert not report.has("payment")


def test_text_for_a_limit_is_not_known_but_a_misspelt_number_is_an_error():
    assert Report.from_body({"reported_on": "2026-01-01", "limit": {"amount": "no limit advised"}}).limit.amount is None
    with pytest.raises(UsageError, match=r"limit.amount: '24O,000' is not a number"):
        Report.from_body({"reported_on": "2026-01-01", "limit": {"amount": "24O,000"}})


def test_an_amount_beyond_all_money_and_a_word_for_a_currency_are_errors():
    assert (
        complaint({"reported_on": "2026-01-01", "limit": {"amount": "1e999999"}})
        == "limit.amount: '1e999999' is too large"
    )
    assert "write it as EUR" in complaint({"reported_on": "2026-01-01", "currency": "euros"})


def test_an_empty_list_means_none_and_an_absent_one_means_not_known():
    assert Report.from_body({"reported_on": "2026-01-01", "legal": []}).has("legal")
    assert not Report.from_body({"reported_on": "2026-01-01"}).has("legal")


def test_an_unknown_section_is_named():
    with pytest.raises(UsageError, match="known are score"):
        Report.from_body({"reported_on": "2026-01-01", "sections": {"scores": "ok"}})


# the folder


def bureau(folder):
    return FileBureau(load(file_folder=str(folder), file_cost_per_pull="4.20"))


def put(path, **body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body), encoding="utf-8")


def ask(folder, account="C042", entity="", as_of=AS_OF):
    return bureau(folder).order(Subject(account, entity), as_of, "k").report


def test_both_layouts_and_a_csv_are_found_and_the_newest_up_to_the_date_wins(tmp_path):
    put(tmp_path / "C042" / "2026-03-01.json", status="active")
    put(tmp_path / "C042_2026-04-01.json", status="pending")
    (tmp_path / "old.csv").write_text("account;date;status;limit\nC042;2026-05-01;dissolved;10.50\n", encoding="utf-8")
    put(tmp_path / "C042_2027-01-01.json", status="later")
    found = {as_of: ask(tmp_path, as_of=as_of).status for as_of in (date(2026, 3, 31), date(2026, 4, 1), AS_OF)}
    assert list(found.values()) == ["active", "pending", "dissolved"]
    assert ask(tmp_path).limit == Limit(Decimal("10.50"), "EUR")


def test_entities_have_their_own_folder_or_column(tmp_path):
    put(tmp_path / "DE01" / "C042" / "2026-03-01.json", status="one")
    put(tmp_path / "DE02" / "C042_2026-03-01.json", status="two")
    (tmp_path / "x.csv").write_text("entity,account,date,status\nDE03,C042,2026-03-01,three\n", encoding="utf-8")
    assert [ask(tmp_path, entity=e).status for e in ("DE01", "DE02", "DE03")] == ["one", "two", "three"]
    with pytest.raises(NoReport):
        ask(tmp_path)


def test_several_rows_of_one_day_are_several_legal_events(tmp_path):
    head = "account,date,score,band,bands,legal_kind,legal_open\n"
    (tmp_path / "x.csv").write_text(
        head + "C042,2026-03-01,71,B,A|B|C,judgment,yes\nC042,2026-03-01,,,,lien,no\n", encoding="utf-8-sig"
    )
    report = ask(tmp_path)
    assert [(event.kind, event.open) for event in report.legal] == [("judgment", True), ("lien", False)]
    assert report.score.bands == ("A", "B", "C")


def test_no_report_is_said_and_no_folder_is_fatal(tmp_path):
    with pytest.raises(NoReport, match="no report on C042 up to 2026-06-30"):
        ask(tmp_path)
    with pytest.raises(Fatal, match="HEALTHCHECK_FILE_FOLDER"):
        ask(tmp_path / "absent")


@pytest.mark.parametrize("account", ["../secret", "..", ".", "a/../../secret", "/etc"])
def test_an_account_number_never_leaves_the_folder(tmp_path, account):
    put(tmp_path / "secret" / "2026-03-01.json", status="secret")
    put(tmp_path / "2026-03-01.json", status="secret")
    (tmp_path / "reports").mkdir()
    with pytest.raises(NoReport):
        ask(tmp_path / "reports", account=account)


def test_an_account_with_a_slash_is_written_in_percent(tmp_path):
    put(tmp_path / "A%2F7_2026-03-01.json", status="active")
    assert ask(tmp_path, account="A/7").status == "active"


def test_a_bad_file_is_named_with_its_line_and_what_to_do(tmp_path):
    path = tmp_path / "C042_2026-03-01.json"
    path.write_text('{"status":\n "active",,}', encoding="utf-8")
    with pytest.raises(BadReport, match=r"C042_2026-03-01.json, line 2: not JSON .*mend the file"):
        ask(tmp_path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(BadReport, match="expected one object"):
        ask(tmp_path)
    path.write_text('{"reported_on": "2026-02-01"}', encoding="utf-8")
    with pytest.raises(BadReport, match="make them equal"):
        ask(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadReport, match="UTF-8"):
        ask(tmp_path)


def test_a_bad_row_stops_its_own_account_only(tmp_path):
    (tmp_path / "x.csv").write_text(
        "account,date,limit\nC041,2026-03-01,5\nC042,01.03.2026,5\nC043,2026-03-01,five5\n", encoding="utf-8"
    )
    assert ask(tmp_path, "C041").limit.amount == 5
    with pytest.raises(BadReport, match=r"x.csv, line 3: date: '01.03.2026'.*YYYY-MM-DD"):
        ask(tmp_path, "C042")
    with pytest.raises(BadReport, match=r"x.csv, line 4: limit.amount: 'five5'"):
        ask(tmp_path, "C043")


def test_a_csv_that_is_none_is_fatal_and_says_what_it_needs(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("customer,when\nC042,2026-03-01\n", encoding="utf-8")
    with pytest.raises(Fatal, match="needs the columns account, date"):
        ask(tmp_path)
    path.write_bytes(b"PK\x00\x00")
    with pytest.raises(Fatal, match="not a text file"):
        ask(tmp_path)


def test_a_changed_csv_is_read_again(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("account,date,status\nC042,2026-03-01,active\n", encoding="utf-8")
    assert ask(tmp_path).status == "active"
    path.write_text("account,date,status\nC042,2026-03-01,dissolved\n", encoding="utf-8")
    assert ask(tmp_path).status == "dissolved"


def test_cost_comes_from_the_settings_and_find_knows_who_has_a_report(tmp_path):
    put(tmp_path / "C042_2026-03-01.json", status="active")
    file = bureau(tmp_path)
    assert file.cost() == Decimal("4.20")
    assert [c.id for c in file.find(Subject("C042"))] == ["C042"]
    assert file.find(Subject("C043")) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6, unique=True), st.integers(0, 400))
def test_the_answer_is_the_newest_report_that_is_not_later(tmp_path_factory, offsets, at):
    folder = tmp_path_factory.mktemp("reports")
    start = date(2026, 1, 1)
    for k in offsets:
        put(folder / f"C042_{start + timedelta(days=k)}.json", status="active")
    expected = max((k for k in offsets if k <= at), default=None)
    if expected is None:
        with pytest.raises(NoReport):
            ask(folder, as_of=start + timedelta(days=at))
    else:
        assert ask(folder, as_of=start + timedelta(days=at)).reported_on == start + timedelta(days=expected)


# the registry


def test_an_unknown_bureau_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"no bureau is called 'creditsave'; known are .*creditsafe, .*file"):
        registry.load("creditsave", load())


def test_configured_bureaus_come_in_order():
    assert [b.name for b in registry.configured(load(bureaus="file"))] == ["file"]
