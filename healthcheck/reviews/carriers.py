"""What runs units of work, all through ``concurrent.futures.Executor``. Adding one is a function and a line in ``CARRIERS``.

A carrier only carries: its answer is a hint, and the database is asked what was done.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from healthcheck.errors import UsageError
from healthcheck.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class InlineExecutor(Executor):
    """Runs each call at once, in this thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _inline(_settings: Settings) -> Executor:
    return InlineExecutor()


def _threads(settings: Settings) -> Executor:
    return ThreadPoolExecutor(settings.carrier_workers, thread_name_prefix="review")


def _later(settings: Settings) -> Executor:
    raise UsageError(f"HEALTHCHECK_CARRIER: {settings.carrier} comes with a later release; use threads or inline")


CARRIERS: dict[str, Callable[[Settings], Executor]] = {
    "inline": _inline,
    "threads": _threads,
    "processes": _later,
    "dask+tls": _later,
}


def open_carrier(settings: Settings) -> Executor:
    """The carrier that ``settings.carrier`` names. Raises UsageError for one that there is not."""
    make = CARRIERS.get(settings.carrier.partition("://")[0])
    if make is None:
        raise UsageError(f"HEALTHCHECK_CARRIER: {settings.carrier!r} is none of {', '.join(CARRIERS)}")
    return make(settings)
