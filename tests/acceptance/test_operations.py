"""What the guides tell an operator to type exists, and what can be walked here is walked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from sqlmodel import select

from healthcheck import healthz
from healthcheck.cli.app import COMMANDS, load
from healthcheck.settings import PREFIX, Settings
from healthcheck.store import schema
from healthcheck.store.session import connect, read
from healthcheck.store.work import Message, Observation
from tests import review_world as world
from tests.mail_server import free_port

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
PLACES = [*GUIDES, DOCS / "compose.yaml", DOCS / "healthcheck.service"]
COMPOSE = yaml.safe_load((DOCS / "compose.yaml").read_text())


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path):
    found = {name.rstrip("_") for name in re.findall(rf"{PREFIX}([A-Z][A-Z_]+)", path.read_text())}
    named = {name for name in found if not name.startswith("RATINGS")}  # those are an example's own
    assert named - {"NAME"} <= {name.upper() for name in Settings.model_fields}


def commands(text):
    """The command lines of healthcheck in a guide's code: blocks and spans."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))
    for line in "\n".join([*blocks, *spans]).replace("\\\n", " ").splitlines():
        for found in re.finditer(r"(?:^|[\s/])healthcheck ([a-z].*?)(?=$|&&|\||;|,)", line):
            yield found[1]


def wrong(line):
    """Why there is no such command; empty if there is."""
    words = re.sub(r'"[^"]*"', "X", line).split()
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    found = load(words[0])
    if not isinstance(found, typer.Typer):
        app = typer.Typer()
        app.command(words[0])(found)
        known = typer.main.get_command(app)
    elif len(words) == 1:
        return ""
    else:
        group = typer.main.get_command(found)
        if words[1] not in group.commands:
            return f"no command {words[0]} {words[1]}"
        known = group.commands[words[1]]
    options = {name for one in known.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    strange = [word for word in words if word.startswith("--") and word not in options]
    return f"{line}: no option {strange}" if strange else ""


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path):
    assert [why for line in commands(path.read_text()) if (why := wrong(line))] == []


def test_that_test_can_fail():
    told = list(
        commands("`healthcheck exprot x`, `healthcheck pulls resolve 1 --chraged`\n```\nhealthcheck flags lsit\n```\n")
    )
    assert len(told) == 3
    assert all(wrong(line) for line in told)
    assert sum(1 for _ in commands((DOCS / "operations.md").read_text())) > 15


# ---- walked


@pytest.fixture
def installed(tmp_path):
    """A folder as an operator has it: a .env, a database with a reviewed month, and the command on the path."""
    folder = tmp_path / "site"
    folder.mkdir()
    engine = connect(f"sqlite:///{folder}/healthcheck.db")
    schema.upgrade(engine)
    world.fill(engine, folder, firms=2)
    engine.dispose()
    (folder / ".env").write_text(
        "HEALTHCHECK_SECRET_KEYS=only-for-tests-only-for-tests-only\nHEALTHCHECK_LARGE_SALES_SHARE=1\n"
    )
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "healthcheck"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m healthcheck "$@"\n')
    script.chmod(0o755)
    done = walk(folder, "healthcheck review --as-of 2026-06-30")
    assert done.returncode == 0, done.stderr
    return folder


def walk(folder, script):
    path = f"{folder.parent / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def blocks():
    """The blocks marked as walked, and the tool that each needs."""
    return re.findall(r"<!-- walked(?:: (\S+))? -->\n```\n(.*?)```", (DOCS / "operations.md").read_text(), re.S)


def needing(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not here")
    return [script for needs, script in blocks() if needs == tool]


def test_what_to_watch_answers_and_is_quiet_when_all_is_well(installed):
    ((_, script),) = [one for one in blocks() if not one[0]]
    done = walk(installed, script.replace("healthcheck status --json", "healthcheck status --json || true"))
    assert done.returncode == 0, done.stderr
    assert "no mail waits for a person" in done.stdout
    assert "the audit holds" in done.stdout


def test_a_backup_taken_while_somebody_writes_is_whole_and_brings_everything_back(installed):
    backup, restore = needing("sqlite3")
    engine = connect(f"sqlite:///{installed}/healthcheck.db")
    with read(engine) as session:
        mails = session.exec(select(Message.message_id)).all()
    assert mails
    with engine.connect() as writer, writer.begin():
        writer.exec_driver_sql("INSERT INTO rate (currency, \"on\", rate) VALUES ('USD', '2026-06-30', '0.9')")
        done = walk(installed, backup)
    engine.dispose()
    assert (done.returncode, done.stdout.strip().splitlines()[-1]) == (0, "ok"), done.stderr
    assert walk(installed, "healthcheck observe C000 --activity quiet").returncode == 0
    done = walk(installed, restore)
    assert done.returncode == 0, done.stderr
    assert "the audit holds" in done.stdout
    with read(engine) as session:
        assert session.exec(select(Message.message_id)).all() == mails
        assert session.exec(select(Observation)).all() == [], "it came after the backup"
    engine.dispose()


# ---- the unit and the compose file


def test_systemd_takes_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    text = (DOCS / "healthcheck.service").read_text()
    assert "/opt/healthcheck/bin/healthcheck run\n" in text
    unit = tmp_path / "healthcheck.service"
    unit.write_text(text.replace("/opt/healthcheck/bin/healthcheck", shutil.which("true")))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert "healthcheck.service:" not in done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compose_file_runs_commands_that_exist_and_depends_on_services_that_do():
    services = COMPOSE["services"]
    assert {"db", "scheduler", "worker", "dask"} <= set(services)
    assert services["worker"]["deploy"]["replicas"] == 2
    ours = [one["command"] for one in services.values() if one.get("command", [""])[0] == "healthcheck"]
    assert [wrong(" ".join(command[1:])) for command in ours] == [""] * 2
    for one in services.values():
        assert set(one.get("depends_on", ())) <= set(services)
        assert set(one.get("secrets", ())) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_the_compose_files_healthcheck_fails_when_the_scheduler_does(well, code):
    scheduler = COMPOSE["services"]["scheduler"]
    address = scheduler["environment"]["HEALTHCHECK_HEALTHZ_ADDRESS"]
    kind, _, *words = scheduler["healthcheck"]["test"]
    here = f"127.0.0.1:{free_port()}"
    assert (kind, address in words[-1]) == ("CMD", True)
    command = [sys.executable, *(word.replace(address, here) for word in words)]
    report = {"ok": well, "last_tick": None, "jobs": {}, "held": []}
    with healthz.serve(here, lambda: report):
        assert subprocess.run(command, capture_output=True, timeout=60).returncode == code
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 1
