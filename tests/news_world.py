"""Bureaus that tell what has changed, on loopback: Creditsafe's portfolio under /cs, Companies House's filings under /ch, EDGAR's under
/sec."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import col, select

from healthcheck.bureaus.loopback import Reply, Request
from healthcheck.store.books import Account
from healthcheck.store.events import Event, Watch
from healthcheck.store.session import read, write
from healthcheck.store.work import Standing
from tests import review_world
from tests.servers.registers import PROFILE, submissions

NOW = datetime(2026, 7, 10, 9, tzinfo=UTC)
TODAY = NOW.date()
SIZE = 2  # of a page of Creditsafe's events, whatever is asked for


class Office:
    """The handler. ``events``: Creditsafe's, as ``event`` makes them; ``filings``: by company number, ``profile``: what
    is said of each; ``asked``: calls by kind."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.filings: dict[str, list[dict[str, Any]]] = {}
        self.profile: dict[str, Any] = {}
        self.filed: list[tuple[str, ...]] = []
        self.entered: list[str] = []
        self.asked: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        _, office, *rest = request.path.split("/")
        kind = f"{office} {rest[-1]}"
        self.asked[kind] += 1
        if kind == "cs authenticate":
            return Reply({"token": "jwt"}, on="token")
        if request.method == "DELETE":
            there = rest[-1] in self.entered
            self.entered = [one for one in self.entered if one != rest[-1]]
            return Reply({}, 200 if there else 404, on="enter")
        if kind == "cs companies":
            company = request.json()["id"]
            there = company in self.entered
            self.entered += [] if there else [company]
            return Reply({"message": "there" if there else "entered"}, 409 if there else 200, on="enter")
        if kind == "cs notificationEvents":
            return Reply(self._page(request), on="news")
        if office == "ch":
            found = self.filings.get(rest[1])
            body = {"items": found or []} if rest[-1] == "filing-history" else {**PROFILE, **self.profile}
            return Reply(body, 404 if found is None else 200, on="news")
        return Reply(submissions(*self.filed), on="news")

    def _page(self, request: Request) -> dict[str, Any]:
        begin, end = request.query["startDate"][:10], request.query["endDate"][:10]
        found = [one for one in self.events if begin <= one["createdDate"] <= end]
        page, last = int(request.query["page"]), max(0, (len(found) - 1) // SIZE)
        shown = found[page * SIZE : (page + 1) * SIZE]
        return {
            "totalCount": len(found),
            "data": shown,
            "paging": {"size": SIZE, "prev": page - 1, "next": page + 1, "last": last},
        }


def event(number: int, company: str, on: date = TODAY, was: str = "B", now: str = "D") -> dict[str, Any]:
    return {
        "company": {"id": company}, "eventId": number, "eventDate": f"{on}T08:23:37", "createdDate": on.isoformat(), "ruleCode": 101,
        "ruleName": "Rating", "oldValue": was, "newValue": now,
    }  # fmt: skip


def filing(ref: str, category: str, description: str, on: date = TODAY) -> dict[str, Any]:
    return {
        "transaction_id": ref,
        "category": category,
        "description": description,
        "date": on.isoformat(),
        "type": "X",
    }


def settings(engine, folder, url, bureaus="creditsafe", **more):
    given = {
        "bureaus": bureaus, "bureau_budget": "1000", "allowed_private_hosts": "127.0.0.1",
        "creditsafe_base_url": f"{url}/cs", "creditsafe_username": f"us-{id(engine)}", "creditsafe_password": "pw",
        "creditsafe_cost_per_pull": "4.20", "creditsafe_portfolio": "77",
        "companies_house_base_url": f"{url}/ch", "companies_house_api_key": "key", "companies_house_rate_limit": "",
        "sec_edgar_base_url": f"{url}/sec", "sec_edgar_user_agent": "Nordwind credit@nordwind.example", "sec_edgar_rate_limit": "",
    }  # fmt: skip
    return review_world.settings(engine, folder, **{**given, **more})


def link(engine, rotating=True, **links) -> None:
    """Accounts by number, each linked as said: ``C1={"creditsafe_id": "GB-1"}``."""
    with write(engine) as session:
        for account, given in links.items():
            row = Account(account=account, country="GB", **given)
            session.add(row)
            session.flush()
            session.add(Standing(account_id=row.id, first_known=TODAY, cycle=12 if rotating else None))


def told(engine) -> list[tuple[str, str, str, str]]:
    """Account, number of the news, what, when it was seen."""
    with read(engine) as session:
        rows = session.exec(
            select(Account.account, Event).join(Event).order_by(col(Account.account), col(Event.ref))
        ).all()
        return [(account, one.ref, one.what, one.seen_on.isoformat()) for account, one in rows]


def watched(engine) -> list[tuple[str, int, str, str, bool]]:
    with read(engine) as session:
        rows = session.exec(select(Watch).order_by(col(Watch.bureau), col(Watch.account_id))).all()
        return [(row.bureau, row.account_id, row.company, row.cursor, row.polled_at is not None) for row in rows]
