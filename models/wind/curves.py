"""Power curves of wind turbines: the table of machines, and a curve blurred by turbulence."""

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import numpy as np

from weather.conventions.errors import ConfigError

REFERENCE_DENSITY = 1.225
"""Density of air the curves of the table are stated at [kg/m3]: ISO 2533 at sea level."""

# A normal distribution to four standard deviations, in 161 strips: halving them changes no share by 1e-5.
_DEVIATIONS = np.linspace(-4.0, 4.0, 161)
_WEIGHTS = np.exp(-0.5 * _DEVIATIONS**2) / np.exp(-0.5 * _DEVIATIONS**2).sum()
_FINE_STEP, _FASTEST = 0.05, 80.0  # m/s, of a blurred curve; no hub wind is faster (weather.conventions.variables)


@dataclass(frozen=True, slots=True)
class Turbine:
    """One machine of ``models/data/turbines.csv``.

    Attributes
    ----------
    name : str
        Maker's type and rated kW; ``LW...`` are derived machines, marked assumption in `note`.
    maker : str
    rated_kw, rotor_m : float
        Rated power [kW] and rotor diameter [m].
    cut_in_m_s, cut_out_m_s : float
        Last hub speed below which there is no power and the last one with power. [m/s]
    speeds_m_s, power_kw : tuple of float
        The curve at 1.225 kg/m3, from no power to rated. [m/s], [kW]
    source, note : str
    """

    name: str
    maker: str
    rated_kw: float
    rotor_m: float
    cut_in_m_s: float
    cut_out_m_s: float
    speeds_m_s: tuple[float, ...]
    power_kw: tuple[float, ...]
    source: str
    note: str

    @property
    def specific_power_w_per_m2(self) -> float:
        """Rated power over the rotor's area [W/m2]: the lower, the more hours at rated power in a given wind."""
        return 1000.0 * self.rated_kw / (np.pi / 4.0 * self.rotor_m**2)


@cache
def load_turbines() -> dict[str, Turbine]:
    """The machines of ``models/data/turbines.csv`` by name, in order of specific power.

    Returns
    -------
    dict of str to Turbine

    Examples
    --------
    >>> e141 = load_turbines()["E-141/4200"]
    >>> round(e141.specific_power_w_per_m2), e141.cut_out_m_s
    (269, 25.0)
    """
    text = resources.files("models").joinpath("data/turbines.csv").read_text(encoding="utf-8")
    return {row["turbine"]: _turbine(row) for row in csv.DictReader(text.splitlines())}


def _turbine(row: dict[str, str]) -> Turbine:
    # a point that the maker does not give is an empty cell; past the last one the power stays rated up to the cut-out
    points = [(float(key), float(cell)) for key, cell in row.items() if cell and key.replace(".", "", 1).isdigit()]
    speeds, powers = zip(*points, strict=True)
    return Turbine(
        name=row["turbine"],
        maker=row["maker"],
        rated_kw=float(row["rated_kw"]),
        rotor_m=float(row["rotor_m"]),
        cut_in_m_s=float(row["cut_in_m_s"]),
        cut_out_m_s=float(row["cut_out_m_s"]),
        speeds_m_s=speeds,
        power_kw=powers,
        source=row["source"],
        note=row["note"],
    )


def find_turbine(name: str) -> Turbine:
    """A machine by name.

    Raises
    ------
    ConfigError
        For an unknown name; the message lists the known ones.
    """
    known = load_turbines()
    if name not in known:
        raise ConfigError(
            f"wind plant: turbine: got {name!r}, allowed {', '.join(sorted(known))}. Choose one of these curves."
        )
    return known[name]


def turbine_curve(turbine: str) -> tuple[np.ndarray, np.ndarray]:
    """Power curve by name, at 1.225 kg/m3.

    Parameters
    ----------
    turbine : str
        Name in ``models/data/turbines.csv``.

    Returns
    -------
    wind_speed, power : ndarray (point,)
        Hub wind speed [m/s], from the last one without power to the cut-out, and power as a share of rated [-].

    Raises
    ------
    ConfigError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> speed, share = turbine_curve("E-141/4200")
    >>> float(speed[-1]), round(float(np.interp(8.0, speed, share)), 4)
    (25.0, 0.5121)
    """
    machine = find_turbine(turbine)
    speed = np.array([*machine.speeds_m_s, machine.cut_out_m_s])
    return speed, np.array([*machine.power_kw, machine.power_kw[-1]]) / machine.rated_kw


@lru_cache(maxsize=64)
def blurred_curve(
    speeds: tuple[float, ...], shares: tuple[float, ...], turbulence_intensity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean share of rated power over winds spread about each mean speed, without any cut-out.

    Parameters
    ----------
    speeds, shares : tuple of float, equal length
        The curve [m/s], [-]; beyond its last point the share stays.
    turbulence_intensity : float
        Standard deviation of the wind over its mean, above 0 and at most 0.25. [-]

    Returns
    -------
    wind_speed, power : ndarray (point,)
        [m/s], 0 to 80 m/s in steps of 0.05; [-].

    Notes
    -----
    ``P(V) = integral of p(u) N(u; V, turbulence_intensity V) du``, a normal distribution cut at four standard
    deviations. The cut-out is left out here because control systems act on a mean of ten minutes, not on gusts.

    Examples
    --------
    >>> speed, share = blurred_curve((3.0, 13.0, 25.0), (0.0, 1.0, 1.0), 0.12)
    >>> [round(float(np.interp(v, speed, share)), 3) for v in (8.0, 13.0, 20.0)]
    [0.5, 0.938, 1.0]
    """
    mean = np.arange(0.0, _FASTEST + _FINE_STEP, _FINE_STEP)
    gusts = mean[:, None] * (1.0 + turbulence_intensity * _DEVIATIONS)
    return mean, np.interp(gusts, speeds, shares) @ _WEIGHTS
