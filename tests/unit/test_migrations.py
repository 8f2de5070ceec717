"""From the first release's tables, full of rows, to this release's, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel, select

from healthcheck.errors import Fatal, UsageError
from healthcheck.store import audit, books, operations, schema, work
from healthcheck.store.session import connect, read, write

FIRST = "0001"
AT = datetime(2026, 10, 31, 6, 30, tzinfo=UTC)
PULLS = ("INTENT", "STORED", "REFUSED", "UNCERTAIN", "CHARGED")
COSTS = {"INTENT": 420, "STORED": 480, "REFUSED": 0, "UNCERTAIN": 410, "CHARGED": 390}
MANY = {  # table -> column -> the values that there is a row of
    "account": {"account": ("C1", "C2", "C3", "C4", "C5")},
    "month": {"state": ("closed", "open"), "month": ("2026-09", "2026-10")},
    "review": {"state": ("waiting", "claimed", "done", "failed")},
    "flag": {"state": ("open", "acknowledged", "snoozed", "cleared")},
    "pull": {"state": PULLS, "month": ("2026-09", "2026-10")},
    "message": {"state": ("WAITING", "SENDING", "SENT", "HELD", "DEAD")},
    "invoice": {"kind": ("invoice", "credit_note")},
}


def first(engine):
    """To the first release's tables, from nothing or from later ones."""
    with schema.migrating(engine) as config:
        there = MigrationContext.configure(config.attributes["connection"]).get_current_revision()
        (command.downgrade if there else command.upgrade)(config, FIRST)


def tables(engine) -> dict[str, sa.Table]:
    found = sa.MetaData()
    with engine.connect() as connection:
        found.reflect(connection)
    return {table.name: table for table in found.sorted_tables if table.name != "alembic_version"}


def value(column, n):
    """Something of the column's type that is not its default; distinct for each row where it is text."""
    made = {
        sa.Boolean: True, sa.Float: 0.25 + n, sa.Date: date(2026, 10, 1 + n), sa.DateTime: AT, sa.JSON: {"n": [n, "ä"]},
        sa.LargeBinary: bytes([n, 255, 13, 10]), sa.Integer: 1000 + n, sa.String: f"{column.name} ü {n}",
    }  # fmt: skip
    return next(one for kind, one in made.items() if isinstance(column.type, kind))


def row(table, n, given):
    made = {column.name: value(column, n) for column in table.columns}
    for column in table.columns:
        if column.primary_key and column.name == "id":
            made["id"] = n + 1
        elif column.foreign_keys:
            made[column.name] = 1
    return {**made, **given}


def fill(engine):
    all_tables = tables(engine)
    with engine.begin() as connection:
        for name, table in all_tables.items():
            spread = MANY.get(name, {})
            combined = [dict(zip(spread, values, strict=True)) for values in product(*spread.values())]
            if name == "month":
                combined = [{"month": "2026-09", "state": "closed"}, {"month": "2026-10", "state": "open"}]
            for n, given in enumerate(combined):
                connection.execute(table.insert().values(**row(table, n, {**given, **special(name, n, given)})))


def special(name, n, given):
    if name == "pull":
        return {
            "cost": COSTS[given["state"]],
            "account_id": 1 + n // 2,
            "report_id": 1 if given["state"] == "STORED" else None,
        }
    return {"account_id": n + 1} if name in ("review", "standing", "flag") else {}


def rows(engine, like=None):
    """Table -> its rows in the order of their keys; only the columns of ``like``."""
    found, all_tables = {}, tables(engine)
    with engine.connect() as connection:
        for name, table in all_tables.items():
            kept = [c for c in table.columns if like is None or c.name in like.get(name, ())]
            if kept:
                order = list(table.primary_key.columns)
                found[name] = [dict(one._mapping) for one in connection.execute(sa.select(*kept).order_by(*order))]
    return found


def shape(engine):
    """Tables with their columns, keys and indices, as the database tells them."""
    with engine.connect() as connection:
        look = sa.inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(name)],
                sorted(str(sorted(i["column_names"])) + str(i["unique"]) for i in look.get_indexes(name)),
                sorted(str(sorted(u["column_names"])) for u in look.get_unique_constraints(name)),
            )
            for name in look.get_table_names()
        }


