"""What runs units of work, all through ``concurrent.futures.Executor``. Adding one is a function and a line in ``CARRIERS``.

A carrier only carries: its answer is a hint, and the database is asked what was done. A carrier may lose work, do it twice or die;
``lost`` tells such errors from those of the work itself.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from sqlalchemy import make_url

from healthcheck.errors import Retriable, UsageError
from healthcheck.reviews.pool import PoolExecutor
from healthcheck.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
CONNECT_SECONDS: Final = 10
_TLS_FILES: Final = ("dask_ca_file", "dask_cert_file", "dask_key_file")


class InlineExecutor(Executor):
    """Runs each call at once, in this thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class DaskExecutor(Executor):
    """A Dask cluster over TLS. Takes positional arguments only: its own client would swallow names such as ``key`` or ``workers``."""

    def __init__(self, address: str, ca_file: str, cert_file: str, key_file: str) -> None:
        dask: Any = import_module("distributed")
        security = dask.Security(
            require_encryption=True, tls_ca_file=ca_file, tls_client_cert=cert_file, tls_client_key=key_file
        )
        try:
            self._client = dask.Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
        except OSError as error:
            raise Retriable(f"no Dask scheduler answers at {address}: {error}") from None
        self._executor = self._client.get_executor(pure=False, retries=0)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if kwargs:
            raise TypeError("a unit of work takes positional arguments only")
        future: Future[T] = self._executor.submit(fn, *args)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the cluster. What runs there runs to its end; what has not begun is called off."""
        with suppress(OSError, RuntimeError):
            if wait and not cancel_futures:
                self._executor.shutdown(wait=True)
            self._client.close(timeout=CONNECT_SECONDS)


def _inline(_settings: Settings) -> Executor:
    return InlineExecutor()


def _threads(settings: Settings) -> Executor:
    return ThreadPoolExecutor(settings.carrier_workers, thread_name_prefix="review")


def _processes(settings: Settings) -> Executor:
    return PoolExecutor(settings)


def _dask(settings: Settings) -> Executor:
    if make_url(settings.database_url).get_backend_name() != "postgresql":
        raise UsageError(f"HEALTHCHECK_CARRIER: {settings.carrier} needs PostgreSQL: set HEALTHCHECK_DATABASE_URL")
    files = {name: getattr(settings, name) for name in _TLS_FILES}
    for name, file in files.items():
        if not Path(file).is_file():
            what = f"there is no file {file}" if file else "not set"
            raise UsageError(f"HEALTHCHECK_{name.upper()}: {what}; the cluster is joined over TLS only")
    try:
        return DaskExecutor(settings.carrier.replace("dask+tls://", "tls://", 1), *files.values())
    except ImportError:
        raise UsageError(
            f"HEALTHCHECK_CARRIER: {settings.carrier} needs: pip install 'customer-healthcheck[cluster]'"
        ) from None


def _unsafe(_settings: Settings) -> Executor:
    raise UsageError("HEALTHCHECK_CARRIER: dask+tcp lets anybody near run anything on the workers; use dask+tls")


CARRIERS: dict[str, Callable[[Settings], Executor]] = {
    "inline": _inline,
    "threads": _threads,
    "processes": _processes,
    "dask+tls": _dask,
}


def open_carrier(settings: Settings) -> Executor:
    """The carrier that ``settings.carrier`` names.

    Raises UsageError for one that there is not or that lacks something, Retriable where a cluster does not answer.
    """
    name = settings.carrier.partition("://")[0]
    make = _unsafe if name in ("dask", "dask+tcp") else CARRIERS.get(name)
    if make is None:
        raise UsageError(f"HEALTHCHECK_CARRIER: {settings.carrier!r} is none of {', '.join(CARRIERS)}")
    return make(settings)


class Carrier:
    """A carrier that is opened when it is first needed, and anew after it was lost. For a ``with``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._executor: Executor | None = None

    def submit(self, fn: Callable[..., T], *args: Any) -> Future[T]:
        if self._executor is None:
            self._executor = open_carrier(self._settings)
        return self._executor.submit(fn, *args)

    def lose(self) -> None:
        """Let go of it without waiting; the next call opens another."""
        self._close(wait=False, cancel_futures=True)

    def __enter__(self) -> Carrier:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_more: object) -> None:
        """What is running is waited for; what has not begun when something goes wrong is called off."""
        self._close(wait=True, cancel_futures=kind is not None)

    def _close(self, wait: bool, cancel_futures: bool) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=wait, cancel_futures=cancel_futures)


def lost(error: BaseException) -> bool:
    """Whether the carrier failed, not the work: a worker was killed, a pool broke, a cluster does not answer."""
    carriers_own = isinstance(error, BrokenExecutor | CancelledError | OSError | Retriable)
    return carriers_own or type(error).__module__.partition(".")[0] in ("distributed", "dask")
