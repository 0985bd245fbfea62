"""One GET within limits: of time as a clock on the wall shows it, of size, of tries, of where it may be sent on to.

`requests` limits the silence between two bytes, not the whole: a server that sends a byte now and then holds it for
hours. Here the work is done by a thread that the caller waits for until the deadline and no longer.
"""

import contextlib
import email.utils
import importlib.metadata
import json
import random
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urljoin, urlsplit

import requests

from weather.conventions.errors import ConfigError, SourceUnavailable

_CHUNK = 64 * 1024
_REDIRECTS_MAX = 5
_BRACKETS_MAX = 2_000_000  # small parts of JSON fill a hundred times their bytes of memory
_HEADERS = {"Accept": "application/json"}
_SAID_MAX = 300  # characters of a server's own words
_SECRETS = re.compile(r"(?i)\b(api_?key|access_token|auth|key|token|password|secret)=([^&\s'\"<>]+)")
_USER_IN_URL = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of which address.

    Parameters
    ----------
    url : str
        http or https.
    params : tuple of (str, str)
    secret : tuple of (str, str)
        Parameters that are sent but never shown or kept, as a key.
    """

    url: str
    params: tuple[tuple[str, str], ...] = ()
    secret: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def shown(self) -> str:
        """The address as messages name it: without parameters, user or key."""
        return redact(self.url.partition("?")[0], self)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how often and how much.

    Parameters
    ----------
    deadline_s : float [s]
        From the call to its end, whatever happens.
    connect_s, read_s : float [s]
        Longest wait for a connection, and for the next bytes.
    tries : int
    backoff_s : float [s]
        Rest after the first failure; doubled after each, with up to as much again at random, so that many clients of a
        server that comes back do not all return at once.
    most_bytes : int
        Of the answer, unpacked.
    """

    deadline_s: float = 80.0
    connect_s: float = 10.0
    read_s: float = 60.0
    tries: int = 3
    backoff_s: float = 0.5
    most_bytes: int = 50 * 1024 * 1024


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a try gave no answer: what was got, what to do, whether another try may help, and when."""

    got: str
    advice: str
    again: bool = False
    wait_s: float | None = None


@dataclass(slots=True)
class _Call:
    """What the thread and its caller share."""

    query: Query
    limits: Limits
    ends: float
    body: bytes | None = None
    error: BaseException | None = None
    response: requests.Response | None = None
    received: int = 0

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()


def fetch_bytes(query: Query, *, limits: Limits = LIMITS) -> bytes:
    """The body of the answer to a query.

    Proxies are taken from the environment, as `requests` does. A redirect is followed on the same host, port and scheme
    alone: what else answers there was not what the user configured.

    Parameters
    ----------
    query : Query
    limits : Limits

    Raises
    ------
    ConfigError
        When the address is none of http or https.
    SourceUnavailable
        When there is no whole answer within the limits, or the server refuses.
    """
    check_url(query.url, of="the address")
    call = _Call(query, limits, ends=time.monotonic() + limits.deadline_s)
    # a daemon: a program that ends does not wait for a server
    worker = threading.Thread(target=_work, args=(call,), name="greendc-fetch", daemon=True)
    worker.start()
    worker.join(limits.deadline_s)
    if worker.is_alive():
        _let_go(call)
        raise _unavailable(query, _late(call), tries=0)
    if call.error is not None:
        raise call.error
    return call.body if call.body is not None else b""


def parse_json(body: bytes, *, where: str) -> Any:
    """A body as JSON.

    Raises
    ------
    SourceUnavailable
        When it is cut or something else, as the page of a proxy.
    """
    parts = body.count(b"{") + body.count(b"[")
    if parts > _BRACKETS_MAX:
        raise SourceUnavailable(
            f"{where}: the answer is JSON of {parts:,} objects and lists; at most {_BRACKETS_MAX:,} are read, a row of "
            "weather is one. Ask for fewer years, or check that the address is that of the service."
        )
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, a number of thousands of digits
        found = repr(body[:60].decode("utf-8", "replace"))
        reason = f"{error}"[:120]
    raise SourceUnavailable(
        f"{where}: the answer of {len(body)} bytes is no whole JSON ({reason}); it begins with {found}. It was cut, or "
        "a proxy answered in place of the service: try again, or set the address in the configuration."
    )


def check_url(url: str, *, of: str) -> None:
    """Refuse an address that is not http or https with a host.

    Raises
    ------
    ConfigError
        Naming `of`, what was found and what is allowed.
    """
    if _origin(url) is None:
        raise ConfigError(
            f"{of} is {_plain(redact(url, None), 100)!r}; allowed: http://HOST/PATH or https://HOST/PATH. Correct it "
            "in the environment or in the [fetch] table of the configuration file."
        )


def redact(text: str, query: Query | None) -> str:
    """A text without keys: neither those of the query nor what looks like one in an address.

    Examples
    --------
    >>> redact("https://example.org/v1?apikey=abc&x=1", None)
    'https://example.org/v1?apikey=***&x=1'
    """
    for _, value in query.secret if query is not None else ():
        for form in (value, quote_plus(value)):
            text = text.replace(form, "***") if form else text
    return _USER_IN_URL.sub("//***@", _SECRETS.sub(r"\1=***", text))


def _work(call: _Call) -> None:
    """The thread: a body or an error, handed over whole; the caller raises it."""
    try:
        call.body = _tried(call)
    except BaseException as error:
        call.error = error


def _let_go(call: _Call) -> None:
    """Wake a thread that waits for the next bytes of a body, so that it ends.

    One that still waits for the head of an answer cannot be woken: it ends with the server's next silence.
    """
    response = call.response
    if response is not None:
        with contextlib.suppress(OSError, ValueError, RuntimeError, AttributeError):
            response.raw.shutdown()  # urllib3 2.3 and later


def _tried(call: _Call) -> bytes:
    for attempt in range(1, call.limits.tries + 1):
        outcome = _once(call)
        if isinstance(outcome, bytes):
            return outcome
        trouble = outcome
        if not trouble.again or attempt == call.limits.tries:
            break
        pause = trouble.wait_s
        if pause is None:
            pause = call.limits.backoff_s * 2.0 ** (attempt - 1) * (1.0 + random.random())
        if pause >= call.left:
            limit = f"; {pause:.0f} s of waiting asked for are longer than is left of {call.limits.deadline_s:g} s"
            trouble = _Trouble(trouble.got + (limit if trouble.wait_s is not None else ""), trouble.advice)
            break
        time.sleep(pause)
    raise _unavailable(call.query, trouble, tries=attempt)


def _unavailable(query: Query, trouble: _Trouble, *, tries: int) -> SourceUnavailable:
    often = f" in {tries} tries" if tries > 1 else ""
    return SourceUnavailable(redact(f"{query.shown}: {trouble.got}{often}. {trouble.advice}", query))


def _late(call: _Call) -> _Trouble:
    return _Trouble(
        f"no whole answer within {call.limits.deadline_s:g} s ({call.received} bytes of its body came)",
        "The server stalls: try again later, use what was kept (--offline), or set another host.",
    )


def _once(call: _Call) -> bytes | _Trouble:
    """One try. What went wrong is told without the exception's own text: it holds the address with its key."""
    try:
        with requests.Session() as session:
            response = _sent(session, call)
            if isinstance(response, _Trouble):
                return response
            call.response = response
            with response:
                return _read(response, call)
    except requests.exceptions.SSLError as error:
        got = f"no trusted connection ({_why(error)})"
        return _Trouble(got, "Check the clock, the certificates of this machine and the proxy.")
    except requests.exceptions.Timeout:
        return _late(call) if call.left <= 0.0 else _Trouble("no answer in time", _LATER, again=True)
    except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        if call.left <= 0.0:
            return _late(call)
        return _Trouble(f"no connection, or one that broke ({_why(error)})", _LATER, again=True)
    except (requests.exceptions.RequestException, UnicodeError, ValueError) as error:
        # ValueError: what urllib3 raises for an address or a header it cannot write
        return _Trouble(f"the exchange failed ({type(error).__name__})", "Check the address and the proxy.")


_LATER = "Check the network and the address, try again later, or use what was kept (--offline)."


def _why(error: BaseException) -> str:
    found = re.search(r"\[Errno -?\d+\] ([^'\"()]+)|(certificate verify failed[^'\"()]*)", str(error))
    return (found.group(1) or found.group(2)).strip() if found else type(error).__name__


def _sent(session: requests.Session, call: _Call) -> requests.Response | _Trouble:
    """The answer's head, after redirects on the same host."""
    query, limits = call.query, call.limits
    url, params = query.url, [*query.params, *query.secret]
    for _ in range(_REDIRECTS_MAX + 1):
        if call.left <= 0.0:
            return _late(call)
        asked = requests.Request("GET", url, params=params, headers=_HEADERS | {"User-Agent": f"greendc/{_version()}"})
        prepared = session.prepare_request(asked)
        # the adapter itself: a session reads the whole body of a redirect, however large, even if told not to follow it
        response = session.get_adapter(prepared.url or url).send(
            prepared,
            timeout=(min(limits.connect_s, call.left), min(limits.read_s, call.left)),
            **session.merge_environment_settings(prepared.url or url, {}, True, None, None),
        )
        target = session.get_redirect_target(response)
        if target is None:
            return response
        response.close()
        target = _joined(url, target)
        if _origin(target) is None or _origin(target) != _origin(query.url):
            elsewhere = _plain(target.partition("?")[0], 100)
            return _Trouble(
                f"the server sends on to {elsewhere!r}, another host or scheme; not followed",
                "If that is the service's new address, set it in the configuration.",
            )
        url, params = target, []
    return _Trouble(f"more than {_REDIRECTS_MAX} redirects", "Correct the address in the configuration.")


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:  # no address, as http://[x
        return target


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an http or https address; None for any other text."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\\]", url):
        return None
    return parts.scheme, host, port if port is not None else {"http": 80, "https": 443}[parts.scheme]


