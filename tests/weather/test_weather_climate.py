"""The climate generator against the normals and statistics it is made from.

Bands: a mean over seven years is a sample. Monthly bands are the method's own error as stated, plus three
standard errors from the spread and the lag-1 of the statistics; annual means average the samples out.
"""

from dataclasses import replace
from importlib import resources

import numpy as np
import pandas as pd
import pvlib
import pytest

from weather import Node, generate_climate, load_nodes, open_weather
from weather.climate import climate_places
from weather.climate.calibrate import calibrate
from weather.climate.interpolation import through_year
from weather.climate.normals import load_normals
from weather.climate.pieces import within_months
from weather.conventions.errors import DataError
from weather.derive import relative_humidity_from_dew, standard_pressure

NODES = tuple(load_nodes().values())
IDS = tuple(load_nodes())
HOUR = np.timedelta64(1, "h")
YEARS = 7


def stamps(first: str, last: str) -> np.ndarray:
    """Hours of civil days, last day exclusive."""
    eight = np.timedelta64(8, "h")
    return np.arange(np.datetime64(first, "ns") - eight, np.datetime64(last, "ns") - eight, HOUR)


@pytest.fixture(scope="module")
def years() -> dict[str, pd.DataFrame]:
    """Seven years at five nodes, by civil hour."""
    time = stamps("2003-01-01", "2010-01-01")
    civil = pd.DatetimeIndex(time) + pd.Timedelta(hours=8)
    made = generate_climate(NODES, time=time, seed=3)
    return {
        node_id: pd.DataFrame({name: made[name].sel(node=node_id).values for name in made.data_vars}, index=civil)
        for node_id in IDS
    }


def by_month(series: pd.Series) -> np.ndarray:
    return series.groupby(series.index.month).mean().to_numpy()


def days_of_one(lag1: float) -> float:
    """Days of an AR(1) that tell as much of the mean as one independent day."""
    return (1.0 + lag1) / (1.0 - lag1)


def anomaly(series: pd.Series) -> pd.Series:
    """Daily means without the yearly cycle, which three harmonics describe."""
    daily = series.resample("D").mean()
    angle = 2.0 * np.pi * daily.index.day_of_year.to_numpy() / 365.25
    basis = np.column_stack([np.ones(daily.size), *(wave(k * angle) for k in (1, 2, 3) for wave in (np.cos, np.sin))])
    fit, *_ = np.linalg.lstsq(basis, daily.to_numpy(), rcond=None)
    return daily - basis @ fit


def extraterrestrial_wh(latitude: float, day_of_year: np.ndarray) -> np.ndarray:
    """Daily irradiation above the air [Wh/m2] (Duffie & Beckman, eq. 1.10.3), apart from the generator's sun."""
    phi, angle = np.radians(latitude), 2.0 * np.pi * day_of_year / 365.0
    tilt = np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + day_of_year) / 365.0))
    sunset = np.arccos(-np.tan(phi) * np.tan(tilt))
    shape = np.cos(phi) * np.cos(tilt) * np.sin(sunset) + sunset * np.sin(phi) * np.sin(tilt)
    return 24.0 / np.pi * 1367.0 * (1.0 + 0.033 * np.cos(angle)) * shape


@pytest.fixture(scope="module")
def clearness(years) -> dict[str, pd.Series]:
    """Clearness index of each day, less the mean of its month."""
    found = {}
    for node in NODES:
        ghi = years[node.node_id]["ghi"]
        daily = ghi.resample("D").sum()
        kt = daily / extraterrestrial_wh(node.latitude, daily.index.day_of_year.to_numpy())
        found[node.node_id] = kt - kt.groupby(kt.index.month).transform("mean")
    return found


