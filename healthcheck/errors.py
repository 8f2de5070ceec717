"""Errors, named by what the caller can do about them.

    HealthcheckError
    ├── UsageError    the call or its input is wrong: mend it and call again (exit 2)
    ├── Fatal         cannot go on; a person has to mend something first
    ├── Retriable     the same call may succeed later
    ├── Skippable     this one item cannot be done; the others go on
    └── Uncertain     it may have happened; never repeat it blindly

Messages are read by people: one line, what is wrong and what to do. They never hold a bureau's payload or a secret.
"""

from __future__ import annotations


class HealthcheckError(Exception):
    """Base of all errors that are ours. ``str(error)`` is one line for a person."""


class UsageError(HealthcheckError):
    """Wrong use or bad input. The command line prints it and exits with 2."""


class Fatal(HealthcheckError):
    """Nothing more can be done here until a person mends something."""


class Retriable(HealthcheckError):
    """It did not happen, and the same call may succeed later.

    ``retry_after`` is the wait in seconds that the other side asked for, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Skippable(HealthcheckError):
    """This item cannot be done and waiting will not help; the rest goes on."""


class Uncertain(HealthcheckError):
    """It may have happened (and cost money). Show it to a person; never repeat it blindly."""
