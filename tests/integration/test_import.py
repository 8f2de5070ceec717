"""Files into a real database: counts, keys, corrections, names, signs, currencies."""

import json
import random
from datetime import date

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlmodel import select

from healthcheck.errors import Retriable, UsageError
from healthcheck.store.books import Account, Calibration, Import, Invoice, Plan, Rate
from healthcheck.store.session import connect, write
from tests import databases
from tests.import_book import HEAD, NOW, Book, counts


@pytest.fixture
def book(engine, tmp_path):
    return Book(engine, tmp_path)


def test_a_file_goes_in_and_again_changes_nothing(book):
    text = f"{HEAD},paid\nC1,1,2026-01-02,2026-02-01,100.50,\nC1,2,2026-01-03,2026-02-02,7,2026-01-30\nC2,1,2026-01-02,2026-02-01,1,\n"
    assert counts(book.load("invoices", text)) == (3, 0, 0, 0)
    assert counts(book.load("invoices", text)) == (0, 0, 3, 0)
    rows = book.all(Invoice)
    assert [(row.number, row.amount, row.currency, row.paid) for row in rows] == [
        ("1", 10050, "EUR", None),
        ("2", 700, "EUR", date(2026, 1, 30)),
        ("1", 100, "EUR", None),
    ]
    assert [(row.kind, row.read, row.added, row.unchanged, row.latest) for row in book.all(Import)] == [
        ("invoices", 3, 3, 0, date(2026, 1, 30)),
        ("invoices", 3, 0, 3, date(2026, 1, 30)),
    ]


def test_a_corrected_row_updates_a_mapped_blank_erases_an_absent_column_does_not_touch(book):
    book.load("invoices", f"{HEAD},paid,disputed,delivered\nC1,1,2026-01-02,2026-02-01,100,2026-02-03,yes,2026-01-05\n")
    assert counts(book.load("invoices", f"{HEAD},paid\nC1,1,2026-01-02,2026-02-01,120,\n")) == (0, 1, 0, 0)
    row = book.one(Invoice)
    assert (row.amount, row.paid, row.disputed, row.delivered) == (12000, None, True, date(2026, 1, 5))
    book.load("invoices", f"{HEAD},disputed,delivered\nC1,1,2026-01-02,2026-02-01,120,,\n")
    assert (book.one(Invoice).disputed, book.one(Invoice).delivered) == (False, None)


def test_rejected_rows_come_back_with_line_column_and_reason_and_the_rest_goes_in(book):
    rows = ["C1,1,2026-01-02,2026-02-30,5,", "C1,2,2026-01-02,2026-02-01,x,", "", ",3,2026-01-02,2026-02-01,5,"]
    rows += ["C1,4,2026-01-02,2026-02-01,5,", "C1,5,2026-01-02,2026-02-01,5,,,extra"]
    text = "\n".join([f"{HEAD},paid", *rows])
    result = book.load("invoices", text)
    assert counts(result) == (1, 0, 0, 4)
    assert [(note.line, note.column) for note in result.rejects] == [
        (2, "due"),
        (3, "amount"),
        (5, "account"),
        (7, None),
    ]
    assert result.rejects[0].reason == "'2026-02-30': there is no such day"


