"""Logs on standard error: one event a line, as logfmt or JSON, with what is being worked on; no secret among it.

    time=2026-11-22T06:30:00.000Z level=info event=mail.sent month=2026-11 to=credit@nordwind.example

``begin`` puts one handler on the root logger, so libraries' logs come the same way. Secrets are taken out where text leaves the handler,
tracebacks included, whoever logged it: those of the settings, those named to ``hide``, and what looks like one in a URL or a header.
``redacted`` does the same for any text that is kept or shown elsewhere.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pydantic import SecretStr

if TYPE_CHECKING:
    from healthcheck.settings import Settings

HIDDEN: Final = "[hidden]"
SHORTEST: Final = 4  # characters of a secret; anything shorter stands in ordinary words too
OURS: Final = ("healthcheck", "jobs")
_IN_URL: Final = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
_IN_HEADER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*")
_IN_QUERY: Final = re.compile(r"(?i)([?&](?:api[_-]?key|key|token|password|secret)=)[^&\s\"']+")
_PLAIN: Final = re.compile(r"[^\s\"=\\\x00-\x1f\x7f]+")
_context: ContextVar[Mapping[str, object]] = ContextVar("log_context", default={})  # noqa: B039 (never changed in place)
_secrets: tuple[str, ...] = ()


def begin(settings: Settings, default: str = "WARNING") -> None:
    """Log as the settings say, at the level ``default`` where they name none. Libraries speak from WARNING on, below it only in DEBUG."""
    hide(*secrets_of(settings))
    level = settings.log_level.upper() or default
    _HANDLER.setFormatter(_Lines(as_json=settings.log_format == "json"))
    root = logging.getLogger()
    if _HANDLER not in root.handlers:
        root.addHandler(_HANDLER)
    root.setLevel(level if level in ("DEBUG", "ERROR") else "WARNING")
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def join(settings: Settings) -> None:
    """In a worker, which may be this process or another: begin where nobody has, else only learn the secrets."""
    hide(*secrets_of(settings))
    if _HANDLER not in logging.getLogger().handlers:
        begin(settings)


@contextmanager
def context(**fields: object) -> Iterator[None]:
    """Add what is being worked on (``month``, ``account``, ``unit``) to every event of this thread while the block runs."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def fields(**more: object) -> dict[str, Any]:
    """What one event tells besides its name: ``log.info("mail sent", extra=fields(to=address))``."""
    return {"fields": more}


# ---- secrets


def hide(*values: str) -> None:
    """From now on, in this process, these never show: as they are, and as they stand in URLs, in JSON and in Python."""
    global _secrets
    known = {form for value in values for form in _forms(value)}.union(_secrets)
    if len(known) > len(_secrets):
        _secrets = tuple(sorted((one for one in known if len(one) >= SHORTEST), key=lambda one: (-len(one), one)))


def _forms(value: str) -> tuple[str, ...]:
    quoted = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]
    return value, quote(value, safe=""), quote_plus(value), unquote(value), *quoted


def secrets_of(settings: Settings) -> Iterator[str]:
    """The values of all secret settings, and the passwords in those that are URLs."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                yield one.get_secret_value()
            elif isinstance(one, str):
                yield from passwords(one)


def redacted(text: str) -> str:
    """The text without secrets."""
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    text = _IN_URL.sub(rf"\g<1>{HIDDEN}", text)
    text = _IN_QUERY.sub(rf"\g<1>{HIDDEN}", text)
    return _IN_HEADER.sub(rf"\g<1> {HIDDEN}", text)


def passwords(text: str) -> Iterator[str]:
    """The password in the text, if that is a URL with one: as it is written, and as it is meant."""
    try:
        password = urlsplit(text).password if "://" in text else None
    except ValueError:
        return
    if password:
        yield from {password, unquote(password)}


# ---- lines


class _Lines(logging.Formatter):
    """One line an event. Values are redacted before they are quoted, so that no escape hides a secret from being found."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        told = {name: _clean(value) for name, value in self._told(record).items() if value is not None}
        if self.as_json:
            return json.dumps(told, ensure_ascii=False)
        return " ".join(f"{name}={_quoted(value)}" for name, value in told.items())

    def _told(self, record: logging.LogRecord) -> dict[str, object]:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told: dict[str, object] = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        if record.name.partition(".")[0] not in OURS:
            told["from"] = record.name
        more = getattr(record, "fields", {})
        told |= {**_context.get(), **{name: value for name, value in more.items() if value is not None}}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return told


class _StandardError(logging.StreamHandler[Any]):
    """Writes to whatever standard error is at the moment: a progress bar replaces it for a while."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """A line that cannot be written is lost; logging's own complaint would show its arguments as they are."""


def _clean(value: object) -> object:
    if isinstance(value, dict):
        return {redacted(str(name)): _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value if isinstance(value, bool | int | float) else redacted(str(value))


def _quoted(value: object) -> str:
    text = str(value) if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


_HANDLER: Final = _StandardError()
