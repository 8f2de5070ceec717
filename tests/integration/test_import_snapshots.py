"""Open-items exports: what vanished is settled, what reappears is open, what is unsure stays."""

from datetime import date

import pytest

from healthcheck.errors import UsageError
from healthcheck.store.books import Invoice
from tests.import_book import HEAD, Book, counts

D1, D2, D3 = date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)
ROWS = [f"C{n % 2},{n},2026-01-1{n},2026-02-1{n},{n}0" for n in range(1, 7)]


@pytest.fixture
def book(engine, tmp_path):
    return Book(engine, tmp_path)


def listed(*numbers, head=HEAD, rows=ROWS):
    return "\n".join([head, *[row for row in rows if int(row.split(",")[1]) in numbers]]) + "\n"


def paid(book):
    return {row.number: (row.paid, row.estimated) for row in book.all(Invoice) if row.paid}


def test_what_was_open_and_is_listed_no_longer_is_settled_that_day(book):
    assert counts(book.load("invoices", listed(1, 2, 3, 4, 5, 6), snapshot=D1)) == (6, 0, 0, 0)
    result = book.load("invoices", listed(1, 2, 3, 4), snapshot=D2)
    assert (counts(result), result.settled_by_snapshot, result.warnings) == ((0, 0, 4, 0), 2, [])
    assert paid(book) == {"5": (D2, True), "6": (D2, True)}
    again = book.load("invoices", listed(1, 2, 3, 4), snapshot=D2)
    assert (counts(again), again.settled_by_snapshot) == ((0, 0, 4, 0), 0)


def test_what_reappears_is_open_again(book):
    book.load("invoices", listed(1, 2, 3, 4), snapshot=D1)
    book.load("invoices", listed(1, 2, 3), snapshot=D2)
    assert counts(book.load("invoices", listed(1, 2, 3, 4), snapshot=D3)) == (0, 1, 3, 0)
    assert paid(book) == {}


def test_an_older_snapshot_is_refused(book):
    book.load("invoices", listed(1, 2), snapshot=D2)
    with pytest.raises(UsageError, match="2026-03-31"):
        book.load("invoices", listed(1), snapshot=D1)
    other = listed(1, head=f"{HEAD},entity", rows=[f"{row},FR" for row in ROWS])
    book.load("invoices", other, snapshot=D1)


def test_other_entities_are_left_alone(book):
    both = "\n".join([f"{HEAD},entity", *[f"{row},{'DE' if at % 2 else 'FR'}" for at, row in enumerate(ROWS)]])
    book.load("invoices", both, snapshot=D1)
    result = book.load("invoices", "\n".join([f"{HEAD},entity", f"{ROWS[0]},FR"]), snapshot=D2)
    assert (result.settled_by_snapshot, len(paid(book))) == (2, 2)


def test_later_invoices_are_not_settled(book):
    book.load("invoices", listed(1, 2, 3) + "C1,9,2026-03-15,2026-04-15,5\n")
    book.load("invoices", listed(1, 2, 3), snapshot=D1)
    assert paid(book) == {}


def test_an_invoice_that_payments_settled_is_not_estimated(book):
    book.load("invoices", listed(1, 2, 3, 4))
    book.load("payments", "account,invoice,paid,amount\nC0,4,2026-02-20,40\nC1,3,2026-02-20,5\n")
    book.load("invoices", listed(1, 2), snapshot=D1)
    assert paid(book) == {"3": (D1, True)}


def test_a_refused_row_does_not_settle_its_invoice(book):
    book.load("invoices", listed(1, 2, 3, 4), snapshot=D1)
    result = book.load("invoices", listed(1, 2) + "C1,3,2026-01-13,2026-02-30,30\n", snapshot=D2)
    assert (result.rejected, result.settled_by_snapshot, paid(book)) == (1, 1, {"4": (D2, True)})


def test_a_row_whose_number_cannot_be_read_spares_its_account(book):
    book.load("invoices", listed(1, 2, 3, 4), snapshot=D1)
    book.load("invoices", listed(1, 2) + "C1,,2026-01-13,2026-02-13,30\n", snapshot=D2)
    assert paid(book) == {"4": (D2, True)}


def test_a_row_that_cannot_be_read_at_all_settles_nothing(book):
    book.load("invoices", listed(1, 2, 3, 4), snapshot=D1)
    result = book.load("invoices", listed(1, 2) + "C1,3,4,5,6,7,8\n", snapshot=D2)
    assert (result.settled_by_snapshot, paid(book)) == (0, {})
    assert "nothing was settled" in result.warnings[0].reason


def test_several_files_are_one_snapshot(book):
    book.load("invoices", listed(1, 2, 3, 4), snapshot=D1)
    result = book.load("invoices", listed(1), listed(2), listed(3), snapshot=D2)
    assert paid(book) == {"4": (D2, True)}
    assert result.settled_by_snapshot == 1


def test_a_snapshot_that_settles_most_says_so(book):
    book.load("invoices", listed(1, 2, 3, 4, 5, 6), snapshot=D1)
    result = book.load("invoices", listed(1), snapshot=D2)
    assert "5 of 6 open items" in result.warnings[-1].reason


def test_a_snapshot_without_a_row_is_refused(book):
    book.load("invoices", listed(1, 2), snapshot=D1)
    with pytest.raises(UsageError, match="settle every"):
        book.load("invoices", HEAD, snapshot=D2)
    assert paid(book) == {}


def test_a_date_of_payment_known_from_elsewhere_stands(book):
    book.load(
        "invoices", f"{HEAD},paid\nC1,1,2026-01-11,2026-02-11,10,2026-03-10\nC1,2,2026-01-11,2026-02-11,10,2026-02-10\n"
    )
    result = book.load(
        "invoices", f"{HEAD}\nC1,1,2026-01-11,2026-02-11,10\nC1,2,2026-01-11,2026-02-11,10\n", snapshot=D1
    )
    assert counts(result) == (0, 0, 2, 0)
    assert [note.line for note in result.warnings] == [3]


def test_only_invoices_have_snapshots(book):
    with pytest.raises(UsageError, match="--snapshot is for invoices"):
        book.load("payments", "account,paid,amount\nC1,2026-02-01,10\n", snapshot=D1)
