"""A bureau in a process of its own, which counts what it charges. Ask it, not our database, what happened.

    with BureauServer(tmp_path) as server:
        server.url                                   http://127.0.0.1:PORT
        server.plan(["reset", "429:2"])              the next two orders go wrong; then all is well ("ok" is a step too)
        server.plan(["401"], on="token")             on: order | token | find | lookup
        server.plan(["html"] * 3, account="C042")    only this account's orders
        server.misbehave({"reset": 0.1, "charge_500": 0.05}, seed=7)
        server.body("C042", {...})                   what it answers from now on
        server.charges()                             Counter of "account|reference", read from its file (also when it is dead)
        server.charged()                             Counter of accounts: the one to assert "never twice" on
        server.requests()                            every request: on, method, path, account, reference, fault
        server.kill(); server.start()                SIGKILL and back on the same port; charges stay, tokens and plans do not
        server.expire_tokens()

The faults are those of ``healthcheck.bureaus.loopback``. It speaks the vendors' protocols, each under a path of its own
(``tests.servers.vendors``; Creditsafe's under /v1), and two of nobody's:

    /key      POST /key/orders {account}, header Idempotency-Key: the same key gets the same answer and is charged once.
    /lookup   POST /lookup/orders {account, reference}: charged each time; GET /lookup/orders?reference= tells what was ordered.

/key and /lookup want the header ``X-Api-Key: sesame`` and answer {account, reference, report: a report in normal form without a date};
their adapters stand in ``tests.servers.adapters``. Accounts that begin with ``NONE`` are not known to any of them (404).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.request import Request as Call
from urllib.request import urlopen

from healthcheck.bureaus.loopback import Reply, Request, Server
from tests.servers.vendors import VENDORS, Vendor

ROOT = Path(__file__).parents[2]
API_KEY = "sesame"
NORMAL: dict[str, Any] = {
    "currency": "EUR", "status": "active", "filings_overdue": False, "legal": [], "banks_on_file": ["COBADEFF"],
    "score": {"value": "71", "scale_min": "1", "scale_max": "100", "higher_is_better": True, "band": "B",
              "bands": ["A", "B", "C", "D", "E"], "model": "2024"},
    "limit": {"amount": "240000", "currency": "EUR"}, "payment": {"dbt": "6", "paydex": "74"},
    "ownership": {"control_changed": False, "owners": ["Norda Holding"]},
}  # fmt: skip


class Bureau:
    """The handler: what this bureau answers, and the file of what it charged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._charges = (folder / "charges.jsonl").open("ab", buffering=0)
        self._requests = (folder / "requests.jsonl").open("ab", buffering=0)
        self.orders: dict[tuple[str, str], list[str]] = {}  # (protocol, reference) -> accounts
        for line in _lines(folder / "charges.jsonl"):
            self.orders.setdefault((line["protocol"], line["reference"]), []).append(line["account"])
        self.bodies: dict[str, Any] = {}
        self.tokens: set[str] = set()
        self.server = Server(self)
        self.vendors = {vendor.path: vendor(self) for vendor in VENDORS.values()}

    def __call__(self, request: Request) -> Reply:
        _, protocol, *rest = (*request.path.split("/"), "")
        if protocol == "_control":
            return self._control(request)
        if protocol in self.vendors:
            reply, reference = self.vendors[protocol].answer(request, rest)
        elif protocol in ("key", "lookup"):
            reply, reference = self._generic(request, protocol)
        else:
            reply, reference = Reply({"message": "elsewhere"}, 404, on="elsewhere"), ""
        reply.seen = lambda fault: self._note(request, reply, reference, fault)
        return reply

    def _note(self, request: Request, reply: Reply, reference: str, fault: str) -> None:
        said = {"on": reply.on, "method": request.method, "path": request.path, "query": request.query, "fault": fault}
        _write(self._requests, {**said, "account": reply.account, "reference": reference, "status": reply.status})

    def _charge(self, protocol: str, account: str, reference: str) -> None:
        self.orders.setdefault((protocol, reference), []).append(account)
        _write(self._charges, {"protocol": protocol, "account": account, "reference": reference})

    # ---- what vendors need

    def new_token(self) -> str:
        token = f"token-{os.getpid()}-{time.monotonic_ns()}"
        self.tokens.add(token)
        return token

    def order(self, vendor: Vendor, company: str, reference: str, body: Any) -> Reply:
        return self._order(vendor.path, company, reference, body, vendor.change)

    # ---- the generic protocols

    def _generic(self, request: Request, protocol: str) -> tuple[Reply, str]:
        given = request.json()
        reference = (
            request.headers.get("idempotency-key") or given.get("reference") or request.query.get("reference", "")
        )
        if request.headers.get("x-api-key") != API_KEY:
            return Reply({"error": "key"}, 401, on="unauthorised"), reference
        if request.method == "GET":
            found = self.orders.get((protocol, reference), [])
            return Reply({"orders": [self._normal(account, reference) for account in found]}, on="lookup"), reference
        account = str(given.get("account", ""))
        return self._order(protocol, account, reference, self._normal(account, reference), _changed), reference

    def _normal(self, account: str, reference: str) -> Any:
        return {"account": account, "reference": reference, "report": self.bodies.get(account, NORMAL)}

    def _order(
        self, protocol: str, account: str, reference: str, body: Any, change: Callable[[Any, str], Any]
    ) -> Reply:
        if account.startswith("NONE"):
            return Reply({"message": "no such company"}, 404, account=account)
        bought = protocol == "key" and account in self.orders.get((protocol, reference), [])
        charge = (lambda: None) if bought else (lambda: self._charge(protocol, account, reference))
        return Reply(body, account=account, charge=charge, change=lambda fault: change(deepcopy(body), fault))

    # ---- what the test wants

    def _control(self, request: Request) -> Reply:
        given = request.json()
        what = request.path.rsplit("/", 1)[-1]
        if what == "plan":
            self.server.faults.plan(given["faults"], given["on"], given["account"])
        elif what == "misbehave":
            self.server.faults.chance(given["odds"], given["seed"], given["on"])
        elif what == "body":
            self.bodies[given["account"]] = given["body"]
        elif what == "expire":
            self.tokens.clear()
        return Reply({"done": what}, on="")


