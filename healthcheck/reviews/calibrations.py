"""What is learned from the whole book as of a month-end, stored, and used by every check until the next.

So one account can be checked in a second, gets the very answer that the screen gives, and does not change because somebody else's
invoice came in. A calibration is made on demand and forgotten when an import touches facts up to its date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from types import ModuleType
from typing import Any

from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from healthcheck import __version__
from healthcheck.checks import registry
from healthcheck.ledger.read import read_columns
from healthcheck.months import last_month_end
from healthcheck.reviews.judge import ROTATION
from healthcheck.settings import Settings
from healthcheck.store.books import Calibration
from healthcheck.store.session import read, write


def current(engine: Engine, as_of: date, settings: Settings, now: datetime) -> dict[str, Any]:
    """The calibration of the last month-end on or before ``as_of``, by check name; made and stored when it is missing."""
    on, recipe = last_month_end(as_of), _recipe(settings)
    with read(engine) as session:
        stored = session.get(Calibration, (on, recipe))
    if stored is None:
        stored = _store(engine, Calibration(on=on, recipe=recipe, body=make(engine, on, settings), made_at=now))
    return {name: module.Calibration(**stored.body[name]) for name, module in _learners()}


def make(engine: Engine, on: date, settings: Settings) -> dict[str, Any]:
    """Learn from the whole book as of ``on``: plain JSON, by check name."""
    columns = read_columns(engine, on, settings.currency)
    return {name: asdict(module.calibrate(columns, on, policy(settings))) for name, module, policy in _recipes()}


def forget_from(session: Session, day: date) -> None:
    """Forget every calibration made as of ``day`` or later: facts up to its date have changed."""
    session.execute(delete(Calibration).where(col(Calibration.on) >= day))


def _store(engine: Engine, made: Calibration) -> Calibration:
    """Keep it, unless somebody else has made the same meanwhile; what is kept."""
    try:
        with write(engine) as session:
            there = session.get(Calibration, (made.on, made.recipe))
            if there is None:
                session.add(made)
    except IntegrityError:
        with read(engine) as session:
            there = session.get(Calibration, (made.on, made.recipe))
    return there or made


def _recipes() -> Iterator[tuple[str, ModuleType, Callable[[Settings], Any]]]:
    """Each room that learns: its name, its module, and how its policy is made."""
    from healthcheck.reviews import rotation

    for name in registry.CHECKS:
        module = registry.load(name)
        if hasattr(module, "calibrate"):
            yield name, module, lambda _settings, module=module: module.Policy()  # type: ignore[misc]
    yield ROTATION, rotation, rotation.policy_from


def _learners() -> Iterator[tuple[str, ModuleType]]:
    return ((name, module) for name, module, _ in _recipes())


def _recipe(settings: Settings) -> str:
    """What a calibration depends on besides the books: release, currency, policies."""
    policies: Mapping[str, str] = {name: repr(policy(settings)) for name, _, policy in _recipes()}
    text = f"{__version__} {settings.currency} {sorted(policies.items())}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
