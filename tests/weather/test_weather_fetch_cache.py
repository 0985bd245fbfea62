"""Kept answers: young, old and named so, damaged, of another query, of two processes at once, offline."""

import json
import os
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fetch_bodies as bodies
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from weather import WeatherWarning, check_weather, fetch_open_meteo
from weather.conventions.errors import ConfigError, DataError, SourceUnavailable
from weather.fetch import answer
from weather.fetch.cache import Entry, entry_path, load_entry, store_entry
from weather.fetch.http import LIMITS, Query
from weather.fetch.settings import FetchSettings

QUERY = Query("https://example.org/v1", (("a", "1"), ("b", "x,y")), (("apikey", "s3cret"),))
NOON = datetime(2026, 6, 10, 12, 0, 5, tzinfo=UTC)
PLACE = {"latitude": bodies.LATITUDE, "longitude": bodies.LONGITUDE}


class Network:
    """What stands in for the network: a body or an error, and how often it was asked."""

    def __init__(self) -> None:
        self.gives: bytes | Exception = json.dumps(bodies.open_meteo()).encode()
        self.calls = 0

    def __call__(self, query: Query, *, limits: object) -> bytes:
        self.calls += 1
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@pytest.fixture
def network(monkeypatch) -> Network:
    made = Network()
    monkeypatch.setattr(answer, "fetch_bytes", made)
    return made


@pytest.fixture
def clock(monkeypatch):
    """Hours to move the clock by."""
    moved = [0.0]
    begun = time.time()
    monkeypatch.setattr("weather.fetch.answer.time.time", lambda: begun + 3600.0 * moved[0])

    def move(hours: float) -> None:
        moved[0] += hours

    return move


@pytest.fixture
def fetch(tmp_path, network):
    settings = FetchSettings(cache_folder=tmp_path / "kept")

    def call(**given) -> xr.Dataset:
        return fetch_open_meteo(**{**PLACE, "settings": settings, **given})

    return call


DOWN = SourceUnavailable("https://api.example: no connection. Check the network.")


def test_what_is_kept_comes_back(tmp_path):
    store_entry(tmp_path / "deep" / "er", QUERY, Entry(b"body \x00\xff", NOON))
    assert load_entry(tmp_path / "deep" / "er", QUERY) == Entry(b"body \x00\xff", NOON)
    (file,) = (tmp_path / "deep" / "er").iterdir()
    held = json.loads(file.read_text())
    assert held["url"] == "https://example.org/v1" and held["params"] == [["a", "1"], ["b", "x,y"]]
    assert held["fetched_at"] == "2026-06-10T12:00:05+00:00"
    assert "s3cret" not in file.read_text()


@given(st.binary(max_size=2000), st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))
def test_any_bytes_can_be_kept(tmp_path_factory, body, moment):
    folder = tmp_path_factory.getbasetemp() / "any"
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    store_entry(folder, QUERY, Entry(body, moment))
    assert load_entry(folder, QUERY) == Entry(body, moment)


def test_a_query_is_its_address_and_parameters_in_any_order_without_its_key(tmp_path):
    here = entry_path(tmp_path, QUERY)
    assert entry_path(tmp_path, Query(QUERY.url, QUERY.params[::-1])) == here
    assert entry_path(tmp_path, replace(QUERY, secret=(("apikey", "other"),))) == here
    assert entry_path(tmp_path, replace(QUERY, url="https://example.org/v2")) != here
    assert entry_path(tmp_path, replace(QUERY, params=(("a", "1"), ("b", "x"), ("c", "y")))) != here


def test_nothing_kept_is_nothing(tmp_path):
    assert load_entry(tmp_path / "absent", QUERY) is None
    (tmp_path / "file").write_text("x")
    assert load_entry(tmp_path / "file", QUERY) is None


@given(st.data())
def test_a_damaged_entry_is_left_aside_with_a_warning(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "damaged"
    store_entry(folder, QUERY, Entry(b'{"hourly": [1, 2, 3]}', NOON))
    file = entry_path(folder, QUERY)
    raw = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] ^= data.draw(st.integers(1, 255))
    else:
        raw = raw[:at]
    file.write_bytes(bytes(raw))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        entry = load_entry(folder, QUERY)
    if entry is None:
        (warning,) = told
        assert issubclass(warning.category, WeatherWarning)
        assert "is damaged" in str(warning.message) and str(file) in str(warning.message)
    else:
        # a byte of the time may read as another time; the body is never another
        assert entry.body == b'{"hourly": [1, 2, 3]}'


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"format": "greendc weather cache 9"}', "[" * 100_000, '{"format": 1, "body": {}}'],
)
def test_an_entry_of_another_form_is_left_aside(tmp_path, text):
    entry_path(tmp_path, QUERY).write_text(text)
    with pytest.warns(WeatherWarning, match="the kept answer is damaged"):
        assert load_entry(tmp_path, QUERY) is None


