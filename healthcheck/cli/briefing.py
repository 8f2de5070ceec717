"""``brief``: seven questions about a late account, answered from the books as far as they go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from healthcheck.cli import common
from healthcheck.errors import UsageError

if TYPE_CHECKING:
    from healthcheck.playbook.policy import Policy
    from healthcheck.playbook.situation import Situation


def brief(
    account: str = typer.Argument(..., help="The account's number."),
    as_of: str = typer.Option(None, "--as-of", metavar="DATE", help="As known on this date. Default: today."),
    audience: str = typer.Option(
        "credit",
        "--for",
        help="credit; or sales: without what a bureau or an insurer says, and only where sales may help.",
    ),
    lang: str = typer.Option("en", "--lang", help="en or de."),
    html: Path = typer.Option(None, "--html", metavar="FILE", help="Write a page; printed from a browser it is a PDF."),
    entity: str = typer.Option(None, "--entity", help="Our legal entity, where an account number stands in several."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
) -> None:
    """Seven questions before the next step: answered from the books, and marked where a person must answer."""
    from healthcheck.playbook import brief as briefs
    from healthcheck.playbook.gather import situation
    from healthcheck.playbook.language import language
    from healthcheck.playbook.policy import policy_from
    from healthcheck.reports import briefing
    from healthcheck.reviews.screen import find

    words = language(lang)
    if audience not in (briefs.CREDIT, briefs.SALES):
        raise UsageError(f"--for {audience!r} is neither credit nor sales")
    settings, now = common.settings(), common.now()
    engine = common.open_database(settings)
    day = common.day(as_of, "--as-of") or settings.business_day(now)
    found = situation(engine, find(engine, account, entity), day, settings, now)
    policy = policy_from(settings)
    if audience == briefs.SALES:
        _allow(found, policy)
    made = briefs.brief(found, words, policy, audience)
    if html:
        common.write_text(html, briefing.page(made))
    if as_json:
        common.print_json(made.line())
    elif not html:
        briefing.print_brief(made)


def _allow(found: Situation, policy: Policy) -> None:
    from healthcheck.playbook.facts import Facts

    kept = Facts(found, policy).kept_out
    if kept is not None:
        raise UsageError(f"sales keeps out of {found.customer.account} ({kept.why}): there is no brief for sales")
