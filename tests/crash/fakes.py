"""A bureau and a mail server, in one process, that count what reaches them. ``python -m tests.crash.fakes FOLDER``.

Both keep apart who speaks to them: FOLDER/ROOT/POINT is the bureau under ``http://127.0.0.1:PORT/ROOT/POINT`` (see
``tests.servers.bureau``: its ``charges.jsonl``), and the mailbox of all that is sent from an address at the host POINT.ROOT
(``mails.jsonl``, written before the "250"). Where that folder has a file ``slow`` they take their time: the charge is booked and the mail
is kept, and the answer comes later.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import OrderedDict
from dataclasses import replace
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path

from healthcheck.bureaus.loopback import ORDER, Reply, Request, Server
from tests.servers.bureau import ROOT, Bureau, _stop_with_parent

KEPT = 64  # bureaus with open files
SLOW = "slow"
SLOWLY = {"slow:20": 0.3, "slow:100": 0.4, "slow:300": 0.3}  # milliseconds, and how often
MAIL_SECONDS = 0.05


class Bureaus:
    """One bureau a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: OrderedDict[str, Bureau] = OrderedDict()

    def __call__(self, request: Request) -> Reply:
        _, root, point, rest = request.path.replace("/blind/", "/lookup/").split("/", 3)
        name = f"{root}/{point}"
        if name not in self.open:
            self.open[name] = Bureau(self.folder / name)
        self.open.move_to_end(name)
        if len(self.open) > KEPT:
            old = self.open.popitem(last=False)[1]
            old._charges.close()
            old._requests.close()
        reply = self.open[name](replace(request, path=f"/{rest}"))
        if reply.on == ORDER and (self.folder / name / SLOW).exists():
            reply.on = SLOW
        return reply


class Mailboxes:
    """A mail server that takes everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipient = ""
        try:
            writer.write(b"220 mailbox\r\n")
            while line := (await reader.readline()).decode():
                verb = line[:4].upper().strip()
                said = "250 fine"
                if verb == "MAIL":
                    sender = line[line.index("<") + 1 : line.index(">")]
                elif verb == "RCPT":
                    recipient = line[line.index("<") + 1 : line.index(">")]
                elif verb == "DATA":
                    writer.write(b"354 go on\r\n")
                    body = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                    if (self.take(sender.partition("@")[2], recipient, body) / SLOW).exists():
                        await asyncio.sleep(MAIL_SECONDS)
                elif verb == "QUIT":
                    said = "221 bye"
                writer.write(f"{said}\r\n".encode())
                if verb == "QUIT":
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def take(self, name: str, recipient: str, body: bytes) -> Path:
        """Keep it; the folder."""
        message_id = message_from_bytes(body)["Message-ID"]
        told = {"to": recipient, "id": message_id, "hash": sha256(body).hexdigest(), "body": body.decode("latin-1")}
        point, _, root = name.partition(".")
        with (self.folder / root / point / "mails.jsonl").open("ab", buffering=0) as file:
            file.write(json.dumps(told).encode() + b"\n")
        return self.folder / root / point


class Fakes:
    """The test's side of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bureau = self.mail = 0

    def __enter__(self) -> Fakes:
        command = [sys.executable, "-m", "tests.crash.fakes", str(self.folder)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=env)
        self.bureau, self.mail = map(int, self.process.stdout.readline().split())
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=10)


async def _main(folder: Path) -> None:
    until = asyncio.Event()
    _stop_with_parent(asyncio.get_running_loop(), until)
    limit = 1 << 24
    mail = await asyncio.start_server(Mailboxes(folder).talk, "127.0.0.1", 0, limit=limit)
    port = mail.sockets[0].getsockname()[1]
    server = Server(Bureaus(folder))
    server.faults.chance(SLOWLY, seed=1, on=SLOW)
    await server.serve(0, lambda bureau: print(bureau, port, flush=True), until)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
