"""The ledger checks over every account, once a day: makes the calibration that every check of the day needs, and says what it saw."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import Engine

from healthcheck.errors import UsageError
from healthcheck.logs import fields
from healthcheck.reviews import months
from healthcheck.settings import Settings

_LOG = logging.getLogger(__name__)


def run(engine: Engine, now: datetime, settings: Settings) -> int:
    """How many accounts are flagged now, in any check; 0 for an empty book."""
    try:
        look = months.look(engine, settings.business_day(now), settings, now)
    except UsageError:
        return 0
    flagged = look.alerts["key"].n_unique()
    share = flagged / look.accounts.height
    tell = _LOG.warning if share > settings.screen_warning_share else _LOG.info
    tell("ledger screened", extra=fields(accounts=look.accounts.height, flagged=flagged))
    return flagged
