"""A unit of work: a few reviews, claimed, judged, and stored in a transaction that names the claims' token.

``run_unit`` takes plain positional arguments only, so that any carrier can take it anywhere; what it returns is a hint.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import polars as pl
from pydantic import SecretStr
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from healthcheck import __version__, logs, stopping
from healthcheck.bureaus import registry
from healthcheck.bureaus.base import Bureau
from healthcheck.errors import UsageError
from healthcheck.ledger.read import read_columns
from healthcheck.reviews import calibrations, finishing, flags, leases, pulls, rotation
from healthcheck.reviews.finishing import Finished, Result
from healthcheck.reviews.judge import ROTATION, Judged, judge
from healthcheck.reviews.leases import Claim, LeaseLost
from healthcheck.settings import Settings, load
from healthcheck.store.books import Account
from healthcheck.store.session import connect, read
from healthcheck.store.work import Month, Review

_LOG = logging.getLogger(__name__)
KNOWN: Final = 8
FACTS = ("exposure", "limit", "past_due", "oldest_days", "unconverted", "group", "group_exposure", "group_limit")


@dataclass(frozen=True)
class Work:
    """What the reviews of one unit have in common."""

    engine: Engine
    settings: Settings
    token: str
    month: Month
    now: datetime
    bureaus: tuple[Bureau, ...] | None = None
    numbers: Mapping[int, str] = field(default_factory=dict)  # account id -> the number people know it by


_known_here: dict[str, Settings] = {}  # by what is handed over for them; the last few


def hand_over(settings: Settings) -> str:
    """The settings as a plain string, without secrets and without the database's URL.

    Whoever does not ``know`` them, on another machine, has those in its own environment; which database is meant, and by which release,
    stands in the string.
    """
    values = settings.model_dump(mode="json", exclude={"database_url"})
    told = {name: value for name, value in values.items() if not _secret(getattr(settings, name))}
    return json.dumps({"release": __version__, "database": _place(settings.database_url), "settings": told})


def know(settings: Settings) -> None:
    """In this process, units with these settings need no environment."""
    while len(_known_here) >= KNOWN:
        _known_here.pop(next(iter(_known_here)))
    _known_here[hand_over(settings)] = settings


def _settings(order: str) -> Settings:
    """The settings that were handed over, secrets and all. Raises UsageError where this worker is not fit for them."""
    if order in _known_here:
        return _known_here[order]
    told = json.loads(order)
    if told["release"] != __version__:
        raise UsageError(f"a worker runs release {__version__}, the review {told['release']}: install the same on both")
    own = load(**told["settings"])
    if _name(_place(own.database_url)) != _name(told["database"]):
        raise UsageError(
            f"a worker has another database than the review's {told['database']}: set HEALTHCHECK_DATABASE_URL there"
        )
    return own


def _place(url: str) -> str:
    """Which database a URL means, without who and how."""
    made = make_url(url)
    return f"{made.get_backend_name()}://{made.host or ''}:{made.port or ''}/{made.database or ''}"


def _name(place: str) -> tuple[str, str]:
    """The kind and name of the database: how a host is called differs from machine to machine."""
    return place.partition(":")[0], place.rpartition("/")[2]


def run_unit(order: str, now: str, *review_ids: int) -> int:
    """Claim what is free of these reviews and do it; the number stored.

    ``order`` is ``hand_over(settings)``, ``now`` an ISO instant; all reviews belong to one month.
    """
    settings = _settings(order)
    logs.join(settings)
    with stopping.in_hand():
        return _claimed(settings, datetime.fromisoformat(now), review_ids)


def _claimed(settings: Settings, now: datetime, review_ids: Sequence[int]) -> int:
    stopping.check()
    engine, token = _engine(settings.database_url, settings.keys), uuid.uuid4().hex
    claims = leases.claim(engine, review_ids, token)
    if not claims:
        return 0
    try:
        with leases.heartbeat(engine, token):
            (month, numbers), bureaus = _known(engine, claims), tuple(registry.configured(settings))
            return _timed(Work(engine, settings, token, month, now, bureaus, numbers), claims)
    except BaseException:
        with suppress(SQLAlchemyError):
            leases.drop(engine, token)
        raise


def _timed(work: Work, claims: list[Claim]) -> int:
    began = time.monotonic()
    with logs.context(month=work.month.month, unit=work.token[:8]):
        stored = _run(work, claims)
        told = logs.fields(claimed=len(claims), stored=stored, seconds=round(time.monotonic() - began, 3))
        _LOG.info("unit.done", extra=told)
    return stored


def _run(work: Work, claims: list[Claim]) -> int:
    pulled = {claim.review_id: how for claim in claims if (how := _guarded(work, claim, _pull)) is not None}
    ready = [claim for claim in claims if claim.review_id in pulled]
    done = [Finished(claim, result, pulled[claim.review_id]) for claim, result in _judged(work, ready)]
    return _stored(work, done)


def _stored(work: Work, done: Sequence[Finished]) -> int:
    """Store them at once; where that fails, one by one, so that one bad account fails alone."""
    stopping.check()
    try:
        return finishing.store(work.engine, work.token, work.month, work.now, done) if done else 0
    except SQLAlchemyError:
        raise
    except Exception as error:
        if len(done) > 1:
            return sum(_stored(work, [one]) for one in done)
        _fail(work, done[0].claim, error)
        return 0


def _guarded(work: Work, claim: Claim, do: Any, *args: Any) -> Any:
    """``do(work, claim, *args)``; its failure is this review's alone. None if it failed or the lease is lost.

    Raises Stopped between two reviews if this process was asked to stop.
    """
    stopping.check()
    try:
        with logs.context(account=work.numbers.get(claim.account_id)):
            return do(work, claim, *args)
    except LeaseLost:
        return None
    except SQLAlchemyError:
        raise
    except pulls.NotYet as wait:
        with suppress(LeaseLost):
            leases.postpone(work.engine, claim, work.token, wait.until)
        return None
    except Exception as error:
        _fail(work, claim, error)
        return None


def _fail(work: Work, claim: Claim, error: Exception) -> None:
    line = logs.redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
    told = logs.fields(account=work.numbers.get(claim.account_id), attempt=claim.attempts, error=line)
    _LOG.warning("review.failed", extra=told)
    try:
        leases.give_back(work.engine, claim, work.token, line)
    except LeaseLost:
        return


def _pull(work: Work, claim: Claim) -> str:
    month = work.month
    return pulls.obtain(
        pulls.Order(
            work.engine,
            work.settings,
            claim.account_id,
            month.month,
            month.as_of,
            work.now,
            guard=lambda session: leases.hold(session, claim, work.token),
            buy=_may_buy(work, claim), bureaus=work.bureaus,
        )
    )  # fmt: skip


def _may_buy(work: Work, claim: Claim) -> bool:
    """An account judged again because of a live flag needs no new report, unless the report is what the flag is about."""
    if claim.reason != "flagged":
        return True
    with read(work.engine) as session:
        last = flags.last_of(session, [claim.account_id]).get((claim.account_id, "credit"))
        return last is not None and last.state in flags.LIVE


def _judged(work: Work, claims: list[Claim]) -> list[tuple[Claim, Result]]:
    """Judge them at once; where that fails, one by one, so that one bad account fails alone."""
    if not claims:
        return []
    try:
        results = assess(work, [claim.account_id for claim in claims])
    except SQLAlchemyError:
        raise
    except Exception as error:
        if len(claims) > 1:
            return [pair for claim in claims for pair in _judged(work, [claim])]
        _fail(work, claims[0], error)
        return []
    return [(claim, results[claim.account_id]) for claim in claims]


def assess(work: Work, account_ids: Sequence[int]) -> dict[int, Result]:
    """Account id -> result, as of the month's date."""
    as_of, settings = work.month.as_of, work.settings
    columns = read_columns(work.engine, as_of, settings.currency, account_ids)
    learned = calibrations.current(work.engine, as_of, settings, work.now)
    judged = judge(columns, settings, learned)
    checks = {name: _by_key(frame, account_ids) for name, frame in judged.checks.items()}
    accounts, classes = _by_key(columns.accounts, account_ids), _by_key(judged.classes, account_ids)
    verdicts = _by_key(judged.verdicts, account_ids)
    cycles = _cycles(judged, settings, learned[ROTATION])
    return {
        key: Result(
            {name: rows[key] for name, rows in checks.items()},
            verdicts[key]["verdict"],
            {name: accounts[key][name] for name in FACTS} | {"class": classes[key]["klass"]},
            cycles.get(key),
        )
        for key in account_ids
    }


