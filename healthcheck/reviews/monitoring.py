"""Reading bureaus' news: free of charge, within their rates, each piece stored once.

One step is a slot of the bureau's rate, the call, and then one transaction that stores what is new and moves the cursor. Who is killed
before it has stored nothing, and is told the same again; who is killed after it goes on from there. Two at once store the same rows once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import col, select

from healthcheck import stopping
from healthcheck.bureaus import monitoring, registry
from healthcheck.bureaus.answers import NotEntitled, Throttled
from healthcheck.bureaus.base import Bureau, Subject
from healthcheck.bureaus.monitoring import Changes, Feed, Lists
from healthcheck.errors import HealthcheckError, Retriable, Skippable
from healthcheck.reviews import leases
from healthcheck.reviews.linking import column_of, subject_of
from healthcheck.reviews.pulling import gates
from healthcheck.reviews.pulling.model import NotYet
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.books import Account
from healthcheck.store.events import NOBODY, Event, Watch
from healthcheck.store.rows import add_if_missing
from healthcheck.store.session import read, write
from healthcheck.store.work import Standing

log = logging.getLogger(__name__)
LONGEST: Final = timedelta(seconds=30)  # waits that are slept through; for longer ones the next run comes
PAUSE: Final = 300.0  # seconds, where a bureau that is asked too often names none
_EVENT = Event.__table__  # type: ignore[attr-defined]
_WATCH = Watch.__table__  # type: ignore[attr-defined]


@dataclass
class Heard:
    """Calls made, and pieces of news that were new to us."""

    asked: int = 0
    news: int = 0


@dataclass(frozen=True)
class Run:
    """One run of the job; ``clock`` is the time that rates are measured in, the database's."""

    engine: Engine
    settings: Settings
    now: datetime
    clock: leases.Clock = leases.clock
    sleep: Callable[[float], None] = time.sleep
    heard: Heard = field(default_factory=Heard)

    def is_due(self, watch: Watch | None) -> bool:
        last = watch.polled_at if watch else None
        return last is None or self.now - last >= timedelta(hours=self.settings.monitor_hours)


Company = tuple[int, Subject, str]  # account id, the account as bureaus know it, the id by which it is linked


def poll(engine: Engine, settings: Settings, now: datetime) -> Heard:
    """Ask every configured bureau that has news, where that is due. Raises Retriable naming those that could not be asked."""
    run, troubles = Run(engine, settings, now), []
    for bureau in registry.configured(settings) if settings.monitor_hours else ():
        try:
            _ask(run, bureau)
        except stopping.Stopped:
            raise
        except HealthcheckError as error:
            troubles.append(str(error))
    if troubles:
        raise Retriable("; ".join(troubles))
    return run.heard


def _ask(run: Run, bureau: Bureau) -> None:
    """All that is due at one bureau; whatever it makes us wait for longer is left to the next run."""
    feed, lists = monitoring.feed(bureau), monitoring.lists(bureau)
    try:
        if feed:
            _read_feed(run, feed)
        elif lists:
            _read_lists(run, lists)
    except NotYet as wait:
        log.info("%s", wait)
    except Throttled as error:
        with write(run.engine) as session:
            now = run.clock(session)
            pause = timedelta(seconds=PAUSE if error.retry_after is None else error.retry_after)
            gates.pause(session, bureau.name, now + pause, now)


def _read_feed(run: Run, bureau: Feed) -> None:
    """Have it watch those who rotate and nobody else, then read its news to the end."""
    known = _watched(run, bureau)
    _choose(run, bureau, known)
    whose: dict[str, list[int]] = {}
    for key, _, company in _linked(run, bureau, rotating=False):
        whose.setdefault(company, []).append(key)
    cursor, more = _cursor(known.get(NOBODY)), run.is_due(known.get(NOBODY))
    while more:
        _leave(run, bureau)
        changes = bureau.changes_since(cursor, run.settings.business_day(run.now))
        _store(run, bureau, NOBODY, "", changes, whose)
        cursor, more = changes.cursor, changes.more


def _choose(run: Run, bureau: Feed, known: Mapping[int, Watch]) -> None:
    """Bring whom it watches up to the accounts that rotate, and to their links."""
    companies = _linked(run, bureau)
    wanted = {key: company for key, _, company in companies}
    for key, watch in known.items():
        if key != NOBODY and wanted.get(key) != watch.company:
            if watch.company not in wanted.values():
                _call(run, bureau, watch.company, lambda company=watch.company: bureau.unwatch(company))  # type: ignore[misc]
            with write(run.engine) as session:
                session.delete(session.get_one(Watch, (bureau.name, key)))
    for key, subject, company in companies:
        if key not in known or known[key].company != company:
            _call(run, bureau, subject.account, lambda subject=subject: bureau.watch(subject))  # type: ignore[misc]
            _store(run, bureau, key, company, Changes((), ""), {})


