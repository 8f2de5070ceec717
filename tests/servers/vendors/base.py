"""One vendor's protocol as the tests' bureau speaks it, and what a test must know to set its adapter up."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from healthcheck.bureaus.loopback import Reply, Request

Body = dict[str, Any]


class Desk(Protocol):
    """The tests' bureau, as far as a vendor needs it."""

    orders: dict[tuple[str, str], list[str]]  # (the vendor's path, our reference) to the companies charged
    bodies: dict[str, Any]  # what to answer about a company, where a test said so
    tokens: set[str]

    def new_token(self) -> str:
        """A token that is good until ``expire_tokens`` or a restart."""

    def order(self, vendor: Vendor, company: str, reference: str, body: Any) -> Reply:
        """The answer ``body`` to an order for a report, which charges the company under our reference."""


class Vendor:
    """Answers whatever comes under ``/path``. Companies that begin with ``NONE`` are not known to it."""

    path: ClassVar[str]
    column: ClassVar[str] = ""  # the account's column that holds the vendor's id; empty: our own number will do
    secrets: ClassVar[tuple[str, ...]] = ()  # the settings that must not show

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @classmethod
    def company(cls, number: int) -> str:
        """The vendor's id of the ``number``th company."""
        return f"C{number}"

    @classmethod
    def settings(cls, url: str) -> dict[str, str]:
        """The settings under which the adapter speaks to the tests' bureau at ``url``; a report costs 4.20."""
        return {}

    def answer(self, request: Request, rest: list[str]) -> tuple[Reply, str]:
        """The reply, and our reference in the request. ``rest``: the path's parts after ``path``."""
        raise NotImplementedError

    def change(self, body: Any, fault: str) -> Any:
        """The body, a copy, with a section that failed ("failed_section") or codes where numbers belong ("sentinels")."""
        return body

    def lets_in(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.desk.tokens
