"""The page of a place: complete in itself, its figures those of the Dataset, its clock seen, no name that runs."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray as xr

import weather
from energy.report.messages import LANGUAGES
from energy.report.place import render_place
from energy.report.place_data import place_data
from energy.report.place_messages import PLACE_MESSAGES, place_messages
from energy.report.place_sun import clear_course, closure_curve, daily_clearness
from energy.report.place_wind import rose_shares, speed_bins, weibull_shares
from energy.report.view import number
from energy.weather_facts import place_facts
from weather.conventions import flags
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.variables import VARIABLES
from weather.derive import air_density, wet_bulb
from weather.nodes import load_nodes
from weather.quality.sunlight import sunlight

HOUR = np.timedelta64(1, "h")
NAME = ("Zhongwei", "中卫")
LONG = ("months", "heat", "clock", "duration", "days", "wind", "clearness", "quality")
SHORT = ("series-radiation", "series-temp", "series-wind", "series-humidity", "quality")


def made(start: str, hours: int, *, members: int | None = None) -> xr.Dataset:
    """Generated weather of Zhongwei, of one place."""
    time = np.datetime64(start, "ns") + np.arange(hours) * HOUR
    both = weather.generate_climate([load_nodes()["zhongwei"]], time=time, seed=11, members=members)
    one = both.isel(node=0).drop_vars(["node", "source"], errors="ignore")
    return one.assign_attrs({name: float(one[name]) for name in ("latitude", "longitude", "altitude_m")})


@pytest.fixture(scope="module")
def year() -> xr.Dataset:
    """The civil year 2026, with directions of the wind in tens of degrees."""
    data = made("2025-12-31T16:00", 8760)
    turn = 10.0 * np.random.default_rng(1).integers(0, 36, 8760)
    return data.assign(wind_direction=("time", turn, VARIABLES["wind_direction"].attrs()))


@pytest.fixture(scope="module")
def page(year: xr.Dataset) -> str:
    return render_place(year, name=NAME, warnings=["Something to <know>."])


class Seen(HTMLParser):
    """Tags, ids, attributes, visible text and scripts, as a browser's parser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.where = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.where = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.where = ""

    def handle_data(self, data: str) -> None:
        if self.where == "script":
            self.scripts[-1] += data
        elif self.where != "style":
            self.text.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.text).split())

    @property
    def charts(self) -> dict[str, dict]:
        return {chart["id"]: chart for chart in json.loads(self.scripts[0])}


def card(text: str, label: str) -> str:
    """A card's text from its label on."""
    found = [html.unescape(re.sub(r"<[^>]+>", " ", part)) for part in re.findall(r"<article.*?</article>", text, re.S)]
    (one,) = [" ".join(part.split()) for part in found if label in part]
    return one


# --------------------------------------------------------------------------------- what is on it
def test_every_section_and_every_chart_has_its_place(page):
    seen = Seen(page)
    assert [name for name in LONG if name not in seen.ids] == []
    assert len(seen.ids) == len(set(seen.ids))
    assert [name for name in seen.charts if name not in seen.ids] == []
    assert {"chart-wind-rose", "chart-clock-days", "chart-clock-closure", "chart-heat-ghi"} <= set(seen.charts)
    for name in ("months", "heat", "clock", "duration", "days", "wind", "clearness"):
        assert f"table-{name}" in seen.ids  # figures for who cannot see the chart


def test_every_chart_has_its_units(page, year):
    short = render_place(year.isel(time=slice(0, 48)), name=NAME)
    for text in (page, short):
        for chart in Seen(text).charts.values():
            layout = chart["layout"]
            words = [note["text"] for note in layout.get("annotations", [])]
            words += [trace["colorbar"]["title"]["text"] for trace in chart["data"] if "colorbar" in trace]
            words.append(layout.get("polar", {}).get("radialaxis", {}).get("ticksuffix", ""))
            units = ("W/m²", "kWh/m²", "°C", "m/s", "%", "ratio")
            assert any(unit in word for unit in units for word in words), chart["id"]
            hovers = [t["hovertemplate"] for t in chart["data"] if t.get("hoverinfo") != "skip"]
            assert hovers and all(re.search(r"%\{[yzr]", hover) for hover in hovers)


