"""A Dask cluster of real processes on loopback, over TLS with certificates of our own: one scheduler, some workers of one thread.

with Cluster(folder, {"HEALTHCHECK_DATABASE_URL": ...}, workers=2) as cluster:
    cluster.settings             carrier and TLS files, for Settings
    cluster.keep_up()            start again who died, as a supervisor would
    cluster.kill(cluster.workers[0])    SIGKILL; so too cluster.scheduler
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import trustme

ROOT = Path(__file__).parents[2]


class Cluster:
    """Each process has the environment ``env`` besides what it needs to run, and ends with the process that started it."""

    def __init__(self, folder: Path, env: Mapping[str, str], workers: int = 2) -> None:
        self.folder, self.port = folder, _free_port()
        self.files = certificates(folder)
        self.env = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1",
            "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true", **env,
        }  # fmt: skip
        self.scheduler = self._begin("scheduler")
        self.workers = [self._begin("worker", n) for n in range(workers)]

    @property
    def settings(self) -> dict[str, str]:
        names = zip(("dask_ca_file", "dask_cert_file", "dask_key_file"), self.files, strict=True)
        return {"carrier": f"dask+tls://127.0.0.1:{self.port}", **{name: str(file) for name, file in names}}

    def keep_up(self) -> None:
        if self.scheduler.poll() is not None:
            self.scheduler = self._begin("scheduler")
        for n, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.workers[n] = self._begin("worker", n)

    def kill(self, process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(30)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            self.kill(process)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _begin(self, what: str, n: int = 0) -> subprocess.Popen:
        ca, certificate, key = self.files
        words = [
            "--tls-ca-file",
            ca,
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        ]
        if what == "scheduler":
            words += ["--protocol", "tls", "--port", str(self.port)]
        else:
            words += [
                f"tls://127.0.0.1:{self.port}", "--nthreads", "1", "--no-nanny", "--memory-limit", "2GiB",
                "--local-directory", self.folder / f"worker-{n}", "--death-timeout", "60",
            ]  # fmt: skip
        with (self.folder / f"{what}-{n}.log").open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", f"distributed.cli.dask_{what}", *words],
                env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Of the authority; of every machine; its key."""
    authority = trustme.CA()
    one = authority.issue_cert("127.0.0.1", "localhost")
    files = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    authority.cert_pem.write_to_path(files[0])
    files[1].write_bytes(b"".join(part.bytes() for part in one.cert_chain_pems))
    one.private_key_pem.write_to_path(files[2])
    return files


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
