"""One GET within limits, against servers that stall, drip, cut, flood and send elsewhere."""

import gzip
import itertools
import json
import re
import socket
import threading
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import fetch_bodies as bodies
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weather.conventions.errors import ConfigError, SourceUnavailable
from weather.fetch.http import LIMITS, Limits, Query, check_url, fetch_bytes, parse_json, redact

QUICK = replace(LIMITS, deadline_s=5.0, backoff_s=0.01)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
KEY = "s3cret+key/1"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine stands between a test and its server."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_whole_answer_comes_back_byte_for_byte(httpserver):
    httpserver.expect_request("/v1", query_string={"a": "1,2"}).respond_with_data(b'{"x": 1}')
    assert fetch_bytes(Query(httpserver.url_for("/v1"), (("a", "1,2"),)), limits=QUICK) == b'{"x": 1}'
    request, _ = httpserver.log[0]
    assert re.fullmatch(r"greendc/\S+", request.headers["User-Agent"])


def test_a_proxy_of_the_environment_is_used(httpserver, monkeypatch):
    monkeypatch.setenv("http_proxy", httpserver.url_for("/"))
    httpserver.expect_request("/v1", headers={"Host": "weather.example"}).respond_with_data(b"[3]")
    assert fetch_bytes(Query("http://weather.example/v1"), limits=QUICK) == b"[3]"


def test_a_packed_answer_is_unpacked(httpserver):
    packed = gzip.compress(b'{"x": 2}')
    httpserver.expect_request("/v1").respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    assert fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK) == b'{"x": 2}'


def test_a_packed_bomb_is_refused_by_what_it_unpacks_to(httpserver):
    packed = gzip.compress(bytes(3_000_000))
    assert len(packed) < 10_000
    httpserver.expect_request("/v1").respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceUnavailable, match=r"at most 1 MB are read"):
        fetch_bytes(Query(httpserver.url_for("/v1")), limits=replace(QUICK, most_bytes=1_000_000))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_trouble_that_passes_is_tried_again(httpserver, status):
    httpserver.expect_ordered_request("/v1").respond_with_data("busy", status=status)
    httpserver.expect_ordered_request("/v1").respond_with_data("busy", status=status)
    httpserver.expect_ordered_request("/v1").respond_with_data(b"{}")
    assert fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK) == b"{}"
    assert len(httpserver.log) == 3


def test_three_tries_and_no_more(httpserver):
    httpserver.expect_request("/v1").respond_with_data("<h1>Bad gateway</h1>", status=502)
    with pytest.raises(SourceUnavailable, match=r"HTTP 502: Bad gateway in 3 tries") as caught:
        fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK)
    assert len(httpserver.log) == 3
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": True, "reason": "Cannot initialize model from invalid String value x"}, "Cannot initialize model"),
        ({"messages": ["start is after end", "second"]}, "start is after end; second"),
        ({"message": "Location over the sea", "status": 400}, "Location over the sea"),
    ],
)
def test_a_refused_query_is_not_repeated_and_its_reason_shown(httpserver, body, told):
    httpserver.expect_request("/v1").respond_with_json(body, status=400)
    with pytest.raises(SourceUnavailable, match=re.escape(f"HTTP 400: {told}")):
        fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK)
    assert len(httpserver.log) == 1


def test_control_characters_of_a_server_do_not_reach_the_terminal(httpserver):
    httpserver.expect_request("/v1").respond_with_json({"reason": "\x1b[31mred\x07\nline"}, status=400)
    with pytest.raises(SourceUnavailable) as caught:
        fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("form", [str, lambda seconds: format_datetime(datetime.now(UTC) + timedelta(seconds=seconds))])
def test_a_wait_longer_than_the_deadline_is_not_begun(httpserver, form):
    httpserver.expect_request("/v1").respond_with_data("slow down", status=429, headers={"Retry-After": form(3600)})
    with pytest.raises(SourceUnavailable, match=r"HTTP 429: slow down; (3599|3600) s of waiting asked for"):
        fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK)
    assert len(httpserver.log) == 1