def test_the_head_says_where_when_and_whence(page, year):
    said = Seen(page).said
    for words in (
        "Zhongwei 中卫",
        "37.50 N 105.19 E, 1226 m",
        "2026-01-01 00:00 to 2027-01-01 00:00 (UTC+8)",
        "8,760 intervals of 1 h",
        year.attrs["source"],
        year.attrs["licence"],
        "Something to <know>.",
        year.attrs["history"].splitlines()[0],
    ):
        assert words in said
    assert "Every value stands as the source gave it." in said and "No value is marked." in said


def test_synthetic_weather_is_named_so_in_plain_sight(page, year):
    heading = re.search(r"<h1>(.*?)</h1>", page, re.S)[1]
    assert "SYNTHETIC" in heading and "made by a generator from monthly normals, not measured" in page
    assert "SYNTHETIC" in re.search(r"<title>(.*?)</title>", page)[1]
    measured = year.assign_attrs(synthetic=0, source="Station 53704", licence="own", history="read")
    assert "SYNTHETIC" not in render_place(measured, name=("Station", ""))


# ------------------------------------------------------------------------- figures are the Dataset's
def test_cards_show_the_figures_of_the_dataset(page, year):
    values = {str(name): year[name].values for name in year.data_vars}
    wet = wet_bulb(values["temp_air"], values["relative_humidity"], values["pressure"])
    density = air_density(values["temp_air"], values["pressure"]).mean()
    sun = sunlight(year["time"].values, latitude=37.5, longitude=105.19)
    kt = values["ghi"].sum() / sun.over(sun.extraterrestrial).sum()
    ghi = card(page, "Global irradiation a year")
    assert f" {values['ghi'].sum() / 1000:,.0f} kWh/m²" in ghi and f"clearness {kt:.2f}" in ghi
    assert f"{values['ghi'].sum() / 365000:.2f} kWh/m² a day" in ghi
    assert f" {values['dni'].sum() / 1000:,.0f} kWh/m²" in card(page, "Direct normal a year")
    temp = card(page, "Mean temperature")
    assert f" {values['temp_air'].mean():.1f} °C" in temp
    assert f"{number(values['temp_air'].min(), 1)} to {number(values['temp_air'].max(), 1)} °C" in temp
    cooling = card(page, "Wet bulb ≤ 12 °C")
    assert f" {(wet <= 12.0).sum():,} h " in cooling and f"{100 * (wet <= 12.0).mean():.0f} % of the hours" in cooling
    assert "18 °C water by the tower alone" in cooling
    wind = card(page, "Mean wind at 10 m")
    assert f" {values['wind_speed'].mean():.2f} m/s" in wind and f"at most {values['wind_speed'].max():.1f} m/s" in wind
    assert f" {density:.3f} kg/m³" in card(page, "Air density")
    assert f"{100 * density / 1.225:.0f} % of sea level" in card(page, "Air density")
    assert "right" in card(page, "Radiation's clock")


def test_months_are_the_means_of_their_days(page, year):
    charts = Seen(page).charts
    civil = year["time"].values + 8 * HOUR
    july = civil.astype("datetime64[M]") == np.datetime64("2026-07")
    ghi, dni, dhi = charts["chart-months"]["data"]
    assert ghi["x"][6] == "Jul<br> " and len(ghi["x"]) == 12
    for bars, name in ((ghi, "ghi"), (dni, "dni"), (dhi, "dhi")):
        assert bars["y"][6] == pytest.approx(year[name].values[july].sum() / 31000, abs=6e-4)
    low, high, mean = charts["chart-months-temp"]["data"]
    days = year["temp_air"].values[july].reshape(31, 24)
    assert mean["y"][6] == pytest.approx(days.mean(), abs=6e-3)
    assert low["y"][6] == pytest.approx(days.min(axis=1).mean(), abs=6e-3)
    assert high["y"][6] == pytest.approx(days.max(axis=1).mean(), abs=6e-3)


