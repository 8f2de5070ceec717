"""Tokens: fetched once for all threads, used until they expire, renewed once when refused, and never in a loop.

Bureaus lock accounts that keep on failing to log in, so a failure is remembered, for this process, until the credentials change or for
some minutes: nobody asks in the meantime.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

from healthcheck.bureaus import quiet
from healthcheck.bureaus.answers import AuthFailed, Throttled, Unreachable
from healthcheck.errors import HealthcheckError, Retriable, Skippable, Uncertain

REFUSED: Final = 900.0  # seconds for which a refused log-in is not tried again
LOCKED: Final = 300.0  # the same for 429 without Retry-After
SILENT: Final = 10.0  # the same for a log-in service that does not answer


@dataclass(frozen=True)
class Token:
    """A token and for how many seconds from now it is good."""

    value: SecretStr
    seconds: float


@dataclass(frozen=True)
class _Failure:
    error: AuthFailed | Throttled | Unreachable
    until: float

    def again(self, now: float) -> HealthcheckError:
        """The same failure for the next one who asks: an exception of his own."""
        if isinstance(self.error, Throttled):
            return Throttled(str(self.error), max(0.0, self.until - now))
        return type(self.error)(str(self.error))


class LogIn:
    """One account at one bureau. ``ask`` fetches a token, free of charge; it raises what a free call raises.

    ``scheme`` stands before the token in the header Authorization; empty: the token alone.
    """

    def __init__(
        self, ask: Callable[[], Token], clock: Callable[[], float] = time.monotonic, scheme: str = "Bearer"
    ) -> None:
        self.scheme = scheme
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._token: SecretStr | None = None
        self._until = 0.0
        self._failure: _Failure | None = None

    def token(self, refused: SecretStr | None = None) -> SecretStr:
        """A token that is good as far as we know; a new one if ``refused`` is still the one we have.

        Raises AuthFailed, Throttled or Unreachable: nothing was charged.
        """
        with self._lock:
            now = self._clock()
            if self._failure and now < self._failure.until:
                raise self._failure.again(now)
            if self._token is None or now >= self._until or self._token == refused:
                self._fetch()
            return self._known()

    def give_up(self, refused: SecretStr, error: AuthFailed) -> None:
        """A new token was refused as well: do not fetch more of them for a while."""
        with self._lock:
            if self._token == refused:
                self._token = None
                self._failure = _Failure(error, self._clock() + REFUSED)

    def _known(self) -> SecretStr:
        if self._token is None:
            raise AuthFailed("no token")
        return self._token

    def _fetch(self) -> None:
        self._token, self._failure = None, None
        failure: _Failure | None = None
        try:
            token = self._ask()
        except HealthcheckError as error:
            failure = self._remembered(error)
        if failure:
            self._failure = failure
            raise failure.error
        quiet.remember(token.value.get_secret_value())
        self._token, self._until = token.value, self._clock() + token.seconds

    def _remembered(self, error: HealthcheckError) -> _Failure:
        """What a failed log-in means: a person's turn, or later. Never in doubt, for it is free."""
        now = self._clock()
        if isinstance(error, Throttled):
            wait = LOCKED if error.retry_after is None else error.retry_after
            return _Failure(Throttled(str(error), wait), now + wait)
        if isinstance(error, Retriable | Uncertain):
            return _Failure(Unreachable(str(error)), now + SILENT)
        said = f"{error} (log-in)" if isinstance(error, Skippable) else str(error)
        return _Failure(AuthFailed(said), now + REFUSED)


_LOG_INS: dict[Hashable, LogIn] = {}
_LOCK = threading.Lock()


def shared(key: Hashable, ask: Callable[[], Token], scheme: str = "Bearer") -> LogIn:
    """The log-in of this process under ``key`` (bureau, address, credentials), made at the first call."""
    with _LOCK:
        return _LOG_INS.setdefault(key, LogIn(ask, scheme=scheme))


def forget() -> None:
    """Drop all tokens and failures of this process; in a forked child a lock may be held by a thread that is not there."""
    global _LOCK
    _LOCK = threading.Lock()
    _LOG_INS.clear()


os.register_at_fork(after_in_child=forget)
