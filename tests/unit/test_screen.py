import pytest

from healthcheck.errors import UsageError
from healthcheck.reviews.screen import find
from tests.unit.books import account


def test_an_account_is_found_by_its_number(engine):
    key = account(engine, "C042")
    account(engine, "C043")
    assert find(engine, "C042") == key


def test_an_unknown_number_names_near_ones_whatever_the_case(engine):
    account(engine, "C042")
    with pytest.raises(UsageError, match="did you mean C042"):
        find(engine, "c42")


def test_a_number_of_two_entities_asks_which(engine):
    account(engine, "C1", entity="DE")
    key = account(engine, "C1", entity="FR")
    with pytest.raises(UsageError, match=r"DE, FR.*--entity"):
        find(engine, "C1")
    assert find(engine, "C1", "FR") == key