@pytest.mark.parametrize("node_id", IDS)
def test_monthly_means_are_the_normals(years, node_id):
    parameters = calibrate(load_nodes()[node_id])
    normals, spread, found = parameters.normals.monthly, parameters.normals.statistics, years[node_id]
    sample = np.sqrt(1.0 / (30.4 * YEARS))  # of independent days

    ghi = by_month(found["ghi"]) * 24.0 / 1000.0 / normals["ghi_kwh_m2_d"] - 1.0
    error = spread["kt_daily_std"] / normals["kt"] * np.sqrt(days_of_one(spread["kt_daily_lag1"])) * sample
    assert (np.abs(ghi) < 0.005 + 3.0 * error).all(), ghi
    annual = found["ghi"].mean() * 24.0 / 1000.0 / np.mean(normals["ghi_kwh_m2_d"]) - 1.0
    assert abs(annual) < 0.025

    moved = 6.5e-3 * (parameters.normals.temp_altitude_m - load_nodes()[node_id].altitude_m)
    temp = by_month(found["temp_air"]) - normals["t_mean_c"] - moved
    error = spread["temp_daily_std"] * np.sqrt(days_of_one(spread["temp_daily_lag1"])) * sample
    assert (np.abs(temp) < 0.1 + 3.0 * error).all(), temp
    assert abs(temp.mean()) < 0.25

    # hourly speed of shape 1.7 to 2.1 spreads by up to 0.6 of its mean; 35 h of it tell as much as one hour alone
    wind = by_month(found["wind_speed"]) / normals["wind10_mean_ms"] - 1.0
    assert (np.abs(wind) < 0.01 + 3.0 * 0.6 * np.sqrt(35.0 / 24.0) * sample).all(), wind
    assert abs(wind.mean()) < 0.02

    humidity = by_month(found["relative_humidity"]) - normals["rh_pct"]
    # days spread by some 10 points and are alike for 4 days
    assert (np.abs(humidity) < 3.0 * 10.0 * np.sqrt(4.0) * sample).all(), humidity
    assert abs(humidity.mean()) < 1.0


@pytest.mark.parametrize("node_id", IDS)
def test_daily_range_of_temperature_is_the_normals(years, node_id):
    normals = calibrate(load_nodes()[node_id]).normals.monthly
    days = years[node_id]["temp_air"].resample("D")
    found = by_month(days.max() - days.min()) / (normals["t_max_c"] - normals["t_min_c"])
    # ranges spread by a third; 210 days of lag-1 0.36 tell as much as 100: 0.033 is one standard error
    assert (np.abs(found - 1.0) < 0.1).all(), found
    assert abs(found.mean() - 1.0) < 0.025
    by_hour = years[node_id]["temp_air"].groupby(years[node_id].index.hour).mean()
    # solar noon is at 12:50 to 13:00 civil in the west, so sunrise is 6 to 8 and the peak 15 to 16
    assert by_hour.idxmin() in (5, 6, 7) and by_hour.idxmax() in (14, 15, 16)


@pytest.mark.parametrize("node_id", IDS)
def test_days_hang_together_as_in_the_statistics(years, clearness, node_id):
    statistics = calibrate(load_nodes()[node_id]).normals.statistics
    temp = anomaly(years[node_id]["temp_air"])
    assert temp.std() == pytest.approx(statistics["temp_daily_std"], rel=0.08)
    assert temp.autocorr(1) == pytest.approx(statistics["temp_daily_lag1"], abs=0.05)

    days = years[node_id].index[::24]
    std, lag1 = within_months(clearness[node_id].to_numpy(), days.year * 12 + days.month, 1)
    assert std == pytest.approx(statistics["kt_daily_std"], rel=0.04)
    # 0.02 is one standard error
    assert lag1 == pytest.approx(statistics["kt_daily_lag1"], abs=0.05)

    wind = years[node_id]["wind_speed"]
    month = wind.index.year * 12 + wind.index.month
    # seven years tell of hours a day apart as 1000 independent pairs do: 0.03 is one standard error
    for lag, name, band in ((1, "wind_hourly_lag1", 0.03), (24, "wind_hourly_lag24", 0.09)):
        assert within_months(wind.to_numpy(), month, lag)[1] == pytest.approx(statistics[name], abs=band)
    relative = wind / wind.groupby([wind.index.month, wind.index.hour]).transform("mean")
    shape = (relative.std() / relative.mean()) ** -1.086  # Justus 1978
    assert shape == pytest.approx(statistics["wind_weibull_k"], abs=0.1)


