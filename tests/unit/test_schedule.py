"""Each month exactly once, whatever the clock does: DST, leap days, suspends, a clock set back, two schedulers, a slow start."""

import tempfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import select

from healthcheck.months import Month
from healthcheck.reviews import schedule
from healthcheck.settings import Settings
from healthcheck.store import schema
from healthcheck.store.session import connect, read
from healthcheck.store.work import Month as Row

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
TEN_YEARS = timedelta(days=3653)


def of(**given) -> Settings:
    return Settings(_env_file=None, **given)


def rows(engine):
    with read(engine) as session:
        return {row.month: row for row in session.exec(select(Row))}


@pytest.mark.parametrize(
    ("zone", "month", "day", "at", "due"),
    [
        ("Europe/Berlin", "2026-11", 1, time(6), "2026-11-01T05:00+00:00"),
        ("Europe/Berlin", "2026-02", 31, time(6), "2026-02-28T05:00+00:00"),
        ("Europe/Berlin", "2028-02", 31, time(6), "2028-02-29T05:00+00:00"),
        ("Europe/Berlin", "2026-03", 29, time(2, 30), "2026-03-29T01:30+00:00"),  # 02:30 does not exist: 03:30
        ("Europe/Berlin", "2026-10", 25, time(2, 30), "2026-10-25T00:30+00:00"),  # 02:30 comes twice: the first
        ("Pacific/Apia", "2011-12", 30, time(6), "2011-12-30T16:00+00:00"),  # a day that never was there
    ],
)
def test_a_batch_is_due_at_its_local_time(zone, month, day, at, due):
    chosen = of(timezone=zone, monthly_day=day, monthly_time=at)
    assert schedule.due_at(Month.parse(month), chosen) == datetime.fromisoformat(due)


@settings(deadline=None)
@given(
    st.sampled_from(ZONES), st.integers(1, 31), st.times().map(lambda t: t.replace(microsecond=0)),
    st.datetimes(datetime(2025, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
)  # fmt: skip
def test_the_newest_month_due_is_due_and_the_next_is_not(zone, day, at, now):
    chosen = of(timezone=zone, monthly_day=day, monthly_time=at)
    newest = schedule.newest_due(now, chosen)
    assert schedule.due_at(newest, chosen) <= now < schedule.due_at(newest + 1, chosen)
    local = schedule.due_at(newest, chosen).astimezone(ZoneInfo(zone))
    assert Month.of(local.date()) in (newest, newest + 1)  # a skipped midnight may push it over the end


def test_a_machine_that_slept_three_months_plans_three_oldest_first(engine):
    chosen = of(catch_up_months=4)
    start = datetime(2026, 8, 3, 12, tzinfo=UTC)
    assert schedule.tick(engine, chosen, start) == [Month(2026, 8)]
    assert schedule.tick(engine, chosen, start + timedelta(days=92)) == [
        Month(2026, 9),
        Month(2026, 10),
        Month(2026, 11),
    ]
    assert schedule.to_run(engine) == [Month(2026, n) for n in (8, 9, 10, 11)]
    assert schedule.tick(engine, chosen, start + timedelta(days=92)) == []


def test_a_setting_says_how_many_missed_months_are_run(engine):
    chosen = of(catch_up_months=2)
    schedule.tick(engine, chosen, datetime(2026, 1, 3, tzinfo=UTC))
    schedule.tick(engine, chosen, datetime(2026, 6, 3, tzinfo=UTC))
    states = {month: row.state for month, row in rows(engine).items()}
    assert states == {
        "2026-01": "due", "2026-02": "skipped", "2026-03": "skipped", "2026-04": "skipped", "2026-05": "due", "2026-06": "due",
    }  # fmt: skip


def test_a_month_reviewed_by_hand_is_not_added_again_and_older_ones_do_not_begin_the_schedule(engine):
    from healthcheck.store.session import write

    with write(engine) as session:
        for month in ("2026-02", "2026-11"):
            session.add(
                Row(
                    month=month,
                    as_of=Month.parse(month).last,
                    state="closed",
                    planned_at=datetime(2026, 11, 2, tzinfo=UTC),
                )
            )
    assert schedule.tick(engine, of(), datetime(2026, 11, 20, tzinfo=UTC)) == []
    assert schedule.tick(engine, of(), datetime(2026, 12, 20, tzinfo=UTC)) == [Month(2026, 12)]


class Clock(RuleBasedStateMachine):
    """Ten years of ticks under a clock that nobody can trust."""

    @initialize(
        zone=st.sampled_from(ZONES),
        day=st.integers(1, 31),
        hour=st.integers(0, 23),
        minute=st.sampled_from((0, 30, 59)),
    )
    def start(self, zone, day, hour, minute):
        self.folder = tempfile.TemporaryDirectory()
        self.engines = [connect(f"sqlite:///{Path(self.folder.name)}/clock.db") for _ in range(2)]
        schema.upgrade(self.engines[0])
        self.settings = of(timezone=zone, monthly_day=day, monthly_time=time(hour, minute), catch_up_months=1000)
        self.now = self.begun = datetime(2026, 11, 23, 1, tzinfo=UTC)
        self.seen: list[Month] = []
        self.ticked = False

    def teardown(self):
        for engine in getattr(self, "engines", ()):
            engine.dispose()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(minutes=st.integers(1, 90), times=st.integers(1, 5), which=st.integers(0, 1))
    def awake(self, minutes, times, which):
        for _ in range(times):
            self.now += timedelta(minutes=minutes)
            self.tick(which)

    @rule(days=st.integers(1, 45), which=st.integers(0, 1))
    def asleep(self, days, which):
        self.now += timedelta(days=days)
        self.tick(which)

    @rule(hours=st.integers(1, 24 * 40), which=st.integers(0, 1))
    def set_back(self, hours, which):
        self.now = max(self.begun, self.now - timedelta(hours=hours))
        self.tick(which)

    @rule(which=st.integers(0, 1))
    def years(self, which):
        """The rest of ten years, three weeks at a time."""
        while self.now < self.begun + TEN_YEARS:
            self.now += timedelta(days=21, minutes=7)
            self.tick(which)

    def tick(self, which):
        self.seen += schedule.tick(self.engines[which], self.settings, self.now)
        self.newest = max(getattr(self, "newest", Month(1, 1)), schedule.newest_due(self.now, self.settings))
        self.first = getattr(self, "first", self.newest)

    @invariant()
    def each_month_exactly_once(self):
        if not hasattr(self, "newest"):
            return
        wanted = [self.first + n for n in range(self.newest - self.first + 1)]
        assert sorted(self.seen) == wanted
        assert sorted(rows(self.engines[0])) == [str(month) for month in wanted]


Clock.TestCase.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestTheClock = Clock.TestCase
