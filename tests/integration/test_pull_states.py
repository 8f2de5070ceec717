"""The states of a pull: what every answer makes of it, when it is tried again, and that the money always adds up."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlmodel import select

from healthcheck.bureaus import registry
from healthcheck.bureaus.answers import (
    AuthFailed,
    Doubtful,
    Malformed,
    NotEntitled,
    NotFound,
    Rejected,
    Throttled,
    Unreachable,
)
from healthcheck.bureaus.base import Pending
from healthcheck.errors import UsageError
from healthcheck.reviews import pulls
from healthcheck.store.session import read, write
from healthcheck.store.work import Month, Report
from tests import pull_world as world
from tests.pull_world import Clock, Scripted, balanced, fill, obtained, stored, told

HOUR = 3600


@pytest.fixture
def ask(engine, tmp_path):
    """``ask(bureau, ..., account=1)``: what ``obtain`` says. The clock is ``ask.clock``."""
    fill(engine, accounts=40)
    clock = Clock()

    def run(*bureaus, account=1, **settings):
        return obtained(world.order(engine, tmp_path, *bureaus, account=account, clock=clock, **settings))

    run.clock = clock
    yield run
    assert balanced(engine)


def last(engine):
    return stored(engine)[-1]


# ---- what an answer makes of a pull


@pytest.mark.parametrize(
    ("answer", "state", "cost", "kind"),
    [
        (NotFound("no"), "REFUSED", 0, "not_found"),
        (NotEntitled("no"), "REFUSED", 0, "not_entitled"),
        (Rejected("no"), "REFUSED", 0, "rejected"),
        (AuthFailed("no"), "REFUSED", 0, "auth"),
        (Unreachable("no"), "PLANNED", 0, "unreachable"),
        (Throttled("no", 40), "PLANNED", 0, "throttled"),
        (Malformed("no"), "UNCERTAIN", 420, "malformed"),
        (Doubtful("no"), "UNCERTAIN", 420, "doubtful"),
        (Pending("T1", 60), "PENDING", 420, "ok"),
    ],
)
def test_an_answer_has_one_meaning(engine, ask, answer, state, cost, kind):
    ask(Scripted(answer))
    pull = last(engine)
    assert (pull.state, pull.cost, pull.kind) == (state, cost, kind)
    assert told(engine) == ["intent", state.lower()]


def test_refused_by_one_bureau_the_next_is_asked(engine, ask):
    assert ask(Scripted(NotFound("no")), Scripted(name="other")) == "stored"
    assert [(pull.bureau, pull.state) for pull in stored(engine)] == [("till", "REFUSED"), ("other", "STORED")]


def test_in_doubt_no_other_bureau_is_asked(ask):
    other = Scripted(name="other")
    assert [ask(Scripted(Doubtful("no")), other), ask(Scripted(), other)] == ["uncertain", "uncertain"]
    assert other.seen == []


# ---- not charged, ask again later


def test_an_unreachable_bureau_is_asked_again_under_the_same_key_until_it_answers(engine, ask):
    till = Scripted(*[Unreachable("no connection")] * 3)
    waits = []
    while ask(till) == "not yet":
        waits.append((last(engine).next_try_at - ask.clock.now).total_seconds())
        ask.clock.now = last(engine).next_try_at
    assert len(waits) == 3
    assert 12 <= waits[0] <= 18
    assert waits[2] > waits[0]
    assert len(set(till.seen)) == 1
    assert [(pull.state, pull.cost) for pull in stored(engine)] == [("STORED", 420)]
    assert told(engine) == ["intent", "planned"] * 3 + ["intent", "stored"]


def test_before_its_time_nobody_is_asked(ask):
    till = Scripted(Unreachable("no"))
    assert [ask(till), ask(till)] == ["not yet", "not yet"]
    assert len(till.seen) == 1


def test_a_bureau_that_cannot_be_reached_for_a_day_delays_the_review_no_longer(engine, ask):
    till, start = Scripted(*[Unreachable("no connection")] * 1000), ask.clock.now
    while ask(till) == "not yet":
        ask.clock.now = last(engine).next_try_at
    assert last(engine).state == "REFUSED"
    assert last(engine).note == "could not be reached for 24 h: no connection"
    assert timedelta(hours=24) <= ask.clock.now - start < timedelta(hours=25.5)
    assert len(till.seen) < 60


def test_a_pause_that_a_bureau_asks_for_is_kept_by_everybody(engine, ask):
    till = Scripted(Throttled("slow down", 90))
    ask(till)
    ask.clock.forward(80)
    assert [ask(till, account=n) for n in (1, 2, 3)] == ["not yet"] * 3
    assert len(till.seen) == 1
    ask.clock.forward(12)
    assert [ask(till, account=n) for n in (1, 2, 3)] == ["stored"] * 3


def test_a_wrong_password_is_tried_once_in_a_run_and_said_once(engine, ask, caplog):
    till, other = Scripted(AuthFailed("the bureau does not know us")), Scripted(name="other")
    assert ask(till) == "refused"
    assert [ask(till, other, account=n) for n in (2, 3)] == ["stored", "stored"]
    assert len(till.seen) == 1
    assert last(engine).bureau == "other"
    assert [pull.note for pull in stored(engine) if pull.kind == "barred"] == [
        "not asked again in this run: the bureau does not know us"
    ] * 2
    assert [line.message for line in caplog.records] == [
        "till is not asked again in this run, reviews go on without its reports: the bureau does not know us"
    ]


# ---- a bureau that is down


def test_after_five_failures_in_a_row_one_pull_in_five_minutes_tries(engine, ask):
    till = Scripted(*[Unreachable("down")] * 6)
    assert [ask(till, account=n) for n in range(1, 6)] == ["not yet"] * 5
    assert [ask(till, account=n) for n in range(6, 20)] == ["not yet"] * 14
    assert len(till.seen) == 5
    ask.clock.forward(301)
    for n in range(1, 20):
        ask(till, account=n)
    assert len(till.seen) == 6
    ask.clock.forward(301)
    assert [ask(till, account=n) for n in (3, 4, 5)] == ["stored"] * 3
    ask.clock.forward(301)
    assert {ask(till, account=n) for n in range(1, 20)} == {"stored"}
    assert len(set(till.seen)) == 19


def test_doubtful_answers_in_a_row_stop_the_spending(engine, ask):
    till = Scripted(*[Doubtful("500")] * 20)
    assert [ask(till, account=n) for n in range(1, 20)] == ["uncertain"] * 5 + ["not yet"] * 14
    with read(engine) as session:
        assert pulls.spent_in(session, world.MONTH) == 5 * 420


def test_a_silent_bureau_is_refused_when_patience_ends_and_the_next_one_asked(engine, ask):
    till, other = Scripted(*[Unreachable("down")] * 1000), Scripted(name="other")
    for n in range(1, 7):
        ask(till, other, account=n)
    ask.clock.forward(24 * HOUR + 1)
    assert [ask(till, other, account=n) for n in range(1, 7)] == ["stored"] * 6
    late = [pull for pull in stored(engine) if pull.account_id == 6 and pull.bureau == "till"]
    assert [(pull.state, pull.kind) for pull in late] == [("REFUSED", "late")]
    assert "could not be reached for 24 h" in late[0].note


# ---- the rate


def test_a_rate_gives_each_pull_a_slot_of_its_own_and_takes_it_once(engine, ask):
    till = Scripted(rate=6)
    assert [ask(till, account=n) for n in range(1, 5)] == ["stored"] + ["not yet"] * 3
    slots = [pull.next_try_at for pull in stored(engine)[1:]]
    assert slots == [world.START + timedelta(seconds=10 * n) for n in (1, 2, 3)]
    ask.clock.forward(10)
    assert [ask(till, account=n) for n in range(2, 5)] == ["stored", "not yet", "not yet"]
    ask.clock.forward(20)
    assert [ask(till, account=n) for n in (3, 4)] == ["stored", "stored"]
    assert [ask(till, account=5)] == ["not yet"]


def test_slots_that_nobody_came_for_are_no_leave_to_ask_all_at_once(ask):
    till = Scripted(rate=6)
    for n in range(1, 31):
        ask(till, account=n)
    ask.clock.forward(HOUR)
    assert [ask(till, account=n) for n in range(2, 31)].count("stored") == 1


def test_over_budget_no_slot_is_taken(engine, ask):
    till = Scripted(rate=6)
    assert [ask(till, account=n, bureau_budget="4.20") for n in (1, 2, 3)] == ["stored", "refused", "refused"]
    assert "over the month's budget" in last(engine).note


def test_short_waits_are_slept_through(ask):
    till = Scripted(rate=60)
    assert [ask(till, account=n) for n in (1, 2, 3)] == ["stored"] * 3
    assert ask.clock.now == world.START + timedelta(seconds=2)


# ---- an answer that nobody saw


class Killed(BaseException):
    pass


def killed(ask, till):
    till.answers.insert(0, Killed())
    with pytest.raises(Killed):
        ask(till)


@pytest.mark.parametrize(
    ("found", "said", "orders"),
    [("report", "stored", 1), (None, "stored", 2), (Pending("T1", 60), "not yet", 1)],
)
def test_a_bureau_that_can_be_asked_what_became_of_an_order_is_asked(engine, ask, found, said, orders):
    till = Scripted(idempotency="lookup")
    killed(ask, till)
    till.looked_up.append(till.report() if found == "report" else found)
    assert ask(till) == said
    assert len(till.seen) == orders
    assert len(set(till.seen)) == len(stored(engine)) == 1


@pytest.mark.parametrize("error", [Unreachable("no"), Doubtful("no"), Throttled("no", 20)])
def test_a_question_that_fails_is_asked_again_and_nothing_is_bought_meanwhile(engine, ask, error):
    till = Scripted(idempotency="lookup")
    killed(ask, till)
    till.looked_up += [error, till.report()]
    assert [ask(till), ask(till)] == ["not yet", "not yet"]
    assert (last(engine).state, last(engine).cost) == ("UNCERTAIN", 420)
    ask.clock.forward(30)
    assert ask(till) == "stored"
    assert len(till.seen) == 1


@pytest.mark.parametrize("idempotency", ["key", "reread"])
def test_repeated_where_that_costs_nothing_and_still_in_doubt_when_that_fails(engine, ask, idempotency):
    till = Scripted(Unreachable("down"), idempotency=idempotency)
    killed(ask, till)
    assert ask(till) == "not yet"
    assert (last(engine).state, last(engine).cost) == ("UNCERTAIN", 420)
    ask.clock.forward(30)
    assert ask(till) == "stored"
    assert len(till.seen) == 3
    assert len(set(till.seen)) == 1


def test_a_key_is_not_trusted_after_its_time(engine, ask):
    till = Scripted(idempotency="key")
    killed(ask, till)
    ask.clock.forward(25 * HOUR)
    assert ask(till) == "uncertain"
    assert len(till.seen) == 1


def test_a_doubtful_answer_is_cleared_up_by_the_key_or_stays_in_doubt_within_the_hour(engine, ask):
    till = Scripted(Doubtful("500"), idempotency="key")
    assert ask(till) == "not yet"
    assert (last(engine).state, last(engine).kind) == ("UNCERTAIN", "doubtful")
    ask.clock.forward(30)
    assert ask(till) == "stored"
    never = Scripted(*[Doubtful("500")] * 1000, name="never", idempotency="key")
    start = ask.clock.now
    while (said := ask(never, account=2)) == "not yet":
        ask.clock.now = last(engine).next_try_at
    assert said == "uncertain"
    assert ask.clock.now - start < timedelta(hours=2.5)


def test_a_free_bureau_is_simply_asked_again(engine, ask):
    till = Scripted(Doubtful("500"), price="0")
    killed(ask, till)
    assert ask(till, bureau_budget=None) == "not yet"
    ask.clock.forward(30)
    assert ask(till, bureau_budget=None) == "stored"


# ---- ordered, and not ready


def test_what_was_ordered_is_collected_when_it_is_ready(engine, ask):
    till = Scripted(Pending("T1", 60))
    till.collected += [Pending("T2", 60), Unreachable("no"), till.report()]
    said = []
    while not said or said[-1] == "not yet":
        said.append(ask(till))
        ask.clock.now = last(engine).next_try_at or ask.clock.now
    assert said == ["not yet"] * 3 + ["stored"]
    assert len(till.seen) == 1
    assert told(engine) == ["intent", "pending", "stored"]


def test_a_review_waits_for_it_no_longer_than_a_day(engine, ask):
    till = Scripted(Pending("T1", 5 * 24 * HOUR))
    till.collected += [Pending("T1", 5 * 24 * HOUR)] * 9
    assert ask(till) == "not yet"
    ask.clock.forward(24 * HOUR + 1)
    assert ask(till) == "pending"
    assert (last(engine).state, last(engine).cost) == ("PENDING", 420)


def test_what_cannot_be_collected_any_more_is_in_doubt(engine, ask):
    till = Scripted(Pending("T1", 60))
    till.collected.append(NotFound("gone"))
    ask(till)
    ask.clock.forward(61)
    assert ask(till) == "uncertain"
    assert last(engine).cost == 420


# ---- after the month closed


@pytest.fixture
def closed(engine, tmp_path, monkeypatch):
    """``closed(bureau)``: its pull is left over by a month that closed, and due."""
    fill(engine)

    def leave(till):
        monkeypatch.setattr(registry, "load", lambda name, settings: till)
        order = world.order(engine, tmp_path, till)
        with suppress(Killed):
            obtained(order)
        with write(engine) as session:
            month = session.exec(select(Month)).one()
            pulls.give_up(session, month.month, world.START)
            month.state = "closed"
            session.add(month)
        later = world.START + timedelta(days=3)
        return lambda: pulls.reconcile(engine, order.settings, later, Clock(later))

    yield leave
    assert balanced(engine)


def test_a_report_that_arrives_after_the_month_closed_is_stored_and_known_from_then_on(engine, closed):
    reconcile = closed(Scripted(Pending("T1", 60)))
    assert reconcile() == 1
    assert last(engine).state == "STORED"
    with read(engine) as session:
        assert session.exec(select(Report.as_of)).all() == [world.AS_OF + timedelta(days=3)]
    assert reconcile() == 0


@pytest.mark.parametrize(("found", "state", "cost"), [("report", "STORED", 420), (None, "REFUSED", 0)])
def test_a_doubt_is_looked_up_after_the_month_closed_and_nothing_is_bought(engine, closed, found, state, cost):
    till = Scripted(Killed(), idempotency="lookup")
    reconcile = closed(till)
    assert last(engine).state == "UNCERTAIN"
    till.looked_up.append(till.report() if found else None)
    assert reconcile() == 1
    assert (last(engine).state, last(engine).cost) == (state, cost)
    assert len(till.seen) == 1


@pytest.mark.parametrize("idempotency", ["none", "key"])
def test_where_nobody_can_be_asked_the_doubt_is_left_to_a_person(engine, closed, idempotency):
    till = Scripted(Killed(), idempotency=idempotency)
    reconcile = closed(till)
    assert [reconcile(), reconcile()] == [0, 0]
    assert (last(engine).state, last(engine).next_try_at) == ("UNCERTAIN", None)
    assert len(till.seen) == 1


def test_what_was_never_asked_is_called_off_when_the_month_closes(engine, closed):
    closed(Scripted(Unreachable("down")))
    assert last(engine).state == "REFUSED"


# ---- people


def test_what_a_person_decides_is_in_the_audit_with_his_name(engine, ask):
    ask(Scripted(Doubtful("500")))
    pulls.resolve(engine, 1, pulls.REFUSED, world.START, by="ada")
    with read(engine) as session:
        entry = session.exec(select(world.AuditEntry).order_by(world.AuditEntry.seq.desc())).first()
    assert (entry.what, entry.by, entry.detail["verdict"], entry.detail["cost"]) == (
        "pull.resolved",
        "ada",
        "REFUSED",
        420,
    )


def test_bought_again_from_a_bureau_that_is_down_it_is_called_off_and_costs_nothing(engine, ask, tmp_path, monkeypatch):
    till = Scripted(Doubtful("500"), Unreachable("down"))
    ask(till)
    monkeypatch.setattr(registry, "load", lambda name, settings: till)
    settings = world.order(engine, tmp_path).settings
    again = pulls.buy_again(engine, 1, settings, world.START, by="ada")
    assert (again.state, again.cost, again.attempt) == ("REFUSED", 0, 2)
    assert "try again later" in again.note


def test_a_planned_pull_is_nothing_to_resolve(engine, ask):
    ask(Scripted(Unreachable("down")))
    with pytest.raises(UsageError, match="not been asked"):
        pulls.resolve(engine, 1, pulls.CHARGED, world.START)


def test_what_waits_and_why_can_be_said(engine, ask):
    ask(Scripted(Throttled("429", 40), name="a"))
    ask(Scripted(Pending("T1", 60), name="b"), account=2)
    with read(engine) as session:
        said = [str(waiting) for waiting in pulls.what_waits(session, world.MONTH)]
    assert said == [
        "a: it asked for a pause (1, from 18:00:40 UTC)", "b: its answer is awaited (1, from 18:01:00 UTC)",
    ]  # fmt: skip
