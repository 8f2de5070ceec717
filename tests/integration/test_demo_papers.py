"""Every account of the demo's book gets its briefs and letters, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from healthcheck.demo import book, bureau
from healthcheck.demo.days import AS_OF
from healthcheck.demo.runner import KINDS, NOW
from healthcheck.errors import UsageError
from healthcheck.intake.run import Options, import_files
from healthcheck.playbook import letters
from healthcheck.playbook.addresses import addressees
from healthcheck.playbook.brief import brief
from healthcheck.playbook.gather import situations
from healthcheck.playbook.language import LANGUAGES, language
from healthcheck.playbook.policy import policy_from
from healthcheck.reports import briefing
from healthcheck.reports.letters import compose
from healthcheck.settings import load
from healthcheck.store import schema
from healthcheck.store.session import connect, read
from tests.late_world import HEAD

LATER = AS_OF + timedelta(days=75)  # with nothing paid since, nearly everybody is late by then


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Situations of all accounts at the book's date and long after, and whom to write to."""
    folder = tmp_path_factory.mktemp("papers")
    drawn = book.make()
    book.write(drawn, folder)
    bureau.write(drawn.customers, folder / "reports")
    settings = load(_env_file=None, database_url=f"sqlite:///{folder / 'book.db'}")
    engine = connect(settings.database_url)
    schema.upgrade(engine)
    for kind in KINDS:
        import_files(engine, kind, [folder / f"{kind}.csv"], Options(), settings, NOW)
    with read(engine) as session:
        known = addressees(session, list(range(1, len(drawn.customers) + 1)), settings)
    found = {day: list(situations(engine, day, settings, NOW, list(known))) for day in (AS_OF, LATER)}
    yield found, known, policy_from(settings)
    engine.dispose()


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_brief_on_everybody(demo, code):
    found, _, policy = demo
    words = language(code)
    for one in (*found[AS_OF], *found[LATER]):
        made = brief(one, words, policy)
        page = briefing.page(made)
        account = one.customer.account
        assert len(made.questions) == 7
        assert all(question.answers for question in made.questions), account
        assert account in page
        assert not re.search(r"\bNone\b|\{\w+\}|Traceback", re.sub(r"<style.*?</style>", "", page, flags=re.S)), account


@pytest.mark.parametrize("code", LANGUAGES)
def test_all_letters_to_everybody_who_gives_cause_for_one(demo, code):
    found, known, policy = demo
    words, written, reasons = language(code), dict.fromkeys(letters.KINDS, 0), set()
    for day in (AS_OF, LATER):
        for one in found[day]:
            for kind in letters.KINDS:
                try:
                    draft = letters.draft(one, kind, policy)
                except UsageError as nothing:
                    reasons.add(str(nothing).partition(": ")[2] or str(nothing))
                    continue
                paper = compose(draft, one.customer, known[one.customer.key], words, HEAD)
                written[kind] += 1
                assert not re.search(r"\bNone\b|\{\w+\}|\[\w+\]", paper.text), (one.customer.account, kind)
                for number in draft.invoices:
                    assert number in paper.text
                    assert number in paper.html
    assert all(number > 30 for number in written.values()), written
    assert max(map(len, found.values())) > 230
    assert {reason for reason in reasons if "past due, and nobody is written to before day 4" not in reason} == {
        "they have nothing past due that is undisputed", "they have nothing open",
        "nothing was delivered to them of late that they were not asked about",
    }  # fmt: skip
