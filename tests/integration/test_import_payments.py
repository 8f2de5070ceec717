"""Payments: ids that repeat, rows without an id, and what must never be stored."""

import random
from datetime import date

import pytest

from healthcheck.store.books import Account, Payment
from tests.import_book import Book, counts

IBAN = "DE89370400440532013000"


@pytest.fixture
def book(engine, tmp_path):
    return Book(engine, tmp_path)


def stored(book):
    accounts = {row.id: row.account for row in book.all(Account)}
    return sorted((accounts[row.account_id], row.payment, row.invoice, row.amount) for row in book.all(Payment))


HEAD = "account,payment,invoice,paid,amount"
ALLOCATED = ["C1,P1,1,2026-02-01,10", "C1,P1,2,2026-02-01,20", "C1,P2,,2026-02-05,5"]


def test_one_payment_for_several_invoices_and_again_changes_nothing(book):
    assert counts(book.load("payments", "\n".join([HEAD, *ALLOCATED]))) == (3, 0, 0, 0)
    assert counts(book.load("payments", "\n".join([HEAD, *reversed(ALLOCATED)]))) == (0, 0, 3, 0)


def test_an_allocation_that_the_file_no_longer_has_is_removed(book):
    book.load("payments", "\n".join([HEAD, *ALLOCATED]))
    result = book.load("payments", "\n".join([HEAD, "C1,P1,2,2026-02-01,30"]))
    assert (counts(result), result.removed) == ((0, 1, 0, 0), 1)
    assert stored(book) == [("C1", "P1", "2", 3000), ("C1", "P2", None, 500)]


def test_a_payment_booked_on_another_account_moves(book):
    book.load("payments", "\n".join([HEAD, *ALLOCATED]))
    result = book.load("payments", "\n".join([HEAD, "C2,P2,,2026-02-05,5"]))
    assert (counts(result), result.removed) == ((1, 0, 0, 0), 1)
    assert [row[0] for row in stored(book) if row[1] == "P2"] == ["C2"]


def test_a_refused_row_does_not_remove_what_it_may_stand_for(book):
    book.load("payments", "\n".join([HEAD, *ALLOCATED]))
    result = book.load("payments", "\n".join([HEAD, "C1,P1,1,2026-02-01,10", "C1,P1,2,2026-02-31,20"]))
    assert (counts(result), result.removed, len(stored(book))) == ((0, 0, 1, 1), 0, 3)


def test_without_an_id_the_whole_row_and_its_how_manieth_occurrence_are_the_key(book):
    rows = ["C1,,1,2026-02-01,10", "C1,,1,2026-02-01,10.00", "C1,,,2026-02-01,10", "C2,,1,2026-02-01,10"]
    assert counts(book.load("payments", "\n".join([HEAD, *rows]))) == (4, 0, 0, 0)
    random.Random(1).shuffle(rows)
    assert counts(book.load("payments", "\n".join([HEAD, *rows]))) == (0, 0, 4, 0)
    assert counts(book.load("payments", "\n".join(["account,invoice,paid,amount", "C1,1,2026-02-01,10"]))) == (
        0,
        0,
        1,
        0,
    )


def test_the_currency_that_an_account_gets_later_does_not_double_its_payments(book):
    text = "account,paid,amount\nC1,2026-02-01,10\n"
    book.load("payments", text)
    book.load("accounts", "account,name,currency\nC1,N,USD\n")
    book.load("payments", text)
    assert len(book.all(Payment)) == 1


def test_a_full_account_number_is_nowhere_in_the_database(book, tmp_path):
    head = f"{HEAD},payer_account,payer_bank,reference,Sender account,IBAN,memo"
    spaced = " ".join(IBAN[at : at + 4] for at in range(0, len(IBAN), 4))
    rows = [
        f"C1,P1,1,2026-02-01,10,{IBAN},,from {spaced} inv 1,{IBAN},{IBAN},see {IBAN}",
        f"C1,,1,2026-02-01,10,{spaced},,transfer,{IBAN},,",
        "C1,,2,2026-02-01,10,000123456789,021000021,acct 000123456789 thanks,000123456789,,000123456789",
    ]
    result = book.load("payments", "\n".join([head, *rows]))
    assert counts(result) == (3, 0, 0, 0)
    assert {note.column for note in result.warnings} == {"Sender account", "IBAN"}
    assert {row.payer_last4 for row in book.all(Payment)} == {"3000", "6789"}
    assert all(row.payer_hash for row in book.all(Payment))
    held = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    for secret in (IBAN, spaced, IBAN[4:], "000123456789", "123456789"):
        assert secret.encode() not in held
    assert counts(book.load("payments", "\n".join([head, *rows]))) == (0, 0, 3, 0)


def test_an_account_number_in_a_customers_file_is_not_kept(book, tmp_path):
    result = book.load("accounts", f"account,name,IBAN,note\nC1,N,{IBAN},{IBAN}\n")
    assert [note.column for note in result.warnings] == ["IBAN"]
    assert IBAN.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))


def test_the_same_allocation_twice_under_one_id_is_counted_and_said(book):
    result = book.load("payments", "\n".join([HEAD, ALLOCATED[0], ALLOCATED[0]]))
    assert (counts(result), [note.line for note in result.warnings]) == ((2, 0, 0, 0), [2, 3])


def test_a_refund_is_negative(book):
    book.load("payments", "account,paid,amount,reference\nC1,2026-02-01,(10.00),back\n")
    assert [(row.amount, row.paid, row.reference) for row in book.all(Payment)] == [(-1000, date(2026, 2, 1), "back")]
