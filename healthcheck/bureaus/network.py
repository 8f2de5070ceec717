"""Connections that know where they lead and whether the request has left.

The address is looked at on the socket, after connecting and before TLS or a byte of the request: a name that is checked first and
resolved again later may lead elsewhere by then.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from math import inf
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

from healthcheck.elapsed import seconds

_NAT64: Final = IPv6Network("64:ff9b::/96")
TICK: Final = 0.2  # seconds between two looks at the deadlines
IDLE_TICKS: Final = 50
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
        self._until = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Flight:
        _THREAD.flight = self
        _TOWER.watch(self)
        return self

    def __exit__(self, *_: object) -> None:
        _TOWER.forget(self)
        with self._lock:
            self._socket = None
        _THREAD.flight = None

    def leave(self, sock: socket.socket) -> None:
        """Called before the first byte of the request goes out. Raises Late."""
        with self._lock:
            self.late = self.late or seconds() > _THREAD.latest
            if self.late:
                raise Late
            self.left = True
            self._socket = sock

    def check(self, now: float) -> None:
        """Past the deadline, cut the line under whoever still reads: reads end at once, however slowly the other side drips."""
        with self._lock:
            if self.late or now < self._until:
                return
            self.late = True
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Tower:
    """Watches all flights of this process from one thread, which ends when there is nothing to watch."""

    def __init__(self) -> None:
        self._flights: set[Flight] = set()
        self._lock = threading.Lock()
        self._watching = False

    def watch(self, flight: Flight) -> None:
        with self._lock:
            self._flights.add(flight)
            if self._watching:
                return
            self._watching = True
        threading.Thread(target=self._run, name="bureau deadlines", daemon=True).start()

    def forget(self, flight: Flight) -> None:
        with self._lock:
            self._flights.discard(flight)

    def _run(self) -> None:
        idle = 0
        while idle < IDLE_TICKS:
            time.sleep(TICK)
            flights = self._flying(idle)
            idle = 0 if flights else idle + 1
            for flight in flights:
                flight.check(time.monotonic())

    def _flying(self, idle: int) -> list[Flight]:
        with self._lock:
            if not self._flights and idle + 1 >= IDLE_TICKS:
                self._watching = False
            return list(self._flights)


_TOWER = _Tower()


def _forget() -> None:
    """A forked child has none of its parent's threads."""
    global _TOWER
    _TOWER = _Tower()


os.register_at_fork(after_in_child=_forget)


class _Thread(threading.local):
    flight: Flight | None = None
    latest: float = inf


_THREAD: Final = _Thread()


@contextmanager
def leaving_by(latest: float) -> Iterator[None]:
    """In this thread no request leaves after ``latest``, by ``elapsed.seconds``: whoever was stopped for so long has been replaced."""
    before, _THREAD.latest = _THREAD.latest, latest
    try:
        yield
    finally:
        _THREAD.latest = before


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
