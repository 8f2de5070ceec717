"""Mail servers on loopback that do as they are told."""

from __future__ import annotations

import socket
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Postbox:
    """What the server took, and what it says to whom: a reply, or ``drop`` to hang up after the message."""

    def __init__(self):
        self.taken: list[tuple[str, bytes]] = []
        self.encrypted: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.mail: list[str] = []
        self.rcpt: dict[str, list[str]] = {}
        self.data: list[str] = []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.mail:
            return self.mail.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        replies = self.rcpt.get(address)
        if replies:
            return replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = self.data.pop(0) if self.data else "250 OK"
        if reply[:3] in ("250", "dro"):
            self.taken.extend((to, envelope.content) for to in envelope.rcpt_tos)
            self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        if reply == "drop":
            server.transport.abort()
        return reply if reply != "drop" else "250 OK"

    def admit(self, server, session, envelope, mechanism, data):
        """An authenticator that lets everybody in and remembers who came."""
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(handler, port: int | None = None, **more):
    """A server for ``handler``; yields its port. ``more``: see aiosmtpd's Controller."""
    controller = Controller(handler, hostname="127.0.0.1", port=port or free_port(), **more)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