@pytest.fixture
def old(tmp_path):
    """A database of the first release with rows in every table."""
    engine = connect(f"sqlite:///{tmp_path}/old.db", ["only-for-tests-only-for-tests"])
    first(engine)
    fill(engine)
    assert all(rows(engine).values()), "every table has rows"
    yield engine
    engine.dispose()


def test_every_row_of_the_first_release_is_kept_as_it_was(old):
    before = rows(old)
    columns = {name: set(table.columns.keys()) for name, table in tables(old).items()}
    schema.upgrade(old)
    after = rows(old, columns)
    assert after == before
    assert sum(map(len, after.values())) > 35


def test_the_tables_are_then_exactly_those_of_the_models(old):
    schema.upgrade(old)
    schema.require_current(old)
    with old.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_what_was_spent_before_counts_against_the_months_budget(old):
    schema.upgrade(old)
    spent = sum(cost for state, cost in COSTS.items() if state != "REFUSED")
    with read(old) as session:
        taken = {row.month: row.taken for row in session.exec(select(operations.Budget))}
    assert taken == {"2026-09": spent, "2026-10": spent}


def test_the_models_read_what_was_there_and_new_columns_have_their_defaults(old):
    schema.upgrade(old)
    with read(old) as session:
        assert {one.state for one in session.exec(select(work.Pull))} == set(PULLS)
        assert {(one.kind, one.order_token, one.next_try_at) for one in session.exec(select(work.Pull))} == {
            ("", None, None)
        }
        assert {(one.month, one.state, one.held, one.accepted_at) for one in session.exec(select(work.Month))} == {
            ("2026-09", "closed", "", None), ("2026-10", "open", "", None),
        }  # fmt: skip
        assert {one.rebased_on for one in session.exec(select(work.Flag))} == {None}
        assert {one.body for one in session.exec(select(work.Message))} == {bytes([n, 255, 13, 10]) for n in range(5)}
        assert session.get_one(books.Account, 5).account == "C5"


def test_the_audit_begins_and_only_grows(old):
    schema.upgrade(old)
    with write(old) as session:
        audit.note(session, "month.closed", AT, month="2026-10")
    with read(old) as session:
        assert audit.verify(session, ["only-for-tests-only-for-tests"]).entries == 1
    for statement in ("UPDATE audit SET what = 'x'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="append-only"), old.begin() as connection:
            connection.exec_driver_sql(statement)


def test_back_again_it_is_the_first_release_with_its_rows(old):
    before, was = rows(old), shape(old)
    schema.upgrade(old)
    first(old)
    assert rows(old) == before
    assert shape(old) == was
    schema.upgrade(old)
    schema.require_current(old)


def test_an_upgrade_that_fails_leaves_the_old_database_as_it_was(old, monkeypatch):
    before, was = rows(old), shape(old)
    execute = sa.engine.Connection.execute

    def fail(self, statement, *args, **more):
        if "audit_head" in str(statement) and "INSERT" in str(statement).upper():
            raise ZeroDivisionError
        return execute(self, statement, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(sa.engine.Connection, "execute", fail)
        with pytest.raises(ZeroDivisionError):
            schema.upgrade(old)
    assert (rows(old), shape(old)) == (before, was)
    schema.upgrade(old)
    schema.require_current(old)


def test_rows_that_refer_to_none_stop_the_upgrade(old):
    with old.connect() as connection:
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            connection.exec_driver_sql("DELETE FROM account WHERE id = 1")
    was = shape(old)
    with pytest.raises(Fatal, match="rows that refer to none"):
        schema.upgrade(old)
    assert shape(old) == was


def test_until_then_every_command_names_the_remedy_and_init_is_it(old, cli, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", str(old.url))
    monkeypatch.setenv("HEALTHCHECK_SECRET_KEYS", "only-for-tests-only-for-tests")
    with pytest.raises(UsageError, match="from another release; run: healthcheck init"):
        schema.require_current(old)
    said = cli("pulls", "list")
    assert (said.code, said.err.count("\n"), "healthcheck init" in said.err) == (2, 1, True)
    assert cli("init").code == 0
    assert len(cli("pulls", "list", "--json").lines[0]["pulls"]) == 10
