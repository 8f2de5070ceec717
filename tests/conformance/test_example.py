"""The example of docs/bureaus.md: printed there as it is, found through its entry point, and through the conformance suite."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from healthcheck.bureaus import registry
from healthcheck.bureaus.http_testing import HttpConformance
from healthcheck.errors import UsageError
from healthcheck.settings import load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "bureau"
sys.path.append(str(EXAMPLE))
TestRatings: type[HttpConformance] = import_module("test_ratings").TestRatings


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example as an installed package: its metadata as an installer writes them from its pyproject.toml."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    folder = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [f"{name} = {value}" for name, value in project["entry-points"][registry.GROUP].items()]
    (folder / "entry_points.txt").write_text("\n".join([f"[{registry.GROUP}]", *points]) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry._outsiders.cache_clear()
    yield
    registry._outsiders.cache_clear()


def test_it_is_found_through_its_entry_point_and_has_settings_of_its_own(installed, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_BUREAUS", "ratings,file")
    with pytest.raises(UsageError, match="set HEALTHCHECK_RATINGS_COST_PER_PULL"):
        registry.configured(load())[0].cost()
    monkeypatch.setenv("HEALTHCHECK_RATINGS_COST_PER_PULL", "2.50")
    bureau, _ = registry.configured(load())
    assert (bureau.name, str(bureau.cost()), registry.link_of("ratings")) == ("ratings", "2.50", "vat")


def test_commands_know_it(installed, monkeypatch, cli):
    monkeypatch.setenv("HEALTHCHECK_BUREAUS", "ratings")
    assert cli("init").code == 0
    rows = {row["bureau"]: row for row in cli("bureaus", "list", "--json").lines[0]["bureaus"]}
    assert (rows["ratings"]["linked_by"], rows["ratings"]["price"], rows["ratings"]["configured"]) == (
        "vat",
        None,
        True,
    )
    signs = {(sign["what"], sign["state"]) for sign in cli("doctor", "--offline", "--json").lines[0]["signs"]}
    assert ("bureau ratings", "missing") in signs


def test_without_the_package_nobody_knows_it():
    with pytest.raises(UsageError, match="no bureau is called 'ratings'"):
        registry.load("ratings", load())


@pytest.mark.parametrize("name", ["pyproject.toml", "ratings.py", "test_ratings.py"])
def test_the_guide_prints_what_is_run(name):
    assert (EXAMPLE / name).read_text().strip() in (ROOT / "docs" / "bureaus.md").read_text()


def test_the_guide_tells_of_every_bureau_that_ships():
    guide = (ROOT / "docs" / "bureaus.md").read_text()
    assert not [name for name in registry.BUREAUS if f"| `{name}` |" not in guide]
