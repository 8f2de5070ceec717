"""Six papers as they were looked at: two briefs and four letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthcheck.playbook.brief import brief
from healthcheck.playbook.language import language
from healthcheck.playbook.letters import draft
from healthcheck.reports import briefing
from healthcheck.reports.letters import compose
from tests.late_world import (
    HEAD,
    POLICY,
    addressee,
    evasive,
    foreign,
    middle,
    new,
)

GOLDEN = Path(__file__).parents[1] / "data" / "papers"
SIX = {  # file -> how it is made
    "brief-middle-en.html": lambda: briefing.page(brief(middle(), language("en"), POLICY)),
    "brief-evasive-de.html": lambda: briefing.page(brief(evasive(), language("de"), POLICY)),
    "verification-new-de.txt": lambda: letter(new(), "verification", "de").text,
    "reminder-middle-en.html": lambda: letter(middle(), "reminder", "en").html,
    "instalments-foreign-en.txt": lambda: letter(foreign(), "instalments", "en").text,
    "demand-evasive-de.txt": lambda: letter(evasive(), "demand", "de").text,
}


def letter(of, kind, code="en", own=HEAD, wish=None, **more):
    return compose(draft(of, kind, POLICY, wish), of.customer, addressee(**more), language(code), own)


# ---- golden files


@pytest.mark.parametrize("name", SIX)
def test_six_papers_stay_as_they_were_looked_at(name):
    """To renew one after a meant change: delete the file, run this, and look at what was written."""
    made, file = SIX[name](), GOLDEN / name
    if not file.exists():
        file.write_text(made, encoding="utf-8")
        pytest.fail(f"{file} was not there; it was written now: look at it")
    assert made == file.read_text(encoding="utf-8")
