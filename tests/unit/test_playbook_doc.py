"""What docs/playbook.md names is there: files, rules, commands, options, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from healthcheck.cli.app import COMMANDS
from healthcheck.playbook.letters import KINDS
from healthcheck.playbook.stages import RULES
from healthcheck.settings import PREFIX, Settings

HOME = Path(__file__).parents[2]
TEXT = (HOME / "docs" / "playbook.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`]+)`", TEXT)
GROUPS = ("letters", "agency", "insurance")


def test_each_of_the_five_texts_has_its_rows():
    parts = re.split(r"^### (\d)\. ", TEXT, flags=re.M)[1:]
    rows = {number: part.count("\n| ") - 1 for number, part in zip(parts[::2], parts[1::2], strict=True)}
    assert list(rows) == list("01234")
    assert all(number >= 7 for number in rows.values()), rows
    assert not re.search(r"\|\s*\|\s*$", TEXT, flags=re.M)


@pytest.mark.parametrize(
    "path", sorted({code for code in CODE if re.fullmatch(r"(healthcheck|jobs|templates)/[\w/.]+", code)})
)
def test_files_are_there(path):
    assert (HOME / path).exists()


def test_rules_are_there():
    named = set(re.findall(r"rules? `(\w+)`", TEXT)) | {"placement"}
    assert named <= {rule.name for rule in RULES}


def test_letters_and_settings_are_there():
    assert all(f"`{kind}`" in TEXT for kind in KINDS)
    for name in re.findall(rf"{PREFIX}(\w+)", TEXT):
        assert name.lower() in Settings.model_fields, name


@pytest.mark.parametrize(
    "command", sorted({code for code in CODE if code.startswith(("healthcheck ", *GROUPS, "record ", "brief "))})
)
def test_commands_and_options_are_there(cli, command):
    words = command.removeprefix("healthcheck ").split()
    assert words[0] in COMMANDS
    called = words[:2] if words[0] in GROUPS and len(words) > 1 else words[:1]
    shown = cli(*called, "--help")
    assert shown.code == 0, shown.err
    for option in re.findall(r"--[a-z-]+", command):
        assert option in shown.out, option
