from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.checks.field import ACTIVITY, PEOPLE, STOCK, Policy, assess
from healthcheck.checks.outcomes import FRAME
from tests.unit.observed_books import AS_OF, book, shuffled


def seen(on="2026-10-12", key=1, by="", **answers):
    return {"key": key, "on": date.fromisoformat(on) if isinstance(on, str) else on, "by": by, **answers}


def check(*observations):
    return assess(book(observations=observations), AS_OF, Policy()).row(0, named=True)


def test_too_quiet_is_a_flag_and_what_was_heard_is_quoted():
    found = check(seen(activity="quiet", heard="the yard is  empty."))
    assert found["outcome"] == "flag"
    assert found["summary"] == "Seen on 12 October by the rep: too quiet; heard: “the yard is empty”."
    assert found["evidence"]["days_ago"] == 19


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"activity": "busy"}, "clear"),
        ({"activity": "as_always"}, "clear"),
        ({"activity": "as_always", "heard": "Packing up for the winter."}, "clear"),
        ({"activity": "as_always", "people": "fewer"}, "watch"),
        ({"activity": "busy", "stock": "low"}, "watch"),
        ({"people": "fewer", "stock": "low"}, "flag"),
        ({"activity": "as_always", "stock": "empty"}, "flag"),
        ({"heard": "They talk of a new owner."}, "watch"),
        ({"activity": "not_visited", "heard": "By phone: the books are full."}, "watch"),
        ({"activity": "not_visited"}, "unknown"),
    ],
)
def test_closed_answers_are_judged_and_free_text_is_shown(answers, outcome):
    found = check(seen(**answers))
    assert found["outcome"] == outcome
    assert answers.get("heard", "").rstrip(".") in found["summary"]


def test_nobody_asked_not_visited_and_too_old_are_unknown_and_say_why():
    assert check()["summary"] == "The rep has not been asked yet, or has not answered."
    assert check(seen(activity="not_visited"))["evidence"]["reason"] == "not visited"
    old = check(seen("2025-12-03", activity="quiet"))
    assert (old["outcome"], old["evidence"]["reason"]) == ("unknown", "observation too old")
    assert old["summary"] == "Last seen on 3 December 2025, more than 120 days ago."


def test_the_newest_answer_counts_and_not_visited_is_none():
    assert check(seen("2026-09-01", activity="quiet"), seen("2026-10-01", activity="busy"))["outcome"] == "clear"
    assert check(seen("2026-09-01", activity="quiet"), seen("2026-10-01", activity="not_visited"))["outcome"] == "flag"
    assert check(seen(activity="busy", by="A"), seen(activity="quiet", by="B"))["outcome"] == "flag"


def test_more_of_it_is_worse():
    scores = [
        check(seen(activity="quiet", **more))["score"]
        for more in ({}, {"people": "fewer"}, {"people": "fewer", "stock": "empty"})
    ]
    assert scores == sorted(scores)
    assert len(set(scores)) == 3


def test_a_long_story_is_cut_in_the_sentence_and_whole_in_the_evidence():
    found = check(seen(activity="quiet", heard="word " * 200))
    assert len(found["summary"]) < 230
    assert len(found["evidence"]["heard"]) == 1000


def maybe(words):
    return st.none() | st.sampled_from(list(words))


ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 200), maybe(ACTIVITY), maybe(PEOPLE), maybe(STOCK), maybe(["x", "y"])),
    max_size=12,
)


def many(rows):
    names = ("activity", "people", "stock", "heard")
    return [
        seen(AS_OF - timedelta(days=back), key, **dict(zip(names, words, strict=True))) for key, back, *words in rows
    ]


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_other_accounts_change_nothing(rows, random):
    columns = book(keys=(1, 2, 3), observations=many(rows))
    together = assess(columns, AS_OF, Policy())
    assert together.columns == list(FRAME)
    assert assess(shuffled(columns, random), AS_OF, Policy()).equals(together)
    for key in (1, 2, 3):
        alone = assess(columns.only(pl.Series([key])), AS_OF, Policy())
        assert json.dumps(alone.to_dicts(), default=str) == json.dumps(together.filter(key=key).to_dicts(), default=str)
    for outcome, score in together.select("outcome", "score").iter_rows():
        assert (score is None) == (outcome == "unknown")


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 200))
def test_what_is_later_is_not_known(rows, back):
    as_of = AS_OF - timedelta(days=back)
    known = [row for row in many(rows) if row["on"] <= as_of]
    every = book((1, 2, 3), observations=many(rows))
    assert assess(every, as_of, Policy()).equals(assess(book((1, 2, 3), observations=known), as_of, Policy()))