def _changed(body: Any, fault: str) -> Any:
    """The body of a generic protocol with a section that failed, or with codes where numbers belong."""
    report = body["report"]
    if fault == "failed_section":
        report["sections"] = {"score": "failed", "limit": "failed"}
        report.pop("score", None)
    elif fault == "sentinels":
        report |= {"limit": {"amount": "NA"}, "payment": {"dbt": 999, "paydex": {}}}
        report["score"] |= {"value": 998, "band": None}
    return body


def _write(file: Any, line: dict[str, Any]) -> None:
    file.write(json.dumps(line).encode() + b"\n")


def _lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines only: a killed server may leave half of one."""
    text = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in text.split(b"\n")[:-1]]


class BureauServer:
    """The test's side of it; see the module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bureau"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> BureauServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, on the same port as before; back when it listens."""
        command = [sys.executable, "-m", "tests.servers.bureau", str(self.folder), str(self.port)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None

    def plan(self, faults: Iterable[str], on: str = "order", account: str | None = None) -> None:
        self._tell("plan", faults=list(faults), on=on, account=account)

    def misbehave(self, odds: Mapping[str, float], seed: int, on: str = "order") -> None:
        self._tell("misbehave", odds=dict(odds), seed=seed, on=on)

    def body(self, account: str, body: Any) -> None:
        self._tell("body", account=account, body=body)

    def expire_tokens(self) -> None:
        self._tell("expire")

    def _tell(self, what: str, **said: Any) -> None:
        with urlopen(Call(f"{self.url}/_control/{what}", json.dumps(said).encode()), timeout=10) as answer:
            answer.read()

    def charges(self) -> Counter[str]:
        return Counter(f"{line['account']}|{line['reference']}" for line in _lines(self.folder / "charges.jsonl"))

    def charged(self) -> Counter[str]:
        return Counter(line["account"] for line in _lines(self.folder / "charges.jsonl"))

    def requests(self, on: str | None = None) -> list[dict[str, Any]]:
        return [line for line in _lines(self.folder / "requests.jsonl") if on in (None, line["on"])]


async def _main(folder: Path, port: int) -> None:
    until = asyncio.Event()
    _stop_with_parent(asyncio.get_running_loop(), until)
    await Bureau(folder).server.serve(port, lambda port: print(port, flush=True), until)


def _stop_with_parent(loop: asyncio.AbstractEventLoop, until: asyncio.Event) -> None:
    """The pipe to our standard input closes when the test's process ends, however it ends."""

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(until.set)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    asyncio.run(_main(given.folder, given.port))
