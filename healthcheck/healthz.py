"""Signs of life of the scheduler: ``GET /healthz`` for who asks, and a heartbeat file for who only looks.

Both tell of work, not of customers. Whoever watches takes 503, no answer, or an old file as the alarm.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6
from typing import Final, TypedDict
from urllib.parse import urlsplit

from healthcheck.errors import UsageError

PATH: Final = "/healthz"
TIMEOUT: Final = 5.0  # seconds that a caller may take to ask
_LOG = logging.getLogger(__name__)


class Job(TypedDict):
    """The last run of a job; instants in ISO 8601, null where there was none yet."""

    started: str | None
    ended: str | None
    error: str | None


class Health(TypedDict):
    """What ``/healthz`` answers. ``held``: what waits for a person, one line each."""

    ok: bool
    last_tick: str | None
    jobs: dict[str, Job]
    held: list[str]


@contextmanager
def serve(address: str, report: Callable[[], Health]) -> Iterator[str]:
    """Answer ``GET /healthz`` at ``host:port`` while the block runs: 200 if ``report()["ok"]``, else 503, with the report as JSON.

    Yields the address in use (port 0 takes a free one). A report that cannot be made is a 503 too. Raises UsageError if ``address`` is none
    or is taken.
    """
    server = _server(address, report)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="healthz", daemon=True)
    thread.start()
    try:
        host, port = server.server_address[:2]
        yield f"[{host!s}]:{port}" if server.address_family == AF_INET6 else f"{host!s}:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def beat(path: Path, now: datetime) -> None:
    """Write ``now`` into the file, whole or not at all. Where that fails the file grows old, which is the alarm; here only a warning."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(f"{now.astimezone(UTC).isoformat(timespec='seconds')}\n", encoding="ascii")
        part.replace(path)
    except OSError as error:
        _LOG.warning("cannot write the heartbeat %s: %s", path, error.strerror)


def _server(address: str, report: Callable[[], Health]) -> _Server:
    host, port = _parsed(address)
    try:
        return _Server(host, port, report)
    except OSError as error:
        raise UsageError(f"HEALTHCHECK_HEALTHZ_ADDRESS: cannot listen at {address}: {error.strerror}") from None


def _parsed(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.netloc != address or "@" in address:
        raise UsageError(f"HEALTHCHECK_HEALTHZ_ADDRESS: {address!r} is no address; write it as 127.0.0.1:8971")
    return host, port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a caller who dawdles does not hold up the end of the scheduler

    def __init__(self, host: str, port: int, report: Callable[[], Health]) -> None:
        self.report = report
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT
    server_version, sys_version = "healthcheck", ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"ask for {PATH}"})
            return
        try:
            health = self.server.report()
        except Exception as error:
            _LOG.warning("the health report cannot be made: %s: %s", type(error).__name__, error)
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"ok": False, "error": type(error).__name__})
            return
        self._answer(HTTPStatus.OK if health["ok"] else HTTPStatus.SERVICE_UNAVAILABLE, health)

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, status: HTTPStatus, told: object) -> None:
        body = json.dumps(told, ensure_ascii=False).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        _LOG.debug(format, *args)