def test_a_wait_asked_for_is_kept(httpserver, monkeypatch):
    rests = []
    monkeypatch.setattr("weather.fetch.http.time.sleep", rests.append)
    httpserver.expect_ordered_request("/v1").respond_with_data("", status=503, headers={"Retry-After": "2"})
    httpserver.expect_ordered_request("/v1").respond_with_data(b"{}")
    assert fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK) == b"{}"
    assert rests == [2.0]


def test_rests_double_and_differ(monkeypatch):
    """With the first after 0.5 to 1 s, the second after 1 to 2 s."""
    rests = []
    monkeypatch.setattr("weather.fetch.http.time.sleep", rests.append)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    for _ in range(8):
        with pytest.raises(SourceUnavailable, match=r"Connection refused\) in 3 tries"):
            fetch_bytes(Query(url))
    first, second = rests[::2], rests[1::2]
    assert all(0.5 <= rest <= 1.0 for rest in first) and all(1.0 <= rest <= 2.0 for rest in second)
    assert len(set(first)) > 1


def test_a_redirect_on_the_same_host_is_followed(httpserver):
    httpserver.expect_request("/v1").respond_with_data("", status=301, headers={"Location": "/v2?a=1"})
    httpserver.expect_request("/v2", query_string={"a": "1"}).respond_with_data(b"[]")
    assert fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK) == b"[]"


@pytest.mark.parametrize(
    "target",
    [
        "http://elsewhere.example/v1?apikey=abc",
        "//elsewhere.example/v1",
        "http://127.0.0.2:{port}/v1",
        "http://127.0.0.1:1/v1",
        "https://127.0.0.1:{port}/v1",
        "ftp://127.0.0.1:{port}/v1",
        "file:///etc/passwd",
        "http://[bad/v1",
    ],
)
def test_a_redirect_elsewhere_is_refused(target):
    calls = []

    def send_on(connection: socket.socket, number: int) -> None:
        calls.append(number)
        location = target.format(port=connection.getsockname()[1])
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    with (
        bodies.raw_server(send_on) as url,
        pytest.raises(SourceUnavailable, match=r"sends on to .* another host or scheme; not followed") as caught,
    ):
        fetch_bytes(Query(url), limits=QUICK)
    assert calls == [1]
    assert "abc" not in str(caught.value)


def test_the_body_of_a_redirect_is_not_read():
    def send_on(connection: socket.socket, number: int) -> None:
        if number > 1:
            connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
            return
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /v2\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(bytes(1 << 16))

    with bodies.raw_server(send_on) as url:
        assert fetch_bytes(Query(url), limits=QUICK) == b"{}"


def test_redirects_in_a_circle_end(httpserver):
    httpserver.expect_request("/v1").respond_with_data("", status=302, headers={"Location": "/v1"})
    with pytest.raises(SourceUnavailable, match="more than 5 redirects"):
        fetch_bytes(Query(httpserver.url_for("/v1")), limits=QUICK)
    assert len(httpserver.log) == 6


# -- time: the call ends while the server still holds back; had it waited, it would have got its answer ----------------

# the defaults, a hundred times faster, against a server that stalls 30 s
SCALED = Limits(
    deadline_s=LIMITS.deadline_s / 100, connect_s=0.1, read_s=LIMITS.read_s / 100, backoff_s=LIMITS.backoff_s / 100
)


def _stall_before_head(connection: socket.socket, ends: threading.Event) -> None:
    ends.wait(30.0)
    connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")


def _stall_in_head(connection: socket.socket, ends: threading.Event) -> None:
    connection.sendall(HEAD)
    ends.wait(30.0)
    connection.sendall(b"Content-Length: 2\r\n\r\n{}")


def _stall_in_body(connection: socket.socket, ends: threading.Event) -> None:
    connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
    ends.wait(30.0)
    connection.sendall(b"}")


def _drip(connection: socket.socket, ends: threading.Event, before: bytes, one: bytes, after: bytes) -> None:
    connection.sendall(before)
    for _ in range(600):  # 30 s
        if ends.wait(0.05):
            break
        connection.sendall(one)
    connection.sendall(after)


def _drip_head(connection: socket.socket, ends: threading.Event) -> None:
    _drip(connection, ends, HEAD + b"X: ", b"x", b"\r\nContent-Length: 2\r\n\r\n{}")