def test_the_map_puts_every_hour_into_its_cell(page, year):
    grid = Seen(page).charts["chart-heat-temp_air"]["data"][0]
    assert len(grid["x"]) == 365 and grid["x"][0] == "2026-01-01" and grid["y"][0] == 0.5
    z = np.array(grid["z"], dtype=float)
    np.testing.assert_allclose(z.T.ravel(), year["temp_air"].values, atol=0.051)


def test_radiation_of_a_right_clock_lies_between_sunrise_and_sunset(page):
    grid, rise, fall = Seen(page).charts["chart-heat-ghi"]["data"]
    z, hours = np.array(grid["z"], dtype=float), np.array(grid["y"])[:, None]
    outside = (hours < np.array(rise["y"]) - 0.75) | (hours > np.array(fall["y"]) + 0.75)
    assert z[outside].max() == 0.0 and z[~outside].max() > 800.0
    assert 8.0 < rise["y"][0] < 8.6 and 5.5 < rise["y"][171] < 6.1  # sunrise at Zhongwei, winter and summer


def test_the_mean_day_of_a_season(page, year):
    charts = Seen(page).charts
    civil = year["time"].values + 8 * HOUR
    month = civil.astype("datetime64[M]").astype(int) % 12 + 1
    winter = np.isin(month, (12, 1, 2)).reshape(365, 24).any(axis=1)
    for name in ("ghi", "temp_air", "wind_speed"):
        line = next(t for t in charts[f"chart-day-{name}"]["data"] if t["name"] == "Dec–Feb")
        np.testing.assert_allclose(line["y"], year[name].values.reshape(365, 24)[winter].mean(axis=0), atol=6e-3)
        assert line["x"][:2] == [0.5, 1.5]


def test_shares_of_the_wind_add_up(page, year):
    data = place_data(year, place_facts(year))
    edges, shares = speed_bins(year["wind_speed"].values)
    assert shares.sum() == pytest.approx(100.0) and edges[0] == 0.0 and edges[-1] > year["wind_speed"].max()
    assert weibull_shares(data, edges).sum() == pytest.approx(100.0, abs=0.1)
    assert np.abs(weibull_shares(data, edges) - shares).max() < 2.0  # the generator's margin is a Weibull by month
    rose = rose_shares(data)
    blows = 100.0 * float((year["wind_speed"] >= 0.5).mean())
    assert rose.shape[1] == 12 and rose.sum() == pytest.approx(blows, rel=1e-12)
    assert "k = " in page and "maximum likelihood" in page


def test_without_directions_there_is_a_duration_curve(year):
    charts = Seen(render_place(year.drop_vars("wind_direction"), name=NAME)).charts
    assert "chart-wind-rose" not in charts
    (curve,) = charts["chart-wind-curve"]["data"]
    assert curve["x"][0] == 0.0 and curve["x"][-1] == 8760.0
    assert curve["y"][0] == pytest.approx(float(year["wind_speed"].max()), abs=6e-3)
    assert curve["y"][120] == pytest.approx(float(year["wind_speed"].median()), abs=6e-3)
    assert (np.diff(curve["y"]) <= 0.0).all()


def test_compass_points_are_counted_by_sixteen(year):
    points = np.rint(22.5 * np.random.default_rng(2).integers(0, 16, 8760)) % 360.0
    turned = year.assign(wind_direction=("time", points, VARIABLES["wind_direction"].attrs()))
    shares = rose_shares(place_data(turned, place_facts(turned))).sum(axis=0)
    assert shares.size == 16 and shares.max() / shares.min() < 1.3


def test_clearness_of_a_day_is_its_share_of_what_the_sun_sends(page, year):
    days, kt = daily_clearness(place_data(year, place_facts(year)))
    assert days.size == 365 and kt.min() >= 0.0 and kt.max() < 0.95
    dots = Seen(page).charts["chart-kt-days"]["data"][0]
    np.testing.assert_allclose(dots["y"], kt, atol=6e-4)
    shares = Seen(page).charts["chart-kt-share"]["data"]
    assert [sum(trace["y"]) for trace in shares] == pytest.approx([100.0] * 4, abs=0.06)


# ----------------------------------------------------------------------------- the clock is seen
def centre(x: list[float], y: list[float]) -> float:
    """Hour around which a course lies."""
    weight = np.array(y, dtype=float)
    return float((np.array(x) * weight).sum() / weight.sum())


@pytest.mark.parametrize("late_h", [0, 2, -1])
def test_a_shift_of_the_label_is_seen_on_the_clear_days(year, late_h):
    moved = year.assign({n: ("time", np.roll(year[n].values, late_h), year[n].attrs) for n in ("ghi", "dni", "dhi")})
    text = render_place(moved, name=NAME)
    charts = Seen(text).charts
    stamped, sky, *rest = charts["chart-clock-days"]["data"]
    middles = (np.array(stamped["x"][1:]) + np.array(stamped["x"][:-1])) / 2.0
    apart = centre(list(middles), stamped["y"][:-1]) - centre(sky["x"], sky["y"])
    assert apart == pytest.approx(late_h, abs=0.1)
    (curve,) = charts["chart-clock-closure"]["data"]
    assert curve["x"][int(np.argmin(curve["y"]))] == -late_h
    if late_h:
        way = "too late" if late_h > 0 else "too early"
        assert f"Radiation stamped {abs(late_h)} h {way}" in text
        assert rest[0]["name"] == f"clear sky on a clock {abs(late_h)} h {way}"
        assert centre(rest[0]["x"], rest[0]["y"]) == pytest.approx(centre(sky["x"], sky["y"]) + late_h, abs=1e-2)
    else:
        assert not rest and "Clock of the radiation right" in text


def test_the_clearest_days_are_clear_and_of_every_month(year):
    course = clear_course(place_data(year, place_facts(year)))
    assert 30 <= course.days <= 36 and 0.8 < course.level < 1.2
    assert course.ghi.sum() == pytest.approx(course.sky.reshape(24, -1).mean(axis=1).sum(), rel=1e-12)


def test_parts_that_are_derived_tell_no_clock(year):
    all_of_it = ("time", np.full(8760, flags.DERIVED), flags.attrs())
    data = year.assign(flag_dni=all_of_it, flag_dhi=all_of_it)
    assert closure_curve(place_data(data, place_facts(data))) is None
    seen = Seen(render_place(data, name=NAME))
    assert "chart-clock-closure" not in seen.charts
    assert "derived: the source does not hold it" in seen.said
    assert "17,520 values are not the source's own" in seen.said


def test_the_urumqi_file_as_stamped_and_repaired(shared_data_dir):
    (path,) = (shared_data_dir / "weather").glob("*Urumqi*.epw")
    with pytest.warns(weather.WeatherWarning, match=r"stamped 1\.5 h too early"):
        stamped = weather.read_epw(path)
    text = render_place(stamped, name=("Urumqi", ""))
    assert "Radiation stamped 1.5 h too early" in text and "a typical year, shown on its own calendar (UTC+8)" in text
    assert "chart-wind-rose" in Seen(text).ids
    with pytest.warns(weather.WeatherWarning):
        repaired = weather.read_epw(path, repair=True)
    text = render_place(repaired, name=("Urumqi", ""))
    assert "Radiation moved to its true hours" in text and "shifted: moved in time" in text


