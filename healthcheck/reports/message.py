"""One mail to one person, as the exact bytes that will be sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final
from uuid import NAMESPACE_URL, uuid4, uuid5

import css_inline

from healthcheck.errors import Fatal
from healthcheck.months import Month
from healthcheck.reports.text import printable

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_HEADERS: Final = frozenset(
    "from to subject date message-id references list-id auto-submitted x-auto-response-suppress reply-to "
    "mime-version content-type".split()
)
_POLICY: Final = policy.SMTP.clone(max_line_length=78)


@dataclass(frozen=True)
class Letter:
    """What is to be sent; ``html`` with its styles inlined. ``list_name``: the list it belongs to (``credit``, ``reps``);
    empty: a letter to one customer, which a person had sent."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    list_name: str
    reply_to: tuple[str, ...] = ()


def is_address(text: str) -> bool:
    """True for one plain ASCII address and nothing around it."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def new_id(month: Month, kind: str, sender: str) -> str:
    """A Message-ID that nobody else has; kept with the message, so that a second sending is known as the same one."""
    return f"<{month}.{kind}.{uuid4().hex}@{_host(sender)}>"


def build(letter: Letter, message_id: str, month: Month, now: datetime, key_header: str = "") -> bytes:
    """The whole message, CRLF lines, seven bits. Raises Fatal if anything put a header there that is not ours.

    ``key_header``: the header by which the provider knows a message that comes twice, if it has one.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = letter.sender
    mail["To"] = letter.recipient
    mail["Subject"] = printable(letter.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    if letter.list_name:
        _mark_as_list(mail, letter, month)
    if letter.reply_to:
        mail["Reply-To"] = ", ".join(letter.reply_to)
    if key_header:
        mail[key_header] = str(uuid5(NAMESPACE_URL, f"mid:{message_id.strip('<>')}"))
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return _checked(mail.as_bytes(), key_header)


def _mark_as_list(mail: EmailMessage, letter: Letter, month: Month) -> None:
    mail["References"] = _root(letter, month)
    mail["List-Id"] = f"Health check, {letter.list_name} <{letter.list_name}.healthcheck.{_host(letter.sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply, RN, NRN"


def parts(body: bytes) -> tuple[str, str]:
    """The text and the HTML of a message as built here."""
    mail = message_from_bytes(body, policy=policy.default)
    found = (mail.get_body((kind,)) for kind in ("plain", "html"))
    text, html = (part.get_content().replace("\r\n", "\n") if part else "" for part in found)
    return text, html


def inlined(html: str) -> str:
    """The page with its style sheet written into the elements; media queries stay. Loads nothing from anywhere."""
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, remove_inlined_selectors=True)
    return str(inliner.inline(html))


def _root(letter: Letter, month: Month) -> str:
    """All mails of one list and year are one conversation."""
    return f"<healthcheck.{letter.list_name}.{month.year}@{_host(letter.sender)}>"


def _host(sender: str) -> str:
    host = parseaddr(sender)[1].rpartition("@")[2]
    return host if re.fullmatch(r"[A-Za-z0-9.-]+", host) else "localhost"


def is_free(header: str) -> bool:
    """True for a header that no message of ours has."""
    return header.lower() not in {*_HEADERS, "bcc", "cc", "sender", "content-transfer-encoding"}


def _checked(body: bytes, key_header: str) -> bytes:
    """What a mail server will read must have our headers and no others, once each."""
    known = _HEADERS | {key_header.lower()}
    names = [name.lower() for name in message_from_bytes(body, policy=policy.default).keys()]  # noqa: SIM118
    if strange := sorted(name for name in names if name not in known or names.count(name) > 1):
        raise Fatal(
            f"a digest came out with headers that are not ours ({', '.join(dict.fromkeys(strange))}); nothing was sent"
        )
    return body
