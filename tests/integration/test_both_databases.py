"""SQLite and PostgreSQL: the same book gives the same bytes."""

import threading

import pytest

from healthcheck.demo import book as demo_book
from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.reviews import review
from healthcheck.store import schema
from healthcheck.store.books import Account
from healthcheck.store.session import connect, read, write
from tests import databases
from tests import review_world as world

KINDS = ("accounts", "rates", "invoices", "payments", "plans")


def test_a_screen_prints_the_same_bytes(cli, tmp_path, monkeypatch, database_kind):
    databases.needed("postgresql")
    drawn = demo_book.make()
    kept = {one.number for one in drawn.customers[::3]}
    some = demo_book.Book(
        [one for one in drawn.customers if one.number in kept],
        [one for one in drawn.documents if one.customer.number in kept],
        [row for row in drawn.payments if row.account in kept],
    )
    demo_book.write(some, tmp_path)
    said = {}
    for kind in databases.BOTH:
        home = tmp_path / kind
        home.mkdir()
        monkeypatch.chdir(home)
        monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", databases.home(home, kind))
        monkeypatch.setenv("HEALTHCHECK_SECRET_KEYS", "only-for-tests-only-for-tests-only")
        assert cli("init").code == 0
        counts = [cli("import", name, tmp_path / f"{name}.csv", "--json").out for name in KINDS]
        said[kind] = counts, cli("screen", "--json").out, cli("plan", "--months", "3", "--json").out
    assert said["sqlite"] == said["postgresql"]
    assert said["sqlite"][1].count("\n") == len(kept)


def test_two_months_find_and_say_the_same(tmp_path):
    databases.needed("postgresql")
    found = {}
    for kind in databases.BOTH:
        folder = tmp_path / kind
        folder.mkdir()
        engine = connect(databases.create(folder, kind=kind))
        world.fill(engine, folder)
        for month in (Month(2026, 5), Month(2026, 6)):
            review.review(engine, month, None, world.settings(engine, folder), world.NOW)
        found[kind] = world.results(engine)
        engine.dispose()
    assert found["sqlite"] == found["postgresql"]


@pytest.mark.database(*databases.BOTH)
def test_many_upgrade_at_once_and_one_does_it(tmp_path, database_kind):
    engine = connect(databases.home(tmp_path, database_kind))
    wrong = []

    def upgrade():
        try:
            schema.upgrade(engine)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert wrong == []
    schema.require_current(engine)


@pytest.mark.database("postgresql")
def test_a_character_that_postgresql_has_not_is_marked(engine):
    with write(engine) as session:
        session.add(Account(account="C1", name="a\x00b"))
    with read(engine) as session:
        assert session.get_one(Account, 1).name == "a\ufffdb"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_however_postgresql_is_written_the_same_driver_is_used(scheme):
    assert connect(f"{scheme}://somebody@nowhere/at_all").url.drivername == "postgresql+psycopg"


def test_a_server_that_is_not_there_is_one_line_without_the_password():
    with pytest.raises(UsageError, match="cannot read the database") as caught:
        schema.require_current(connect("postgresql://somebody:canary@127.0.0.1:9/x"))
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