def _call(run: Run, bureau: Bureau, whom: str, call: Callable[[], None]) -> None:
    """One call about one company; what the bureau says against it concerns this company alone."""
    _leave(run, bureau)
    try:
        call()
    except NotEntitled:
        raise
    except Skippable as error:
        log.warning("%s does not watch %s: %s", bureau.name, whom, error)


def _read_lists(run: Run, bureau: Lists) -> None:
    """Company by company, those first that wait longest. One that the bureau does not know is asked about again when it is due again."""
    known = _watched(run, bureau)
    for key, subject, company in sorted(_linked(run, bureau), key=lambda one: _waits(known.get(one[0]), one[0])):
        watch = known.get(key)
        if watch is not None and watch.company != company:
            watch = None
        if not run.is_due(watch):
            continue
        _leave(run, bureau)
        cursor = _cursor(watch)
        try:
            changes = bureau.changes_of(subject, cursor, run.settings.business_day(run.now))
        except NotEntitled:
            raise
        except Skippable as error:
            log.warning("%s does not tell about %s: %s", bureau.name, subject.account, error)
            changes = Changes((), cursor)
        _store(run, bureau, key, company, changes, {company: [key]})


def _waits(watch: Watch | None, key: int) -> tuple[float, int]:
    return (watch.polled_at.timestamp() if watch and watch.polled_at else 0.0, key)


def _cursor(watch: Watch | None) -> str:
    return watch.cursor if watch else ""


def _linked(run: Run, bureau: Bureau, rotating: bool = True) -> Sequence[Company]:
    """The accounts that the bureau can tell about; ``rotating``: only those whose reviews it could bring forward."""
    held = getattr(Account, column_of(bureau))
    query = select(Account).where(col(held).is_not(None), held != "").order_by(col(Account.id))
    if rotating:
        query = query.join(Standing, col(Standing.account_id) == col(Account.id)).where(
            col(Standing.cycle).is_not(None)
        )
    covers = getattr(bureau, "covers", None)
    with read(run.engine) as session:
        rows = [(row.id or 0, subject_of(row), str(getattr(row, column_of(bureau)))) for row in session.exec(query)]
    return [row for row in rows if covers is None or covers(row[1])]


def _watched(run: Run, bureau: Bureau) -> dict[int, Watch]:
    with read(run.engine) as session:
        return {row.account_id: row for row in session.exec(select(Watch).where(Watch.bureau == bureau.name))}


def _leave(run: Run, bureau: Bureau) -> None:
    """Wait for a slot of the bureau's rate. Raises NotYet where that is far off, Stopped where we are to end."""
    stopping.check()
    with write(run.engine) as session:
        now = run.clock(session)
        until = gates.slot(session, bureau, now, LONGEST)
    if until - now > LONGEST:
        raise NotYet(f"{bureau.name}: its news are read later", until, now)
    if until > now:
        run.sleep((until - now).total_seconds())
    run.heard.asked += 1


def _store(
    run: Run, bureau: Bureau, key: int, company: str, changes: Changes, whose: Mapping[str, Sequence[int]]
) -> None:
    """What is new, and how far it was read, in one transaction."""
    new = 0
    with write(run.engine) as session:
        for row in _rows(run, bureau, changes, whose):
            if add_if_missing(session, _EVENT, "id", **row) is not None:
                detail = {"bureau": bureau.name, "ref": row["ref"], "on": row["on"].isoformat(), "what": row["what"]}
                audit.note(session, "bureau.told", run.now, account_id=row["account_id"], detail=detail)
                new += 1
        add_if_missing(session, _WATCH, bureau=bureau.name, account_id=key, company=company, cursor="", polled_at=None)
        watch = session.get_one(Watch, (bureau.name, key), with_for_update=True)
        watch.company, watch.cursor = company, changes.cursor
        if not changes.more:
            watch.polled_at = run.now
        session.add(watch)
    run.heard.news += new


def _rows(run: Run, bureau: Bureau, changes: Changes, whose: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
    """A row for each account that is linked to the company of the news."""
    seen_on = run.settings.business_day(run.now)
    for change in changes.news:
        for key in whose.get(change.company, ()):
            yield {
                "account_id": key, "bureau": bureau.name, "ref": change.ref, "on": change.on, "what": " ".join(change.what.split())[:300],
                "seen_on": seen_on, "month": None,
            }  # fmt: skip
