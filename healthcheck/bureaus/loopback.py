"""A bureau on loopback that misbehaves on request: the HTTP server under the conformance suite. Standard library only.

A *fault* is a word, with its number behind a colon:

    ok                      charge and answer
    delay:MS                wait, then charge and answer              slow:MS     charge, then wait, then answer
    reset                   charge, then reset the connection         drop        charge, then close it without an answer
    reset_before            reset it before charging                  cut         charge, then half an answer
    drip                    charge, then headers without an end       huge        charge, then 100 MB
    html  truncated  empty  list     charge, then 200 with such a body
    charge_500              charge, then 500 (any status)
    500                     that status, nothing charged (any status) redirect    302 to another page of this server
    429:SECONDS  429:date:SECONDS    with Retry-After as seconds, or as a date
    failed_section  sentinels        any other word: charge, and let the handler change the body

Faults come from a script (``plan``: one after the other, for one kind of request, or one account), else by odds drawn from a seed, the
account and how often it was asked, so that the order in which threads arrive changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

HUGE: Final = 100_000_000
ORDER: Final = "order"
_LINGER: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        found = json.loads(self.body or b"{}")
        return found if isinstance(found, dict) else {}


@dataclass
class Reply:
    """What a handler answers when nothing goes wrong. ``on``: the kind of request, for faults; ``charge``: books the charge;
    ``change``: the body under a fault that only the handler knows."""

    body: Any = None
    status: int = 200
    on: str = ORDER
    account: str = ""
    charge: Callable[[], None] = lambda: None
    change: Callable[[str], Any] | None = None
    seen: Callable[[str], None] = lambda _: None


Handler = Callable[[Request], Reply]


@dataclass
class Faults:
    """Which fault is next; thread-safe as far as the tests need it."""

    scripts: list[tuple[str, str | None, deque[str]]] = field(default_factory=list)
    odds: dict[str, tuple[int, dict[str, float]]] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def plan(self, faults: Iterable[str], on: str = ORDER, account: str | None = None) -> None:
        """The next requests of this kind (of this account) go so."""
        self.scripts.append((on, account, deque(faults)))

    def chance(self, odds: Mapping[str, float], seed: int, on: str = ORDER) -> None:
        """From now on requests of this kind go wrong with these probabilities."""
        self.odds[on] = (seed, dict(odds))

    def next(self, on: str, account: str) -> str:
        for wanted, whose, script in self.scripts:
            if wanted == on and whose in (None, account) and script:
                return script.popleft()
        self.asked[on, account] += 1
        seed, odds = self.odds.get(on, (0, {}))
        drawn = _draw(f"{seed}|{on}|{account}|{self.asked[on, account]}")
        for fault, chance in odds.items():
            if drawn < chance:
                return fault
            drawn -= chance
        return "ok"


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


class Server:
    """The server itself, in the event loop of whoever calls ``serve``."""

    def __init__(self, handler: Handler, faults: Faults | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.tls = tls
        self.faults = faults or Faults()
        self.port = 0
        self._talks: set[asyncio.Task[None]] = set()

    async def serve(self, port: int, ready: Callable[[int], None], until: asyncio.Event) -> None:
        """Listen on loopback until ``until`` is set; ``ready`` is told the port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready(self.port)
        await until.wait()
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        await asyncio.sleep(0.01)  # who was let in just now begins to talk; a server closed in between would leak him
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0.01)  # connections that were cut close in the next turns of the loop

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answer_one(await _read(reader), writer):
                pass
        writer.transport.abort()

    async def _answer_one(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection stays open."""
        reply = self.handler(request)
        fault = self.faults.next(reply.on, reply.account) if reply.on else "ok"
        reply.seen(fault)
        name, _, number = fault.partition(":")
        if name == "delay":
            await asyncio.sleep(float(number) / 1000)
        if not (name.isdigit() or name in ("reset_before", "redirect")) and reply.status < 300:
            reply.charge()
        if name == "slow":
            await asyncio.sleep(float(number) / 1000)
        if name in ("reset", "reset_before", "drop", "cut", "drip", "huge"):
            await _break(name, reply, writer)
            return False
        status, headers, body = _answer(name, number, reply)
        writer.write(_head(status, headers, len(body)) + body)
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    parts = [line.partition(":") for line in lines]
    headers = {name.strip().lower(): value.strip() for name, _, value in parts}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(target)
    return Request(method, unquote(url.path), dict(parse_qsl(url.query)), headers, body)


def _head(status: int, headers: Mapping[str, str], length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {status} -",
        f"Content-Length: {length}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _answer(name: str, number: str, reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a whole answer under a fault."""
    headers = {"Content-Type": "application/json"}
    if name == "redirect":
        return 302, {"Location": "/elsewhere?from=redirect"}, b""
    if name == "html":
        return 200, {"Content-Type": "text/html"}, b"<html><body><h1>504 Gateway Time-out</h1></body></html>"
    if name.removeprefix("charge_").isdigit():
        status = int(name.removeprefix("charge_"))
        return status, headers | _retry_after(number), _json({"message": f"status {status}"})
    if name == "empty":
        return 200, headers, b""
    if name == "list":
        return 200, headers, b"[]"
    if name in ("ok", "delay", "slow", "truncated"):
        body = _json(reply.body)
        return reply.status, headers, body[: len(body) // 2] if name == "truncated" else body
    return reply.status, headers, _json(reply.change(name) if reply.change else reply.body)


def _retry_after(number: str) -> dict[str, str]:
    if not number:
        return {}
    kind, _, seconds = number.rpartition(":")
    return {"Retry-After": formatdate(time() + float(seconds), usegmt=True) if kind == "date" else seconds}


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


async def _break(name: str, reply: Reply, writer: asyncio.StreamWriter) -> None:
    """The faults after which the connection is of no use."""
    if name in ("reset", "reset_before"):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    elif name == "cut":
        body = _json(reply.body)
        writer.write(_head(200, {"Content-Type": "application/json"}, len(body)) + body[: len(body) // 2])
    elif name == "huge":
        writer.write(_head(200, {"Content-Type": "application/json"}, HUGE))
        for _ in range(HUGE // 1_000_000):
            writer.write(b" " * 1_000_000)
            await writer.drain()
    elif name == "drip":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for count in range(3000):
            writer.write(f"X-Drip-{count % 50}: 1\r\n".encode() if count < 90 else b" ")
            await writer.drain()
            await asyncio.sleep(0.02)
    if name in ("cut", "drop"):
        await writer.drain()
        writer.close()


class InThread:
    """A server in a thread of this process: ``with InThread(handler) as server: server.url``."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.faults = Faults()
        self._server = Server(handler, self.faults, tls)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._until = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="loopback bureau", daemon=True)

    @property
    def url(self) -> str:
        return f"http{'s' if self._server.tls else ''}://127.0.0.1:{self._server.port}"

    def _run(self) -> None:
        serving = self._server.serve(0, lambda _: self._ready.set(), self._until)
        self._loop.run_until_complete(serving)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def __enter__(self) -> InThread:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the loopback bureau did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join(10)
