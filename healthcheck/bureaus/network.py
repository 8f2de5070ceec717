"""Connections that know where they lead and whether the request has left.

The address is looked at on the socket, after connecting and before TLS or a byte of the request: a name that is checked first and
resolved again later may lead elsewhere by then.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

_NAT64: Final = IPv6Network("64:ff9b::/96")
BACKOFF: Final = 0.1  # seconds, doubled before each further attempt to connect


class Forbidden(Exception):
    """The connection leads to an address that is not public; ``str`` is the address."""


class Late(Exception):
    """The whole exchange takes too long."""


def is_public(address: str) -> bool:
    """Whether the address is one of the public internet: not private, loopback, link-local, shared (CGNAT), reserved or multicast."""
    ip = _plain(ip_address(address.partition("%")[0]))
    return ip.is_global and not ip.is_multicast


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one, where there is one."""
    if isinstance(ip, IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if inside is None and ip in _NAT64:
            inside = IPv4Address(int(ip) & 0xFFFFFFFF)
        return inside or ip
    return ip


class Flight:
    """One exchange: whether any of it left, and a deadline for all of it. ``with Flight(seconds) as flight``, in one thread."""

    def __init__(self, seconds: float) -> None:
        self.left = False
        self.late = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Flight:
        _THREAD.flight = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None
        _THREAD.flight = None

    def leave(self, sock: socket.socket) -> None:
        """Called before the first byte of the request goes out. Raises Late."""
        with self._lock:
            if self.late:
                raise Late
            self.left = True
            self._socket = sock

    def _expire(self) -> None:
        """Cut the line under whoever still reads: reads end at once, however slowly the other side drips."""
        with self._lock:
            self.late = True
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Thread(threading.local):
    flight: Flight | None = None


_THREAD: Final = _Thread()


class _Watched:
    """Mixed into urllib3's connections."""

    sock: Any
    admit: Callable[[str], bool]

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            address = str(sock.getpeername()[0])
            if not type(self).admit(address):
                raise Forbidden(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if _THREAD.flight is not None:
            _THREAD.flight.leave(self.sock)
        super().send(data)  # type: ignore[misc]


class Guarded(HTTPAdapter):
    """requests' adapter over watched connections. Connecting is tried four times; nothing else is ever repeated."""

    def __init__(self, admit: Callable[[str], bool]) -> None:
        plain = type("Plain", (_Watched, HTTPConnection), {"admit": staticmethod(admit)})
        secure = type("Secure", (_Watched, HTTPSConnection), {"admit": staticmethod(admit)})
        self._pools = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        once = Retry(total=None, connect=3, read=0, status=0, other=0, redirect=0, backoff_factor=BACKOFF)
        super().__init__(max_retries=once, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools
