"""The demo finds every story of its book, and says of each what must be said."""

from __future__ import annotations

import email
import json
import os
import resource
import sqlite3
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email import policy
from pathlib import Path
from typing import Any

import pytest

from healthcheck.demo import late, stories

HOME = Path(__file__).parents[2]


def healthcheck(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEALTHCHECK_")}
    env["PYTHONPATH"] = str(HOME)
    command = [sys.executable, "-m", "healthcheck", *words]
    return subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, timeout=180, check=False)


@dataclass(frozen=True)
class Demo:
    folder: Path
    said: dict[str, Any]
    seconds: float  # of processor time
    reviews: dict[str, str]  # account -> verdict
    findings: dict[str, dict[str, tuple[str, str]]]  # account -> check -> outcome, summary
    mails: dict[str, str]  # recipient -> subject and text

    def outcome(self, account: str, check: str) -> str:
        return self.findings[account][check][0]

    def summary(self, account: str, check: str) -> str:
        return self.findings[account][check][1]

    @property
    def credit(self) -> str:
        return self.mails["credit@harbour-pine.example"]

    @property
    def reps(self) -> dict[str, str]:
        return {to: text for to, text in self.mails.items() if not to.startswith("credit@")}


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    where = tmp_path_factory.mktemp("demo")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = healthcheck(where, "demo", "--json")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    folder = where / "healthcheck-demo"
    with sqlite3.connect(folder / "healthcheck.db") as database:
        this = "FROM review r JOIN account a ON a.id = r.account_id JOIN month m ON m.id = r.month_id WHERE m.month = '2026-10'"
        reviews = dict(database.execute(f"SELECT a.account, r.verdict {this}"))
        rows = database.execute(
            'SELECT a.account, f."check", f.outcome, f.summary FROM finding f '
            "JOIN review r ON r.id = f.review_id JOIN account a ON a.id = r.account_id "
            "JOIN month m ON m.id = r.month_id WHERE m.month = '2026-10'"
        ).fetchall()
    database.close()
    findings: dict[str, dict[str, tuple[str, str]]] = {}
    for account, check, outcome, summary in rows:
        findings.setdefault(account, {})[check] = (outcome, summary)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Demo(
        folder, json.loads(done.stdout), seconds, reviews, findings, dict(map(_mail, folder.glob("outbox/*.eml")))
    )


def _mail(path: Path) -> tuple[str, str]:
    mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    text = mail.get_body(("plain",)).get_content()
    return str(mail["To"]), f"{mail['Subject']}\n" + " ".join(text.split())


# ---- the whole


def test_the_demo_takes_less_than_twenty_seconds_of_a_processor(demo):
    assert demo.seconds < 20


def test_nothing_failed_and_few_could_not_be_judged(demo):
    review = demo.said["review"]
    assert (review["month"], review["failed"], review["pulls"]["uncertain"]) == ("2026-10", 0, 0)
    assert review["reviewed"] == review["planned"] == len(demo.reviews)
    assert 15 <= review["reviewed"] <= 30
    assert review["unknown"] <= 2


def test_the_book_is_250_accounts_of_which_about_half_rotate(demo):
    assert demo.said["accounts"] == 250
    with sqlite3.connect(demo.folder / "healthcheck.db") as database:
        (text,) = database.execute("SELECT summary FROM month WHERE month = '2026-10'").fetchone()
    database.close()
    summary = json.loads(text)
    assert 110 <= summary["counts"]["eligible"] <= 130
    assert sum(summary["counts"].values()) == 250
    assert summary["outlive"] == []
    assert summary["coverage"]["within_cycle"] == summary["coverage"]["eligible"]
    assert summary["screen"]["flagged"] <= 0.05 * summary["screen"]["accounts"]


def test_few_healthy_customers_are_flagged(demo):
    told = {story.account for story in stories.STORIES}
    assert len({one["account"] for one in demo.said["found"]} - told) <= 2


def test_no_sentence_is_empty_and_all_flags_are_of_accounts_reviewed(demo):
    assert all(one["summary"] for one in demo.said["found"])
    assert {one["account"] for one in demo.said["found"]} <= set(demo.reviews)


@pytest.mark.parametrize("story", [one for one in stories.STORIES if one.found], ids=lambda one: one.title)
def test_what_must_be_found_is_found_and_told_to_credit(demo, story):
    assert demo.reviews[story.account] in ("flag", "urgent")
    assert f"({story.account})" in demo.credit
    assert story.account in {one["account"] for one in demo.said["found"]}


@pytest.mark.parametrize("story", [one for one in stories.STORIES if not one.found], ids=lambda one: one.title)
def test_what_is_fine_is_not_flagged(demo, story):
    assert demo.reviews.get(story.account) not in ("flag", "urgent")
    assert story.account not in {one["account"] for one in demo.said["found"]}


# ---- the stories


def test_the_score_collapses_while_he_pays_on_the_day_and_is_not_outvoted(demo):
    account = stories.SCORE_COLLAPSE
    assert (demo.reviews[account], demo.outcome(account, "credit"), demo.outcome(account, "payments")) == (
        "urgent",
        "urgent",
        "clear",
    )
    said = demo.summary(account, "credit")
    for part in ("from B to D", "EUR 240,000 to EUR 60,000", "EUR 212,000 open"):
        assert part in said
    assert "on the day" in demo.summary(account, "payments")
    assert "Norda Metall GmbH (C042) EUR 212,000 open of 250,000 limit, nothing past due CREDIT, urgent" in demo.credit


def test_the_customer_who_stopped_paying_is_seen_by_what_is_open(demo):
    account = stories.STOPPED
    assert demo.outcome(account, "payments") in ("flag", "urgent")
    assert "9 invoices" in demo.summary(account, "payments")
    assert "79,734 past due" in demo.credit


def test_the_customer_who_drifts_is_said_to_pay_about_fifteen_days_later(demo):
    assert demo.outcome(stories.DRIFT, "payments") in ("flag", "urgent")
    assert "about 15 days later" in demo.summary(stories.DRIFT, "payments")


def test_the_month_end_payer_is_fine_though_items_are_past_due(demo):
    assert demo.outcome(stories.MONTH_END, "payments") == "clear"
    assert "past due" in demo.summary(stories.MONTH_END, "payments")


@pytest.mark.parametrize("day", ["2026-04-06", "2026-10-31"], ids=["Easter Monday", "the month's end"])
def test_the_payer_of_the_fifth_is_fine_across_easter(demo, day):
    line = json.loads(healthcheck(demo.folder, "check", stories.EASTER, "--as-of", day, "--json").stdout)
    assert line["checks"]["payments"]["outcome"] == "clear"
    assert line["class"] == "eligible"


def test_unallocated_cash_covers_the_late_items(demo):
    assert demo.outcome(stories.CASH_COVERS, "payments") == "clear"
    assert "nothing past due" in demo.summary(stories.CASH_COVERS, "payments")


def test_a_disputed_invoice_is_not_late(demo):
    assert demo.reviews[stories.DISPUTED] == "clear"
    assert "nothing past due" in demo.summary(stories.DISPUTED, "payments")


def test_the_subsidiary_is_fine_and_its_group_is_over_its_limit(demo):
    assert demo.reviews[stories.GROUP_FINE] == "clear"
    shown = healthcheck(demo.folder, "check", stories.GROUP_FINE, "--as-of", "2026-10-31").stdout
    assert "group EUR" in " ".join(shown.split())
    assert "Groups over their limit: Tessel Group B.V. (C080" in " ".join(demo.credit.split())
    with sqlite3.connect(demo.folder / "healthcheck.db") as database:
        query = (
            "SELECT r.facts FROM review r JOIN account a ON a.id = r.account_id WHERE a.account = ? ORDER BY r.id DESC"
        )
        facts = json.loads(database.execute(query, [stories.GROUP_FINE]).fetchone()[0])
    database.close()
    assert facts["exposure"] < facts["limit"]
    assert facts["group_exposure"] > facts["group_limit"]