@pytest.mark.parametrize("node_id", IDS)
def test_humidity_spreads_as_in_hourly_files(years, node_id):
    """About the mean of each month: hours by 17 to 21 points, days by 9 to 14, the mean day over 22 to 35."""
    humidity = years[node_id]["relative_humidity"]
    month = humidity.index.year * 12 + humidity.index.month
    days = humidity.to_numpy().reshape(-1, 24)
    assert 15.0 < within_months(humidity.to_numpy(), month, 1)[0] < 24.0
    assert 8.0 < within_months(days.mean(axis=1), month[::24], 1)[0] < 15.0
    assert 25.0 < np.ptp(days.mean(axis=0)) < 46.0
    assert days.mean(axis=0).argmax() in (5, 6, 7, 8) and days.mean(axis=0).argmin() in (14, 15, 16, 17)
    assert (days >= 99.0).mean() < (0.2 if node_id == "guian" else 0.1)


@pytest.mark.parametrize("node_id", IDS)
def test_days_spread_with_the_season_as_in_the_facts(years, node_id):
    normals = calibrate(load_nodes()[node_id]).normals
    yearly, summer = normals.statistics["temp_daily_std"], normals.statistics["temp_summer_std"]
    assert np.sqrt(np.mean(normals.temp_spread**2)) == pytest.approx(1.0, abs=1e-12)
    assert yearly * np.sqrt(np.mean(normals.temp_spread[5:8] ** 2)) == pytest.approx(summer, abs=1e-9)

    temp = anomaly(years[node_id]["temp_air"])
    spread = temp.groupby(temp.index.month).std().to_numpy()
    # 210 days of lag-1 0.73 tell of a spread as 64 independent ones: 9 % is one standard error, of 60 months the
    # worst lies at 3
    assert spread == pytest.approx(yearly * normals.temp_spread, rel=0.32)
    assert temp[temp.index.month.isin([6, 7, 8])].std() == pytest.approx(summer, rel=0.15)
    assert spread[5:8].max() < spread[:4].min()


@pytest.mark.parametrize("node_id", IDS)
def test_sunny_days_of_summer_are_warm(years, clearness, node_id):
    statistics = calibrate(load_nodes()[node_id]).normals.statistics
    temp, kt = anomaly(years[node_id]["temp_air"]), clearness[node_id]

    def alike(months: list[int], shift: int = 0) -> float:
        chosen = kt.index.month.isin(months)
        return float(kt[chosen].corr(temp.shift(-shift)[chosen]))

    mean, swing = statistics["temp_per_clearness"], statistics["temp_per_clearness_swing"]
    # June to August and December to February: the cosine about its peak averages to 0.91; 0.05 is one standard error
    assert alike([6, 7, 8]) == pytest.approx(mean + 0.91 * swing, abs=0.15)
    assert alike([12, 1, 2]) == pytest.approx(mean - 0.91 * swing, abs=0.15)
    # the day after, too: 0.66 to 0.88 of it in the files of five stations, 0.58 to 0.67 over 80 years here
    assert 0.45 < alike([6, 7, 8], shift=1) / alike([6, 7, 8]) < 0.85


@pytest.mark.parametrize("node_id", IDS)
def test_hottest_hour_of_a_year_is_as_far_from_the_hottest_month_as_in_records(years, node_id):
    # mean annual extreme maximum (ASHRAE 2025, in the EPW headers) less the mean daily maximum of the file's hottest
    # month: Chengdu 5.1, Kunming 5.5, Chongqing 7.3, Taiyuan 7.6, Urumqi 8.6; two standard errors of seven years 0.9
    temp = years[node_id]["temp_air"]
    hottest = temp.groupby(temp.index.year).max().mean()
    daily = temp.resample("D").max()
    assert 4.2 < hottest - daily.groupby(daily.index.month).mean().max() < 9.5