def test_an_entry_under_the_name_of_another_query_is_left_aside(tmp_path):
    other = replace(QUERY, url="https://example.org/v2")
    store_entry(tmp_path, other, Entry(b"{}", NOON))
    entry_path(tmp_path, other).rename(entry_path(tmp_path, QUERY))
    with pytest.warns(WeatherWarning, match="of another query"):
        assert load_entry(tmp_path, QUERY) is None


def test_a_young_answer_is_used_without_the_network(fetch, network, clock):
    first = fetch()
    clock(0.9)
    xr.testing.assert_identical(fetch(), first)
    assert network.calls == 1


def test_an_old_answer_is_fetched_again(fetch, network, clock):
    first = fetch()
    clock(1.1)
    second = fetch()
    assert network.calls == 2
    assert second.attrs["fetched_at"] > first.attrs["fetched_at"] and second.attrs["stale"] == 0
    clock(30.0)
    fetch(max_age_h=48.0)
    assert network.calls == 2
    fetch(max_age_h=0.0)
    assert network.calls == 3


def test_other_days_or_another_model_are_another_query(fetch, network):
    fetch()
    fetch(forecast_days=5)
    fetch(model="ecmwf_ifs025")
    assert network.calls == 3


def test_an_old_answer_serves_when_the_network_fails_and_is_named(fetch, network, clock):
    first = fetch()
    clock(30.2)
    network.gives = DOWN
    with pytest.warns(
        WeatherWarning, match=r"stale, 30\.2 h old \(fetched .*Z\), used because the network failed: .*no conn"
    ):
        weather = fetch()
    assert weather.attrs["stale"] == 1 and weather.attrs["fetched_at"] == first.attrs["fetched_at"]
    assert "stale when used" in weather.attrs["history"]
    xr.testing.assert_equal(weather, first)


def test_no_answer_and_none_kept_is_the_network_s_error(fetch, network):
    network.gives = DOWN
    with pytest.raises(SourceUnavailable, match="no connection"):
        fetch()


def test_a_cut_answer_leaves_the_kept_one_in_use(fetch, network, clock):
    fetch()
    clock(2.0)
    network.gives = b'{"hourly": {"time": [17'
    with pytest.warns(WeatherWarning, match="used because the network failed: .*no whole JSON"):
        assert fetch().attrs["stale"] == 1


def test_an_unusable_answer_is_an_error_and_takes_no_good_one_s_place(fetch, network, clock, tmp_path):
    fetch()
    (file,) = (tmp_path / "kept").iterdir()
    kept = file.read_bytes()
    clock(2.0)
    spoilt = bodies.open_meteo()
    spoilt["hourly_units"]["wind_speed_10m"] = "km/h"
    network.gives = json.dumps(spoilt).encode()
    with pytest.raises(DataError, match="km/h"):
        fetch()
    assert file.read_bytes() == kept


def test_offline_uses_what_was_kept_of_any_age(fetch, network, clock):
    fetch()
    clock(500.0)
    with pytest.warns(WeatherWarning, match=r"stale, 500\.0 h old .* used offline"):
        weather = fetch(offline=True)
    assert weather.attrs["stale"] == 1 and network.calls == 1


def test_offline_without_a_kept_answer_says_what_to_do(fetch, network):
    with pytest.raises(SourceUnavailable, match=r"offline was asked for\. Fetch it once with network") as caught:
        fetch(offline=True)
    assert caught.value.exit_code == 7 and network.calls == 0


def test_a_damaged_entry_is_fetched_again(fetch, network, tmp_path):
    fetch()
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:200])
    with pytest.warns(WeatherWarning, match="is damaged"):
        fetch()
    assert network.calls == 2
    fetch()
    assert network.calls == 2


def test_a_damaged_entry_offline_is_no_answer(fetch, network, tmp_path):
    fetch()
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(b"")
    with pytest.warns(WeatherWarning, match="is damaged"), pytest.raises(SourceUnavailable, match="no answer"):
        fetch(offline=True)


