from pathlib import Path

import pytest
from dotenv import dotenv_values

from healthcheck.errors import UsageError
from healthcheck.settings import PREFIX, Settings, load

EXAMPLE = Path(__file__).parents[2] / "config.example.env"


def test_the_example_names_every_setting_and_no_other():
    assert set(dotenv_values(EXAMPLE)) == {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_example_shows_the_defaults(monkeypatch):
    defaults = load()
    for name, value in dotenv_values(EXAMPLE).items():
        monkeypatch.setenv(name, value)
    assert load() == defaults


def test_lists_are_comma_separated(monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_CREDIT_TEAM", "a@x.example, b@x.example,")
    assert load().credit_team == ("a@x.example", "b@x.example")


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch):
    Path(".env").write_text("HEALTHCHECK_CURRENCY=USD\nHEALTHCHECK_TIMEZONE=Europe/Berlin\n")
    monkeypatch.setenv("HEALTHCHECK_CURRENCY", "GBP")
    assert (load().currency, load().timezone) == ("GBP", "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONTHLY_QUOTA", "-3"),
        ("TIMEZONE", "Mars/Olympus"),
        ("CURRENCY", "euro"),
        ("CYCLE_LOW", "13"),
        ("BUREAU_BUDGET", "much"),
        ("ON_UNCERTAIN", "hope"),
    ],
)
def test_a_wrong_setting_is_one_line_naming_it(monkeypatch, name, value):
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(UsageError, match=PREFIX + name) as error:
        load()
    assert "\n" not in str(error.value)


def test_secret_keys_never_show(monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_SECRET_KEYS", "canary-one,canary-two")
    assert "canary" not in repr(load())
    assert [key.get_secret_value() for key in load().secret_keys] == ["canary-one", "canary-two"]
