"""The one HTTP door of all adapters: it never asks twice, and what it raises says what became of the request.

    no connection, no TLS, not let through        Unreachable    nothing left
    429                                           Throttled      with Retry-After, if the bureau gave one
    401 (after one new token), 403, 404, 4xx      AuthFailed, NotEntitled, NotFound, Rejected
    200 that is no JSON object, or too large      Malformed      may have been charged
    anything else after the request may have left Doubtful       may have been charged

A free call (log-in, search, look-up) is never in doubt: Unreachable takes the place of the last two. No message holds a payload, a query
string or a secret. Redirects are not followed, proxies and ~/.netrc are not used; REQUESTS_CA_BUNDLE may name the certificates to trust.
Whom we talk to is checked on the connected address (``network``): a private one only where ``ALLOWED_PRIVATE_HOSTS`` names the host, and
plain http only there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

import requests
from pydantic import SecretStr
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.exceptions import TimeoutError as UrllibTimeout

from healthcheck.bureaus import quiet
from healthcheck.bureaus.answers import (
    AuthFailed,
    Conflict,
    Doubtful,
    Malformed,
    NotEntitled,
    NotFound,
    Rejected,
    Throttled,
    Unreachable,
)
from healthcheck.bureaus.login import LogIn
from healthcheck.bureaus.network import Flight, Forbidden, Guarded, is_public
from healthcheck.errors import HealthcheckError, Uncertain, UsageError
from healthcheck.logs import hide, secrets_of
from healthcheck.settings import Settings

CHUNK: Final = 65_536
LONGEST_WAIT: Final = 86_400.0  # seconds of a Retry-After that we believe
Sent = Mapping[str, Any]  # values may be SecretStr: they are opened on the way out
_SORTS: Final[dict[int, tuple[type[HealthcheckError], str]]] = {
    401: (AuthFailed, "refused our credentials (401); check them"),
    403: (NotEntitled, "says that the contract does not cover this (403)"),
    404: (NotFound, "has no such company or report (404)"),
    409: (Conflict, "has it so already (409)"),
}


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, between two bytes, and for the whole exchange; bytes of an answer."""

    connect: float = 5.0
    read: float = 60.0
    total: float = 120.0
    size: int = 10_000_000


@dataclass(frozen=True)
class Answer:
    """A JSON object (numbers with a fraction are Decimal, NaN is None), the bytes it came in, and its status, 200 to 299."""

    body: dict[str, Any]
    raw: bytes
    status: int = 200