def _drip_body(connection: socket.socket, ends: threading.Event) -> None:
    _drip(connection, ends, HEAD + b"Content-Length: 600\r\n\r\n", b" ", b" " * 600)


def _drip_chunks(connection: socket.socket, ends: threading.Event) -> None:
    _drip(connection, ends, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"0\r\n\r\n")


@pytest.mark.parametrize(
    "holds_back", [_stall_before_head, _stall_in_head, _stall_in_body, _drip_head, _drip_body, _drip_chunks]
)
def test_a_server_that_holds_back_for_30_s_does_not_hold_the_caller(holds_back):
    ends = threading.Event()
    with bodies.raw_server(lambda connection, _: holds_back(connection, ends)) as url:
        try:
            with pytest.raises(SourceUnavailable, match=r"no whole answer within 0\.8 s|no answer in time"):
                fetch_bytes(Query(url), limits=SCALED)
        finally:
            ends.set()


def test_a_dripping_body_lets_its_thread_go():
    """The thread that reads is woken at the deadline, not left to the server's patience."""
    ends = threading.Event()
    with bodies.raw_server(lambda connection, _: _drip_body(connection, ends)) as url:
        before = {thread for thread in threading.enumerate() if thread.name == "greendc-fetch"}
        with pytest.raises(SourceUnavailable):
            fetch_bytes(Query(url), limits=SCALED)
        (left,) = {t for t in threading.enumerate() if t.name == "greendc-fetch"} - before or (None,)
        if left is not None:
            left.join(10.0)
            assert not left.is_alive()
        assert not ends.is_set()
        ends.set()


def test_the_defaults_end_a_stall_in_time():
    """A stalled server ends in exit 7 within 90 s, tries and rests included; a stall of 30 s is waited for."""
    assert LIMITS.deadline_s <= 90.0 and 30.0 < LIMITS.read_s < LIMITS.deadline_s and LIMITS.connect_s == 10.0


# -- size --------------------------------------------------------------------------------------------------------------


def test_a_body_of_50_MB_is_refused_while_it_comes():
    sent = []

    def flood(connection: socket.socket, _: int) -> None:
        connection.sendall(HEAD + b"Connection: close\r\n\r\n")
        block = bytes(1 << 20)
        for count in itertools.count(1):
            connection.sendall(block)
            sent.append(count)

    with (
        bodies.raw_server(flood) as url,
        pytest.raises(SourceUnavailable, match=r"has sent 52 MB and more is to come; at most 52 MB are read"),
    ):
        fetch_bytes(Query(url), limits=replace(QUICK, deadline_s=60.0))
    # what stands in the sockets' buffers beside it
    assert 50 <= max(sent) <= 80


def test_a_body_announced_too_large_is_refused_before_it_comes():
    def announce(connection: socket.socket, _: int) -> None:
        connection.sendall(HEAD + b"Content-Length: 60000000\r\n\r\n")
        connection.recv(1)

    with bodies.raw_server(announce) as url, pytest.raises(SourceUnavailable, match="announces 60 MB; at most 52 MB"):
        fetch_bytes(Query(url), limits=QUICK)


def test_a_cut_body_is_fetched_again():
    def cut_first(connection: socket.socket, number: int) -> None:
        connection.sendall(HEAD + b"Content-Length: 10\r\n\r\n" + (b"[1,2" if number == 1 else b"[1,2,3,4] "))

    with bodies.raw_server(cut_first) as url:
        assert fetch_bytes(Query(url), limits=QUICK) == b"[1,2,3,4] "


def test_a_body_cut_each_time_is_no_answer():
    def cut(connection: socket.socket, _: int) -> None:
        connection.sendall(HEAD + b"Content-Length: 10\r\n\r\n[1,2")

    with bodies.raw_server(cut) as url, pytest.raises(SourceUnavailable, match=r"one that broke .* in 3 tries"):
        fetch_bytes(Query(url), limits=QUICK)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00\xff" * 50,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"SSH-2.0-x\r\n",
    ],
    ids=["nothing", "bytes", "two hundred headers", "no status", "another protocol"],
)
def test_what_is_no_http_is_no_answer(garbage):
    with (
        bodies.raw_server(lambda connection, _: connection.sendall(garbage)) as url,
        pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1"),
    ):
        fetch_bytes(Query(url), limits=QUICK)