def test_two_days_of_july_keep_near_their_normal():
    time = stamps("2026-07-15", "2026-07-17")
    made = generate_climate(NODES, time=time, seed=3, members=48)["temp_air"].mean("time")
    for node in NODES:
        normals = calibrate(node).normals
        normal = normals.monthly["t_mean_c"][6] + 6.5e-3 * (normals.temp_altitude_m - node.altitude_m)
        means = made.sel(node=node.node_id).values
        # two days of a daily spread of 2.27 or 1.84 K and a lag-1 of 0.73 or more: 2.1 and 1.7 K, each sure to 10 %
        assert 1.2 < means.std() < 2.6, node.node_id
        # mid-July lies up to 0.6 K above the month where June is much colder
        assert -0.9 < means.mean() - normal < 1.5, node.node_id
        assert np.abs(means - means.mean()).max() < 7.5, node.node_id


@pytest.mark.parametrize(
    ("one", "other", "warmth", "light", "wind"),
    [  # shared x exp(-d2 / 2 L2) of the statistics at 128, 295 and 1235 km, x 0.9 where hourly cloud is added;
        # the part of warmth that clearness gives has clearness' field: 0.35 instead of 0.41 over 80 years; of a
        # day's wind, more or less six parts in ten are the slow ones, which the field gives
        ("horinger", "ulanqab", 0.97, 0.84, 0.50),
        ("zhongwei", "qingyang", 0.93, 0.78, 0.55),
        ("zhongwei", "guian", 0.35, 0.15, 0.03),
    ],
)
def test_nearby_places_share_their_weather(years, clearness, one, other, warmth, light, wind):
    def alike(name: str) -> float:
        return float(anomaly(years[one][name]).corr(anomaly(years[other][name])))

    assert alike("temp_air") == pytest.approx(warmth, abs=0.08)
    assert float(clearness[one].corr(clearness[other])) == pytest.approx(light, abs=0.08)
    assert alike("wind_speed") == pytest.approx(wind, abs=0.1)


@pytest.mark.parametrize("node", NODES, ids=IDS)
def test_sun_sets_and_never_outshines_the_clearest_air(years, node):
    year = years[node.node_id].loc["2008"]
    middle = (year.index + pd.Timedelta(minutes=30)).tz_localize("Asia/Shanghai")
    place = pvlib.location.Location(node.latitude, node.longitude, altitude=node.altitude_m)
    zenith = place.get_solarposition(middle)["zenith"].to_numpy()
    clear = place.get_clearsky(middle, model="ineichen", linke_turbidity=2.0)["ghi"].to_numpy()
    night = zenith >= 90.0
    for name in ("ghi", "dni", "dhi"):
        assert (year[name].to_numpy()[night] == 0.0).all()
    assert (year["ghi"].to_numpy()[zenith < 85.0] > 0.0).all()
    # 1 W/m2: pvlib's clear sky there uses the extraterrestrial beam of another formula
    assert (year["ghi"].to_numpy() <= clear * 1.005 + 1.0).all()
    cosine = np.cos(np.radians(zenith))
    closed = year["dni"].to_numpy() * np.maximum(cosine, 0.0) + year["dhi"].to_numpy()
    assert closed == pytest.approx(year["ghi"].to_numpy(), abs=1e-6)
    assert (year["dni"].max() < 1100.0) and (year["dni"].max() > 800.0)


@pytest.mark.parametrize("node", NODES, ids=IDS)
def test_air_is_never_wetter_than_saturated(years, node):
    found = years[node.node_id]
    assert (found["temp_dew"] <= found["temp_air"]).all()
    assert found["relative_humidity"].between(1.0, 100.0).all()
    again = relative_humidity_from_dew(found["temp_air"].to_numpy(), found["temp_dew"].to_numpy())
    assert again == pytest.approx(found["relative_humidity"].to_numpy(), abs=1e-9)
    assert np.unique(found["pressure"]) == pytest.approx([float(standard_pressure(node.altitude_m))])
    assert found["wind_speed"].min() >= 0.0 and 10.0 < found["wind_speed"].max() < 30.0