def _cycles(judged: Judged, settings: Settings, learned: rotation.Calibration) -> dict[int, int]:
    """Months until the next review, of the accounts that rotate."""
    book = judged.columns.accounts.join(judged.classes.select("key", "klass"), on="key")
    nobody = pl.DataFrame(schema=rotation.STANDING)
    turns = rotation.turns(book, nobody, judged.columns.as_of, rotation.policy_from(settings), learned)
    return dict(turns.select("key", "cycle").iter_rows())


def _by_key(frame: pl.DataFrame, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    return {row["key"]: row for row in frame.filter(pl.col("key").is_in(list(keys))).to_dicts()}


def _known(engine: Engine, claims: Sequence[Claim]) -> tuple[Month, dict[int, str]]:
    """The month of these reviews, and the numbers of their accounts."""
    accounts = select(Account.id, Account.account).where(col(Account.id).in_([claim.account_id for claim in claims]))
    with read(engine) as session:
        month = session.exec(select(Month).join(Review).where(col(Review.id) == claims[0].review_id)).one()
        return month, {key: number for key, number in session.exec(accounts) if key is not None}


@lru_cache(maxsize=4)
def _engine(url: str, keys: tuple[str, ...]) -> Engine:
    return connect(url, keys)


def _secret(value: object) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return any(isinstance(part, SecretStr) or (isinstance(part, str) and any(logs.passwords(part))) for part in parts)
