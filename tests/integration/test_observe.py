from __future__ import annotations

import json

import pytest
import typer
from sqlmodel import select
from typer.testing import CliRunner

from healthcheck.cli.observing import observe
from healthcheck.errors import UsageError
from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from healthcheck.store.work import Observation
from tests import databases


@pytest.fixture
def call(engine, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", databases.of(engine))
    with write(engine) as session:
        session.add_all(
            [
                Account(account="C042"),
                Account(account="C043"),
                Account(account="C7", entity="A"),
                Account(account="C7", entity="B"),
            ]
        )
    app = typer.Typer()
    app.command()(observe)

    def run(*words):
        result = CliRunner().invoke(app, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def stored(engine):
    with read(engine) as session:
        return session.exec(select(Observation)).all()


def test_what_a_rep_saw_is_recorded(call, engine):
    said = call(
        "C042",
        "--activity",
        "as always",
        "--people",
        "fewer",
        "--heard",
        " the yard is empty ",
        "--on",
        "2026-10-12",
        "--by",
        "Ada",
    )
    assert said.strip() == "C042, 2026-10-12: as_always, fewer, the yard is empty: recorded"
    (row,) = stored(engine)
    assert (str(row.on), row.activity, row.people, row.stock, row.heard, row.by) == (
        "2026-10-12", "as_always", "fewer", None, "the yard is empty", "Ada",
    )  # fmt: skip


def test_the_same_twice_is_recorded_once(call, engine):
    for recorded in (True, False):
        said = json.loads(call("C042", "--activity", "quiet", "--on", "2026-10-12", "--json"))
        assert said["recorded"] is recorded
    assert len(stored(engine)) == 1


def test_a_dry_run_records_nothing(call, engine):
    assert "would be recorded" in call("C042", "--activity", "busy", "--dry-run")
    assert stored(engine) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["C042"], "nothing to record"),
        (["C042", "--activity", "sleepy"], "--activity: 'sleepy' is none of busy, as_always, quiet, not_visited"),
        (["C042", "--stock", "none"], "--stock: 'none' is none of more, same, low, empty"),
        (["C042", "--activity", "busy", "--on", "12.10.2026"], "write it as YYYY-MM-DD"),
        (["C04", "--activity", "busy"], "did you mean C043 or C042|did you mean C042 or C043"),
        (["C7", "--activity", "busy"], "say which with --entity"),
    ],
)
def test_wrong_use_is_one_clear_line(call, engine, words, message):
    with pytest.raises(UsageError, match=message):
        call(*words)
    assert stored(engine) == []


def test_an_entity_chooses_between_two_accounts_of_one_number(call, engine):
    call("C7", "--entity", "B", "--activity", "busy")
    with read(engine) as session:
        assert session.get(Account, stored(engine)[0].account_id).entity == "B"
