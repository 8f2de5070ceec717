"""The door to the bureaus, against real sockets: what each kind of trouble means, and that nothing is ever asked twice."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from email.utils import formatdate

import pytest
import requests
import responses
import trustme
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from healthcheck.bureaus import answers, network
from healthcheck.bureaus.http import LONGEST_WAIT, Door, Limits, retry_after
from healthcheck.bureaus.login import LOCKED, REFUSED, SILENT, LogIn, Token
from healthcheck.bureaus.loopback import InThread, Reply
from healthcheck.errors import Uncertain, UsageError
from healthcheck.settings import load

INSIDE = load(allowed_private_hosts="127.0.0.1")
QUICK = Limits(connect=1, read=0.3, total=1.5, size=1_000_000)


class Counting:
    """A handler that counts requests, charges and tokens; a token is good until it is taken away."""

    def __init__(self):
        self.asked = self.charged = self.tokens = 0
        self.good = None

    def __call__(self, request):
        self.asked += 1
        self.last = request
        if request.path == "/token":
            self.tokens += 1
            self.good = f"token-{self.tokens}"
            return Reply({"token": self.good}, on="token")
        if self.good and request.headers.get("authorization") != f"Bearer {self.good}":
            return Reply({}, 401, on="unauthorised")
        return Reply({"status": "active", "amount": 0.1}, charge=self.charge)

    def charge(self):
        self.charged += 1


@pytest.fixture
def handler():
    return Counting()


@pytest.fixture
def server(handler):
    with InThread(handler) as server:
        yield server


def door(url, limits=QUICK, settings=INSIDE):
    return Door("sample", url, settings, limits)


FAULTS = [
    ("reset", answers.Doubtful, 1),
    ("drop", answers.Doubtful, 1),
    ("cut", answers.Doubtful, 1),
    ("reset_before", answers.Doubtful, 0),
    ("slow:700", answers.Doubtful, 1),
    ("drip", answers.Doubtful, 1),
    ("charge_500", answers.Doubtful, 1),
    ("503:9", answers.Doubtful, 0),
    ("redirect", answers.Doubtful, 0),
    ("html", answers.Malformed, 1),
    ("truncated", answers.Malformed, 1),
    ("empty", answers.Malformed, 1),
    ("list", answers.Malformed, 1),
    ("huge", answers.Malformed, 1),
    ("429", answers.Throttled, 0),
    ("401", answers.AuthFailed, 0),
    ("403", answers.NotEntitled, 0),
    ("404", answers.NotFound, 0),
    ("400", answers.Rejected, 0),
    ("410", answers.Rejected, 0),
]


@pytest.mark.parametrize(("fault", "kind", "charged"), FAULTS)
def test_a_paid_call_is_asked_once_and_its_trouble_has_a_kind(server, handler, fault, kind, charged):
    server.faults.plan([fault])
    began = time.monotonic()
    with pytest.raises(answers.HealthcheckError) as error:
        door(server.url).paid("GET", "reports", "C042", params={"name": "Norda Metall"})
    assert type(error.value) is kind
    assert (handler.asked, handler.charged) == (1, charged)
    assert time.monotonic() - began < 15
    text = str(error.value)
    assert text.startswith("sample: ")
    assert ("took too long" in text) == (fault in ("slow:700", "drip"))
    assert "\n" not in text
    assert "Norda" not in text
    assert error.value.__context__ is None


@pytest.mark.parametrize(("fault", "kind", "charged"), FAULTS)
def test_a_free_call_is_never_in_doubt(server, handler, fault, kind, charged):
    server.faults.plan([fault])
    with pytest.raises(answers.Unreachable if issubclass(kind, Uncertain) else kind):
        door(server.url).free("GET", "companies")
    assert handler.asked == 1


def test_an_answer_has_decimals_and_its_own_bytes(server):
    answer = door(server.url).paid("GET", "reports", "C042")
    assert str(answer.body["amount"]) == "0.1"
    assert answer.raw == b'{"status": "active", "amount": 0.1}'


def test_the_usual_retries_buy_four_times_and_ours_once(server, handler):
    server.faults.plan(["reset"] * 9)
    with requests.Session() as usual:
        usual.mount("http://", HTTPAdapter(max_retries=3))
        with pytest.raises(requests.ConnectionError):
            usual.get(server.url, timeout=5)
    assert handler.charged == 4
    with pytest.raises(answers.Doubtful):
        door(server.url).paid("GET", "reports")
    assert handler.charged == 5


def test_nothing_listens_or_nobody_has_that_name():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(answers.Unreachable, match=r"no connection to 127\.0\.0\.1 \(nobody answers\)"):
            door(f"http://127.0.0.1:{taken.getsockname()[1]}").paid("GET", "x")
    with pytest.raises(answers.Unreachable, match=r"no connection to bureau\.invalid \(no such name\)"):
        door("https://bureau.invalid/v1").paid("GET", "x")


def test_a_server_that_speaks_no_tls_is_unreachable(server, handler):
    with pytest.raises(answers.Unreachable, match="no connection"):
        door(server.url.replace("http:", "https:")).paid("GET", "x")
    assert handler.charged == 0


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority, handler):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with InThread(handler, context) as server:
        yield server


def test_a_certificate_nobody_vouches_for_is_unreachable(secure, handler):
    with pytest.raises(answers.Unreachable, match="TLS failed"):
        door(secure.url).paid("GET", "x")
    assert handler.asked == 0


@pytest.mark.parametrize(("fault", "kind", "charged"), FAULTS)
def test_over_tls_trouble_means_the_same(secure, handler, authority, monkeypatch, tmp_path, fault, kind, charged):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    secure.faults.plan(["ok", fault])
    assert door(secure.url).paid("GET", "x").body["status"] == "active"
    with pytest.raises(kind):
        door(secure.url).paid("GET", "x")
    assert (handler.asked, handler.charged) == (2, 1 + charged)


def test_connections_are_kept_and_each_thread_has_its_own(server, handler):
    seen = set()
    connect = socket.socket.connect

    def spy(sock, address):
        seen.add((threading.get_ident(), id(sock)))
        return connect(sock, address)

    def ask():
        for _ in range(3):
            door(server.url).paid("GET", "x")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", spy)
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert handler.charged == 9
    assert len(seen) == 3


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example", "bureau.example", "https://", "https://user:pw@a.example", "https://a.example?x=1",
        "http://a.example", "http://10.0.0.1",
    ],
)  # fmt: skip
def test_a_base_url_we_cannot_use_is_wrong_use(url):
    with pytest.raises(UsageError, match="HEALTHCHECK_SAMPLE_BASE_URL"):
        door(url)


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_an_identifier_never_leads_elsewhere(server, handler, part):
    with pytest.raises(answers.Rejected):
        door(f"{server.url}/v1").paid("GET", "companies", part)
    door(f"{server.url}/v1").paid("GET", "companies", "../../admin?x#y")
    assert handler.last.path == "/v1/companies/../../admin?x#y"  # one quoted part, as the server reads it
    assert handler.last.query == {}
    assert handler.asked == 1


# ---- whom we talk to


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not network.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address):
    assert network.is_public(address)


@contextmanager
def resolving(*addresses):
    """Every name resolves to these addresses, one after the other."""
    given = list(addresses)

    def answer(host, port, *rest, **more):
        address = given.pop(0) if len(given) > 1 else given[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", answer)
        yield


def test_a_public_name_that_leads_to_a_private_address_is_refused_at_connect(server, handler):
    port = server.url.rpartition(":")[2]
    with resolving("127.0.0.1"), pytest.raises(answers.Unreachable, match=r"leads to 127.0.0.1, which is not public"):
        door(f"https://bureau.example:{port}").paid("GET", "x")
    assert handler.asked == 0


def test_a_name_checked_before_may_lead_elsewhere_later(server, handler):
    """What counts is the socket: the first address is of no use, the second is private."""
    port = server.url.rpartition(":")[2]
    with resolving("240.0.0.1", "127.0.0.1"), pytest.raises(answers.Unreachable, match="not public"):
        door(f"https://bureau.example:{port}", Limits(connect=0.2, read=0.2, total=5)).paid("GET", "x")
    assert handler.asked == 0


def test_a_private_host_is_allowed_by_name_and_with_its_port(server):
    port = server.url.rpartition(":")[2]
    for allowed in ("bureau.internal", f"BUREAU.internal:{port}"):
        settings = load(allowed_private_hosts=allowed)
        with resolving("127.0.0.1"):
            assert door(f"http://bureau.internal:{port}", settings=settings).paid("GET", "x").body["status"] == "active"
    with pytest.raises(UsageError):
        door(f"http://bureau.internal:{port}", settings=load(allowed_private_hosts="bureau.internal:1"))


def test_proxies_and_netrc_are_not_used(server, handler, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    door(server.url).paid("GET", "x")
    assert "authorization" not in handler.last.headers


# ---- how long to wait


@given(st.text(max_size=40) | st.integers(-10, 10**30).map(str))
def test_any_retry_after_is_a_wait_or_nothing(text):
    wait = retry_after(text)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("text", "wait"),
    [("7", 7), ("0", 0), (formatdate(1090, usegmt=True), 90), (formatdate(10, usegmt=True), 0), ("soon", None), ("", None), (None, None)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text, wait):
    assert retry_after(text, clock=lambda: 1000.0) == wait


def test_a_throttled_call_carries_the_wait(server):
    server.faults.plan(["429:7", "429:date:50", "429"])
    waits = []
    for _ in range(3):
        with pytest.raises(answers.Throttled) as error:
            door(server.url).paid("GET", "x")
        waits.append(error.value.retry_after)
    assert waits[0] == 7
    assert 45 < waits[1] <= 50
    assert waits[2] is None


@responses.activate
def test_authors_may_test_their_adapters_with_responses():
    responses.get("https://bureau.example/v1/x", body=requests.ReadTimeout("..."))
    with pytest.raises(answers.Doubtful):
        door("https://bureau.example/v1").paid("GET", "x")
    responses.replace("GET", "https://bureau.example/v1/x", json={"a": 1})
    assert door("https://bureau.example/v1").paid("GET", "x").body == {"a": 1}


# ---- tokens


def log_in_at(url, seconds=60.0, clock=time.monotonic):
    def ask():
        return Token(SecretStr(door(url).free("POST", "token", json={"user": "u"}).body["token"]), seconds)

    return LogIn(ask, clock)


def test_sixteen_threads_fetch_one_token(server, handler):
    server.faults.plan(["delay:100"], on="token")
    log_in = log_in_at(server.url)
    threads = [threading.Thread(target=lambda: door(server.url).paid("GET", "x", log_in=log_in)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (handler.tokens, handler.charged) == (1, 16)


def test_a_refused_token_is_renewed_once_and_the_call_goes_through(server, handler):
    log_in = log_in_at(server.url)
    door(server.url).paid("GET", "x", log_in=log_in)
    handler.good = "taken away"
    door(server.url).paid("GET", "x", log_in=log_in)
    assert (handler.tokens, handler.charged) == (2, 2)


def test_a_new_token_refused_as_well_ends_it(server, handler):
    server.faults.plan(["401"] * 9)
    log_in = log_in_at(server.url)
    for _ in range(3):
        with pytest.raises(answers.AuthFailed):
            door(server.url).paid("GET", "x", log_in=log_in)
    assert (handler.tokens, handler.charged, handler.asked) == (2, 0, 4)


def test_a_token_is_used_until_it_expires(server, handler):
    now = [0.0]
    log_in = log_in_at(server.url, seconds=60, clock=lambda: now[0])
    for now[0] in (0.0, 59.0, 60.0, 61.0):
        door(server.url).paid("GET", "x", log_in=log_in)
    assert handler.tokens == 2


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        ("401", answers.AuthFailed, REFUSED), ("400", answers.AuthFailed, REFUSED), ("403", answers.AuthFailed, REFUSED),
        ("404", answers.AuthFailed, REFUSED), ("429", answers.Throttled, LOCKED), ("429:33", answers.Throttled, 33),
        ("500", answers.Unreachable, SILENT), ("reset", answers.Unreachable, SILENT), ("html", answers.Unreachable, SILENT),
    ],
)  # fmt: skip
def test_a_failed_log_in_is_remembered_and_never_looped(server, handler, fault, kind, wait):
    server.faults.plan([fault], on="token")
    now = [0.0]
    log_in = log_in_at(server.url, clock=lambda: now[0])
    for now[0] in (0.0, 0.1, wait - 0.1):
        with pytest.raises(kind) as error:
            door(server.url).paid("GET", "x", log_in=log_in)
    assert handler.asked == 1
    if kind is answers.Throttled:
        assert error.value.retry_after == pytest.approx(0.1)
    now[0] = wait + 0.1
    door(server.url).paid("GET", "x", log_in=log_in)
    assert handler.charged == 1


def test_waiting_threads_share_a_failed_log_in(server, handler):
    server.faults.plan(["delay:200", *["401"] * 9], on="token")
    server.faults.scripts[0][2].popleft()
    log_in = log_in_at(server.url)
    errors = []

    def ask():
        try:
            door(server.url).paid("GET", "x", log_in=log_in)
        except answers.AuthFailed as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(error) for error in errors}) == 8
    assert handler.asked == 1
