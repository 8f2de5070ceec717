"""Troubles of this process, told once when they begin and once when they are over: a night without database is one line, not one a
job and minute."""

from __future__ import annotations

import logging

from healthcheck.logs import fields

_LOG = logging.getLogger(__name__)
_open: dict[str, str] = {}  # job -> what troubles it


def tell(job: str, what: str, why: str, trace: BaseException | None = None) -> None:
    """The job could not be done; ``why`` is one line. Silent if that is known, from this job or another."""
    known = why in _open.values()
    _open[job] = why
    if not known:
        _LOG.error(what, extra=fields(why=why), exc_info=trace)


def over(job: str) -> None:
    """The job was done."""
    why = _open.pop(job, None)
    if why is not None and why not in _open.values():
        _LOG.info("mended", extra=fields(was=why))
