"""No secret and no query string of ours in any log: a filter on every handler there is.

On handlers, since a logger's filters do not hold for its children. The settings' secrets are known to ``healthcheck.logs``; the last
tokens are kept here.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterator
from typing import Final

from healthcheck.logs import HIDDEN, redacted

_QUERY: Final = re.compile(r"(?P<path>(?:https?://|/)[^\s?\"']*)\?[^\s\"']+")
_RETRYING: Final = "Retrying (%r) after connection broken"
_HTTP: Final = ("urllib3", "requests")
_TOKENS: Final[deque[str]] = deque(maxlen=32)


def remember(token: str) -> None:
    """From now on this token never shows (until 32 others were remembered)."""
    if token and token not in _TOKENS:
        _TOKENS.append(token)


def clean(text: str) -> str:
    """The text without secrets and tokens; of two that begin alike the longer goes first, so that no end of one is left."""
    text = redacted(text)
    for token in sorted(_TOKENS, key=len, reverse=True):
        text = text.replace(token, HIDDEN)
    return text


class Quiet(logging.Filter):
    """Rewrites a record before its handler formats it, traceback included.

    Lets every record pass but, unless somebody debugs, urllib3's warnings about attempts to connect: our error says it once.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith(_RETRYING) and not logging.root.isEnabledFor(logging.DEBUG):
            return False
        try:
            said = record.getMessage()
        except Exception:  # logging would show the arguments as they are
            said, record.msg, record.args = str(record.msg), str(record.msg), ()
        shown = clean(said)
        if record.name.partition(".")[0] in _HTTP:
            shown = _QUERY.sub(rf"\g<path>?{HIDDEN}", shown)
        if shown != said:
            record.msg, record.args = shown, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = clean(record.exc_text)
        return True


_FORMATTER: Final = logging.Formatter()
_FILTER: Final = Quiet()


def install() -> None:
    """Put the filter on all handlers of all loggers. Cheap where it is there already; called before each request."""
    for handler in _handlers():
        if _FILTER not in handler.filters:
            handler.addFilter(_FILTER)


def _handlers() -> Iterator[logging.Handler]:
    yield from tuple(logging.root.handlers)
    for logger in tuple(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and logger.handlers:
            yield from tuple(logger.handlers)
    if logging.lastResort:
        yield logging.lastResort
