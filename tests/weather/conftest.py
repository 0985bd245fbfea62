"""Weather the tests write themselves."""

import calendar
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

HEADER = (
    "LOCATION,Testville,Ningxia,CHN,synthetic,000001,37.50,105.19,{offset},1226.0",
    "DESIGN CONDITIONS,0",
    "TYPICAL/EXTREME PERIODS,0",
    "GROUND TEMPERATURES,0",
    "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
    'COMMENTS 1,"written by a test"',
    "COMMENTS 2,",
    "DATA PERIODS,1,1,Data,Sunday,{first},{last}",
)


@cache
def sun_of_day(number: int, offset: float) -> np.ndarray:
    """Mean of the cosine of the sun's zenith over each hour of a clock, at the place of `HEADER`; shape (24,)."""
    minutes = pd.date_range("2001-01-01", periods=24 * 12, freq="5min", tz="UTC") + pd.Timedelta(minutes=2.5)
    moment = minutes + pd.Timedelta(days=number - 1) - pd.Timedelta(hours=offset)
    zenith = pvlib.solarposition.spa_python(moment, 37.50, 105.19)["zenith"].to_numpy()
    return np.maximum(np.cos(np.radians(zenith)), 0.0).reshape(24, 12).mean(axis=1)


def day_values(number: int, hour: int, offset: float = 8.0) -> dict[str, float]:
    """Recognisable values of the hour that starts at `hour` on day `number` of the year, under the true sun."""
    sun = float(sun_of_day(number, offset)[hour])
    temp_air = round(10.0 + 0.01 * number + 0.1 * hour, 3)
    dni, dhi = (round(700.0 * (sun > 0.02)), round(100.0 * sun))
    return {
        "temp_air": temp_air,
        "temp_dew": -5.0,
        "relative_humidity": round(100.0 * magnus_pa(-5.0) / magnus_pa(temp_air)),
        "pressure": 87_000.0 + hour,
        "ghi": round(dni * sun + dhi),
        "dni": dni,
        "dhi": dhi,
        "wind_speed": 2.0 + 0.1 * hour,
    }


def magnus_pa(temp_c: float) -> float:
    """Saturation pressure over water [Pa], Magnus form of Sonntag 1990."""
    return float(611.2 * np.exp(17.62 * temp_c / (243.12 + temp_c)))


def epw_rows(days: list[tuple[int, int]], *, offset: float = 8.0) -> list[str]:
    """An EPW file as rows: the header, then 24 hours of each (month, day)."""
    first, last = (f"{month}/{day}" for month, day in (days[0], days[-1]))
    rows = [row.format(offset=offset, first=first, last=last) for row in HEADER]
    for month, day in days:
        number = sum(calendar.monthrange(2001, past)[1] for past in range(1, month)) + day
        for hour in range(24):
            v = day_values(number, hour, offset)
            # years differ by month, as in a typical year
            head = f"{1990 + month},{month},{day},{hour + 1},0,?9"
            state = f"{v['temp_air']},{v['temp_dew']},{v['relative_humidity']},{v['pressure']}"
            sun = f"0,0,300,{v['ghi']},{v['dni']},{v['dhi']}"
            rest = "5,5,9999,99999,9,999999999,10,0.1,0,88,0.2,0,0"
            rows.append(f"{head},{state},{sun},0,0,0,0,180,{v['wind_speed']},{rest}")
    return rows


def all_days() -> list[tuple[int, int]]:
    return [(month, day) for month in range(1, 13) for day in range(1, calendar.monthrange(2001, month)[1] + 1)]


@pytest.fixture
def write_epw(tmp_path: Path) -> Callable[[list[str]], Path]:
    def write(rows: list[str]) -> Path:
        path = tmp_path / "test.epw"
        path.write_text("\n".join(rows) + "\n", encoding="latin-1")
        return path

    return write


@pytest.fixture
def one_day_rows() -> list[str]:
    return epw_rows([(6, 21)])


@pytest.fixture(scope="session")
def whole_year_rows() -> list[str]:
    return epw_rows(all_days())


@pytest.fixture(scope="session")
def expected_values() -> Callable[[int, int], dict[str, float]]:
    return day_values
