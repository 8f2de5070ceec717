"""A process that was asked to stop finishes the review in hand and begins no other; what it leaves is found by the next run."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition, Event

from healthcheck.errors import HealthcheckError

GRACE_SECONDS = 150.0  # longer than any request to a bureau takes
_asked = Event()
_hands: set[object] = set()
_changed = Condition()


class Stopped(HealthcheckError):
    """The work was cut short on request; nothing is lost, the next run goes on from there."""


def ask() -> None:
    """Ask this process to stop; safe inside a signal handler."""
    _asked.set()


def asked() -> bool:
    return _asked.is_set()


def check() -> None:
    """Raise Stopped if this process was asked to stop."""
    if _asked.is_set():
        raise Stopped("asked to stop; the next run goes on from here")


@contextmanager
def in_hand() -> Iterator[None]:
    """What is done in the block is worth waiting for. Where it is done in a thread that nobody waits for, as in a worker of a cluster
    that is told to end, the end of the process waits for it, ``GRACE_SECONDS`` at most."""
    _finish_at_exit()
    mine = object()
    _hands.add(mine)
    try:
        yield
    finally:
        with _changed:
            _hands.discard(mine)
            _changed.notify_all()


def is_busy() -> bool:
    """Whether anything is in hand; safe inside a signal handler."""
    return bool(_hands)


@cache
def _finish_at_exit() -> None:
    atexit.register(_finish)


def _finish() -> None:
    _asked.set()
    with _changed:
        _changed.wait_for(lambda: not _hands, GRACE_SECONDS)


def forget() -> None:
    """Begin anew, in a process that goes on after all."""
    _asked.clear()
