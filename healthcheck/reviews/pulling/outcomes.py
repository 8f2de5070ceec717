"""What a bureau's answer means: the state it puts the pull in, and whether to ask again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthcheck.bureaus.answers import OK, Doubtful, NothingThere, kind_of
from healthcheck.bureaus.base import BadReport, Bureau, Pending, Ready
from healthcheck.errors import Fatal, Retriable, Skippable, Uncertain, UsageError
from healthcheck.reviews.pulling.model import PENDING, PLANNED, REFUSED, STORED, UNCERTAIN

SAFE_TO_REPEAT: Final = ("key", "reread")  # the same call again costs nothing
_KINDS: Final = (
    (BadReport, "malformed"), (Retriable, "unreachable"), (Fatal, "fatal"), (UsageError, "rejected"), (Skippable, "not_found"),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """``again``: to be tried once more after a while. ``wait``: the seconds that the bureau asked for. ``ready``: the report."""

    state: str
    kind: str
    note: str = ""
    again: bool = False
    wait: float | None = None
    ready: Ready | None = None
    token: str | None = None


def of_answer(answer: Ready | Pending) -> Outcome:
    """A report, or a promise of one."""
    if isinstance(answer, Pending):
        return Outcome(PENDING, OK, again=True, wait=answer.wait, token=answer.token)
    return Outcome(STORED, OK, ready=answer)


def of_order(error: Exception, bureau: Bureau, paid: bool, repeated: bool = False) -> Outcome:
    """An order that was answered by an error. ``paid``: the bureau takes money for it; ``repeated``: so it may have before."""
    kind, note = _kind(error), _line(error)
    if paid and repeated and isinstance(error, Retriable | Fatal):
        return of_look_up(error)
    if isinstance(error, Retriable):
        return Outcome(PLANNED, kind, note, again=True, wait=error.retry_after)
    if isinstance(error, Fatal | Skippable | UsageError) and not (paid and isinstance(error, BadReport)):
        return Outcome(REFUSED, kind, note)
    doubtful = kind == Doubtful.kind
    if not paid:
        asked_again = doubtful and isinstance(error, Uncertain)
        return Outcome(PLANNED if asked_again else REFUSED, kind, note, again=asked_again)
    return Outcome(UNCERTAIN, kind, note, again=doubtful and bureau.idempotency in (*SAFE_TO_REPEAT, "lookup"))


def of_collecting(error: Exception) -> Outcome:
    """An order that could not be collected now; it has been paid whatever the bureau says, unless it says that there was nothing."""
    if isinstance(error, NothingThere):
        return Outcome(REFUSED, _kind(error), _line(error))
    if isinstance(error, Retriable | Fatal | Doubtful):
        return Outcome(PENDING, _kind(error), _line(error), again=True, wait=getattr(error, "retry_after", None))
    return Outcome(UNCERTAIN, _kind(error), _line(error))


def of_look_up(error: Exception) -> Outcome:
    """A question about an order that was not answered: nothing is known that was not known before."""
    if isinstance(error, NothingThere):
        return Outcome(REFUSED, _kind(error), _line(error))
    if not isinstance(error, Retriable | Uncertain):
        return Outcome(UNCERTAIN, _kind(error), _line(error))
    wait = error.retry_after if isinstance(error, Retriable) else None
    return Outcome(UNCERTAIN, _kind(error), _line(error), again=True, wait=wait)


def _kind(error: Exception) -> str:
    if hasattr(error, "kind"):
        return kind_of(error)
    return next((kind for family, kind in _KINDS if isinstance(error, family)), Doubtful.kind)


def _line(error: Exception) -> str:
    known = isinstance(error, Retriable | Fatal | Skippable | UsageError | Uncertain)
    return " ".join((str(error) if known else f"{type(error).__name__}: {error}").split())[:300]
