"""A process that was asked to stop finishes the review in hand and begins no other; what it leaves is found by the next run."""

from __future__ import annotations

from threading import Event

from healthcheck.errors import HealthcheckError

_asked = Event()


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


def forget() -> None:
    """Begin anew, in a process that goes on after all."""
    _asked.clear()
