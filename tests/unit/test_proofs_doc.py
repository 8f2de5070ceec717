"""The commands of docs/proofs.md name tests and benchmarks that are there."""

import re
import shlex
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
ROWS = [line for line in (HOME / "docs/proofs.md").read_text().splitlines() if line.startswith("| ")][1:]
COMMANDS = [shlex.split(found) for row in ROWS for found in re.findall(r"`((?:pytest|python) [^`]*)`", row)]


def test_most_rows_have_a_command():
    assert len(COMMANDS) >= len(ROWS) - 1 > 8


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_it_names_what_is_there(words):
    place = HOME / words[-1]
    assert place.exists()
    texts = [file.read_text() for file in ([place] if place.is_file() else place.glob("test_*.py"))]
    if "-k" in words:
        assert any(
            re.search(rf"def test_\w*{words[words.index('-k') + 1].removeprefix('test_')}", text) for text in texts
        )
    if "slow" in words:
        assert any("mark.slow" in text for text in texts)
