"""A small month. Everything that is written, claimed, bought and sent is real; what the checks find was computed once, by the real
checks, in an undisturbed month (``prepare``): judging writes nothing, so no kill inside it leaves anything behind.
"""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from healthcheck.playbook import following
from healthcheck.reports import outbox
from healthcheck.reviews import calibrations, months, planning, rounds, schedule, units
from healthcheck.settings import Settings
from healthcheck.store import audit, schema
from healthcheck.store.books import Account
from healthcheck.store.session import connect, read
from healthcheck.store.work import Message, Month, Pull, Review
from jobs import DAY, JOBS
from tests import review_world as world

NOW = datetime(2026, 6, 30, 18, 0, tzinfo=UTC)
LEARNT = ("look", "plan", "results", "late")
LATER = timedelta(hours=1)  # after which the scheduler is started again
FIRMS = 2
MANY = 8  # where two schedulers share the work
URL = "sqlite:///file:book.db?uri=true"  # in the folder that the process stands in when it connects
SECRET = "only-for-tests-only-for-tests-only"


def sender(name: str) -> str:
    return f"Health check <healthcheck@{name}>"


def settings(bureau: str, name: str, mail: int, **more: object) -> Settings:
    """``name``: the folder, and the host that its mail comes from."""
    given: dict[str, object] = {
        "database_url": URL, "bureaus": bureau, "bureau_budget": "100", "mail_url": f"smtp://127.0.0.1:{mail}",
        "mail_from": sender(name), "credit_team": "credit@nordwind.example", "carrier": "inline",
        "carrier_workers": 1, "monthly_quota": "6", "large_sales_share": "1", "secret_keys": SECRET,
    }  # fmt: skip
    return Settings(_env_file=None, **{**given, **more})


def scheduler(settings: Settings, now: datetime) -> bool:
    """What the clock calls many times a day, once; whether there is nothing left to do."""
    engine = units._engine(settings.database_url, settings.keys)
    for job in JOBS:
        if job.every < DAY:
            job.load()(engine, now, settings)
    with read(engine) as session:
        waiting = select(Message.id).where(col(Message.state).in_((outbox.WAITING, outbox.SENDING)))
        return not schedule.to_run(engine) and session.exec(waiting).first() is None


def facts(settings: Settings) -> dict[str, Any]:
    """What the database says in the end."""
    with read(units._engine(settings.database_url, settings.keys)) as session:
        pulls = session.exec(select(Account.account, Account.name, Pull.state, Pull.cost).join(Pull)).all()
        return {
            "months": [list(row) for row in session.exec(select(Month.month, Month.state))],
            "reviews": list(session.exec(select(Review.state))),
            "messages": sorted(session.exec(select(Message.state))),
            "audit": audit.verify(session, [SECRET]).why,
            "pulls": [list(row) for row in pulls],
        }


def make(folder: Path, name: str = "book", firms: int = FIRMS) -> None:
    """A book with its calibration, before any review."""
    url = f"sqlite:///{folder}/{name}.db"
    schema.upgrade(connect(url))
    fill(url, folder, firms)
    with connect(url).connect() as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill(url: str, folder: Path, firms: int) -> None:
    engine = connect(url, [SECRET])
    world.fill(engine, folder, firms=firms, until=date(2026, 6, 30))
    calibrations.current(engine, NOW.date(), settings("", folder.name, 0), NOW)
    engine.dispose()


def learn(settings: Settings) -> dict[str, Any]:
    """One undisturbed month; what was computed in it: ``look``, ``late`` and, by account, ``results``. As planned it is ``planned.db``."""
    found: dict[str, Any] = {"results": {}}
    look, plan, assess, run, follow = months.look, planning.plan, units.assess, rounds.run, following.follow

    def seen(*given: Any) -> months.Look:
        found["look"] = look(*given)
        return found["look"]

    def chosen(*given: Any) -> planning.Plan:
        found["plan"] = plan(*given)
        return found["plan"]

    def judged(*given: Any) -> dict[int, units.Result]:
        said = assess(*given)
        found["results"] |= said
        return said

    def followed(*given: Any) -> tuple[following.Followed, ...]:
        found["late"] = follow(*given)
        return found["late"]

    def planned(engine: Engine, *given: Any) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("VACUUM INTO 'planned.db'")
            connection.exec_driver_sql("BEGIN")
        run(engine, *given)

    months.look, planning.plan, units.assess, rounds.run, following.follow = seen, chosen, judged, planned, followed
    while not scheduler(settings, NOW):
        pass
    months.look, planning.plan, units.assess, rounds.run, following.follow = look, plan, assess, run, follow
    return found


def remember(found: dict[str, Any], folder: Path) -> None:
    """Keep it as files, without the numbers and rows that findings rest on: they only make the month longer."""
    for result in found["results"].values():
        for row in result.checks.values():
            row["evidence"] = {}
            row["signals"] = {name: {"outcome": said["outcome"]} for name, said in (row.get("signals") or {}).items()}
    for name in LEARNT:
        (folder / name).write_bytes(pickle.dumps(found[name]))


def recite(folder: Path) -> None:
    """From now on the checks of this process say what they said then. Frames are read when they are asked for: by a forked child."""
    look, plan, results, late = ((folder / name).read_bytes() for name in LEARNT)
    judged = pickle.loads(results)
    months.look = lambda *_given: pickle.loads(look)
    planning.plan = lambda *_given: pickle.loads(plan)
    following.follow = lambda *_given: pickle.loads(late)
    units.assess = lambda _work, keys: {key: judged[key] for key in keys}