def test_a_kept_answer_that_cannot_be_used_is_fetched_again(fetch, network, tmp_path):
    """As one that another version kept."""
    fetch()
    settings = FetchSettings(cache_folder=tmp_path / "kept")
    query = Query(settings.open_meteo("forecast"))
    (file,) = (tmp_path / "kept").iterdir()
    held = json.loads(file.read_text())
    query = Query(held["url"], tuple(map(tuple, held["params"])))
    store_entry(tmp_path / "kept", query, Entry(b'{"hourly": {}}', datetime.now(UTC)))
    with pytest.warns(WeatherWarning, match="cannot be used and is fetched again"):
        check_weather(fetch())
    assert network.calls == 2
    store_entry(tmp_path / "kept", query, Entry(b'{"hourly": {}}', datetime.now(UTC)))
    with pytest.raises(DataError, match="hourly_units"):
        fetch(offline=True)


def test_an_answer_from_the_future_is_not_young(fetch, network, clock):
    clock(48.0)
    fetch()
    clock(-48.0)
    fetch()
    assert network.calls == 2
    clock(48.0)
    fetch(offline=True, max_age_h=100.0)  # fetched 48 h ago by this clock
    clock(-100.0)
    with pytest.warns(WeatherWarning, match="dated in the future"):
        fetch(offline=True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_by_its_rights_is_told(fetch, tmp_path):
    (tmp_path / "kept").mkdir(mode=0o500)
    with pytest.warns(WeatherWarning, match=r"cannot be kept \(Permission denied\); it is used"):
        check_weather(fetch())


def test_a_folder_that_cannot_be_written_is_told_and_the_answer_used(fetch, tmp_path):
    (tmp_path / "kept").write_text("a file stands where the folder should be")
    with pytest.warns(WeatherWarning, match=r"cannot be kept .*; it is used, .*GREENDC_CACHE"):
        check_weather(fetch())


def test_a_full_disk_leaves_no_half_file(fetch, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("weather.fetch.cache.os.fsync", full)
    with pytest.warns(WeatherWarning, match="No space left on device"):
        check_weather(fetch())
    assert list((tmp_path / "kept").iterdir()) == []


def test_the_folder_of_the_call_goes_before_that_of_the_settings(fetch, tmp_path):
    fetch(cache=tmp_path / "own")
    assert len(list((tmp_path / "own").iterdir())) == 1 and not (tmp_path / "kept").exists()


@pytest.mark.parametrize("age", [-1.0, float("nan")])
def test_an_age_is_a_number_of_hours(fetch, age):
    with pytest.raises(ConfigError, match="max_age_h"):
        fetch(max_age_h=age)


_WRITER = """
import sys, warnings
from datetime import UTC, datetime
from pathlib import Path
from weather.fetch.cache import Entry, load_entry, store_entry
from weather.fetch.http import Query
warnings.simplefilter("error")
query = Query("https://example.org/v1", (("a", "1"), ("b", "x,y")))
for count in range(150):
    store_entry(Path(sys.argv[1]), query, Entry(sys.argv[2].encode() * 20_000, datetime.now(UTC)))
    assert set(load_entry(Path(sys.argv[1]), query).body) in ({ord("p")}, {ord("q")})
"""


def test_two_processes_at_once_never_see_half_an_answer(tmp_path):
    """Both write and read the same entry; a warning of damage is an error in them."""
    store_entry(tmp_path, QUERY, Entry(b"p" * 20_000, NOON))
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), letter], cwd=root, stderr=subprocess.PIPE)
        for letter in "pq"
    ]
    ends = [process.communicate(timeout=60)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], ends
    assert [file.name for file in tmp_path.iterdir()] == [entry_path(tmp_path, QUERY).name]
    assert datetime.now(UTC) - load_entry(tmp_path, QUERY).fetched_at < timedelta(minutes=5)


def test_what_is_kept_is_bounded_as_what_is_fetched(tmp_path, monkeypatch):
    """A small file that unpacks to more than an answer may hold is left aside."""
    store_entry(tmp_path, QUERY, Entry(bytes(1_000_001), NOON))
    monkeypatch.setattr("weather.fetch.cache.LIMITS", replace(LIMITS, most_bytes=1_000_000))
    with pytest.warns(WeatherWarning, match="unpacks to more than an answer may hold"):
        assert load_entry(tmp_path, QUERY) is None