def _read(response: requests.Response, call: _Call) -> bytes | _Trouble:
    if response.status_code != 200:
        return _refused(response)
    most = call.limits.most_bytes
    call.received = 0
    announced = response.headers.get("Content-Length", "")
    if announced.isascii() and announced.isdecimal() and int(announced[:18]) > most:
        return _too_large(f"announces {int(announced[:18]) / 1e6:.0f} MB", most)
    parts: list[bytes] = []
    for part in response.iter_content(_CHUNK):
        call.received += len(part)
        if call.received > most:
            return _too_large(f"has sent {call.received / 1e6:.0f} MB and more is to come", most)
        if call.left <= 0.0:
            return _late(call)
        parts.append(part)
    return b"".join(parts)


def _too_large(found: str, most: int) -> _Trouble:
    return _Trouble(
        f"the answer {found}; at most {most / 1e6:.0f} MB are read",
        "Ask for fewer places, days or variables, or check that the address is that of the service.",
    )


def _refused(response: requests.Response) -> _Trouble:
    status = response.status_code
    head = next(response.iter_content(4096), b"")
    got = f"HTTP {status}{_reason(head)}"
    if status == 429:
        advice = "Too many calls: wait, use what was kept (--offline), or configure a key."
        return _Trouble(got, advice, again=True, wait_s=_asked_wait(response))
    if status >= 500 or status == 408:
        return _Trouble(got, _LATER, again=True, wait_s=_asked_wait(response))
    return _Trouble(got, "Check the key." if status in (401, 403) else "Correct the query or the address.")


def _reason(head: bytes) -> str:
    """The server's own words, in the forms the services use; "" where it says none."""
    try:
        said = json.loads(head)
        if isinstance(said, dict):
            said = next((said[name] for name in ("reason", "message", "messages", "detail") if said.get(name)), "")
    except (ValueError, RecursionError):
        said = re.sub(r"<[^>]*>", " ", head.decode("utf-8", "replace"))
    words = _plain("; ".join(map(str, said)) if isinstance(said, list) else str(said), _SAID_MAX)
    return f": {words}" if words else ""


def _plain(text: str, most: int) -> str:
    """One line of printable text."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[:most]}..."


def _asked_wait(response: requests.Response) -> float | None:
    """Seconds a server asks to wait (Retry-After, RFC 9110, 10.2.3: seconds or a date); None where it does not."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked[:9])
    try:
        until = email.utils.parsedate_to_datetime(asked)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _version() -> str:
    try:
        return importlib.metadata.version("greendc")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was not installed
        return "unknown"
