"""Signs of life, asked for over a real socket and read from a real file."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from healthcheck import healthz
from healthcheck.errors import UsageError

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
WELL = {
    "ok": True,
    "last_tick": "2026-11-22T06:30:00+00:00",
    "jobs": {"tick": {"started": "2026-11-22T06:30:00+00:00", "ended": None, "error": None}},
    "held": ["2026-11: the ledger reaches to 1 October only"],
}


def ask(address, path="/healthz", method="GET"):
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read()


def test_well_is_200_and_unwell_503_with_the_same_report():
    health = dict(WELL)
    with healthz.serve("127.0.0.1:0", lambda: health) as address:
        status, body = ask(address)
        assert (status, json.loads(body)) == (200, WELL)
        health["ok"] = False
        status, body = ask(address)
        assert (status, json.loads(body)["ok"]) == (503, False)


def test_a_report_that_cannot_be_made_is_503_and_tells_no_detail(caplog):
    def broken():
        raise RuntimeError("postgresql://user:secret@db")

    with healthz.serve("127.0.0.1:0", broken) as address:
        status, body = ask(address)
    assert (status, json.loads(body)) == (503, {"ok": False, "error": "RuntimeError"})
    assert "cannot be made" in caplog.text


def test_nothing_else_is_served_and_head_has_no_body():
    with healthz.serve("127.0.0.1:0", lambda: WELL) as address:
        assert ask(address, "/")[0] == 404
        assert ask(address, "/healthz/../etc")[0] == 404
        assert ask(address, method="POST")[0] == 501
        assert ask(address, method="HEAD") == (200, b"")


def test_afterwards_the_address_is_free_and_no_thread_is_left():
    with healthz.serve("127.0.0.1:0", lambda: WELL) as address:
        pass
    with pytest.raises(urllib.error.URLError):
        ask(address)
    assert "healthz" not in [thread.name for thread in threading.enumerate()]


def test_a_caller_who_says_nothing_keeps_nobody_waiting():
    with healthz.serve("127.0.0.1:0", lambda: WELL) as address:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port))):
            assert ask(address)[0] == 200


def test_an_address_that_is_taken_is_one_clear_line():
    with healthz.serve("127.0.0.1:0", lambda: WELL) as address:
        with pytest.raises(UsageError, match=f"HEALTHCHECK_HEALTHZ_ADDRESS: cannot listen at {address}"):
            with healthz.serve(address, lambda: WELL):
                pass


@pytest.mark.parametrize(
    "address", ["", "8971", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "http://127.0.0.1:80", "a@b:1", "h:1/x"]
)
def test_what_is_no_address_is_one_clear_line(address):
    with pytest.raises(UsageError, match=r"write it as 127\.0\.0\.1:8971"):
        with healthz.serve(address, lambda: WELL):
            pass


def test_a_heartbeat_is_the_instant_and_is_renewed(tmp_path):
    file = tmp_path / "heartbeat"
    healthz.beat(file, NOW)
    healthz.beat(file, NOW + timedelta(minutes=1))
    assert datetime.fromisoformat(file.read_text().strip()) == NOW + timedelta(minutes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["heartbeat"]


def test_whoever_reads_the_heartbeat_sees_a_whole_one(tmp_path):
    file = tmp_path / "heartbeat"
    healthz.beat(file, NOW)
    over = threading.Event()

    def write():
        second = 0
        while not over.is_set():
            second += 1
            healthz.beat(file, NOW + timedelta(seconds=second))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        read = [file.read_text() for _ in range(500)]
    finally:
        over.set()
        writer.join()
    assert all(datetime.fromisoformat(text.strip()) >= NOW for text in read)


def test_a_heartbeat_that_cannot_be_written_is_a_warning_and_stops_nobody(tmp_path, caplog):
    healthz.beat(tmp_path / "nowhere" / "heartbeat", NOW)
    assert "cannot write the heartbeat" in caplog.text
