from __future__ import annotations

import pytest

from healthcheck.store import schema
from healthcheck.store.session import connect


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """No test sees this machine's settings, or writes where it was started."""
    import os

    for name in [n for n in os.environ if n.startswith("HEALTHCHECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


@pytest.fixture
def engine(tmp_path):
    """A real, empty database on disk."""
    engine = connect(f"sqlite:///{tmp_path}/test.db")
    schema.upgrade(engine)
    yield engine
    engine.dispose()
