"""What the check of one account imports, and that doing without the rest changes nothing."""

import subprocess
import sys

import holidays
import numpy as np
import pytest
import scipy.special
from alembic.script import ScriptDirectory
from holidays.registry import EntityLoader

from healthcheck.checks import special
from healthcheck.store import schema

HEAVY = ("alembic", "jinja2", "numpy.f2py", "rich", "scipy.special._orthogonal")


def test_checking_imports_no_library_that_it_does_not_need():
    code = f"""
import sys
from healthcheck.cli import checking
from healthcheck.reviews import screen
from healthcheck.store import schema
print([name for name in {HEAVY} if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_special_functions_are_those_of_scipy():
    code = """
from healthcheck.checks import special
import scipy.special
print(special.betainc(2.0, 3.0, 0.4) == scipy.special.betainc(2.0, 3.0, 0.4), scipy.special.erf(0.0))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "0.0"]


@pytest.mark.parametrize("name", ["betainc", "gammainc", "gammaincc"])
def test_they_give_the_very_same_bits(name):
    ours, theirs = getattr(special, name), getattr(scipy.special, name)
    x = np.linspace(0.01, 0.99, 50)
    given = (x * 9, x[::-1] * 5, x)[3 - theirs.nin :]
    assert np.array_equal(ours(*given), theirs(*given))


def test_the_newest_migration_is_the_one_that_alembic_names():
    assert schema.newest() == ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()


def test_calendars_are_those_of_the_countries_supported():
    quick = EntityLoader.get_country_codes(include_aliases=False)
    assert set(quick) == set(holidays.list_supported_countries(include_aliases=False))