def test_tls_to_a_server_without_it_is_told():
    with (
        bodies.raw_server(lambda connection, _: connection.sendall(HEAD)) as url,
        pytest.raises(SourceUnavailable, match="no trusted connection"),
    ):
        fetch_bytes(Query(url.replace("http:", "https:")), limits=QUICK)


# -- what is JSON ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b'{"hourly":{"time":[1,2', b"<html>login</html>", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5000, b"{} {}"],
)
def test_what_is_no_whole_json_is_no_answer(body):
    with pytest.raises(SourceUnavailable, match=r"^here: the answer of \d+ bytes is no whole JSON"):
        parse_json(body, where="here")


def test_json_of_millions_of_parts_is_not_unfolded():
    with pytest.raises(SourceUnavailable, match="objects and lists"):
        parse_json(b"[" + b"[]," * 2_000_001 + b"[]]", where="here")


@given(st.lists(st.none() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5), max_size=5))
def test_whole_json_is_what_was_sent(value):
    assert parse_json(json.dumps(value).encode(), where="here") == value


# -- addresses and keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["", "example.org/v1", "ftp://example.org", "file:///etc/passwd", "http://", "http://a b/", "http://x:99999/", 7],
)
def test_an_address_that_is_none_is_a_wrong_configuration(url):
    with pytest.raises(ConfigError, match=r"my setting is .*allowed: http://"):
        check_url(str(url), of="my setting")


def _answer(status: bytes) -> bytes:
    echo = json.dumps({"reason": f"no such key {KEY}, nor apikey={KEY}"}).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(echo), echo)


@pytest.mark.parametrize(
    "answer",
    [
        _answer(b"400 Bad"),
        _answer(b"401 No"),
        _answer(b"500 Oh"),
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/?apikey=s3cret%2Bkey%2F1\r\n\r\n",
        HEAD + b"Content-Length: 9\r\n\r\n{",
        b"nonsense\r\n",
        b"",
    ],
)
def test_a_key_is_in_no_message_and_no_traceback(answer):
    with bodies.raw_server(lambda connection, _: connection.sendall(answer)) as url:
        query = Query(url.replace("//", "//me:hidden@"), (("a", "1"),), (("apikey", KEY),))
        with pytest.raises(SourceUnavailable) as caught:
            fetch_bytes(query, limits=QUICK)
    told = "".join(traceback.format_exception(caught.value)) + repr(query.shown)
    for secret in (KEY, "s3cret%2Bkey%2F1", "s3cret", "hidden"):
        assert secret not in told
    # nothing hangs on the error that a logger could unfold
    assert caught.value.__context__ is None and caught.value.__cause__ is None
    assert KEY not in repr(query)


def test_a_key_reaches_the_server_it_is_for(httpserver):
    httpserver.expect_request("/v1", query_string={"a": "1", "apikey": KEY}).respond_with_data(b"{}")
    assert fetch_bytes(Query(httpserver.url_for("/v1"), (("a", "1"),), (("apikey", KEY),)), limits=QUICK) == b"{}"


@pytest.mark.parametrize("name", ["apikey", "api_key", "key", "token", "access_token", "password", "ApiKey"])
def test_what_looks_like_a_key_in_an_address_is_not_shown(name):
    assert redact(f"http://example.org/?x=1&{name}=abc&y=2", None) == f"http://example.org/?x=1&{name}=***&y=2"
    assert redact("https://me:pw@example.org/", None) == "https://***@example.org/"


def test_time_alone_does_not_pass_for_an_answer(httpserver):
    """The deadline counts from the call: a query after another has its own."""
    httpserver.expect_request("/v1").respond_with_data(b"{}")
    limits = replace(QUICK, deadline_s=2.0)
    for _ in range(2):
        assert fetch_bytes(Query(httpserver.url_for("/v1")), limits=limits) == b"{}"
        time.sleep(0.01)