class Door:
    """The way to one bureau. ``base_url`` is the ``setting`` HEALTHCHECK_<BUREAU>_BASE_URL; raises UsageError if it cannot be used."""

    def __init__(
        self, bureau: str, base_url: str, settings: Settings, limits: Limits | None = None, setting: str = "BASE_URL"
    ) -> None:
        hide(*secrets_of(settings))
        self.bureau = bureau
        self.base_url = base_url.rstrip("/")
        self.limits = limits or Limits()
        self._to = urlsplit(self.base_url)
        self._inside = _is_named(self._to, settings.allowed_private_hosts)
        self._check(f"HEALTHCHECK_{self.bureau.upper()}_{setting}")

    def _check(self, setting: str) -> None:
        if self._to.scheme not in ("http", "https") or not self._to.hostname:
            raise UsageError(f"{setting}: needs an address as https://host/path")
        if self._to.username or self._to.query or self._to.fragment:
            raise UsageError(f"{setting}: an address without user, password, query or fragment")
        if self._to.scheme == "http" and not self._inside:
            raise UsageError(
                f"{setting}: https only, unless HEALTHCHECK_ALLOWED_PRIVATE_HOSTS names {self._to.hostname}"
            )

    def paid(self, method: str, *path: str, log_in: LogIn | None = None, **sent: Sent) -> Answer:
        """A call that may cost. ``sent``: headers, params, json, form; ``path`` is appended to the base URL, each part quoted."""
        return self._with_token(method, path, log_in, sent, Doubtful)

    def free(self, method: str, *path: str, log_in: LogIn | None = None, lists: bool = False, **sent: Sent) -> Answer:
        """A call that costs nothing, so it is never in doubt.

        ``lists``: a JSON array will do as well, and is the body's ``items``; no body at all is an empty object.
        """
        problem: HealthcheckError
        try:
            return self._with_token(method, path, log_in, sent, Unreachable, lists)
        except Uncertain as error:
            problem = Unreachable(str(error))
        raise problem

    def _with_token(
        self,
        method: str,
        path: tuple[str, ...],
        log_in: LogIn | None,
        sent: dict[str, Sent],
        lost: type[HealthcheckError],
        lists: bool = False,
    ) -> Answer:
        """Send with a token, and once more with a new one where it is refused (a 401 charges nothing)."""
        if log_in is None:
            return self._send(method, path, sent, lost, lists)
        token = log_in.token()
        try:
            return self._send(method, path, _bearing(sent, token, log_in.scheme), lost, lists)
        except AuthFailed:
            pass
        token = log_in.token(refused=token)
        try:
            return self._send(method, path, _bearing(sent, token, log_in.scheme), lost, lists)
        except AuthFailed as error:
            log_in.give_up(token, error)
            raise

    def _send(
        self, method: str, path: tuple[str, ...], sent: dict[str, Sent], lost: type[HealthcheckError], lists: bool
    ) -> Answer:
        url = self._url(path)
        quiet.install()
        flight = Flight(self.limits.total)
        try:
            with flight, self._ask(method, url, sent) as response:
                problem = self._refusal(response, lost)
                if problem is None:
                    raw = self._read(response)
                    return Answer(self._parse(raw, lists), raw, response.status_code)
        except HealthcheckError as error:
            problem = self._trouble(error, flight, lost) if flight.late else error
        except Exception as error:
            problem = self._trouble(error, flight, lost)
        raise problem  # out here, so that nothing of the library's own error hangs on it

    def _url(self, path: tuple[str, ...]) -> str:
        if any(part in ("", ".", "..") for part in path):
            raise Rejected(f"{self.bureau}: an empty or impossible identifier; link the account again")
        return "/".join((self.base_url, *(quote(part, safe="") for part in path)))

    def _ask(self, method: str, url: str, sent: dict[str, Sent]) -> requests.Response:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "customer-healthcheck"}
        return self._session().request(
            method, url, headers=headers | _opened(sent.get("headers", {})), params=_opened(sent.get("params", {})),
            json=_opened(sent["json"]) if "json" in sent else None, data=_opened(sent["form"]) if "form" in sent else None,
            timeout=(self.limits.connect, self.limits.read), allow_redirects=False, stream=True,
        )  # fmt: skip

    def _session(self) -> requests.Session:
        """One a thread and address."""
        key = (self.bureau, self.base_url, self._inside)
        session = _THREAD.sessions.get(key)
        if session is None:
            session = _THREAD.sessions[key] = requests.Session()
            session.trust_env = False
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
            session.adapters.clear()
            session.mount(f"{self._to.scheme}://{self._to.netloc}/", Guarded(_any if self._inside else is_public))
        return session

    def _refusal(self, response: requests.Response, lost: type[HealthcheckError]) -> HealthcheckError | None:
        """What a status means; None if there should be a report. The body of a refusal is not read."""
        status = response.status_code
        if 200 <= status < 300:
            return None
        if status == 429:
            return Throttled(
                f"{self.bureau}: too many requests (429)", retry_after(response.headers.get("Retry-After"))
            )
        if 400 <= status < 500:
            kind, said = _SORTS.get(status, (Rejected, f"refused the request ({status})"))
            return kind(f"{self.bureau}: {said}")
        said = f"answered {status}" if status >= 500 else f"answered {status}, a redirect; check its base URL"
        return lost(f"{self.bureau}: {said}")

    def _read(self, response: requests.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_content(CHUNK):
            size += len(part)
            if size > self.limits.size:
                raise Malformed(f"{self.bureau}: the answer is larger than {self.limits.size:,} bytes")
            parts.append(part)
        return b"".join(parts)

    def _trouble(self, error: Exception, flight: Flight, lost: type[HealthcheckError]) -> HealthcheckError:
        host = self._to.hostname
        if isinstance(error, Forbidden):
            return Unreachable(
                f"{self.bureau}: {host} leads to {error}, which is not public; if that is meant, name {host} in "
                "HEALTHCHECK_ALLOWED_PRIVATE_HOSTS"
            )
        why = "took too long" if flight.late else _why(error)
        if flight.left or isinstance(error, requests.ReadTimeout | requests.exceptions.ChunkedEncodingError):
            return lost(f"{self.bureau}: {host} {why or 'broke off the answer'}")
        return Unreachable(f"{self.bureau}: no connection to {host}{why and f' ({why})'}")

    def _parse(self, raw: bytes, lists: bool) -> dict[str, Any]:
        problem = "an answer that is not JSON"
        try:
            body = json.loads(raw or b"{}" if lists else raw, parse_float=Decimal, parse_constant=lambda _: None)
            if lists and isinstance(body, list):
                return {"items": body}
            if isinstance(body, dict):
                return body
            problem = "JSON that is no object"
        except (ValueError, RecursionError):
            pass
        raise Malformed(f"{self.bureau}: {problem} ({len(raw):,} bytes)")


def _why(error: Exception) -> str:
    """In our words: what a library says may hold an address with its query."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    for kind, said in _WORDS:
        if isinstance(error, kind) or isinstance(reason, kind):
            return said
    return ""


_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (requests.exceptions.SSLError, "TLS failed"), (NameResolutionError, "no such name"), (requests.Timeout, "took too long"),
    (NewConnectionError, "nobody answers"), (UrllibTimeout, "took too long"),
)  # fmt: skip


class _Sessions(threading.local):
    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str, bool], requests.Session] = {}


_THREAD = _Sessions()


def _forget() -> None:
    """A forked child must not speak on its parent's connections."""
    global _THREAD
    for session in _THREAD.sessions.values():
        session.close()
    _THREAD = _Sessions()


os.register_at_fork(after_in_child=_forget)


def _any(_: str) -> bool:
    return True


def _is_named(to: SplitResult, hosts: tuple[str, ...]) -> bool:
    """Whether ``hosts`` names the host, or the host with its port."""
    return bool({to.hostname, to.netloc.lower()} & {host.lower() for host in hosts})


def _bearing(sent: dict[str, Sent], token: SecretStr, scheme: str) -> dict[str, Sent]:
    said = f"{scheme} {token.get_secret_value()}".strip()
    return {**sent, "headers": {**sent.get("headers", {}), "Authorization": secret(said)}}


def secret(value: str) -> SecretStr:
    """A secret to be sent in a header or body."""
    return SecretStr(value)


def basic(user: SecretStr, password: SecretStr) -> SecretStr:
    """What an Authorization header of HTTP Basic says; made here, so that no traceback of a call has it among its variables."""
    pair = f"{user.get_secret_value().strip()}:{password.get_secret_value().strip()}"
    return secret(f"Basic {b64encode(pair.encode()).decode()}")


def _opened(sent: Sent) -> dict[str, Any]:
    return {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in sent.items()}


def retry_after(text: str | None, clock: Callable[[], float] = time.time) -> float | None:
    """The seconds to wait that a Retry-After header asks for, as seconds or as a date; at most a day. None if it says nothing."""
    if not text:
        return None
    try:
        seconds = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - clock()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
