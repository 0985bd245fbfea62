"""Carbon factors of the Chinese grids, rows of ``models/data/grid_carbon.csv``."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from weather.conventions.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CarbonFactor:
    """CO2 per kWh of a grid in a year.

    Attributes
    ----------
    kg_per_kwh : float
    area : str
        Province, region, or "China".
    year : int
        Year the factor is of; it is published about two years later.
    source : str
    """

    kg_per_kwh: float
    area: str
    year: int
    source: str


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = resources.files("models").joinpath("data/grid_carbon.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def carbon_factor(area: str, *, year: int | None = None) -> CarbonFactor:
    """Average carbon factor of a province, region or the country: for CUE by location.

    Parameters
    ----------
    area : str
        Such as "Ningxia", "Northwest" or "China".
    year : int, optional
        Default: the latest there is for the area.

    Returns
    -------
    CarbonFactor

    Raises
    ------
    ConfigError
        For an area or a year without a row.

    Examples
    --------
    >>> carbon_factor("Ningxia", year=2022).kg_per_kwh, carbon_factor("Ningxia").year
    (0.6423, 2023)
    """
    return _chosen([row for row in _rows() if row["level"] != "residual"], area, year)


def residual_factor(*, year: int | None = None) -> CarbonFactor:
    """Carbon factor of the country without traded non-fossil power: for CUE by market.

    Parameters
    ----------
    year : int, optional
        Default: the latest there is.

    Returns
    -------
    CarbonFactor
        No residual mix by province is published.

    Raises
    ------
    ConfigError
        For a year without a row.

    Examples
    --------
    >>> residual_factor().kg_per_kwh
    0.5856
    """
    return _chosen([row for row in _rows() if row["level"] == "residual"], "China", year)


def _chosen(rows: list[dict[str, str]], area: str, year: int | None) -> CarbonFactor:
    if not isinstance(area, str):
        raise ConfigError(f"carbon factor: got area={area!r}, allowed the name of one, such as 'Ningxia'. Correct it.")
    of_area = {int(row["year"]): row for row in rows if row["area"].lower() == area.strip().lower()}
    if not of_area:
        areas = sorted({row["area"] for row in rows})
        raise ConfigError(f"carbon factor: no row for area {area!r}, allowed {', '.join(areas)}. Give your own factor.")
    if year is not None and year not in of_area:
        raise ConfigError(
            f"carbon factor: no row for {area} in year {year}, allowed {', '.join(map(str, sorted(of_area)))}. Take "
            "one of these or give your own factor."
        )
    row = of_area[max(of_area) if year is None else year]
    return CarbonFactor(float(row["kg_per_kwh"]), row["area"], int(row["year"]), row["source"])
