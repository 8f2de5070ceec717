"""The chain shows every kind of tampering, and is written with what it tells or not at all."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from healthcheck.store import audit
from healthcheck.store.operations import AuditEntry, AuditHead
from healthcheck.store.session import connect, read, write
from tests import databases

AT = datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=UTC)
OLD, NEW = "an-old-key-an-old-key-an-old-key", "a-new-key-a-new-key-a-new-key-a-"


TRIGGERS = {
    "sqlite": ("audit_keeps_UPDATE", "audit_keeps_DELETE"),
    "postgresql": ("audit_is_append_only ON audit",),
}
pytestmark = pytest.mark.database(*databases.BOTH)


@pytest.fixture
def signed(database_url):
    engine = connect(database_url, [NEW])
    yield engine
    engine.dispose()


def tell(engine, *whats):
    for what in whats:
        with write(engine) as session:
            audit.note(session, what, AT, month="2026-11", account_id=7, detail={"cost": 420, "share": 0.1})


def verified(engine, *keys):
    with read(engine) as session:
        return audit.verify(session, keys)


def tamper(engine, statement):
    """As somebody would who has the database in hand: the triggers go first."""
    with engine.begin() as connection:
        for trigger in TRIGGERS[engine.dialect.name]:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.exec_driver_sql(statement)


def test_what_was_told_holds_and_ends_in_the_head(signed):
    tell(signed, "month.planned", "pull.intent", "month.closed")
    found = verified(signed, NEW)
    with read(signed) as session:
        assert (found.entries, found.unsigned, found.broken_at) == (3, 0, None)
        assert found.head == audit.head(session) != ""
        macs = session.exec(select(AuditEntry.mac)).all()
    assert len(set(macs)) == 3


@pytest.mark.parametrize("statement", ["UPDATE audit SET what = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_or_drop_an_entry(signed, statement):
    tell(signed, "month.planned")
    with pytest.raises(DatabaseError, match="append-only"), signed.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("UPDATE audit SET what = 'review.done' WHERE seq = 2", 2),
        ("UPDATE audit SET detail = '{}' WHERE seq = 1", 1),
        ("UPDATE audit SET at = '2026-11-22 00:00:00.000000' WHERE seq = 3", 3),
        ("UPDATE audit SET account_id = 8 WHERE seq = 2", 2),
        ("UPDATE audit SET \"by\" = 'somebody else' WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 2", 3),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("UPDATE audit_head SET mac = 'ff'", 4),
    ],
)
def test_tampering_is_found_where_it_was_done(signed, statement, at):
    tell(signed, "month.planned", "pull.intent", "month.closed")
    tamper(signed, statement)
    found = verified(signed, NEW)
    assert found.broken_at == at
    assert found.why


def test_a_chain_rewritten_without_the_key_does_not_hold(signed):
    tell(signed, "month.planned")
    tamper(signed, "DELETE FROM audit")
    tamper(signed, "UPDATE audit_head SET seq = 0, mac = ''")
    tell(connect(databases.of(signed), ["a-guess"]), "nothing.happened")
    assert verified(signed, NEW).why.startswith("it was signed with a key that is not in")


def test_keys_rotate(database_url):
    for key in (OLD, NEW):
        engine = connect(database_url, [key])
        tell(engine, "month.planned")
    assert verified(engine, NEW, OLD).broken_at is None
    assert verified(engine, NEW).broken_at == 1


def test_without_a_key_it_is_chained_and_said_to_be_unsigned(engine):
    tell(engine, "month.planned", "month.closed")
    found = verified(engine)
    assert (found.entries, found.unsigned, found.broken_at) == (2, 2, None)


def test_a_transaction_that_fails_tells_nothing(signed):
    def fail():
        with write(signed) as session:
            audit.note(session, "month.planned", AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert verified(signed, NEW).entries == 0


def test_many_at_once_make_one_chain(signed):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: tell(signed, f"thing.{n}", f"thing.{n}.done"), range(20)))
    assert verified(signed, NEW).entries == 40
    with read(signed) as session:
        seqs = session.exec(select(AuditEntry.seq).order_by(AuditEntry.seq)).all()
        assert session.exec(select(AuditHead.seq)).one() == 40
    assert all(b == a + 1 for a, b in pairwise(seqs))


def test_what_people_and_files_do_is_told(cli, tmp_path, monkeypatch, database_kind):
    where = databases.home(tmp_path, database_kind)
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", where)
    (tmp_path / "invoices.csv").write_text(
        "account,invoice,issued,due,amount\nC1,1,2026-01-02,2026-02-02,100\nC1,2,2026-13-02,,1\n"
    )
    assert cli("init").code == 0
    cli("import", "invoices", tmp_path / "invoices.csv")
    assert cli("observe", "C1", "--activity", "quiet").code == 0
    with read(connect(where)) as session:
        told = {entry.what: entry for entry in session.exec(select(AuditEntry))}
    assert (told["ledger.imported"].detail["added"], told["ledger.imported"].detail["rejected"]) == (1, 1)
    assert told["field.observed"].detail["activity"] == "quiet"
    holds = cli("audit", "verify")
    assert holds.code == 0
    assert "the audit holds: 2 entries; head" in holds.out
    tamper(connect(where), "UPDATE audit SET what = 'nothing' WHERE seq = 1")
    broken = cli("audit", "verify")
    assert broken.code == 1
    assert "does not hold from entry 1 on" in broken.err
    assert cli("audit", "verify", "--json").lines[0]["holds"] is False
