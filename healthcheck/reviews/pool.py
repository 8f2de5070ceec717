"""Processes of this machine, which finish the review in hand before they end: a paid report may be on its way to it.

Spawned, never forked: what threads of this process hold would be held for ever in a copy of it. SIGTERM asks one to stop, whoever sends
it: the process that began it, ``systemctl stop``, or a pool that lost another of its processes. Idle, it ends at once.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.context import SpawnProcess
from typing import Any, ParamSpec, TypeVar

from healthcheck import stopping
from healthcheck.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class PoolExecutor(ProcessPoolExecutor):
    """What is called off is stopped too. Processes that nobody waits for are ended after a while, whatever they do: on a
    machine that is too slow for them the next pool would be slower still."""

    def __init__(self, settings: Settings) -> None:
        context = get_context("spawn")
        super().__init__(settings.carrier_workers, mp_context=context, initializer=_begin, initargs=(settings,))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = super().submit(_held, fn, args, kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        processes = list((getattr(self, "_processes", None) or {}).values()) if cancel_futures else []
        for process in processes:
            process.terminate()
        super().shutdown(wait, cancel_futures=cancel_futures)
        if processes and not wait:
            threading.Thread(target=_end, args=(processes,), name="end of a pool", daemon=True).start()


def _end(processes: Iterable[SpawnProcess]) -> None:
    until = time.monotonic() + stopping.GRACE_SECONDS
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        process.kill()


def _begin(settings: Settings) -> None:
    """In a process of the pool: know the settings, leave Ctrl-C to the parent, and stop when asked or when the parent ends."""
    from healthcheck.reviews import units

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _on_sigterm)
    units.know(settings)
    threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()


def _held(fn: Callable[..., T], args: Iterable[Any], kwargs: Mapping[str, Any]) -> T:
    """In a process of the pool: the call, and the end if it was asked for meanwhile."""
    try:
        return fn(*args, **kwargs)
    finally:
        if stopping.asked():
            os._exit(0)


def _on_sigterm(*_: object) -> None:
    """Once: a second signal in the middle of this would wait for ever for the lock that this holds."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _stop()


def _stop() -> None:
    stopping.ask()
    if not stopping.is_busy():
        os._exit(0)


def _stop_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        _stop()
        time.sleep(stopping.GRACE_SECONDS)
        os._exit(1)