def week(nodes, *, seed: int = 7, first: str = "2026-02-25", last: str = "2026-03-04"):
    return climate_places(nodes, time=stamps(first, last), seed=seed)


def test_same_seed_same_weather_to_the_last_bit():
    one, other = week(NODES), week(NODES)
    assert all(one[node_id].identical(other[node_id]) for node_id in IDS)
    changed = week(NODES, seed=8)
    assert all(not np.array_equal(one[i]["temp_air"].values, changed[i]["temp_air"].values) for i in IDS)
    assert one["guian"].attrs["history"].startswith("generated with seed 7 from 1991-2020 normals")


HISTORY = {
    "zhongwei": (
        "; temperature is taken as of 1226 m, though the grid cell lies at 1536.38 m (assumption: the grid cell's "
        "temperature is taken as it stands for that of Zhongwei itself",
        "); not moved, the node being at 1226 m",
    ),
    "horinger": (
        "; temperature is taken as of 1063 m, though the grid cell lies at 1493.16 m (assumption: temperature is of "
        "Hohhot station",
        "); moved to the node's 1050 m by 6.5 K/km (+0.08 K)",
    ),
    "ulanqab": (
        "; temperature is of the grid cell, at 1491.45 m",
        "; moved to the node's 1420 m by 6.5 K/km (+0.46 K)",
    ),
    "qingyang": (
        "; temperature is of the grid cell, at 1221.24 m",
        "; moved to the node's 1421 m by 6.5 K/km (-1.30 K)",
    ),
    "guian": (
        "; temperature is taken as of 1138.7 m, though the grid cell lies at 1233.94 m (assumption: temperature is of "
        "Guiyang station",
        "); moved to the node's 1250 m by 6.5 K/km (-0.72 K)",
    ),
}


@pytest.mark.parametrize("node_id", sorted(HISTORY))
def test_history_tells_whose_altitude_the_temperature_is_of(node_id):
    whose, moved = HISTORY[node_id]
    history = week(NODES)[node_id].attrs["history"]
    assert whose in history and history.endswith(moved)
    normals = calibrate(load_nodes()[node_id]).normals
    apart = normals.cell_altitude_m != normals.temp_altitude_m
    assert ("assumption" in history) == apart  # told where it is one, and only there
    assert (f"({normals.temp_note})" in history) == apart


def test_the_move_told_is_the_move_made():
    """The same place 400 m higher: history says how much colder than at 1226 m, and the series is."""
    low = load_nodes()["zhongwei"]
    high = replace(low, altitude_m=low.altitude_m + 400)
    history = climate_places([high], time=stamps("2026-03-01", "2026-03-02"), seed=7)["zhongwei"].attrs["history"]
    assert history.endswith("; moved to the node's 1626 m by 6.5 K/km (-2.60 K)")
    mean = [through_year(calibrate(node).temp_mean, np.arange(0.0, 12.0, 0.25)) for node in (low, high)]
    assert mean[1] - mean[0] == pytest.approx(np.full(48, -2.60), abs=1e-9)


def test_other_nodes_and_their_order_change_nothing():
    alone = week(NODES[:1])["zhongwei"]
    assert week(NODES)["zhongwei"].identical(alone)
    assert week(NODES[::-1])["zhongwei"].identical(alone)
    twin = Node("zhongwei2", "Twin", "双", "Ningxia", 37.50, 105.19, 1226.0)
    both = week((NODES[0], twin))
    assert both["zhongwei"].identical(alone)
    # the same place under another id has the field in common and a residual of its own
    difference = both["zhongwei2"]["temp_air"].values - alone["temp_air"].values
    assert 0.01 < np.abs(difference).max() < 4.0


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-02-27", "2026-03-01"), ("2026-03-03", "2026-03-04"), ("2026-02-25", "2026-02-26")],
)
def test_window_changes_nothing(first, last):
    whole = week(NODES[:2], first="2026-01-01", last="2026-06-01")
    part = week(NODES[:2], first=first, last=last)
    for node_id, place in part.items():
        assert whole[node_id].sel(time=place["time"]).identical(place)


