"""Where mail goes: one sender for each kind of ``MAIL_URL``.

    file:./outbox                              one .eml file a message in that folder
    smtp://host:25                             plain
    smtp+starttls://user:password@host:587     begins plain, goes on encrypted; user and password percent-encoded
    smtps://user:password@host:465             encrypted from the start

The server's certificate is checked against the system's authorities, or against those in ``MAIL_CA_FILE`` alone. A password goes in the
clear to this machine and to ``ALLOWED_PRIVATE_HOSTS`` only.

A sender hands over one message to one person and says by an error what is known when it cannot:
``Refused`` (for good), ``Retriable`` (not now), ``Unreachable`` (nobody can be served now), ``Uncertain`` (it may have arrived).
"""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from healthcheck.elapsed import seconds
from healthcheck.errors import HealthcheckError, Retriable, Skippable, Uncertain, UsageError
from healthcheck.settings import Settings

TIMEOUT: Final = 30.0  # seconds for each answer of the mail server
PREPARING: Final = 180.0  # seconds until the message itself has to leave; after that it is not ours for sure any more
_NEAR: Final = ("localhost", "127.0.0.1", "::1")
_SCHEMES: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class Refused(Skippable):
    """The server will not take this message for this person, now or later."""


class Unreachable(Retriable):
    """The server itself cannot be used at the moment; nothing was handed over."""


class Sender(Protocol):
    """``repeatable``: handing over the same bytes twice leaves one copy."""

    repeatable: bool

    def send(self, sender: str, recipient: str, message_id: str, body: bytes) -> None: ...

    def greet(self) -> None:
        """Come as far as one can without handing anything over; raises what ``send`` raises until there."""

    def __enter__(self) -> Sender: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def sender(settings: Settings) -> Sender:
    """The sender for ``MAIL_URL``. Raises UsageError in one line, without the password, if it cannot be used."""
    url = settings.mail_url
    scheme = url.partition(":")[0]
    if scheme == "file":
        return Folder(Path(unquote(url.removeprefix("file:").removeprefix("//")) or "."))
    if scheme in _SCHEMES:
        parts = _split(url)
        _require_private(parts, settings)
        return Relay(parts, None if scheme == "smtp" else trusting(settings.mail_ca_file))
    raise UsageError("HEALTHCHECK_MAIL_URL: write it as file:./outbox, smtp://host:port, smtps:// or smtp+starttls://")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and not parts.path.strip("/")
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "HEALTHCHECK_MAIL_URL: no host and port could be read; write it as smtp://user:password@host:port"
        )
    return parts


def _require_private(parts: SplitResult, settings: Settings) -> None:
    near = (*_NEAR, *settings.allowed_private_hosts)
    if parts.scheme == "smtp" and parts.password and parts.hostname not in near:
        raise UsageError(
            f"HEALTHCHECK_MAIL_URL: the password would go to {parts.hostname} in the clear; use smtps:// or smtp+starttls://, "
            "or name the host in HEALTHCHECK_ALLOWED_PRIVATE_HOSTS"
        )


