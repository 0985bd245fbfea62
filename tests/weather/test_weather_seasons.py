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
            "clear": ghi.sum(axis=1) / extraterrestrial_wh(latitude, day),
        }
    )
    by_month = days.groupby("month")
    days["range"] = days["range"] / by_month["range"].transform("mean") - 1.0
    days["clear"] = (days["clear"] - by_month["clear"].transform("mean")) / by_month["clear"].transform("std")
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
