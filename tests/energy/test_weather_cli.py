"""greendc weather: what it says of a source, what it writes, and that bad input leaves nothing behind."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import fetch_bodies as bodies
import numpy as np
import pytest
import xarray as xr

import weather
from energy.weather_facts import FREE_COOLING_DEGC, fit_weibull, place_facts, shown_offset_h
from weather.conventions import flags
from weather.derive import wet_bulb
from weather.nodes import load_nodes

ROOT = Path(__file__).resolve().parents[2]
HOUR = np.timedelta64(1, "h")


def made(start: str, hours: int, *, members: int | None = None) -> xr.Dataset:
    """Weather of Zhongwei as a Dataset of one place."""
    time = np.datetime64(start, "ns") + np.arange(hours) * HOUR
    node = load_nodes()["zhongwei"]
    both = weather.generate_climate([node], time=time, seed=3, members=members)
    one = both.isel(node=0).drop_vars(["node", "source"], errors="ignore")
    place = {name: float(one[name]) for name in ("latitude", "longitude", "altitude_m")}
    return one.assign_attrs(place)


@pytest.fixture(scope="module")
def month() -> xr.Dataset:
    """Forty days from the first of July, civil time."""
    return made("2026-06-30T16:00", 960)


@pytest.fixture(scope="module")
def month_file(month, tmp_path_factory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("weather") / "month.nc"
    weather.write_netcdf(month, path)
    return path


@pytest.fixture(scope="module")
def early_file(month, tmp_path_factory) -> Path:
    """The same with its radiation stamped an hour too early."""
    path = tmp_path_factory.mktemp("weather") / "early.nc"
    moved = {name: ("time", np.roll(month[name].values, -1), month[name].attrs) for name in ("ghi", "dni", "dhi")}
    weather.write_netcdf(month.assign(moved), path)
    return path


@pytest.fixture(scope="module")
def ensemble_file(tmp_path_factory) -> Path:
    """Three members of two days."""
    path = tmp_path_factory.mktemp("weather") / "ensemble.nc"
    weather.write_netcdf(made("2026-07-14T16:00", 48, members=3), path)
    return path


def left(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------------------- check
def test_check_tells_the_figures_of_the_dataset(greendc, month, month_file):
    ran = greendc("weather", "check", f"netcdf:{month_file}", "--json")
    assert ran.code == 0 and ran.err == ""
    told = ran.json
    (source,) = told["sources"]
    assert told["ok"] and source["ok"] and source["spec"] == f"netcdf:{month_file}"
    figures = source["figures"]
    assert figures["ghi_kwh_m2"] == pytest.approx(float(month["ghi"].sum()) / 1000, rel=1e-12)
    assert figures["temp_air_mean_degc"] == pytest.approx(float(month["temp_air"].mean()), rel=1e-12)
    assert figures["wind_speed_mean_m_s"] == pytest.approx(float(month["wind_speed"].mean()), rel=1e-12)
    assert figures["pressure_mean_pa"] == pytest.approx(float(month["pressure"].mean()), rel=1e-12)
    wet = wet_bulb(*(month[name].values for name in ("temp_air", "relative_humidity", "pressure")))
    assert figures["free_cooling_h"] == pytest.approx(int((wet <= 12.0).sum()))
    assert source["label_shift"]["hours"] == 0.0 and source["label_shift"]["witness"] == "closure"
    assert source["span"] == {
        "start": "2026-06-30T16:00:00Z", "end": "2026-08-09T16:00:00Z", "step_h": 1.0, "intervals": 960
    }  # fmt: skip
    assert source["synthetic"] and source["place"] == {"latitude": 37.5, "longitude": 105.19, "altitude_m": 1226.0}
    assert "ghi_kwh_m2_year" not in figures


def test_the_wet_bulb_of_free_cooling_is_the_default_plants():
    from models.cooling import WaterEconomiserPlant, cooling_power

    temp, humidity, pressure = np.linspace(12.0, 24.0, 241), np.full(241, 50.0), np.full(241, 87_500.0)
    columns = {
        "temp_air": temp,
        "relative_humidity": humidity,
        "temp_dew": weather.dew_point(temp, humidity),
        "pressure": pressure,
    }
    time = np.datetime64("2026-07-01", "ns") + np.arange(241) * HOUR
    air = xr.Dataset({name: ("time", values) for name, values in columns.items()}, coords={"time": time})
    free = cooling_power(air, WaterEconomiserPlant(rated_heat_kw=1000.0), 500.0, 18.0)["free_share"].values > 0.999
    assert wet_bulb(temp, humidity, pressure)[free].max() == pytest.approx(FREE_COOLING_DEGC, abs=0.2)


def test_check_finds_a_clock_and_what_repair_makes_of_it(greendc, early_file):
    ran = greendc("weather", "check", early_file, "--json")
    assert ran.code == 0
    assert "greendc: warning: " in ran.err and "stamped 1 h too early" in ran.err
    (source,) = ran.json["sources"]
    assert source["label_shift"]["hours"] == 1.0 and source["repairs"] == []
    assert any(line.startswith("found: the radiation is stamped 1 h too early") for line in source["history"])
    repaired = greendc("weather", "check", early_file, "--repair", "--json").json["sources"][0]
    assert repaired["label_shift"]["hours"] == 0.0
    assert {(repair["variable"], repair["what"]) for repair in repaired["repairs"]} == {
        (name, "shifted") for name in ("ghi", "dni", "dhi")
    }
    day = {name: source["figures"][f"{name}_kwh_m2_day"] for name in ("ghi", "dni", "dhi")}
    for name, value in day.items():
        assert repaired["figures"][f"{name}_kwh_m2_day"] == pytest.approx(value, rel=0.01)


def test_check_says_it_in_words(greendc, early_file):
    ran = greendc("weather", "check", early_file)
    assert ran.code == 0
    for words in (
        f"netcdf:{early_file}",
        "37.50 N 105.19 E, 1226 m",
        "2026-07-01 00:00 to 2026-08-10 00:00 (UTC+8), 960 intervals of 1 h",
        "stamped 1 h too early by closure",
        "none: every value stands as the source gave it",
        "kWh/m2; clearness 0.",
        "m/s at 10 m; Weibull k",
    ):
        assert words in ran.out
    assert "taken as netcdf by its ending .nc" in ran.err


def test_check_sums_rain_and_snow_where_the_source_has_them(greendc, month, month_file, tmp_path):
    rain = np.zeros(960)
    rain[100:110] = 2.5
    ground = {
        "precipitation": ("time", rain, {"units": "mm/h"}),
        "snow_depth": ("time", np.where(np.arange(960) < 240, 0.1, 0.0), {"units": "m"}),
    }
    weather.write_netcdf(month.assign(ground), tmp_path / "wet.nc")
    ran = greendc("weather", "check", f"netcdf:{tmp_path / 'wet.nc'}")
    assert "ground       25 mm of rain and snow; snow on the ground for 240 h" in ran.out
    dry = greendc("weather", "check", f"netcdf:{month_file}")
    assert "ground" not in dry.out


def test_every_file_is_looked_at_and_every_fault_told(greendc, month_file, tmp_path):
    broken, absent = tmp_path / "broken.epw", tmp_path / "absent.nc"
    broken.write_text("LOCATION,nowhere\n", encoding="utf-8")
    specs = (f"epw:{broken}", f"netcdf:{month_file}", f"netcdf:{absent}")
    ran = greendc("weather", "check", *specs, "--json")
    assert ran.code == 3 and ran.err.count("greendc: ") == 1 and "Traceback" not in ran.err
    assert "2 of 3 sources cannot be used" in ran.err and str(broken) in ran.err and "no such file" in ran.err
    told = ran.json
    assert not told["ok"] and [source["ok"] for source in told["sources"]] == [False, True, False]
    assert "no such file" in told["sources"][2]["fault"]
    plain = greendc("weather", "check", *specs)
    assert plain.code == 3 and f"netcdf:{month_file}\n  place" in plain.out


def test_months_that_disagree_are_told_and_moved_by_month(greendc, tmp_path):
    year = made("2025-12-31T16:00", 90 * 24)
    january = year["time"].values < np.datetime64("2026-02-01")
    late = {
        name: ("time", np.where(january, np.roll(year[name].values, 1), year[name].values), year[name].attrs)
        for name in ("ghi", "dni", "dhi")
    }
    path = tmp_path / "patched.nc"
    weather.write_netcdf(year.assign(late), path)
    plain = greendc("weather", "check", f"netcdf:{path}")
    assert "by month (h): Jan -1 Feb +0 Mar +0" in " ".join(plain.out.split()).replace("Dec +0 ", "")
    moved = greendc("weather", "check", f"netcdf:{path}", "--repair-months", "--json").json["sources"][0]
    assert set(moved["label_shift"]["by_month_h"]) <= {0.0, None}
    assert moved["repairs"][0]["count"] == 31 * 24  # months of a shift are UTC


def test_gaps_are_told_with_their_place(greendc, month, tmp_path):
    path = tmp_path / "gap.csv"
    weather.write_csv(month.isel(time=slice(0, 72)), path)
    rows = path.read_text(encoding="utf-8").splitlines()
    head = next(i for i, row in enumerate(rows) if row.startswith("time"))
    place = next(i for i, name in enumerate(rows[head].split(",")) if name.startswith("temp_air"))
    for row in (head + 31, head + 32):
        cells = rows[row].split(",")
        cells[place] = ""
        rows[row] = ",".join(cells)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    source = greendc("weather", "check", f"csv:{path}", "--json").json["sources"][0]
    (filled,) = (repair for repair in source["repairs"] if repair["what"] == "filled")
    assert filled["variable"] == "temp_air" and filled["count"] == 2
    assert filled["first"] == "2026-07-01T22:00:00Z"
    assert any("filled: temp_air in 2 interval(s)" in warning for warning in source["warnings"])


def test_a_file_of_several_nodes_is_told_node_by_node(greendc, tmp_path):
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(48) * HOUR
    nodes = [load_nodes()[name] for name in ("zhongwei", "guian")]
    path = tmp_path / "two.nc"
    weather.write_netcdf(weather.generate_climate(nodes, time=time, seed=1), path)
    told = greendc("weather", "check", f"netcdf:{path}", "--json").json["sources"]
    assert [source["node"] for source in told] == ["zhongwei", "guian"]
    assert [source["place"]["altitude_m"] for source in told] == [node.altitude_m for node in nodes]
    one = greendc("weather", "check", f"netcdf:{path}", "--node", "guian", "--json").json["sources"]
    assert one[0]["figures"] == told[1]["figures"]
    greendc("weather", "show", f"netcdf:{path}", "--out", tmp_path / "x.html").refused(
        3, "holds several nodes: zhongwei, guian", "--node"
    )
    greendc("weather", "check", f"netcdf:{path}", "--node", "qingyang").refused(3, "no node 'qingyang'")


def test_ensembles_and_their_members(greendc, ensemble_file):
    whole = greendc("weather", "check", f"netcdf:{ensemble_file}", "--json").json["sources"][0]
    assert whole["members"] == 3 and whole["label_shift"] is None
    one = greendc("weather", "check", f"netcdf:{ensemble_file}", "--member", 1, "--json").json["sources"][0]
    assert one["members"] == 1 and one["figures"] != whole["figures"]
    greendc("weather", "check", f"netcdf:{ensemble_file}", "--member", 3).refused(3, "members 0 to 2")


def test_windows_of_a_file(greendc, month, month_file):
    base = ("weather", "check", f"netcdf:{month_file}", "--json")
    two = greendc(*base, "--date", "2026-07-10", "--days", 2).json["sources"][0]
    held = month.sel(time=slice("2026-07-09T16:00", "2026-07-11T15:00"))
    assert two["span"]["intervals"] == 48
    assert two["figures"]["ghi_kwh_m2"] == pytest.approx(float(held["ghi"].sum()) / 1000, rel=1e-12)
    assert greendc(*base, "--date", "2026-08-09").json["sources"][0]["span"]["intervals"] == 24
    assert greendc(*base, "--days", 3).json["sources"][0]["span"]["start"] == "2026-06-30T16:00:00Z"
    for arguments in (("--date", "2026-08-09", "--days", 2), ("--days", 50), ("--date", "2027-01-01")):
        ran = greendc(*base, *arguments)
        assert ran.code == 3 and "it covers 2026-06-30T16:00Z to 2026-08-09T16:00Z" in ran.err


def test_a_typical_year_is_laid_onto_a_window(greendc, small_epw):
    arguments = ("weather", "check", f"epw:{small_epw}", "--date", "2024-07-14", "--days", 2, "--json")
    source = greendc(*arguments).json["sources"][0]
    assert source["span"]["start"] == "2024-07-13T16:00:00Z" and not source["typical_year"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("climate",), ("name it with --node", "zhongwei")),
        (("climate", "--node", "nowhere"), ("'nowhere' is not a known node",)),
        (("climate", "--node", "guian", "--tz", "+08:00"), ("neither a place nor --repair",)),
        (("climate", "--node", "guian", "--repair"), ("neither a place nor --repair",)),
        (("climate", "--node", "guian", "--days", "0"), ("--days", "whole hours")),
        (("climate", "--node", "guian", "--days", "nan"), ("--days",)),
        (("climate", "--node", "guian", "--date", "2026-02-30"), ("--date", "2026-02-30")),
        (("climate", "--node", "guian", "--date", "9999-01-01"), ("--date", "1900 to 2199")),
        (("climate:x",), ("write one of climate",)),
        (("weather.json",), ("does not tell what kind", "open_meteo:weather.json")),
        (("netcdf:/dev/null",), ("not a regular file",)),
        (("nothing.epw",), ("no such file", "taken as epw by its ending")),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_message(greendc, arguments, words):
    greendc("weather", "check", *arguments).refused(3, *words)


def test_an_option_that_a_file_answers_itself_is_refused(greendc, small_epw):
    greendc("weather", "check", f"epw:{small_epw}", "--tz", "+08:00", "--altitude", 5).refused(3, "--altitude, --tz")


# ------------------------------------------------------------------------------------------- import
@pytest.mark.parametrize("ending", ["nc", "csv"])
def test_import_is_read_back_as_it_was(greendc, month, month_file, tmp_path, ending):
    out = tmp_path / f"one.{ending}"
    ran = greendc("weather", "import", f"netcdf:{month_file}", "--out", out)
    assert ran.code == 0 and ran.err == "" and left(tmp_path) == [out.name]
    back = {"nc": weather.read_netcdf, "csv": weather.read_csv}[ending](out)
    for name in ("ghi", "temp_air", "wind_speed"):
        np.testing.assert_array_equal(back[name].values, month[name].values)
    assert back.attrs["synthetic"] == 1
    assert ran.out.splitlines()[-2:] == ["[weather.specs]", f'NODE = "{"netcdf" if ending == "nc" else "csv"}:{out}"']


def test_the_line_for_a_study_is_what_a_study_reads(greendc, tmp_path):
    out = tmp_path / 'a "quoted" name.nc'
    arguments = ("--node", "zhongwei", "--date", "2026-07-15", "--days", 2)
    ran = greendc("weather", "import", "climate", *arguments, "--out", out, "--json")
    assert ran.code == 0, ran.err
    specs = tomllib.loads("\n".join(ran.json["study"]))["weather"]["specs"]
    time = np.datetime64("2026-07-14T16:00", "ns") + np.arange(48) * HOUR
    nodes = load_nodes()
    read = weather.open_weather(specs, [nodes["zhongwei"]], time=time, seed=0)
    straight = weather.open_weather({"zhongwei": "climate"}, [nodes["zhongwei"]], time=time, seed=7)
    np.testing.assert_array_equal(read["ghi"].values, straight["ghi"].values)
    with pytest.raises(weather.conventions.errors.DataError, match="no node 'guian'"):
        weather.open_weather({"guian": specs["zhongwei"]}, [nodes["guian"]], time=time, seed=0)


def test_a_typical_year_stays_one(greendc, small_epw, tmp_path):
    out = tmp_path / "typical.nc"
    assert greendc("weather", "import", f"epw:{small_epw}", "--out", out).code == 0
    back = weather.read_netcdf(out, check=False)
    assert back.attrs["typical_year"] == 1 and back.attrs["utc_offset_h"] == 8.0


def test_repairs_are_in_the_file_that_is_written(greendc, early_file, tmp_path):
    out = tmp_path / "right.nc"
    ran = greendc("weather", "import", f"netcdf:{early_file}", "--repair", "--out", out)
    assert ran.code == 0
    back = weather.read_netcdf(out)
    assert weather.label_shift_hours(back) == 0.0
    assert ((back["flag_ghi"].values & flags.SHIFTED) > 0).all()


def test_nothing_is_overwritten_without_force(greendc, month_file, tmp_path):
    out = tmp_path / "there.nc"
    out.write_bytes(b"mine")
    greendc("weather", "import", f"netcdf:{month_file}", "--out", out).refused(8, "is there already", "--force")
    assert out.read_bytes() == b"mine" and left(tmp_path) == ["there.nc"]
    assert greendc("weather", "import", f"netcdf:{month_file}", "--out", out, "--force").code == 0
    assert weather.read_netcdf(out).sizes["time"] == 960 and left(tmp_path) == ["there.nc"]


@pytest.mark.parametrize("ending", ["nc", "csv"])
def test_a_disk_that_is_full_leaves_nothing(greendc, month_file, tmp_path, monkeypatch, ending):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    ran = greendc("weather", "import", f"netcdf:{month_file}", "--out", tmp_path / f"x.{ending}")
    ran.refused(8, "cannot be written")
    assert left(tmp_path) == []


def test_what_cannot_be_written_is_refused_before_anything_is_read(greendc, tmp_path):
    spec = "netcdf:/no/such/file.nc"
    greendc("weather", "import", spec, "--out", tmp_path / "x.txt").refused(2, "does not end in .nc or .csv")
    (tmp_path / "folder.nc").mkdir()
    greendc("weather", "import", spec, "--out", tmp_path / "folder.nc", "--force").refused(8, "is a folder")
    assert left(tmp_path) == ["folder.nc"]


def test_a_folder_that_is_not_there(greendc, month_file, tmp_path):
    out = tmp_path / "no" / "x.nc"
    greendc("weather", "import", f"netcdf:{month_file}", "--out", out).refused(8, str(out))
    greendc("weather", "show", f"netcdf:{month_file}", "--out", tmp_path / "no" / "x.html").refused(8, "x.html")
    assert left(tmp_path) == []


def test_a_source_that_fails_leaves_no_file(greendc, tmp_path):
    greendc("weather", "import", "netcdf:/no/such/file.nc", "--out", tmp_path / "x.nc").refused(3, "no such file")
    assert left(tmp_path) == []


def test_csv_holds_one_weather(greendc, ensemble_file, tmp_path):
    out = tmp_path / "x.csv"
    greendc("weather", "import", f"netcdf:{ensemble_file}", "--out", out).refused(3, "one weather of one place")
    assert greendc("weather", "import", f"netcdf:{ensemble_file}", "--member", 2, "--out", out).code == 0
    whole = tmp_path / "x.nc"
    arguments = ("--node", "zhongwei", "--out", whole)
    assert greendc("weather", "import", f"netcdf:{ensemble_file}", *arguments).code == 0
    assert weather.read_netcdf(whole).sizes == {"member": 3, "node": 1, "time": 48}


# --------------------------------------------------------------------------------------------- show
def test_show_writes_one_page(greendc, month_file, tmp_path):
    out = tmp_path / "place.html"
    ran = greendc("weather", "show", f"netcdf:{month_file}", "--node", "zhongwei", "--out", out, "--lang", "zh")
    assert ran.code == 0 and ran.out == f"wrote {out}\n" and left(tmp_path) == ["place.html"]
    page = out.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page and "中卫 Zhongwei" in page and "合成数据" in page


def test_show_refuses_what_it_cannot_draw(greendc, month_file, tmp_path):
    spec = f"netcdf:{month_file}"
    greendc("weather", "show", spec, "--lang", "fr", "--out", tmp_path / "x.html").refused(2, "allowed: en, zh")
    greendc("weather", "show", spec, "--out", tmp_path / "x.pdf").refused(2, "does not end in .html")
    path = tmp_path / "long.nc"
    weather.write_netcdf(made("2025-12-31T16:00", 24 * 30, members=2), path)
    ran = greendc("weather", "show", f"netcdf:{path}", "--out", tmp_path / "x.html")
    ran.refused(3, "an ensemble of 2 members over 30 days", "--member 0 to 1")
    assert left(tmp_path) == ["long.nc"]


# -------------------------------------------------------------------------------------------- fetch
@pytest.fixture
def services(httpserver, tmp_path, monkeypatch) -> Callable[..., object]:
    """Services of this machine, with an empty folder of kept answers."""
    for name in [name for name in os.environ if name.startswith("GREENDC_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "config.toml"
    config.write_text("[fetch]\n", encoding="utf-8")
    monkeypatch.setenv("GREENDC_CONFIG", str(config))
    monkeypatch.setenv("GREENDC_CACHE", str(tmp_path / "kept"))
    paths = {"OPEN_METEO": "/forecast", "OPEN_METEO_ENSEMBLE": "/ensemble", "NASA_POWER": "/power", "PVGIS": "/pvgis/"}
    for name, path in paths.items():
        monkeypatch.setenv(f"GREENDC_{name}_URL", httpserver.url_for(path))
    return httpserver


def test_fetch_brings_a_forecast_home(greendc, services, tmp_path):
    services.expect_request("/forecast").respond_with_json(bodies.open_meteo())
    out = tmp_path / "forecast.nc"
    ran = greendc("weather", "fetch", "open-meteo", "--node", "zhongwei", "--forecast-days", 2, "--out", out)
    assert ran.code == 0, ran.err
    assert "CC BY 4.0" in ran.out and ", 0.0 h ago" in ran.out and f'zhongwei = "netcdf:{out}"' in ran.out
    asked = services.log[0][0].args
    assert asked["latitude"] == "37.5" and asked["elevation"] == "1226" and asked["forecast_days"] == "2"
    back = weather.read_netcdf(out)
    assert list(back["node"].values) == ["zhongwei"] and "wind_speed_100m" in back
    facts = place_facts(weather.read_netcdf(out).isel(node=0))
    assert facts.figures["temp_air_mean_degc"] == pytest.approx(20.0, abs=0.3)
    assert len(services.log) == 1
    again = greendc(
        "weather", "fetch", "open-meteo", "--node", "zhongwei", "--forecast-days", 2, "--out", out, "--force"
    )
    assert again.code == 0 and len(services.log) == 1  # an hour young, nobody is asked


def test_fetch_of_every_service(greendc, services, tmp_path):
    services.expect_request("/ensemble").respond_with_json(bodies.open_meteo_ensemble())
    services.expect_request("/power").respond_with_json(bodies.nasa_power())
    services.expect_request("/pvgis/tmy").respond_with_json(bodies.pvgis())
    place = ("--latitude", bodies.LATITUDE, "--longitude", bodies.LONGITUDE)
    days = ("--start", "2026-06-10", "--end", "2026-06-12")
    for name, more in (
        ("open-meteo", ("--kind", "ensemble", *place)),
        ("nasa-power", (*days, *place)),
        ("pvgis", place),
    ):
        ran = greendc("weather", "fetch", name, *more, "--out", tmp_path / f"{name}.nc", "--json")
        assert ran.code == 0, ran.err
        assert ran.json["licence"] and ran.json["fetched"] and ran.json["from"] == name
    assert weather.read_netcdf(tmp_path / "open-meteo.nc").sizes["member"] == 3
    assert weather.read_netcdf(tmp_path / "pvgis.nc").attrs["typical_year"] == 1


def test_offline_touches_no_socket(greendc, services, tmp_path, monkeypatch):
    services.expect_request("/forecast").respond_with_json(bodies.open_meteo())
    fetch = ("weather", "fetch", "open-meteo", "--node", "zhongwei", "--force", "--out")
    greendc(*fetch, tmp_path / "a.nc", "--offline").refused(
        7, "no answer to this query is kept", "offline was asked for"
    )
    assert not (tmp_path / "a.nc").exists()
    assert greendc(*fetch, tmp_path / "a.nc").code == 0

    def no_socket(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    assert greendc(*fetch, tmp_path / "b.nc", "--offline").code == 0
    xr.testing.assert_equal(weather.read_netcdf(tmp_path / "a.nc"), weather.read_netcdf(tmp_path / "b.nc"))
    aged = greendc(*fetch, tmp_path / "b.nc", "--offline", "--max-age", 0)
    assert aged.code == 0 and "stale" in aged.out and "greendc: warning: " in aged.err
    before = (tmp_path / "b.nc").read_bytes()
    greendc(*fetch, tmp_path / "b.nc", "--offline", "--max-age", 0, "--strict").refused(7, "--strict", "h old")
    assert (tmp_path / "b.nc").read_bytes() == before


def test_an_old_answer_is_used_and_named_or_refused(greendc, services, tmp_path):
    services.expect_oneshot_request("/forecast").respond_with_json(bodies.open_meteo())
    fetch = ("weather", "fetch", "open-meteo", "--node", "zhongwei", "--force", "--out", tmp_path / "a.nc")
    assert greendc(*fetch).code == 0
    services.expect_request("/forecast").respond_with_json({"error": True, "reason": "closed"}, status=400)
    old = greendc(*fetch, "--max-age", 0)
    assert old.code == 0 and "stale" in old.out and "HTTP 400: closed" in old.err
    greendc(*fetch, "--refresh").refused(7, "--refresh", "HTTP 400: closed")


def test_a_service_that_does_not_answer(greendc, services, tmp_path):
    services.expect_request("/pvgis/tmy").respond_with_json({"message": "no such place"}, status=400)
    ran = greendc("weather", "fetch", "pvgis", "--node", "guian", "--out", tmp_path / "x.nc")
    ran.refused(7, "HTTP 400")
    assert not (tmp_path / "x.nc").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("open-weather", "--node", "guian"), 2, ("allowed: open-meteo, nasa-power, pvgis",)),
        (("pvgis",), 3, ("--node ID, or --latitude and --longitude",)),
        (("pvgis", "--latitude", 91, "--longitude", 0), 3, ("latitude is 91",)),
        (("pvgis", "--node", "guian", "--latitude", 3), 3, ("--node names the place",)),
        (("pvgis", "--node", "guian", "--forecast-days", 3), 3, ("does not take --forecast-days", "--start")),
        (("pvgis", "--node", "guian", "--kind", "ensemble"), 3, ("it has tmy, hourly",)),
        (("pvgis", "--node", "guian", "--start", "2019-01-01"), 3, ("takes a year",)),
        (("nasa-power", "--node", "guian"), 3, ("--start and --end",)),
        (("nasa-power", "--node", "guian", "--start", "2026-13-01", "--end", "2026-12-01"), 3, ("2026-13-01",)),
        (("open-meteo", "--node", "guian", "--max-age", -1), 3, ("max_age_h is -1",)),
        (("open-meteo", "--node", "guian", "--forecast-days", 99), 3, ("forecast_days is 99",)),
        (("open-meteo", "--node", "guian", "--offline", "--refresh"), 2, ("give one of them",)),
    ],
)
def test_bad_questions_are_refused_before_anyone_is_asked(greendc, services, tmp_path, arguments, code, words):
    greendc("weather", "fetch", *arguments, "--out", tmp_path / "x.nc").refused(code, *words)
    assert len(services.log) == 0 and not (tmp_path / "x.nc").exists()


# ---------------------------------------------------------------------------------- help and figures
def test_help_is_light():
    code = (
        "import sys\n"
        "from energy.cli import main\n"
        "try:\n    main(['weather', 'show', '--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'pvlib', 'pandas', 'xarray', 'numpy', 'plotly', 'scipy', 'requests'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))\n"
    )
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("heavy: []") and "--repair-months" in done.stdout


@pytest.mark.parametrize(("shape", "scale"), [(1.6, 4.0), (2.0, 7.5), (3.2, 2.0)])
def test_the_weibull_fit_is_scipys(shape, scale):
    from scipy.stats import weibull_min

    sample = weibull_min.rvs(shape, scale=scale, size=4000, random_state=5)
    with_calms = np.concatenate([sample, np.zeros(300)])
    expected, _, expected_scale = weibull_min.fit(sample, floc=0.0)
    assert fit_weibull(with_calms) == pytest.approx((expected, expected_scale), rel=1e-3)
    assert np.isnan(fit_weibull(np.full(500, 3.0))).all() and np.isnan(fit_weibull(np.zeros(500))).all()


def test_hours_are_shown_in_the_civil_time_of_the_place(month):
    assert shown_offset_h(month) == 8.0
    elsewhere = month.assign_coords(longitude=13.4).assign_attrs(utc_offset_h=1.0)
    assert shown_offset_h(elsewhere) == 1.0
    assert shown_offset_h(elsewhere.assign_attrs(utc_offset_h="unknown")) == 0.0


def test_json_has_no_numbers_that_are_none(greendc, ensemble_file):
    text = greendc("weather", "check", f"netcdf:{ensemble_file}", "--json").out
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
