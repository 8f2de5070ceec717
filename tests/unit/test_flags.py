from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.checks.outcomes import ALERTS, NOT_APPLICABLE, RANK, UNKNOWN
from healthcheck.reviews.flags import DUE_DAYS, GROWN, LIVE, QUIET_RUNS, REST_DAYS, Seen, is_new, step

DAY = date(2026, 6, 30)
FLAG, WORSE, CLEAR = Seen("flag", 0.7, "seven"), Seen("urgent", 0.9, "nine"), Seen("clear", 0.1, "one")


def raised(seen=FLAG, on=DAY):
    return step(None, seen, on)[0]


def after(state, *seen, on=DAY):
    """The flag after these monthly runs, and all that was said of it."""
    said = []
    for month, one in enumerate(seen, 1):
        state, events = step(state, one, on + timedelta(days=30 * month))
        said += [event.what for event in events]
    return state, said


def test_a_first_alert_raises_a_flag_with_a_due_date():
    state, events = step(None, WORSE, DAY)
    assert [event.what for event in events] == ["raised"]
    assert (state.state, state.outcome, state.due) == ("open", "urgent", DAY + timedelta(days=DUE_DAYS["urgent"]))


def test_the_same_alert_again_says_nothing_but_keeps_the_newest_sentence():
    state, said = after(raised(), Seen("flag", 0.72, "seven again"))
    assert (said, state.summary, state.changed_on) == ([], "seven again", DAY)


@pytest.mark.parametrize("seen", [WORSE, Seen("flag", 0.8, "eight")])
def test_worse_or_grown_is_said_again_and_opens_it_anew(seen):
    from dataclasses import replace

    state, said = after(replace(raised(), state="acknowledged"), seen)
    assert (said, state.state, state.score) == (["changed"], "open", seen.score)


def test_easing_from_urgent_to_flag_and_back_is_no_news():
    assert after(raised(WORSE), FLAG, WORSE)[1] == []


def test_two_quiet_runs_clear_it_and_one_does_not():
    assert after(raised(), CLEAR)[0].state == "open"
    state, said = after(raised(), CLEAR, Seen("watch", 0.45, "four"))
    assert (state.state, said) == ("cleared", ["quiet", "cleared"])


def test_an_alert_between_two_quiet_runs_begins_the_count_again():
    assert after(raised(), CLEAR, FLAG, CLEAR)[0].state == "open"


def test_what_quiet_runs_cleared_is_raised_anew_when_it_comes_back():
    cleared, _ = after(raised(), CLEAR, CLEAR)
    assert is_new(cleared, FLAG, DAY + timedelta(days=95))


def by_a_person(state, on=DAY):
    from dataclasses import replace

    return replace(state, state="cleared", cleared_on=on, reason="new terms agreed")


def test_what_a_person_cleared_rests_unless_it_gets_worse():
    cleared = by_a_person(raised())
    assert not is_new(cleared, FLAG, DAY + timedelta(days=REST_DAYS - 1))
    assert is_new(cleared, FLAG, DAY + timedelta(days=REST_DAYS))
    assert is_new(cleared, WORSE, DAY + timedelta(days=30))


def test_a_snooze_is_quiet_until_its_date_and_breaks_when_it_gets_worse():
    from dataclasses import replace

    snoozed = replace(raised(), state="snoozed", snoozed_until=DAY + timedelta(days=45))
    assert after(snoozed, FLAG)[1] == []
    assert after(snoozed, WORSE)[1] == ["changed"]
    state, said = after(snoozed, FLAG, FLAG)
    assert (said, state.state, state.snoozed_until) == (["changed"], "open", None)


seen = st.builds(
    Seen, st.sampled_from([*RANK]), st.floats(0, 1).map(lambda x: round(x, 4)), st.sampled_from(["a", "b"])
)


@given(st.lists(seen, max_size=12))
def test_whatever_is_found_the_history_makes_sense(found):
    state, said = after(None, *found)
    judged = [one.outcome for one in found if one.outcome not in (UNKNOWN, NOT_APPLICABLE)]
    assert (state is None) == (not any(outcome in ALERTS for outcome in judged))
    assert said.count("raised") - said.count("cleared") == (state is not None and state.state != "cleared")
    if state and state.state != "cleared":
        assert 0 <= state.quiet < QUIET_RUNS
        assert state.due > state.changed_on


