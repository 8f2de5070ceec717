"""What a bureau's answer means for the caller: one error a kind, named in the pull that it settles.

not charged, ask again later    Unreachable, Throttled
not charged, do not ask again   AuthFailed, NotEntitled, NotFound, Rejected
not charged, though ordered     NothingThere
may have been charged           Malformed, Doubtful, and NotListed where an order was in doubt before
"""

from __future__ import annotations

from typing import ClassVar

from healthcheck.errors import Fatal, HealthcheckError, Retriable, Skippable, Uncertain


class Unreachable(Retriable):
    """The request never left: no connection, or the log-in service did not answer. Nothing was charged."""

    kind: ClassVar = "unreachable"


class Throttled(Retriable):
    """Too many requests (429); ``retry_after`` is what the bureau asked for, if it did. Nothing was charged."""

    kind: ClassVar = "throttled"


class AuthFailed(Fatal):
    """The bureau does not know us (401): a person has to mend the credentials."""

    kind: ClassVar = "auth"


class NotEntitled(Skippable):
    """Our contract does not cover this (403)."""

    kind: ClassVar = "not_entitled"


class NotFound(Skippable):
    """The bureau has no such company, or no report on it (404)."""

    kind: ClassVar = "not_found"


class NothingThere(NotFound):
    """The bureau took the order and ended it without a report, for which by its own terms it charges nothing."""


class NotListed(Retriable):
    """Asked what became of an order, the bureau does not list it, and may yet: it enters orders some time after it took them."""

    kind: ClassVar = "not_listed"


class Rejected(Skippable):
    """The bureau refuses this request as it is (any other 4xx)."""

    kind: ClassVar = "rejected"


class Conflict(Rejected):
    """What we ask for is so already (409)."""


class Malformed(Uncertain):
    """An answer came and cannot be read; it may have been charged."""

    kind: ClassVar = "malformed"


class Doubtful(Uncertain):
    """The request left and no proper answer came back (time out, dropped line, 5xx); it may have been charged."""

    kind: ClassVar = "doubtful"


OK = "ok"


def kind_of(error: HealthcheckError | Exception | None) -> str:
    """The kind as a pull remembers it; ``ok`` for no error, ``doubtful`` for one that says nothing of itself."""
    return OK if error is None else str(getattr(error, "kind", Doubtful.kind))
