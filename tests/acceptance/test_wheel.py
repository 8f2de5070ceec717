"""The built wheel, away from the checkout, runs the demo."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel in it; the dependencies are those of this one, the checkout is not there."""
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=120)
    python = place / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=120)
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    (Path(site.stdout.strip()) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return place / "bin"


def test_the_wheel_carries_templates_jobs_and_migrations(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("healthcheck/_templates/emails/credit-body.html", "healthcheck/_templates/web/account.html", "jobs/monthly.py",
                   "healthcheck/store/migrations/versions/0001_the_first_tables.py", "healthcheck/py.typed"):  # fmt: skip
        assert wanted in names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_wheel_runs_the_demo_away_from_the_checkout(installed, tmp_path):
    where = "import healthcheck, jobs.monthly; print(healthcheck.__file__, jobs.monthly.__file__)"
    found = subprocess.run(
        [installed / "python", "-c", where], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert str(ROOT) not in found.stdout
    done = subprocess.run(
        [installed / "healthcheck", "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "healthcheck-demo" / "outbox").glob("*.eml"))) == 5