# few values, so that runs of the same and steps of just a tenth are common
steps = st.builds(
    Seen, st.sampled_from([*RANK]), st.sampled_from([0.1, 0.45, 0.6, 0.65, 0.7, 0.8, 0.9]), st.just("said")
)
judged_only = st.lists(steps, max_size=24).map(lambda found: [one for one in found if RANK[one.outcome] >= 0])


def told(found):
    """What each monthly run said, and the state after it."""
    state, every = None, []
    for month, one in enumerate(found):
        state, events = step(state, one, DAY + timedelta(days=30 * month))
        every.append(([event.what for event in events], state))
    return every


@given(judged_only)
def test_an_alert_stays_until_two_quiet_reviews_in_a_row_and_no_longer(found):
    """Whether there is a flag follows from the outcomes alone: since the last pair of quiet reviews, was there an alert?"""
    for now, (_, state) in enumerate(told(found)):
        loud = [one.outcome in ALERTS for one in found[: now + 1]]
        pairs = [at for at in range(1, now + 1) if not loud[at] and not loud[at - 1]]
        expected = any(loud[pairs[-1] + 1 if pairs else 0 :])
        assert (state is not None and state.state in LIVE) == expected


@given(judged_only)
def test_people_hear_of_an_alert_once_and_again_only_when_it_is_worse_or_grew(found):
    last = None  # outcome at its worst, and score, of what people were told since the flag was raised
    for one, (said, state) in zip(found, told(found), strict=True):
        if "cleared" in said:
            assert one.outcome not in ALERTS
            last = None
        elif one.outcome not in ALERTS:
            assert said in ([], ["quiet"])
        elif last is None:
            assert said == ["raised"]
            last = (RANK[one.outcome], one.score)
        else:
            news = RANK[one.outcome] > last[0] or round(one.score - last[1], 6) >= GROWN
            assert said == (["changed"] if news else [])
            last = (max(last[0], RANK[one.outcome]), one.score) if news else last
            assert RANK[state.outcome] == last[0]


@given(judged_only, st.integers(0, 40), st.sampled_from(["acknowledged", "snoozed"]))
def test_looking_after_it_or_a_snooze_changes_neither_when_it_goes_nor_what_is_worse(found, at, how):
    """A person's answer opens no gap: the flag goes after the same two quiet reviews, and worse is told all the same."""
    from dataclasses import replace

    state, plain = None, None
    for month, one in enumerate(found):
        on = DAY + timedelta(days=30 * month)
        plain, plain_events = step(plain, one, on)
        state, events = step(state, one, on)
        assert [event.what for event in events] == [event.what for event in plain_events]
        if month == at and state is not None and state.state in LIVE:
            state = replace(state, state=how, snoozed_until=DAY + timedelta(days=9999) if how == "snoozed" else None)


@given(steps.filter(lambda one: one.outcome in ALERTS), st.lists(steps, max_size=12), st.integers(0, 89))
def test_what_a_person_cleared_is_raised_again_only_when_worse_grown_or_after_the_rest(first, found, apart):
    cleared = by_a_person(raised(first))
    for one in found:
        new = is_new(cleared, one, DAY + timedelta(days=apart))
        worse = RANK[one.outcome] > RANK[first.outcome] or round(one.score - first.score, 6) >= GROWN
        assert new == (one.outcome in ALERTS and worse)
        assert is_new(cleared, one, DAY + timedelta(days=REST_DAYS)) == (one.outcome in ALERTS)


@given(st.lists(seen, max_size=8))
def test_unknown_moves_nothing(found):
    with_gaps = [part for one in found for part in (one, Seen("unknown", None, "too little data"))]
    plain, gaps = after(None, *found, on=DAY), (None, [])
    state, said = None, []
    for i, one in enumerate(with_gaps):
        state, events = step(state, one, DAY + timedelta(days=30 * (i // 2 + 1)))
        said += [event.what for event in events]
    gaps = state, said
    assert plain == gaps
