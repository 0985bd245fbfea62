"""The facts of the seasons that the climate generator carries, measured again from hourly files."""

from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from weather.climate.normals import load_normals

FILES = {
    "chongqing": "CHN_CQ_Chongqing.Shapingba.575160_CSWD.epw",
    "chengdu": "CHN_SC_Chengdu-Shuangliu.AP.562940_TMYx.2009-2023.epw",
    "taiyuan": "CHN_SX_Taiyuan.537720_TMYx.epw",
    "urumqi": "CHN_XZ_Urumqi-Diwopu.AP.514635_TMYx.epw",
    "kunming": "CHN_YN_Kunming-Wujiaba.AP.567780_TMYx.epw",
}
MEASURED = "ChengduPM20100101_20151231.csv"
ARID, BASIN = ("taiyuan", "urumqi"), ("chengdu", "chongqing", "kunming")


def anomaly(daily: np.ndarray, day_of_year: np.ndarray) -> np.ndarray:
    """Daily values without the yearly cycle, which three harmonics describe."""
    angle = 2.0 * np.pi * day_of_year / 365.25
    basis = np.column_stack([np.ones(daily.size), *(wave(k * angle) for k in (1, 2, 3) for wave in (np.cos, np.sin))])
    return daily - basis @ np.linalg.lstsq(basis, daily, rcond=None)[0]


def extraterrestrial_wh(latitude: float, day_of_year: np.ndarray) -> np.ndarray:
    """Daily irradiation above the air [Wh/m2] (Duffie & Beckman, eq. 1.10.3)."""
    phi, angle = np.radians(latitude), 2.0 * np.pi * day_of_year / 365.0
    tilt = np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + day_of_year) / 365.0))
    sunset = np.arccos(-np.tan(phi) * np.tan(tilt))
    shape = np.cos(phi) * np.cos(tilt) * np.sin(sunset) + sunset * np.sin(phi) * np.sin(tilt)
    return 24.0 / np.pi * 1367.0 * (1.0 + 0.033 * np.cos(angle)) * shape


def typical_days(path: Path) -> pd.DataFrame:
    """Month, temperature anomaly, relative daily range and standardised clearness of each day of an EPW file."""
    with path.open(encoding="latin-1") as file:
        latitude = float(file.readline().split(",")[6])
    table = pd.read_csv(path, skiprows=8, header=None, encoding="latin-1")
    temp, ghi = (table[column].to_numpy(float).reshape(365, 24) for column in (6, 13))
    day = np.arange(1, 366)
    days = pd.DataFrame(
        {
            "month": table[1].to_numpy()[::24],
            "warm": anomaly(temp.mean(axis=1), day),
            "range": temp.max(axis=1) - temp.min(axis=1),
            "kt": ghi.sum(axis=1) / extraterrestrial_wh(latitude, day),
        }
    )
    by_month = days.groupby("month")
    days["range"] = days["range"] / by_month["range"].transform("mean") - 1.0
    days["clear"] = (days["kt"] - by_month["kt"].transform("mean")) / by_month["kt"].transform("std")
    return days


def measured_days(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, na_values=["NA"])
    daily = table.set_index(pd.to_datetime(table[["year", "month", "day", "hour"]]))["TEMP"].resample("D").mean()
    daily = daily.interpolate()
    warm = anomaly(daily.to_numpy(), daily.index.day_of_year.to_numpy().astype(float))
    return pd.DataFrame({"month": daily.index.month, "warm": warm})


@pytest.fixture
def stations(shared_data_dir) -> dict[str, pd.DataFrame]:
    folder = shared_data_dir / "weather"
    return {name: typical_days(folder / file) for name, file in FILES.items()} | {
        "measured": measured_days(folder / MEASURED)
    }


def rms(values: pd.Series) -> float:
    return float(np.sqrt((values**2).mean()))


def test_temperature_spreads_with_the_season_as_measured(stations):
    carried = pd.read_csv(resources.files("weather.climate").joinpath("data/seasons.csv"))
    assert list(carried["month"]) == list(range(1, 13))
    shapes = []
    for days in stations.values():
        spread = days.groupby("month")["warm"].apply(rms).to_numpy()
        shapes.append(spread / np.sqrt(np.mean(spread**2)))
    pooled = np.sqrt(np.mean(np.square(shapes), axis=0))
    assert carried["temp_spread"].to_numpy() == pytest.approx(pooled, abs=0.006)


def test_summer_spread_is_the_nearest_files(stations):
    def summer(name: str) -> float:
        days = stations[name]
        return float(days.loc[days["month"].between(6, 8), "warm"].std())

    basin = np.mean([summer(name) for name in BASIN])
    for place, normals in load_normals().items():
        wanted = basin if place == "guian" else summer("taiyuan")
        assert normals.statistics["temp_summer_std"] == pytest.approx(wanted, abs=0.02), place


