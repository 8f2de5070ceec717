"""A final demand whose sender is killed anywhere goes out once, and is on record once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]


@pytest.mark.parametrize("stride", [11, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_killed_anywhere_it_goes_once(tmp_path, stride):
    env = {**os.environ, "PYTHONPATH": str(HOME)}
    command = [sys.executable, "-m", "tests.letter_driver", str(tmp_path), str(stride)]
    done = subprocess.run(command, cwd=HOME, env=env, capture_output=True, text=True, timeout=1500, check=True)
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(tries) > 200 // stride
    assert [one["step"] for one in tries[:-1]] == list(range(0, stride * (len(tries) - 1), stride))
    assert tries[-1]["first"] == 0
    for one in tries:
        told = {name: one[name] for name in ("again", "letters", "mails", "records", "files", "audit")}
        assert told == {
            "again": 0,
            "letters": 1,
            "mails": ["SENT"],
            "records": ["letter", "demand"],
            "files": 1,
            "audit": None,
        }, one["step"]
