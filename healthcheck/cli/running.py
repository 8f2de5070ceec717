"""``run``: the scheduler, for a service manager to start and forget."""

from __future__ import annotations

from healthcheck.cli import common


def run() -> None:
    """The scheduler: begins each month when it is due, and sends the mails. Goes on until it is stopped; several may run at once."""
    from healthcheck import logs
    from jobs import clock

    settings = common.settings()
    logs.begin(settings, default="INFO")
    clock.run(common.open_database(settings), settings)