def test_a_new_bank_with_the_old_one_silent_is_a_flag(demo):
    assert demo.outcome(stories.NEW_BANK, "bank") == "flag"
    assert "silent" in demo.summary(stories.NEW_BANK, "bank")


def test_a_bank_in_another_country_is_urgent_and_still_open_from_last_month(demo):
    assert demo.outcome(stories.BANK_ABROAD, "bank") == "urgent"
    assert "Still open from earlier months: 1" in demo.credit
    assert "Falaise Charpente SARL (C094): bank, urgent" in demo.credit


def test_a_new_account_at_the_same_bank_is_no_more_than_watched(demo):
    line = json.loads(healthcheck(demo.folder, "check", stories.SAME_BANK, "--as-of", "2026-10-31", "--json").stdout)
    assert line["checks"]["bank"]["outcome"] == "watch"


def test_the_quiet_buyer_orders_less_than_expected_and_is_worse_than_last_month(demo):
    assert demo.outcome(stories.QUIET_BUYER, "purchases") in ("flag", "urgent")
    assert "% short" in demo.summary(stories.QUIET_BUYER, "purchases")


def test_the_bust_out_buyer_is_urgent_beyond_the_limit(demo):
    assert demo.outcome(stories.BUST_OUT, "purchases") == "urgent"
    assert "times as much as expected" in demo.summary(stories.BUST_OUT, "purchases")


def test_the_seasonal_customer_is_fine_in_the_quiet_season(demo):
    line = json.loads(healthcheck(demo.folder, "check", stories.SEASONAL, "--as-of", "2026-10-31", "--json").stdout)
    assert line["checks"]["purchases"]["outcome"] == "clear"
    assert line["verdict"] == "clear"


@pytest.mark.parametrize("account", [stories.SPARSE, stories.NEW], ids=["sparse", "new"])
def test_too_little_data_is_unknown_with_the_reason(demo, account):
    assert demo.outcome(account, "purchases") == "unknown"
    assert demo.outcome(account, "credit") == "unknown"
    assert demo.summary(account, "purchases")


def test_the_sparse_customer_is_named_as_not_judged(demo):
    assert demo.reviews[stories.SPARSE] == "unknown"
    assert "Could not be judged" in demo.credit
    assert "Havelock Bridge Works Ltd (C137)" in demo.credit


def test_the_empty_yard_is_a_flag_with_what_the_rep_saw(demo):
    assert demo.outcome(stories.EMPTY_YARD, "field") == "flag"
    assert "half empty" in demo.summary(stories.EMPTY_YARD, "field")


# ---- who is told what


def test_the_rep_who_has_left_is_stood_in_for_by_the_manager(demo):
    assert set(demo.reps) == {f"{name}@harbour-pine.example" for name in ("north", "west", "east", "field")}
    mail = demo.mails["field@harbour-pine.example"]
    assert "Dan South" in mail
    assert "Kirchfeld Ausbau GmbH (C162)" in mail


def test_no_rep_is_told_anything_that_a_bureau_said(demo):
    for text in demo.reps.values():
        assert not [word for word in ("bureau", "score", "recommended", "60,000", "band ") if word in text.lower()]


def test_a_rep_reads_of_own_customers_alone(demo):
    with sqlite3.connect(demo.folder / "healthcheck.db") as database:
        owners = {
            row[0]: set(row[1:]) for row in database.execute("SELECT account, rep_email, manager_email FROM account")
        }
    database.close()
    for to, text in demo.reps.items():
        assert all(to in owners[number] for number in owners if f"({number})" in text)
        routine = text.rpartition("The routine questions of the month")[2]
        mine = [people for number, people in owners.items() if f"({number})" in routine]
        assert all((to == "field@harbour-pine.example" and None in people) or to in people for people in mine)