def test_lines_are_physical_lines_whatever_stands_in_quotes(book):
    text = f'{HEAD},note\r\nC1,1,2026-01-02,2026-02-01,5,"two\r\nlines"\r\n\r\nC1,2,never,2026-02-01,5,\r\n"C\n1",3,never,2026-02-01,5,\r\n'
    assert [note.line for note in book.load("invoices", text).rejects] == [5, 6]
    assert book.one(Invoice).extra == {"note": "two\r\nlines"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_are_recognised(book, encoding, separator):
    rows = [["Account", " NAME ", "City"], ["C1", "Müller & Söhne", "Köln"], ["C2", '"a, b; c"', ""]]
    result = book.load("accounts", "\n".join(separator.join(row) for row in rows), encoding=encoding)
    assert counts(result) == (2, 0, 0, 0)
    assert [(row.account, row.name, row.city) for row in book.all(Account)] == [
        ("C1", "Müller & Söhne", "Köln"),
        ("C2", "a, b; c", None),
    ]


def test_excels_separator_line_and_trailing_blanks_are_no_rows(book):
    text = f"sep=;\n{HEAD.replace(',', ';')};paid;\nC1;1;02.01.2026;01.02.2026;1.234,50;;\nC1;2;02.01.2026;01.02.2026;7,00-\n;;;;;;\n;;\n"
    assert counts(book.load("invoices", text)) == (2, 0, 0, 0)
    assert [(row.kind, row.amount) for row in book.all(Invoice)] == [("invoice", 123450), ("credit", -700)]


def test_a_last_line_that_breaks_off_is_not_taken(book):
    result = book.load("invoices", f"{HEAD},paid\nC1,1,2026-01-02,2026-02-01,5,\nC1,2,2026-01-02,2026-02-01,5")
    assert counts(result) == (1, 0, 0, 1)
    assert "breaks off" in result.rejects[0].reason


def test_maps_go_before_headings_and_what_is_not_ours_is_kept_aside(book):
    text = "Customer No,account,Number,issued,Due date,Open balance,Amount,Region\nC1,4000,1,2026-01-02,2026-02-01,50,100,north\n"
    maps = ["Customer no=account", "Number=invoice", "due DATE=due", "Open balance=amount"]
    book.load("invoices", text, maps=maps)
    row = book.one(Invoice)
    assert (row.amount, row.extra) == (5000, {"Amount": "100", "Region": "north", "account": "4000"})
    changed = book.load("invoices", f"{HEAD},Region,note\nC1,1,2026-01-02,2026-02-01,50,,x\n")
    assert counts(changed) == (0, 1, 0, 0)
    assert book.one(Invoice).extra == {"Amount": "100", "account": "4000", "note": "x"}


def test_an_equal_row_twice_is_unchanged_a_different_one_is_refused_and_named(book):
    rows = [
        "C1,1,2026-03-02,2026-04-01,5",
        "C1,1,2026-03-02,2026-04-01,5.00",
        "C1,1,2026-03-02,2026-04-01,5",
        "C1,1,2026-01-02,2026-02-01,9",
    ]
    result = book.load("invoices", "\n".join([HEAD, *rows]))
    assert counts(result) == (1, 0, 0, 3)
    assert result.rejects[0].reason == "stands on line 5 too, with other content; that one was taken"
    assert book.one(Invoice).amount == 900
    assert counts(book.load("invoices", "\n".join([HEAD, *rows[:3]]))) == (0, 1, 2, 0)


def test_kinds_and_signs(book):
    rows = [
        "1,Credit Note,5",
        "2,,-5",
        "3,rebate,-5",
        "4,invoice,5",
        "5,,5",
        "6,invoice,-5",
        "7,surprise,5",
        "4,credit,5",
    ]
    result = book.load(
        "invoices",
        "\n".join(["account,issued,due,invoice,kind,amount", *[f"C1,2026-01-02,2026-02-01,{row}" for row in rows]]),
    )
    assert [(row.number, row.kind, row.amount) for row in book.all(Invoice, Invoice.number, Invoice.kind)] == [
        ("1", "credit", -500),
        ("2", "credit", -500),
        ("3", "credit", -500),
        ("4", "credit", -500),
        ("4", "invoice", 500),
        ("5", "invoice", 500),
        ("6", "credit", -500),
    ]
    assert [note.line for note in result.rejects] == [8]
    assert [note.line for note in result.warnings] == [7]


def test_faults_of_real_files_are_taken_and_said(book):
    result = book.load(
        "invoices", f"{HEAD},paid\nC1,1,2026-01-02,2025-02-01,5,2025-01-01\nC1,2,2026-01-02,9999-12-31,5,\n"
    )
    assert counts(result) == (2, 0, 0, 0)
    assert [(note.line, note.column) for note in result.warnings] == [(2, "due"), (2, "paid"), (3, "due")]


def test_currency_comes_from_the_row_the_sign_the_account_the_reporting_currency(book):
    book.load("accounts", "account,name,currency\nC1,One,JPY\nC2,Two,\n")
    rows = [
        "C1,1,KWD,1.2345",
        "C1,2,,5",
        "C2,3,,5",
        "C2,4,,$5",
        "C2,5,,5 CHF",
        "C2,6,EUR,5 CHF",
        "C2,7,eur,€5.00",
        "C2,8,euros,5",
        "C2,9,,net 5",
        "C2,10,EUR,$5",
    ]
    result = book.load(
        "invoices",
        "\n".join(["issued,due,account,invoice,currency,amount", *[f"2026-01-02,2026-02-01,{row}" for row in rows]]),
    )
    assert [(row.number, row.amount, row.currency) for row in book.all(Invoice, Invoice.number)] == [
        ("1", 1234, "KWD"),
        ("2", 5, "JPY"),
        ("3", 500, "EUR"),
        ("4", 500, "USD"),
        ("5", 500, "CHF"),
        ("7", 500, "EUR"),
    ]
    assert [(note.line, note.reason[:30]) for note in result.rejects] == [
        (7, "the amount says CHF, the curren"[:30]),
        (9, "'euros' is not a currency code "[:30]),
        (10, "net is no currency that we know"[:30]),
        (11, "the amount says $, the currency"[:30]),
    ]
    assert [note.line for note in result.warnings] == [5]


def test_an_absent_currency_leaves_an_invoice_in_its_own(book):
    book.load("invoices", f"{HEAD},currency\nC1,1,2026-01-02,2026-02-01,500,JPY\n")
    assert counts(book.load("invoices", f"{HEAD}\nC1,1,2026-01-02,2026-02-01,500\n")) == (0, 0, 1, 0)


def test_an_amount_too_large_to_hold_is_refused(book):
    result = book.load(
        "invoices", f"{HEAD}\nC1,1,2026-01-02,2026-02-01,999999999999999\nC1,2,2026-01-02,2026-02-01,5\n"
    )
    assert counts(result) == (1, 0, 0, 1)
    assert (result.rejects[0].column, result.rejects[0].reason) == ("amount", "the amount is too large")


def test_a_number_that_looks_like_an_iban_stays_the_key_it_is(book):
    book.load("invoices", f"{HEAD}\nDE89370400440532013000,DE89370400440532013000,2026-01-02,2026-02-01,5\n")
    assert (book.one(Account).account, book.one(Invoice).number) == ("DE89370400440532013000", "DE89370400440532013000")


def test_entities_are_apart(book):
    text = f"entity,{HEAD}\nDE,C1,1,2026-01-02,2026-02-01,5\nFR,C1,1,2026-01-02,2026-02-01,6\n,C1,1,2026-01-02,2026-02-01,7\n"
    assert counts(book.load("invoices", text)) == (3, 0, 0, 0)
    assert sorted(row.entity for row in book.all(Account)) == ["", "DE", "FR"]
    assert book.one(Import).entities == ["", "DE", "FR"]


def test_the_earliest_invoice_names_an_account_and_an_accounts_file_always_does(book):
    name = lambda: (book.one(Account).name, book.one(Account).name_on)  # noqa: E731
    book.load(
        "invoices",
        f"{HEAD},name\nC1,1,2026-03-02,2026-04-01,5,Newer\nC1,2,2026-02-02,2026-04-01,5,Middle\nC1,3,2026-01-01,2026-04-01,5,\n",
    )
    assert name() == ("Middle", date(2026, 2, 2))
    book.load("invoices", f"{HEAD},name\nC1,4,2026-05-02,2026-06-01,5,Newest\n")
    assert name() == ("Middle", date(2026, 2, 2))
    book.load("invoices", f"{HEAD},name\nC1,5,2026-01-02,2026-02-01,5,Oldest\n")
    assert name() == ("Oldest", date(2026, 1, 2))
    book.load("accounts", "account,name\nC1,Master\n")
    assert name() == ("Master", None)
    book.load("invoices", f"{HEAD},name\nC1,6,2020-01-02,2020-02-01,5,Ancient\n")
    assert name() == ("Master", None)


def test_an_account_without_a_name_in_its_file_keeps_the_invoices_name(book):
    book.load("invoices", f"{HEAD},name\nC1,1,2026-03-02,2026-04-01,5,From invoice\n")
    result = book.load("accounts", "account,name,city\nC1,,Bonn\n")
    row = book.one(Account)
    assert (row.name, row.name_on, row.city, counts(result)) == ("From invoice", date(2026, 3, 2), "Bonn", (0, 1, 0, 0))
    assert result.warnings == []
    assert "no name" in book.load("accounts", "account,name\nC2,\n").warnings[0].reason


def test_every_column_of_an_account(book):
    head = (
        "entity,account,name,parent,country,city,industry,currency,terms_days,credit_limit,insured_limit,insured_until,sales_rep,rep_email,"
        "manager_email,relationship,risk_class,opened,duns,creditsafe_id,company_number,bin,cik,coface_id,vat,plan_annual"
    )
    row = (
        'DE,00012,N,00001,de,Bonn,steel,eur,net 30,"1.000,50","2.000,00",31.12.2026,Ann,a@x,m@x,Excluded,HIGH,1.2.2020,'
    )
    row += '012,c,0123,b,k,f,DE1,"5.000.000,00"'
    assert counts(book.load("accounts", f"{head}\n{row}\n")) == (1, 0, 0, 0)
    assert counts(book.load("accounts", f"{head}\n{row}\n")) == (0, 0, 1, 0)
    found = book.one(Account)
    assert (found.account, found.parent, found.country, found.terms_days, found.credit_limit, found.plan_annual) == (
        "00012",
        "00001",
        "DE",
        30,
        100050,
        500000000,
    )
    assert (found.insured_until, found.opened, found.risk_class, found.relationship) == (
        date(2026, 12, 31),
        date(2020, 2, 1),
        "high",
        "excluded",
    )
    assert (found.duns, found.company_number) == ("012", "0123")


def test_limits_are_in_the_accounts_own_currency_and_a_blank_one_stays_blank(book):
    text = (
        "account,name,currency,credit_limit,plan_annual\nC1,A,JPY,500,\nC2,B,,500,700\nC3,C,EUR,$500,\nC4,D,USD,$500,\n"
    )
    result = book.load("accounts", text)
    assert [(row.account, row.currency, row.credit_limit) for row in book.all(Account)] == [
        ("C1", "JPY", 500),
        ("C2", None, 50000),
        ("C4", "USD", 50000),
    ]
    assert [note.line for note in result.rejects] == [4]
    assert counts(book.load("accounts", "account,name,credit_limit\nC1,A,600\nC2,B,€500\n")) == (0, 1, 1, 0)
    assert book.all(Account)[0].credit_limit == 600


def test_codes_that_we_do_not_know_are_left_blank_and_said(book):
    result = book.load("accounts", "account,name,country,risk_class\nC1,N,Germany,B+\n")
    assert counts(result) == (1, 0, 0, 0)
    assert [note.column for note in result.warnings] == ["country", "risk_class"]


def test_plans_and_rates(book):
    text = "account,month,amount,source\nC1,2026-01,1000,budget\nC1,02/2026,1000,budget\nC1,2026-13,1,\nC1,2026-01-01,1000.00,budget\n"
    assert counts(book.load("plans", text)) == (2, 0, 1, 1)
    assert [(row.month, row.amount, row.currency) for row in book.all(Plan)] == [
        (date(2026, 1, 1), 100000, "EUR"),
        (date(2026, 2, 1), 100000, "EUR"),
    ]
    text = "currency;on;rate\nUSD;2026-01-31;0,9213\nUSD;2026-02-28;0,9300\nGBP;2026-01-31;-1\nYEN;;0,9\nusd;2026-01-31;0,92130\n"
    assert counts(book.load("rates", text)) == (2, 0, 1, 2)
    assert [(row.currency, row.rate) for row in book.all(Rate)] == [("USD", "0.9213"), ("USD", "0.93")]
    assert counts(book.load("rates", "currency,on,rate\nUSD,2026-02-28,0.94\n")) == (0, 1, 0, 0)


def test_a_dry_run_says_the_same_and_changes_nothing(book):
    text = f"{HEAD}\nC1,1,2026-01-02,2026-02-01,5\nC1,2,bad,2026-02-01,5\n"
    assert counts(book.load("invoices", text, text, dry_run=True)) == (1, 0, 1, 2)
    assert (book.all(Invoice), book.all(Account), book.all(Import)) == ([], [], [])


def test_learned_things_are_forgotten_from_the_earliest_day_that_changed(book):
    def learned():
        with write(book.engine) as session:
            for row in session.exec(select(Calibration)).all():
                session.delete(row)
            session.flush()
            session.add_all(
                [Calibration(on=date(2026, month, 28), recipe="r", body={}, made_at=NOW) for month in (1, 2, 3)]
            )

    text = f"{HEAD},paid\nC1,1,2026-02-10,2026-03-10,5,\n"
    learned()
    book.load("invoices", text)
    assert [row.on.month for row in book.all(Calibration, Calibration.on)] == [1]
    learned()
    book.load("invoices", text)
    assert len(book.all(Calibration, Calibration.on)) == 3
    book.load("invoices", text.replace(",5,", ",5,2026-03-05"))
    assert [row.on.month for row in book.all(Calibration, Calibration.on)] == [1, 2]


def test_two_files_at_once_are_two_imports(book):
    one, two = f"{HEAD}\nC1,1,2026-01-02,2026-02-01,5\n", f"{HEAD}\nC1,1,2026-01-02,2026-02-01,6\nC1,x\n"
    result = book.load("invoices", one, two)
    assert counts(result) == (1, 1, 0, 1)
    assert len(book.all(Import)) == 2


def test_a_bad_second_file_stops_the_first_too(book):
    with pytest.raises(UsageError, match="no column for due"):
        book.load("invoices", f"{HEAD}\nC1,1,2026-01-02,2026-02-01,5\n", "account,invoice,issued,amount\n")
    assert book.all(Invoice) == []


def test_chunks_never_tear_an_account_apart_and_change_nothing(book, monkeypatch):
    rows = [f"C{i % 7},{i},2026-01-02,2026-02-01,{i}.50" for i in range(200)] + ["C3,3,2026-01-02,2026-02-01,9"]
    monkeypatch.setattr("healthcheck.intake.run.CHUNK", 40)
    result = book.load("invoices", "\n".join([HEAD, *rows]))
    assert counts(result) == (200, 0, 0, 1)
    manifest = book.one(Import)
    assert (manifest.read, manifest.added, manifest.rejected) == (201, 200, 1)


cell = st.sampled_from(
    [
        "1",
        "2",
        "-3.5",
        "1.234",
        "1.234,5",
        "x",
        "",
        "2026-01-02",
        "1/2/2026",
        "13/1/2026",
        "C1",
        "C2",
        "credit",
        '"',
        "€5",
        "é",
    ]
)
lines = st.lists(st.lists(cell, min_size=0, max_size=8), max_size=12)


@given(lines, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_counted_once_whatever_stands_in_it_in_any_order(engine, tmp_path, rows, chance):
    filled = [[*row, *["7"] * 8][:8] for row in rows]
    chance.shuffle(filled)
    text = (
        "account,invoice,issued,due,amount,kind,name,paid\n"
        + "\n".join(",".join(row).replace('"', '""') for row in filled)
        + "\n"
    )
    book = Book(connect(databases.create(tmp_path, str(random.random()))), tmp_path)
    result = book.load("invoices", text)
    assert result.read == len(filled)
    assert result.added == len(book.all(Invoice))
    again = book.load("invoices", text)
    assert (again.added, again.updated, again.rejected) == (0, 0, result.rejected)


def test_the_order_of_rows_makes_no_difference(tmp_path):
    rows = [f"C{i % 3},{i % 20},2026-01-{i % 28 + 1:02},2026-03-01,{i % 4}.00,N{i % 5}" for i in range(60)]
    pictures = []
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        engine = connect(databases.create(tmp_path, str(seed)))
        Book(engine, tmp_path).load("invoices", "\n".join([f"{HEAD},name", *rows]))
        with engine.connect() as connection:
            chosen = "a.account, a.name, a.name_on, kind, number, issued, amount"
            query = f"select {chosen} from invoice join account a on a.id = account_id order by 1, 4, 5, 6"
            pictures.append(connection.execute(sa.text(query)).all())
    assert pictures[0] == pictures[1] == pictures[2]


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("accounts", "account,name"),
        ("invoices", HEAD),
        ("payments", "account,paid,amount,payment,payer_account"),
        ("plans", "account,month,amount"),
        ("rates", "currency,on,rate"),
    ],
)
def test_headings_alone_are_a_file_without_rows(book, kind, head):
    assert book.load(kind, f"{head}\n").read == 0
    assert book.load(kind, f"{head}\n" + "?," * head.count(",") + "?\n").rejected in (0, 1)


@pytest.mark.database("sqlite")
def test_a_database_that_is_locked_is_one_line(book, monkeypatch):
    monkeypatch.setattr("healthcheck.store.session.BUSY_SECONDS", 0.1)
    engine = connect(databases.of(book.engine))
    with write(book.engine) as session:
        session.connection()
        with pytest.raises(Retriable, match="run the same import again"):
            Book(engine, book.folder).load("invoices", f"{HEAD}\nC1,1,2026-01-02,2026-02-01,5\n")


def test_the_result_as_json_has_the_contracts_keys(book):
    text = json.dumps(book.load("invoices", f"{HEAD}\nC1,1,x,2026-02-01,5\n").to_json())
    found = json.loads(text)
    assert list(found)[:6] == ["read", "added", "updated", "unchanged", "rejected", "rejects"]
    assert set(found["rejects"][0]) == {"file", "line", "column", "reason"}