def test_a_typical_year_in_utc_is_shown_on_its_civil_calendar():
    """Written from 1 January UTC on, its last eight hours belong before its first."""
    utc = made("2000-12-31T16:00", 8760)
    rolled = {name: ("time", np.roll(utc[name].values, -8), utc[name].attrs) for name in utc.data_vars}
    ring = utc.assign(rolled).assign_coords(time=utc["time"].values + 8 * HOUR)
    ring = ring.assign_attrs(typical_year=1, utc_offset_h=0.0)
    data = place_data(ring, place_facts(ring))
    assert str(data.stamps[0]) == "2001-01-01T00:00:00" and str(data.stamps[-1]) == "2001-12-31T23:00:00"
    np.testing.assert_array_equal(data.values["temp_air"], utc["temp_air"].values)


# -------------------------------------------------------------------------- other windows and forms
def test_a_short_window_is_shown_as_it_goes(year):
    short = year.isel(time=slice(4000, 4048))
    text = render_place(short, name=NAME)
    seen = Seen(text)
    assert [name for name in SHORT if name not in seen.ids] == [] and "months" not in seen.ids
    ghi, dni, dhi, sky = seen.charts["chart-series-radiation"]["data"]
    for trace, name in ((ghi, "ghi"), (dni, "dni"), (dhi, "dhi")):
        np.testing.assert_allclose(trace["y"][:-1], short[name].values, atol=6e-3)
    first = np.datetime_as_string(short["time"].values[0] + 8 * HOUR, unit="m").replace("T", " ")
    assert ghi["x"][0] == first and len(ghi["x"]) == 49 and max(sky["y"]) > 800.0
    assert f"{float(short['ghi'].sum()) / 1000:.1f} kWh/m²" in card(text, "Global irradiation")


def test_an_ensemble_is_shown_by_its_percentiles():
    members = made("2026-07-14T16:00", 48, members=9)
    seen = Seen(render_place(members, name=NAME))
    traces = {trace["name"]: trace for trace in seen.charts["chart-series-temp"]["data"]}
    values = members["temp_air"].values
    for name, percent in (("lowest", 0), ("10th percentile", 10), ("90th percentile", 90), ("highest", 100)):
        np.testing.assert_allclose(traces[name]["y"][:-1], np.percentile(values, percent, axis=0), atol=6e-3)
    median = traces["Air temperature, median"]["y"][:-1]
    np.testing.assert_allclose(median, np.median(values, axis=0), atol=6e-3)
    assert "9 members" in seen.said and "clock of the radiation not judged" in seen.said
    long = members.isel(time=np.arange(48).repeat(15)[:720]).assign_coords(
        time=members["time"].values[0] + np.arange(720) * HOUR
    )
    with pytest.raises(DataError, match=r"9 members over 30 days.*--member 0 to 8"):
        render_place(long, name=NAME)


def test_several_years_are_averaged_and_told_apart(year):
    three = made("2023-12-31T16:00", 24 * 1096)  # with a 29 February
    seen = Seen(render_place(three, name=NAME))
    assert "years" in seen.ids and "Mean over 3 years." in seen.said
    civil_year = (three["time"].values + 8 * HOUR).astype("datetime64[Y]").astype(int) + 1970
    sums = [three["ghi"].values[civil_year == y].sum() / 1000 for y in (2024, 2025, 2026)]
    assert seen.charts["chart-years-ghi"]["data"][0]["y"] == pytest.approx(sums, abs=6e-3)
    bars = seen.charts["chart-months"]["data"][0]
    assert bars["x"][0] == "Jan" and min(bars["error_y"]["array"]) > 0.0
    assert len(seen.charts["chart-heat-ghi"]["data"][0]["x"]) == 366
    assert f"{float(three['ghi'].mean()) * 8.76:,.0f}" in card(
        render_place(three, name=NAME), "Global irradiation a year"
    )


def test_days_the_window_cuts_are_not_counted_as_days(year):
    cut = year.isel(time=slice(5, 5 + 40 * 24))
    text = render_place(cut, name=NAME)
    bars = Seen(text).charts["chart-months"]["data"][0]
    assert "Radiation and temperature by day" in text and len(bars["x"]) == 41
    assert bars["y"][0] is None and bars["y"][-1] is None
    assert bars["y"][1] == pytest.approx(year["ghi"].values[24:48].sum() / 1000, abs=6e-4)


