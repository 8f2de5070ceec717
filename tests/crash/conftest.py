from __future__ import annotations

import pytest

from tests.crash import harness


@pytest.fixture(scope="session")
def house():
    """The bureau, the mail server and the prepared book, for all plays of this process."""
    with harness.opened() as house:
        yield house