def test_range_and_warmth_follow_clearness_as_measured(stations):
    slope, mean, swing = {}, {}, {}
    since_july = np.cos(2.0 * np.pi * (np.arange(1, 13) - 7.0) / 12.0)
    for name in ARID + BASIN:
        days = stations[name]
        slope[name] = np.polyfit(days["clear"], days["range"], 1)[0]
        alike = [group["clear"].corr(group["warm"]) for _, group in days.groupby("month")]
        swing[name], mean[name] = np.polyfit(since_july, alike, 1)
    for place, normals in load_normals().items():
        near = BASIN if place == "guian" else ARID
        for quantity, found in (
            ("range_per_clearness", slope),
            ("temp_per_clearness", mean),
            ("temp_per_clearness_swing", swing),
        ):
            pooled = np.mean([found[name] for name in near])
            assert normals.statistics[quantity] == pytest.approx(pooled, abs=0.01), (place, quantity)


def monthly_spread(days: pd.DataFrame) -> np.ndarray:
    """Standard deviation of daily clearness by month, over its root mean square."""
    spread = days.groupby("month")["kt"].std().to_numpy()
    return spread / np.sqrt(np.mean(spread**2))


def test_clearness_spreads_with_the_season_as_measured(stations):
    since_july = np.cos(2.0 * np.pi * (np.arange(1, 13) - 7.0) / 12.0)
    swing = {name: np.polyfit(since_july, monthly_spread(stations[name]), 1)[0] for name in ARID + BASIN}
    for place, normals in load_normals().items():
        near = ("chengdu", "chongqing") if place == "guian" else ARID
        found = normals.statistics["kt_std_swing"]
        assert found == pytest.approx(np.mean([swing[name] for name in near]), abs=0.015), place


def hourly(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, skiprows=8, header=None, encoding="latin-1")
    return pd.DataFrame({"month": table[1], "dew": table[7].astype(float), "wind": table[21].astype(float)})


def autocorrelation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def test_dew_point_follows_as_measured(stations, shared_data_dir):
    """Daily dew point on warmth and clearness, its residual, and what it does within the day."""
    found = {}
    for name in ("taiyuan", "urumqi", "chengdu", "kunming"):
        dew = hourly(shared_data_dir / "weather" / FILES[name])["dew"].to_numpy()
        daily = dew.reshape(365, 24).mean(axis=1)
        moist = anomaly(daily, np.arange(1, 366))
        cause = stations[name][["warm", "clear"]].to_numpy()
        slopes = np.linalg.lstsq(cause, moist, rcond=None)[0]
        rest = moist - cause @ slopes
        line = np.interp((np.arange(8760) + 0.5) / 24.0 - 0.5, np.arange(365), daily)
        within = (dew - line).reshape(365, 24)
        course = within.mean(axis=0)
        passing = (within - course).ravel()
        found[name] = {
            "dew_per_temp": slopes[0],
            "dew_per_clearness": slopes[1],
            "dew_daily_std": rest.std(),
            "dew_daily_lag1": autocorrelation(rest, 1),
            "dew_diurnal_amplitude": 2.0 * abs(np.fft.fft(course)[1]) / 24.0,
            "dew_hourly_std": passing.std(),
            "dew_hourly_lag1": autocorrelation(passing, 1),
        }
    for place, normals in load_normals().items():
        near = ("chengdu", "kunming") if place == "guian" else ARID
        for quantity in found["taiyuan"]:
            pooled = np.mean([found[name][quantity] for name in near])
            assert normals.statistics[quantity] == pytest.approx(pooled, abs=0.02), (place, quantity)


def test_wind_is_borrowed_from_the_file_it_names(shared_data_dir):
    for place, normals in load_normals().items():
        wind = hourly(shared_data_dir / "weather" / FILES["chengdu" if place == "guian" else "taiyuan"])
        values = (wind["wind"] - wind.groupby("month")["wind"].transform("mean")).to_numpy()
        for lag, quantity, band in ((1, "wind_hourly_lag1", 0.002), (24, "wind_hourly_lag24", 0.025)):
            # pairs over a month's end are in here; between stitched months a day apart they count 3 %
            assert autocorrelation(values, lag) == pytest.approx(normals.statistics[quantity], abs=band), place


def test_weibull_shape_follows_the_mean_wind():
    """k = 0.94 sqrt(mean), sites of average variability (Justus et al. 1978)."""
    for normals in load_normals().values():
        mean = normals.monthly["wind10_mean_ms"].mean()
        assert normals.statistics["wind_weibull_k"] == pytest.approx(0.94 * np.sqrt(mean), abs=0.006)
