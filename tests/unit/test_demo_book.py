"""The demo's book has the stories in its data, before any check has looked at it."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.demo import banks, book, days, folder, late, stories
from healthcheck.demo.customers import PER_EURO
from healthcheck.demo.days import AS_OF, on_or_after
from healthcheck.errors import UsageError


@pytest.fixture(scope="module")
def drawn():
    return book.make()


@pytest.fixture(scope="module")
def items(drawn):
    """One row an invoice or credit note: account, kind, due, paid (null: open), late, eur, open, disputed."""
    money = pl.DataFrame(
        [(m.invoice, m.paid, m.amount) for m in drawn.payments if m.invoice],
        schema=["number", "paid", "got"],
        orient="row",
    )
    sums = money.group_by("number").agg(pl.col("paid").max(), pl.col("got").sum())
    rows = [
        (
            d.number,
            d.customer.number,
            d.customer.kind,
            d.kind,
            d.issued,
            d.due,
            on_or_after(d.due),
            d.amount,
            d.disputed,
            PER_EURO[d.customer.currency],
        )
        for d in drawn.documents
    ]
    columns = [
        "number",
        "account",
        "customer_kind",
        "kind",
        "issued",
        "due",
        "rolled",
        "amount",
        "disputed",
        "per_euro",
    ]
    frame = pl.DataFrame(rows, schema=columns, orient="row").join(sums, on="number", how="left")
    settled = pl.when(pl.col("got").abs() >= pl.col("amount").abs()).then("paid")
    return frame.with_columns(
        paid=settled,
        late=(settled.fill_null(AS_OF) - pl.col("rolled")).dt.total_days(),
        eur=pl.col("amount") / 100 / pl.col("per_euro"),
    )


def of(items: pl.DataFrame, account: str) -> pl.DataFrame:
    return items.filter((pl.col("account") == account) & (pl.col("kind") == "invoice"))


def open_and_due(items: pl.DataFrame) -> pl.DataFrame:
    return items.filter(pl.col("paid").is_null() & (pl.col("rolled") < AS_OF))


def recent(items: pl.DataFrame) -> pl.DataFrame:
    return items.filter(pl.col("due").is_between(AS_OF - timedelta(days=89), AS_OF))


def before(items: pl.DataFrame) -> pl.DataFrame:
    return items.filter(pl.col("due") < AS_OF - timedelta(days=100))


def test_the_book_is_the_same_bytes_every_time(tmp_path, drawn):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = book.write(drawn, tmp_path / "one"), book.write(book.make(), tmp_path / "two")
    assert [sha256(path.read_bytes()).digest() for path in first] == [
        sha256(path.read_bytes()).digest() for path in second
    ]


def test_there_are_250_accounts_in_12_groups_and_three_years_of_invoices(drawn):
    parents = {one.parent for one in drawn.customers if one.parent}
    numbers = [one.number for one in drawn.customers]
    assert len(numbers) == len(set(numbers)) == 250
    assert len({one.name for one in drawn.customers}) == 250
    assert len(parents) == 12
    assert parents <= set(numbers)
    assert 20_000 < len(drawn.documents) < 30_000
    assert min(d.issued for d in drawn.documents) < date(2023, 11, 10)
    assert max(d.issued for d in drawn.documents) <= AS_OF
    assert len({d.number for d in drawn.documents}) == len(drawn.documents)


def test_no_money_is_received_after_the_books_date_or_on_a_day_off(drawn):
    assert all(m.paid <= AS_OF and days.is_business(m.paid) for m in drawn.payments)


def test_every_story_has_its_account(drawn):
    numbers = {one.number for one in drawn.customers}
    assert {story.account for story in stories.STORIES} <= numbers
    assert len({story.account for story in stories.STORIES}) == len(stories.STORIES)


def test_healthy_customers_mostly_pay_on_the_day_and_are_sometimes_late(items):
    healthy = items.filter(
        pl.col("customer_kind").is_in(["large", "small"]) & (pl.col("kind") == "invoice") & pl.col("paid").is_not_null()
    )
    late = healthy["late"]
    assert late.median() <= 2
    assert late.quantile(0.95) <= 12
    assert late.quantile(0.999) > 20


def test_few_healthy_customers_have_anything_long_overdue(items):
    healthy = open_and_due(items.filter(pl.col("customer_kind").is_in(["large", "small"]) & ~pl.col("disputed")))
    assert healthy.filter(pl.col("late") > 20).height <= 2


def test_the_one_who_stopped_looks_perfect_by_the_average_of_what_he_paid(items):
    account = of(items, stories.STOPPED)
    assert recent(account).filter(pl.col("paid").is_not_null())["late"].mean() <= before(account)["late"].mean() + 2
    overdue = open_and_due(account)
    assert overdue.height >= 8
    assert 30 <= overdue["late"].max() <= 45


def test_the_one_who_drifts_pays_fifteen_days_later(items):
    account = of(items, stories.DRIFT)
    moved = recent(account).filter(pl.col("paid").is_not_null())["late"].median() - before(account)["late"].median()
    assert 11 <= moved <= 19


@pytest.mark.parametrize("story", late.STORIES, ids=lambda story: story.account)
def test_each_late_customer_paid_on_the_day_until_the_oldest_open_invoice_fell_due(items, story):
    account = of(items, story.account)
    earlier = account.filter(pl.col("due") < AS_OF - timedelta(days=story.days))["late"]
    assert earlier.median() <= 1
    assert earlier.max() <= 20
    unpaid = account.filter(pl.col("paid").is_null() & (pl.col("due") <= AS_OF))
    assert unpaid["late"].max() == story.days
    assert unpaid["due"].min() == AS_OF - timedelta(days=story.days)


def test_goods_are_delivered_up_to_two_days_before_the_invoice_but_for_the_one_whom_we_invoiced_late(drawn):
    invoices = [one for one in drawn.documents if one.kind == "invoice"]
    tardy = {(one.issued - one.delivered).days for one in invoices if one.customer.number == "C248"}
    others = {(one.issued - one.delivered).days for one in invoices if one.customer.number != "C248"}
    assert (tardy, others) == ({35}, {0, 1, 2})
    assert {one.delivered for one in drawn.documents if one.kind == "credit"} == {None}


def test_the_month_end_payer_has_open_items_that_are_in_character(items):
    account = of(items, stories.MONTH_END)
    assert before(account)["late"].mean() <= 9
    assert before(account)["late"].max() >= open_and_due(account)["late"].max() > 5


def test_the_easter_payer_paid_on_the_tuesday_after_easter(items):
    paid = of(items, stories.EASTER)["paid"].drop_nulls()
    april = paid.filter((paid.dt.year() == 2026) & (paid.dt.month() == 4)).unique().to_list()
    assert april == [date(2026, 4, 7)]
    assert abs(before(of(items, stories.EASTER))["late"].mean()) <= 5


def test_unallocated_cash_covers_the_late_items(items, drawn):
    overdue = open_and_due(of(items, stories.CASH_COVERS)).filter(pl.col("late") > 20)
    loose = sum(m.amount for m in drawn.payments if m.account == stories.CASH_COVERS and not m.invoice)
    assert overdue.height >= 2
    assert loose == overdue["amount"].sum()


def test_one_disputed_invoice_is_fifty_days_past_due(items):
    overdue = open_and_due(of(items, stories.DISPUTED))
    assert overdue.select("late", "disputed").rows() == [(50, True)]


def test_the_one_whose_score_collapses_pays_on_the_day_and_owes_212_000(items):
    account = of(items, stories.SCORE_COLLAPSE)
    assert account.filter(pl.col("paid").is_not_null())["late"].max() <= 3
    assert account.filter(pl.col("paid").is_null())["amount"].sum() == 21_200_000
    assert open_and_due(account).is_empty()


def test_the_group_is_over_its_limit_and_its_subsidiary_is_not(items, drawn):
    limits = {one.number: one.credit_limit for one in drawn.customers}
    members = [one.number for one in drawn.customers if stories.GROUP_ROOT in (one.number, one.parent)]
    unpaid = items.filter(pl.col("paid").is_null())
    assert unpaid.filter(pl.col("account").is_in(members))["eur"].sum() > 1.1 * limits[stories.GROUP_ROOT]
    assert unpaid.filter(pl.col("account") == stories.GROUP_FINE)["eur"].sum() < limits[stories.GROUP_FINE]


def test_all_other_groups_are_within_their_limits(items, drawn):
    open_now = dict(items.filter(pl.col("paid").is_null()).group_by("account").agg(pl.col("eur").sum()).rows())
    roots = {one.parent for one in drawn.customers if one.parent} - {stories.GROUP_ROOT}
    for root in [one for one in drawn.customers if one.number in roots]:
        members = [one.number for one in drawn.customers if root.number in (one.number, one.parent)]
        assert sum(open_now.get(number, 0) for number in members) < root.credit_limit / PER_EURO[root.currency], root


@pytest.mark.parametrize(
    ("account", "country", "same_bank"),
    [(stories.NEW_BANK, "DE", False), (stories.BANK_ABROAD, "LU", False), (stories.SAME_BANK, "NL", True)],
)
def test_the_bank_changers_old_account_is_silent(drawn, account, country, same_bank):
    seen = [m.payer_account for m in drawn.payments if m.account == account]
    old, new = seen[0], seen[-1]
    assert old != new
    assert new.startswith(country)
    assert (old[4:8] == new[4:8]) is same_bank
    assert 6 <= seen.count(new) < 20
    assert old not in seen[seen.index(new) :]


def test_the_quiet_buyer_stops_the_bust_out_surges_the_seasonal_one_pauses_as_ever(items):
    quiet, surge, season = (of(items, number) for number in (stories.QUIET_BUYER, stories.BUST_OUT, stories.SEASONAL))
    months = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]

    def orders(account: pl.DataFrame, since: date, until: date) -> int:
        return account.filter(pl.col("issued").is_between(since, until)).height

    assert orders(quiet, date(2026, 9, 5), AS_OF) <= 2 < 10 < orders(quiet, date(2025, 9, 5), date(2025, 10, 31))
    assert orders(surge, months[1], AS_OF) > 2.2 * orders(surge, date(2025, 9, 1), date(2025, 10, 31))
    for year in (2024, 2025, 2026):
        assert orders(season, date(year, 10, 1), date(year, 10, 31)) <= 2
        assert orders(season, date(year, 4, 1), date(year, 6, 30)) >= 20


def test_the_sparse_and_the_new_one_have_few_invoices(items):
    assert 3 <= of(items, stories.SPARSE).height <= 6
    assert of(items, stories.NEW)["issued"].min() >= date(2026, 7, 20)


@given(st.sampled_from(["DE", "AT", "FR", "NL", "PL", "GB", "LU"]), st.integers(0, 2), st.text(max_size=5))
def test_every_iban_is_structurally_valid(country, bank, seed):
    number, routing = banks.payer(country, bank, seed)
    lengths = {"DE": 22, "AT": 20, "FR": 27, "NL": 18, "PL": 28, "GB": 22, "LU": 20}
    assert len(number) == lengths[country]
    assert int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1
    assert routing == ""


def test_every_routing_number_has_its_check_digit():
    for bank in range(3):
        digits = [int(sign) for sign in banks.payer("US", bank, "x")[1]]
        assert sum(weight * digit for weight, digit in zip((3, 7, 1) * 3, digits, strict=True)) % 10 == 0


@given(st.integers(2000, 2100))
def test_easter_is_a_sunday_between_22_march_and_25_april(year):
    sunday = days.easter(year)
    assert sunday.weekday() == 6
    assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


@given(st.dates(date(2023, 1, 1), date(2027, 12, 31)), st.sampled_from(sorted(days.RUNS)))
def test_a_pay_run_is_on_a_business_day_and_never_before_it_was_wanted(day, run):
    paid = days.next_run(run, day)
    assert days.is_business(paid)
    assert timedelta(0) <= paid - day <= timedelta(days=38)


def test_a_customer_is_drawn_alike_whatever_other_customers_there_are(drawn):
    from healthcheck.demo import trade

    one = Random(1).choice([c for c in drawn.customers if c.kind == "large"])
    alone = [(d.issued, d.amount) for d in trade.documents(one)]
    assert sorted(alone) == sorted((d.issued, d.amount) for d in drawn.documents if d.customer.number == one.number)


def test_a_demo_folder_is_made_afresh_and_own_files_in_it_stay(tmp_path):
    where = tmp_path / "deep" / "demo"
    folder.prepare(where)
    (where / "outbox").mkdir()
    (where / "healthcheck.db").write_text("old")
    (where / "notes.txt").write_text("mine")
    folder.prepare(where)
    assert sorted(path.name for path in where.iterdir()) == [folder.MARKER, "notes.txt"]


def test_a_folder_with_other_things_or_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "precious").write_text("mine")
    for where in (tmp_path, tmp_path / "precious", tmp_path / "precious" / "below"):
        with pytest.raises(UsageError, match="choose"):
            folder.prepare(where)
    assert (tmp_path / "precious").read_text() == "mine"


def test_the_demos_settings_take_nothing_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_MONTHLY_QUOTA", "3")
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", "sqlite:////nowhere/else.db")
    made = folder.settings(tmp_path)
    assert made.monthly_quota is None
    assert made.database_url == f"sqlite:///{tmp_path.resolve()}/healthcheck.db"
    assert made.credit_team == ("credit@harbour-pine.example",)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
