"""A PostgreSQL server of our own: Debian's binaries, an empty cluster in a folder of its own, a Unix socket and no port.

It belongs to the process that started it and ends with it, however that ends. PostgreSQL refuses to run as root: then it runs as nobody.
"""

from __future__ import annotations

import atexit
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from functools import lru_cache
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

STARTS_WITHIN = 60.0
USER = "healthcheck"


def binaries() -> Path | None:
    """Where initdb and postgres are: on the PATH, or where Debian keeps them (the newest of several)."""
    found = shutil.which("initdb")
    if not shutil.which("setpriv"):
        return None
    if found and shutil.which("postgres", path=str(Path(found).parent)):
        return Path(found).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return debian[-1].parent if debian else None


class Postgres:
    """One running server. Its databases are named by a counter, so that no two tests meet."""

    def __init__(self, folder: Path) -> None:
        where = binaries()
        if where is None:
            raise FileNotFoundError("there is no PostgreSQL here: apt-get install postgresql")
        self.bin, self.folder, self.password, self._numbers = where, folder, secrets.token_hex(8), count(1)
        self._as = _unprivileged(folder)
        self._create_cluster()
        self.process = self._start()

    def url(self, name: str) -> str:
        """As a person writes it: no driver named, the password inside."""
        return f"postgresql://{USER}:{self.password}@/{name}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """The name of a fresh database, which is a copy of ``template``."""
        name = f"test_{next(self._numbers)}"
        self.run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Throw it away, whoever is still connected."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composable) -> None:
        """One statement outside any transaction."""
        with self._connect() as connection:
            connection.execute(statement)

    def stop(self) -> None:
        """At once, and remove everything. Harmless if it is stopped already."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def _create_cluster(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)  # the folder is closed to others
        command = [
            self.bin / "initdb", "--pgdata", self.folder / "data", "--username", USER, "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions", "--no-sync",
            "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en",  # sorts otherwise than bytes do, as many servers
        ]  # fmt: skip
        subprocess.run([*self._as, *command], check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        secret.unlink()

    def _start(self) -> subprocess.Popen:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "max_connections": 200,
            "fsync": "on",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("wb")
        with log:
            process = subprocess.Popen(
                [*self._as, "--pdeathsig", "INT", self.bin / "postgres", "-D", self.folder / "data", *words],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        self._wait(process)
        return process

    def _wait(self, process: subprocess.Popen) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)


def _unprivileged(folder: Path) -> list[str]:
    """The words that begin a command which must not run as root; the folder is given to whom it runs as."""
    if os.geteuid():
        return ["setpriv"]
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


@lru_cache(maxsize=1)
def server() -> Postgres:
    """This process's server, started when it is first asked for."""
    started = Postgres(Path(tempfile.mkdtemp(prefix="healthcheck-pg-")))
    atexit.register(started.stop)
    return started