@pytest.mark.parametrize(("step_h", "days"), [(0.25, 2), (0.25, 30), (3.0, 2), (3.0, 60)])
def test_other_steps(year, step_h, days):
    count = round(days * 24 / step_h)
    step = np.timedelta64(round(step_h * 3600), "s")
    data = year.isel(time=np.arange(count) % 8760).assign_coords(time=year["time"].values[0] + np.arange(count) * step)
    seen = Seen(render_place(data, name=NAME))
    assert (LONG if days > 28 else SHORT)[0] in seen.ids
    assert f"{count:,} intervals of {'15 min' if step_h < 1 else '3 h'}" in seen.said


def test_weather_without_sun_or_wind(year):
    none = np.zeros(960)
    dead = year.isel(time=slice(0, 960)).drop_vars("wind_direction")
    dead = dead.assign({name: ("time", none, dead[name].attrs) for name in ("ghi", "dni", "dhi", "wind_speed")})
    said = Seen(render_place(dead, name=NAME)).said
    assert "not told" in said and "calm 100.0 %" in said
    assert not re.search(r"\b(None|nan|NaN|inf)\b", said)


# ----------------------------------------------------------------------------- the page as a file
def test_same_arguments_give_the_same_bytes(page, year):
    assert render_place(year, name=NAME, warnings=["Something to <know>."]) == page
    assert len(page.encode()) <= 6_000_000


def test_nothing_is_fetched_and_only_hashed_scripts_run(page):
    seen = Seen(page)
    assert not {name for name, _ in seen.attributes} & {"src", "href", "srcset", "data", "action"}
    assert not {"link", "img", "iframe", "object", "base"} & set(seen.tags)
    assert not re.search(r"@import|url\(", "".join(re.findall(r"<style>(.*?)</style>", page, re.S)))
    policy = next(value for name, value in seen.attributes if name == "content" and "default-src" in (value or ""))
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "connect-src 'none'" in policy
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in seen.scripts[1:]]
    assert len(hashes) == 2 and all(f"'sha256-{value}'" in policy for value in hashes)
    assert "\r" not in page  # a parser would change it, and with it the hash


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<b>bold</b>&amp;",
        "{{ 7 * 7 }}",
        "<!--<script>",
        "' onmouseover='alert(1)",
        "\u2028alert(1)",
    ],
)
def test_no_name_becomes_markup(page, year, payload):
    hostile = year.assign_attrs(source=payload, licence=payload, history=payload)
    text = render_place(hostile, name=(payload, payload), warnings=[payload])
    seen, usual = Seen(text), Seen(page)
    assert {name for name, _ in seen.attributes} <= {name for name, _ in usual.attributes}
    assert set(seen.tags) <= set(usual.tags)
    assert seen.scripts[1:] == usual.scripts[1:]
    assert not set("<>&\u2028\u2029") & set(seen.scripts[0])


def test_chinese_page(year):
    text = render_place(year, name=NAME, lang="zh")
    said = Seen(text).said
    assert '<html lang="zh-CN">' in text and "中卫 Zhongwei" in said and "合成数据" in said and "辐射时标正确" in said
    english = {en for en, zh in PLACE_MESSAGES.values() if en != zh and len(en) > 12 and "{" not in en}
    assert [words for words in english if words in said] == []
    assert "1月" in Seen(text).charts["chart-months"]["data"][0]["x"][0]


def test_every_text_is_there_in_both_languages_with_the_same_blanks():
    for key, texts in PLACE_MESSAGES.items():
        assert len(texts) == len(LANGUAGES) and (all(texts) or key == "gap"), key
        assert len({tuple(sorted(set(re.findall(r"\{(\w+)\}", text)))) for text in texts}) == 1, key
    assert place_messages("zh")["wet_bulb"] == "湿球温度"
    with pytest.raises(ConfigError, match="allowed: en, zh"):
        place_messages("fr")