def test_every_mail_lies_beside_its_page_and_its_text(demo):
    pages = [Path(name) for name in demo.said["files"]]
    assert len(pages) == len(demo.mails) == 5
    for page in pages:
        assert "<html" in (demo.folder.parent / page).read_text(encoding="utf-8")
        assert (demo.folder.parent / page).with_suffix(".txt").read_text(encoding="utf-8").strip()


# ---- the late customers, apart from the health checks


@pytest.mark.parametrize("story", late.STORIES, ids=lambda one: one.title)
def test_each_late_customer_is_in_its_stage(demo, story):
    lines = {line["account"]: line for line in demo.said["late"]}
    if story.stage == "not_late":
        assert story.account not in lines
        return
    assert (lines[story.account]["stage"], lines[story.account]["sales"]) == (story.stage, story.sales)
    assert story.account not in {one["account"] for one in demo.said["found"]}


def test_every_stage_every_part_of_sales_and_every_state_of_an_agency_is_there(demo):
    lines = demo.said["late"]
    assert {line["stage"] for line in lines} == {"early", "middle", "late"}
    assert {line["sales"] for line in lines} == {"rep", "manager", "learn", "keep_out", "not_yet"}
    assert {line["agency"]["state"] for line in lines} == {"not_yet", "ready", "urgent", "placed"}
    assert {line["house_in_order"] for line in lines} >= {True, False}


def test_a_hand_over_with_our_own_house_not_in_order_says_so_first(demo):
    ready, urgent = (
        json.loads(healthcheck(demo.folder, "agency", "show", account, "--as-of", "2026-10-31", "--json").stdout)
        for account in ("C247", "C248")
    )
    assert (ready["state"], ready["house_in_order"]) == ("ready", True)
    assert (urgent["state"], urgent["house_in_order"]) == ("urgent", False)
    shown = healthcheck(demo.folder, "agency", "show", "C248", "--as-of", "2026-10-31").stdout
    assert shown.index("Our own house first.") < shown.index("What to expect")


def test_the_late_section_and_the_insurers_dates_stand_in_credits_digest(demo):
    assert "Late, in the playbook's hands: " in demo.credit
    assert "Marholm Isolatie B.V. (C250, new): EUR 7,458; late, with an agency, sales keeps out." in demo.credit
    assert "Ashcombe Groundworks Ltd (C248, new): EUR 17,087; late, urgent for an agency." in demo.credit
    assert "Our own house first: all 5 past-due invoices went out at the wrong time" in demo.credit
    assert demo.credit.count("Our own house first") == 1
    assert "Report the overdue account to the credit insurer, by 8 November" in demo.credit


def test_sales_is_asked_about_late_customers_and_never_about_those_it_keeps_out_of(demo):
    manager, rep = demo.mails["field@harbour-pine.example"], demo.mails["east@harbour-pine.example"]
    assert "Tamworth Roofing Ltd (C243), for Cleo East" in manager
    assert "Jorinda Stolarka Sp. z o.o. (C245)" in rep
    for text in demo.reps.values():
        assert "C249" not in text
        assert "C250" not in text


def test_a_brief_a_letter_and_a_file_are_written(demo):
    papers = [demo.folder.parent / name for name in demo.said["papers"]]
    assert [path.name for path in papers] == ["C247-brief.html", "C245-instalments.html", "C248-file.zip"]
    assert "Lorgarde Charpente SAS" in papers[0].read_text(encoding="utf-8")
    assert "Harbour &amp; Pine" in papers[1].read_text(encoding="utf-8")
    with zipfile.ZipFile(papers[2]) as archive:
        assert "OUR OWN HOUSE FIRST" in archive.read("0-index.txt").decode()


# ---- the folder


def test_the_folder_works_on_its_own(demo):
    assert healthcheck(demo.folder, "flags", "list", "--json").returncode == 0
    again = json.loads(healthcheck(demo.folder, "import", "invoices", "invoices.csv", "--json").stdout)
    assert (again["added"], again["updated"], again["rejected"]) == (0, 0, 0)


def test_a_folder_that_is_no_demo_is_refused_and_left_alone(tmp_path):
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    refused = healthcheck(tmp_path, "demo", "--dir", ".")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
