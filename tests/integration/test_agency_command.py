"""``agency`` and ``insurance`` on a real database: from the list to the file, the placement, the money and the end."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from sqlmodel import select

from healthcheck.store.late import Record
from healthcheck.store.session import connect, read

ACCOUNTS = """account,name,country,currency,terms_days,credit_limit,insured_limit,insured_until,vat
C1,Norda,DE,EUR,30,5000,3000,2026-12-31,DE136695976
C2,Alva,PL,EUR,30,,,,
C3,Punctual,DE,EUR,30,,,,
"""
INVOICES = """account,invoice,issued,due,amount,currency,delivered,paid
C1,A1,2026-01-05,2026-02-04,1000.00,EUR,2026-01-03,
C1,A2,2026-02-16,2026-03-18,500.00,EUR,2026-02-15,
C2,B1,2025-12-05,2026-01-05,300.00,EUR,2025-09-05,
C3,P1,2026-04-01,2026-05-01,900.00,EUR,2026-04-01,
"""
DAY = "2026-04-13"  # C1 is 68 days past due, C2 98


@pytest.fixture
def book(cli):
    assert cli("init").code == 0
    for kind, text in (("accounts", ACCOUNTS), ("invoices", INVOICES)):
        Path(f"{kind}.csv").write_text(text)
        assert cli("import", kind, f"{kind}.csv").code == 0
    return cli


def listed(book, *words, on=DAY):
    ran = book("agency", "list", "--as-of", on, "--json", *words)
    assert ran.code == 0, ran.err
    return {line["account"]: line for line in ran.lines}


def said(book, *words):
    ran = book(*words)
    assert ran.code == 0, ran.err
    return ran.out


def records(book):
    import os

    engine = connect(os.environ.get("HEALTHCHECK_DATABASE_URL", "sqlite:///healthcheck.db"))
    with read(engine) as session:
        found = [(row.kind, row.amount, row.refers) for row in session.exec(select(Record).order_by(Record.id))]
    engine.dispose()
    return found


def place(book, *words, account="C1"):
    return book("agency", "place", account, "--agency", "Inkasso Nord", *words)


def test_who_is_ready_comes_oldest_first_with_what_is_missing_and_what_it_may_bring(book):
    found = listed(book)
    assert [(one["account"], one["state"], one["days_past_due"]) for one in found.values()] == [
        ("C2", "urgent", 98),
        ("C1", "ready", 68),
    ]
    assert found["C1"]["missing"] == ["contact_log", "final_demand"]
    assert found["C1"]["amount_past_due"] == "1500.00"
    assert found["C1"]["recovery"]["owed"] == "1500.00"
    assert found["C1"]["recovery"]["source"].endswith("18 October 2004")
    assert list(listed(book, on="2026-03-15")) == ["C2"]
    assert list(listed(book, "--all", on="2026-03-15")) == ["C2", "C1"]


def test_the_list_for_people_suggests_an_attorney_for_a_handful(book):
    shown = said(book, "agency", "list", "--as-of", DAY)
    assert "Attorney? 2 cases in the last twelve months" in shown
    nobody = " ".join(said(book, "agency", "list", "--as-of", "2026-01-02").split())
    assert nobody == "No account is ready to be handed over on 2026-01-02; 0 accounts late (agency list --all)."


def test_one_account_with_our_own_house_first(book):
    shown = " ".join(said(book, "agency", "show", "C2", "--as-of", DAY).split())
    assert shown.index("Our own house first. The past-due invoice") < shown.index("Did we invoice on time")
    assert "B1, 91 days after delivery" in shown
    (line,) = book("agency", "show", "C2", "--as-of", DAY, "--json").lines
    assert line["house_in_order"] is False
    assert [one["ok"] for one in line["house"]["answers"]] == [False, True, False, True]


def test_our_own_house_of_the_whole_book(book):
    (line,) = book("agency", "house", "--as-of", DAY, "--json").lines
    assert [one["ok"] for one in line["answers"]] == [False, True, False, True]
    assert line["answers"][0]["invoices"] == ["B1"]
    (one,) = book("agency", "house", "C1", "--as-of", DAY, "--json").lines
    assert [answer["ok"] for answer in one["answers"]] == [True, True, False, True]


def test_the_checklist_knows_the_book(book):
    shown = said(book, "agency", "checklist", "--as-of", DAY)
    assert "2 accounts past 60 days, EUR 1,800" in shown
    (asks,) = book("agency", "checklist", "--as-of", DAY, "--json").lines
    assert next(ask["known"] for ask in asks if "where the customers are" in ask["question"]) == "PL and DE"


def test_the_file_is_a_zip_with_a_persons_papers(book, tmp_path):
    papers = tmp_path / "papers" / "C1"
    papers.mkdir(parents=True)
    (papers / "A1.pdf").write_bytes(b"copy")
    (papers / "A1 delivery note.pdf").write_bytes(b"proof")
    ran = book("agency", "file", "C1", "--zip", "C1.zip", "--documents", tmp_path / "papers", "--as-of", DAY, "--json")
    (line,) = ran.lines
    assert line["missing"] == ["invoices", "terms", "proof_of_delivery", "contact_log", "final_demand"]
    with zipfile.ZipFile("C1.zip") as archive:
        text = archive.read("0-index.txt").decode()
        assert archive.read("documents/A1.pdf") == b"copy"
    assert "Copies of A2." in text
    assert "VAT number: DE136695976" in text
    assert "wrote C1.zip" in said(book, "agency", "file", "C1", "--zip", "C1.zip", "--as-of", DAY)


def test_a_file_that_cannot_be_written_is_one_line(book):
    ran = book("agency", "file", "C1", "--zip", "none/C1.zip", "--as-of", DAY)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("healthcheck: cannot write none/C1.zip: ")


def test_a_placement_from_the_first_day_to_the_last(book):
    shown = said(book, "agency", "place", "C1", "--agency", "Inkasso Nord", "--on", DAY)
    assert shown.startswith("C1: placed with Inkasso Nord on 2026-04-13\n  Our own house is not in order.")
    placed = listed(book)["C1"]
    assert (placed["state"], placed["missing"], placed["placed"]["amount"]) == ("placed", [], "1500.00")
    assert placed["placed"]["next_check"] == "2026-05-13"
    (late,) = book("late", "C1", "--as-of", DAY, "--json").lines
    assert (late["sales"], late["agency"]["state"]) == ("keep_out", "placed")

    assert "ask again by 2026-06-09" in said(
        book, "agency", "check-in", "C1", "--note", "Reached them.", "--on", "2026-05-10"
    )
    assert listed(book, on="2026-05-12")["C1"]["placed"]["next_check"] == "2026-06-09"

    out = said(book, "agency", "result", "C1", "--recovered", "800", "--fee", "120.50", "--on", "2026-05-20")
    assert "recovered EUR 800.00 for a fee of 120.50" in out
    found = listed(book, on="2026-05-21")["C1"]["placed"]
    assert (found["recovered"], found["fee"], found["next_check"]) == ("800.00", "120.50", "2026-06-19")

    said(book, "agency", "result", "C1", "--close", "the rest is written off", "--on", "2026-06-01")
    assert listed(book, on="2026-06-02")["C1"]["state"] == "urgent"
    assert book("late", "C1", "--as-of", "2026-06-02", "--json").lines[0]["sales"] != "keep_out"
    first = 1
    assert records(book) == [
        ("placement", 150000, None), ("check_in", None, first), ("recovered", 80000, first), ("agency_fee", 12050, first),
        ("resolved", None, first),
    ]  # fmt: skip


def test_what_has_no_exchange_rate_is_shown_and_placed_in_its_own_currency(book):
    Path("more.csv").write_text("account,invoice,issued,due,amount,currency\nC9,U1,2026-01-02,2026-02-02,700.50,USD\n")
    assert book("import", "invoices", "more.csv").code == 0
    found = listed(book)["C9"]
    assert (found["amount_past_due"], found["unconverted"], found["recovery"]["left_out"]) == ("0.00", "USD 700.50", 1)
    assert "USD 700.50" in said(book, "agency", "list", "--as-of", DAY)
    place(book, "--on", DAY, account="C9")
    placed = listed(book)["C9"]["placed"]
    assert (placed["amount"], placed["currency"]) == ("700.50", "USD")
    assert "recovered USD 100.00 for a fee of 0.00" in said(
        book, "agency", "result", "C9", "--recovered", "100", "--on", DAY
    )


def test_accounts_of_two_entities_with_one_number_are_two(book):
    rows = "entity,account,invoice,issued,due,amount,currency\nNorth,C1,N1,2026-01-05,2026-02-04,10.00,EUR\n"
    Path("more.csv").write_text(rows)
    assert book("import", "invoices", "more.csv").code == 0
    (line,) = book("agency", "house", "--as-of", DAY, "--json").lines
    assert "3 of 3 late accounts not followed up: C2, C1, North/C1." in line["answers"][2]["why"]
    ran = book("agency", "show", "C1", "--as-of", DAY)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert said(book, "agency", "show", "C1", "--entity", "North", "--as-of", DAY)


def test_placing_what_is_not_ready_is_a_persons_word_but_said(book):
    shown = said(book, "agency", "place", "C3", "--agency", "Inkasso Nord", "--on", DAY)
    assert "Nothing is past due." in shown
    assert records(book) == [("placement", None, None)]
    assert "1 case in the last twelve months" not in said(book, "agency", "list", "--as-of", DAY)
    ran = book("agency", "file", "C3", "--zip", "C3.zip", "--as-of", DAY)
    assert (ran.code, ran.err) == (2, "healthcheck: C3 owes nothing that is past due on 2026-04-13\n")


def test_cases_of_more_than_a_year_ago_do_not_count(book):
    for account, on in (("C1", "2026-03-10"), ("C2", "2026-03-10")):
        place(book, "--on", on, account=account)
        said(book, "agency", "result", account, "--close", "paid", "--on", "2026-03-20")
    assert "2 cases in the last twelve months" in said(book, "agency", "list", "--as-of", DAY)
    shown = said(book, "agency", "checklist", "--as-of", "2026-01-10")
    assert "0 cases in the last twelve months" in shown  # nothing later is known
    Path("paid.csv").write_text(
        INVOICES.replace("2026-02-15,", "2026-02-15,2026-05-01").replace("2026-01-03,", "2026-01-03,2026-05-01")
    )
    assert book("import", "invoices", "paid.csv").code == 0  # of C1 nothing is open any more
    assert "3 cases in" in said(book, "agency", "list", "--as-of", "2027-03-09")
    assert "2 cases in" in said(book, "agency", "list", "--as-of", "2027-03-10")


def test_a_dry_run_says_the_same_and_records_nothing(book):
    for words in (("place", "C1", "--agency", "X"), ("place", "C2", "--agency", "X", "--amount", "12.50")):
        ran = book("agency", *words, "--on", DAY, "--dry-run", "--json")
        assert (ran.code, ran.lines[0]["recorded"]) == (0, False)
    place(book, "--on", DAY)
    assert "only a try" in said(book, "agency", "check-in", "C1", "--note", "x", "--on", DAY, "--dry-run")
    said(book, "agency", "result", "C1", "--recovered", "1", "--close", "over", "--on", DAY, "--dry-run")
    assert records(book) == [("placement", 150000, None)]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("check-in", "C1", "--note", "x"), "C1 was with nobody on 2026-04-13; record it: healthcheck agency place C1"),
        (("result", "C1", "--recovered", "5"), "C1 was with nobody on"),
        (("place", "C1", "--agency", " "), "--agency is empty"),
        (("place", "C1", "--agency", "X", "--amount", "lots"), "'lots' is not an amount"),
        (("place", "C9", "--agency", "X"), "C9"),
    ],
)
def test_wrong_use_is_one_line(book, words, why):
    ran = book("agency", *words, "--on", DAY)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert why in ran.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("place", "C1", "--agency", "Other"), "C1 is with Inkasso Nord since 2026-04-13; end that first"),
        (("result", "C1", "--recovered", "-5"), "cannot be less than nothing"),
        (("result", "C1"), "nothing to record: give --recovered, --fee or --close"),
        (("check-in", "C1", "--note", " "), "--note is empty"),
    ],
)
def test_wrong_use_of_a_placed_account_is_one_line(book, words, why):
    place(book, "--on", DAY)
    ran = book("agency", *words, "--on", DAY)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert why in ran.err


def test_insurance_names_the_duty_until_it_is_done(book):
    (line,) = book("insurance", "list", "--as-of", DAY, "--json").lines
    assert (line["account"], line["insured"], line["own"], line["own_limit"]) == ("C1", "1500.00", "0.00", "2000.00")
    assert [(duty["kind"], duty["on"]) for duty in line["duties"]] == [("report", "2026-04-05")]
    assert "was due 5 April" in " ".join(said(book, "insurance", "list", "--as-of", DAY).split())
    assert "only a try" in said(book, "insurance", "reported", "C1", "--on", DAY, "--dry-run")
    assert book("insurance", "list", "--as-of", DAY, "--json").lines != []
    said(book, "insurance", "reported", "C1", "--on", DAY, "--note", "Ref 77")
    assert book("insurance", "list", "--as-of", DAY, "--json").lines == []
    assert said(book, "insurance", "list", "--as-of", DAY) == "no duty towards a credit insurer on 2026-04-13\n"
    ran = book("insurance", "reported", "C1", "--invoice", "Z9", "--on", DAY)
    assert (ran.code, ran.err) == (2, "healthcheck: C1 owes no invoice 'Z9' on 2026-04-13\n")