@pytest.mark.parametrize("first", ["1969-12-30", "2028-02-28", "2100-02-28", "1900-01-01"])
def test_any_year_works(first):
    last = str(np.datetime64(first) + np.timedelta64(3, "D"))
    place = week(NODES[:1], first=first, last=last)["zhongwei"]
    assert place.sizes == {"time": 72}
    assert place["time"].values[0] == np.datetime64(first, "ns") - 8 * HOUR
    assert (np.argmax(place["ghi"].values.reshape(3, 24), axis=1) // 4 == 3).all()  # brightest from 12 to 15
    assert (place["ghi"].values.reshape(3, 24).max(axis=1) > 50.0).all()


def test_higher_place_is_colder_in_thinner_air():
    low = NODES[0]
    high = Node(low.node_id, low.name_en, low.name_zh, low.province, low.latitude, low.longitude, low.altitude_m + 400)
    below, above = (week((node,))["zhongwei"] for node in (low, high))
    difference = below["temp_air"].values - above["temp_air"].values
    assert difference.mean() == pytest.approx(2.6, abs=0.05)
    # the sky of the higher place is another share of thinner air, and warmth follows the sky
    assert difference == pytest.approx(2.6, abs=0.2)
    assert float(above["pressure"][0]) == pytest.approx(float(standard_pressure(1626.0)))


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1", None])
def test_seed_must_be_a_whole_number(seed):
    with pytest.raises(DataError, match="whole number of 0 or more"):
        week(NODES[:1], seed=seed)


def test_climate_is_not_guessed_far_from_every_place():
    beijing = Node("beijing", "Beijing", "北京", "Beijing", 39.9, 116.4, 44.0)
    with pytest.raises(DataError, match=r"'beijing' at 39.9 N .* within 75 km \(ulanqab .* epw:PATH"):
        open_weather({"beijing": "climate"}, [beijing], time=stamps("2026-01-01", "2026-01-02"), seed=0)


def test_every_data_row_has_a_source():
    for name in ("climate.csv", "seasons.csv", "statistics.csv", "places.csv"):
        rows = pd.read_csv(resources.files("weather.climate").joinpath(f"data/{name}"))
        assert rows["source"].str.len().min() > 10
    assert {place: normals.monthly["kt"].size for place, normals in load_normals().items()} == dict.fromkeys(IDS, 12)


COLUMNS = {
    "kt": "kt",
    "ghi_kwh_m2_d": "ghi_kwh_m2_d",
    "t_mean_c": "t_mean_c",
    "t_max_c": "t_max_mean_c",
    "t_min_c": "t_min_mean_c",
    "rh_pct": "rh_pct",
    "wind10_mean_ms": "wind10_mean_ms",
}


def test_every_embedded_row_is_the_measured_normal(shared_data_dir):
    measured = pd.read_csv(shared_data_dir / "weather" / "node_climatology_monthly.csv")
    names = {"zhongwei": "zhongwei", "horinger": "horinger_hohhot", "ulanqab": "ulanqab", "qingyang": "qingyang"}
    for place, normals in load_normals().items():
        rows = measured[
            measured["node"].eq(names.get(place, "guian_guiyang"))
            & measured["basis"].str.startswith("normals_1991_2020")
        ]
        rows = rows.sort_values("month")
        assert list(rows["month"]) == list(range(1, 13))
        for ours, theirs in COLUMNS.items():
            assert normals.monthly[ours] == pytest.approx(rows[theirs].to_numpy(float), abs=0.006), (place, ours)