def trusting(ca_file: str) -> ssl.SSLContext:
    """Checks certificates and names; by the authorities in ``ca_file`` alone where one is given. Raises UsageError if it holds none."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # an SSLError is one too
        reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(f"HEALTHCHECK_MAIL_CA_FILE: cannot use {ca_file}: {reason}") from None


class Folder:
    """Writes each message as ``<message-id>.eml``, whole or not at all; the same message twice is one file."""

    repeatable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Folder:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise self._unusable(PermissionError(13, "no right to write there"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def greet(self) -> None:
        with self:
            return

    def send(self, sender: str, recipient: str, message_id: str, body: bytes) -> None:
        """Raises UsageError without rights, Unreachable when the disk is full."""
        target = self.folder / file_name(message_id)
        part = target.with_suffix(f".{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except (PermissionError, NotADirectoryError) as error:
            raise self._unusable(error) from None
        except OSError as error:
            part.unlink(missing_ok=True)
            raise Unreachable(f"cannot write to {self.folder}: {error.strerror}") from None

    def _unusable(self, error: OSError) -> UsageError:
        return UsageError(f"HEALTHCHECK_MAIL_URL: cannot write mail into the folder {self.folder}: {error.strerror}")


def file_name(message_id: str) -> str:
    """The Message-ID without brackets, as the name of a file."""
    return re.sub(r"[^A-Za-z0-9.@_-]", "_", message_id.strip("<>")).lstrip(".") + ".eml"


class Relay:
    """Hands messages to a mail server, one transaction each, over one connection as long as it holds."""

    repeatable = False

    def __init__(self, url: SplitResult, trust: ssl.SSLContext | None) -> None:
        self.url, self.trust = url, trust
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop(politely=kind is None)

    def greet(self) -> None:
        self._smtp = self._smtp or self._connect()

    def send(self, sender: str, recipient: str, message_id: str, body: bytes) -> None:
        """Raises Unreachable, Retriable, Refused or Uncertain; after Uncertain the connection is made anew."""
        until = seconds() + PREPARING
        smtp = self._smtp or self._connect()
        self._smtp = smtp
        try:
            submit(smtp, sender, recipient, body, until)
        except HealthcheckError as error:
            self._drop(politely=isinstance(error, Refused))
            raise

    def _connect(self) -> smtplib.SMTP:
        try:
            return self._greeted()
        except smtplib.SMTPAuthenticationError as error:
            raise Unreachable(f"{self._where} does not accept the user and password ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise Unreachable(f"{self._where} says {_reply(error.smtp_code, error.smtp_error)}") from None
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"{self._where} has a certificate that is not trusted: {error.verify_message}; nothing was sent "
                "(a relay of your own: set HEALTHCHECK_MAIL_CA_FILE)"
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"{self._where} cannot be reached: {_reason(error)}") from None

    def _greeted(self) -> smtplib.SMTP:
        smtp = self._called()
        try:
            if self.url.scheme == "smtp+starttls":
                smtp.starttls(context=self.trust)
            smtp.ehlo_or_helo_if_needed()
            if self.url.username:
                smtp.login(unquote(self.url.username), unquote(self.url.password or ""))
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _called(self) -> smtplib.SMTP:
        host, port = self.url.hostname or "", self.url.port or _SCHEMES[self.url.scheme]
        if self.url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=self.trust)
        return smtplib.SMTP(host, port, timeout=TIMEOUT)

    @property
    def _where(self) -> str:
        return f"the mail server {self.url.hostname}:{self.url.port or _SCHEMES[self.url.scheme]}"

    def _drop(self, politely: bool) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            if politely:
                smtp.quit()
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            smtp.close()


def submit(smtp: smtplib.SMTP, sender: str, recipient: str, body: bytes, until: float) -> None:
    """One message to one person. Until the server says 354 nothing has been handed over; after it, silence is Uncertain.

    Past ``until``, by ``seconds``, the message may be another's by now and does not leave.
    """
    try:
        _require_ours(smtp.mail(sender))
        _require(smtp.rcpt(recipient), "RCPT TO")
        _require(smtp.docmd("DATA"), "DATA", 354)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"the mail server hung up: {_reason(error)}") from None
    if seconds() > until:
        raise Unreachable("the mail server, or this machine, took too long; nothing was handed over")
    try:
        smtp.send(_stuffed(body))
        answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Uncertain(f"the mail server fell silent after the message: {_reason(error)}") from None
    _require(answer, "the message")


def _require_ours(answer: tuple[int, bytes]) -> None:
    """A sender that is refused is refused for every message: that is no fault of this one."""
    try:
        _require(answer, "MAIL FROM")
    except Refused as error:
        raise Unreachable(f"{error} (see HEALTHCHECK_MAIL_FROM)") from None


def _require(answer: tuple[int, bytes], step: str, wanted: int = 250) -> None:
    code, text = answer
    if code == wanted or (wanted == 250 and code == 251):
        return
    said = f"{step}: {_reply(code, text)}"
    if code == 421:
        raise Unreachable(said)
    raise Refused(said) if 500 <= code < 600 else Retriable(said)


def _stuffed(body: bytes) -> bytes:
    """CRLF lines, a dot before a dot, and the final dot."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", body)
    return re.sub(rb"(?m)^\.", b"..", lines.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _reply(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(said.split())}"[:200]


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())[:200] or type(error).__name__
