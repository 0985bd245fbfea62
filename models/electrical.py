"""Electrical chain between the meter and the servers: transformer, UPS, distribution, other loads.

Direction of the power: meter -> transformer -> UPS -> distribution -> servers; cooling, lighting and controls hang
behind the transformer, beside the UPS. Every function takes and returns kW of any shape, labelled where it came so.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import xarray as xr

from models.given import is_number, numbers, refuse_other_plant
from weather.conventions.errors import ConfigError, DataError

_CONSTANT_MOST = 0.5  # a loss of half the rating is a slip of the unit, not a machine


@dataclass(frozen=True, slots=True)
class ElectricalPlant:
    """UPS, transformer and distribution of one node.

    Attributes
    ----------
    rated_kw : float
        IT load the chain is built for. [kW]
    ups_loss : tuple of three floats
        No-load, proportional and square terms, as a share of one UPS system's rating. `ups_loss_terms` has the
        rows of ``models/data/electrical.toml``; the default is double conversion. [-]
    ups_modules_share : float
        Share of the load each UPS system carries: 1 for N, 0.5 for 2N (two systems, each rated for
        the whole load). [-]
    transformer_no_load_frac, transformer_load_frac : float
        Iron loss, and copper loss at full load, as a share of the rating; row ``dry_default``. [-]
    distribution_frac : float
        Busway and PDU loss as a share of IT power; assumption, usual range 0.5-1.5 %. [-]
    other_frac_of_rated : float
        Lighting, controls, security as a share of rated IT power, constant; assumption, usual range 0.3-1 %. [-]
    transformer_rated_kw : float or None
        Rating of one transformer, at least its share of the servers at their rating, ``transformer_modules_share *
        rated_kw`` (cooling, losses, and the whole load on one of two are the designer's: copper loss tells them);
        None means 1.5 times ``rated_kw``, which carries a facility of PUE 1.5 (assumption). [kW]
    transformer_modules_share : float
        Share of the load each transformer carries: 1 for N, 0.5 for 2N; assumption: 2N as the UPS. [-]
    """

    rated_kw: float
    ups_loss: tuple[float, float, float] = (0.010, 0.015, 0.015)
    ups_modules_share: float = 0.5
    transformer_no_load_frac: float = 0.0018
    transformer_load_frac: float = 0.010
    distribution_frac: float = 0.010
    other_frac_of_rated: float = 0.005
    transformer_rated_kw: float | None = None
    transformer_modules_share: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if name != "ups_loss" and not (name == "transformer_rated_kw" and self.transformer_rated_kw is None):
                _refuse_unless(self, name, is_number(getattr(self, name)), "a number")
        _refuse_unless(self, "rated_kw", 0 < self.rated_kw < np.inf, "more than 0 kW")
        listed = isinstance(self.ups_loss, (tuple, list)) and len(self.ups_loss) == 3
        terms = listed and all(is_number(term) and 0 <= term < _CONSTANT_MOST for term in self.ups_loss)
        _refuse_unless(self, "ups_loss", terms, f"three terms, each in [0, {_CONSTANT_MOST})")
        for name in ("ups_modules_share", "transformer_modules_share"):
            _refuse_unless(self, name, 0 < getattr(self, name) <= 1, "(0, 1]: 1 for N, 0.5 for 2N")
        for name in (
            "transformer_no_load_frac", "transformer_load_frac", "distribution_frac", "other_frac_of_rated",
        ):  # fmt: skip
            _refuse_unless(self, name, 0 <= getattr(self, name) < _CONSTANT_MOST, f"[0, {_CONSTANT_MOST})")
        rated = self.transformer_rated_kw
        _refuse_unless(self, "transformer_rated_kw", rated is None or 0 < rated < np.inf, "None or more than 0 kW")
        least = self.transformer_modules_share * self.rated_kw
        large = self.transformer_kw >= least * (1.0 - 1e-9)
        share = f"transformer_modules_share={self.transformer_modules_share:g} of rated_kw={self.rated_kw:g}"
        hint = ", not MW" if rated is not None and rated < 0.01 * least else ""
        _refuse_unless(
            self, "transformer_rated_kw", large, f"at least {least:g} kW{hint}, the servers it carries: {share}"
        )

    @property
    def transformer_kw(self) -> float:
        """Rating of one transformer. [kW]"""
        return 1.5 * self.rated_kw if self.transformer_rated_kw is None else self.transformer_rated_kw


def _refuse_unless(plant: ElectricalPlant, name: str, good: bool, allowed: str) -> None:
    if not good:
        raise ConfigError(
            f"electrical plant: got {name}={getattr(plant, name)!r}, allowed {allowed}. Correct the figure."
        )


@cache
def _electrical_data() -> dict:
    text = resources.files("models").joinpath("data/electrical.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def ups_loss_terms(mode: str) -> tuple[float, float, float]:
    """Loss terms of a UPS by its mode of operation, rows of ``models/data/electrical.toml``.

    Parameters
    ----------
    mode : str
        ``"double_conversion"``, ``"double_conversion_97"`` or ``"eco"``.

    Returns
    -------
    tuple of three floats
        For `ElectricalPlant.ups_loss`. [-]

    Raises
    ------
    ConfigError
        For a mode without a row.

    Examples
    --------
    >>> ups_loss_terms("eco")
    (0.003, 0.002, 0.005)
    """
    rows = {row["mode"]: tuple(row["loss"]) for row in _electrical_data()["ups"]}
    if mode not in rows:
        raise ConfigError(f"ups_loss: no row for mode {mode!r}; allowed {', '.join(rows)}. Correct the name.")
    return rows[mode]


def transformer_loss_terms(name: str) -> tuple[float, float]:
    """No-load and load loss of a transformer as shares of its rating, rows of ``models/data/electrical.toml``.

    Raises
    ------
    ConfigError
        For a name without a row.

    Examples
    --------
    >>> transformer_loss_terms("dry_1000kva_ecodesign2")
    (0.001395, 0.009)
    """
    rows = {row["name"]: (row["no_load_frac"], row["load_frac"]) for row in _electrical_data()["transformer"]}
    if name not in rows:
        raise ConfigError(f"transformer: no row {name!r}; allowed {', '.join(rows)}. Correct the name.")
    return rows[name]


def distribution_loss_kw(it_kw, plant: ElectricalPlant):
    """Loss of busway and PDU between the UPS and the servers, ``distribution_frac * it_kw``. [kW]

    Examples
    --------
    >>> float(distribution_loss_kw(500.0, ElectricalPlant(rated_kw=1000.0)))
    5.0
    """
    loss = plant.distribution_frac * _power(it_kw, "it_kw")
    return _named(loss, "distribution_loss_kw", "loss of busway and PDU")


def ups_loss_kw(it_kw, plant: ElectricalPlant):
    """Loss of the UPS, which feeds the servers and the distribution behind it.

    Parameters
    ----------
    it_kw : numeric
        True IT power, any shape. [kW]
    plant : ElectricalPlant

    Returns
    -------
    numeric
        Loss. [kW]

    Raises
    ------
    DataError
        Power that is missing or negative.

    Notes
    -----
    ``n = 1 / ups_modules_share`` systems, each rated ``R = rated_kw * (1 + distribution_frac)`` and loaded
    ``l = ups_modules_share * it_kw / rated_kw``: ``n R (a0 + a1 l + a2 l**2)``. Holds for loads up to the rating;
    above it the square law goes on. A three-term fit of a UPS's own data sheet is within about 0.2 points of
    efficiency from 25 to 100 % load; below 10 % load fans and standby make it worse than that.

    References
    ----------
    Sawyer, Making large UPS systems more efficient, Schneider Electric white paper 108 (the three terms).

    Examples
    --------
    >>> round(float(ups_loss_kw(500.0, ElectricalPlant(rated_kw=1000.0, distribution_frac=0.0))), 4)
    29.375
    """
    a0, a1, a2 = plant.ups_loss
    share = plant.ups_modules_share
    load = share * _power(it_kw, "it_kw") / plant.rated_kw
    rated = plant.rated_kw * (1.0 + plant.distribution_frac)
    return _named(rated / share * (a0 + a1 * load + a2 * load**2), "ups_loss_kw", "loss of the UPS")


def hall_loss(it_kw, plant: ElectricalPlant):
    """Losses that warm the hall, UPS and distribution: `ups_loss_kw` plus `distribution_loss_kw`. [kW]

    Examples
    --------
    >>> round(float(hall_loss(500.0, ElectricalPlant(rated_kw=1000.0, distribution_frac=0.0))), 4)
    29.375
    """
    loss = ups_loss_kw(it_kw, plant) + distribution_loss_kw(it_kw, plant)
    return _named(loss, "hall_loss", "losses of UPS and distribution, heat in the hall")


def other_kw(plant: ElectricalPlant) -> float:
    """Lighting, controls and security, constant. [kW]"""
    return plant.other_frac_of_rated * plant.rated_kw


def transformer_loss_kw(load_kw, plant: ElectricalPlant):
    """Loss of the transformers that carry everything behind the meter.

    Parameters
    ----------
    load_kw : numeric
        Power on the low-voltage side: servers, hall losses, cooling and other, any shape. [kW]
    plant : ElectricalPlant

    Returns
    -------
    numeric
        Loss; convex and rising in ``load_kw``. [kW]

    Raises
    ------
    DataError
        Power that is missing or negative.

    Notes
    -----
    ``n = 1 / transformer_modules_share`` transformers rated ``R`` (``transformer_kw``), each loaded
    ``l = transformer_modules_share * load_kw / R``: ``n R (no_load + load * l**2)``. Unity power factor: at 0.97 the
    current, and so the copper loss, is 3 % and 6 % higher, 0.02 % of the load. On-site generation and batteries
    connect on the high-voltage side and do not pass it.

    Examples
    --------
    >>> plant = ElectricalPlant(rated_kw=1000.0, transformer_rated_kw=1000.0, transformer_modules_share=1.0)
    >>> round(float(transformer_loss_kw(1000.0, plant)), 6)
    11.8
    """
    share, rated = plant.transformer_modules_share, plant.transformer_kw
    load = share * _power(load_kw, "load_kw") / rated
    loss = rated / share * (plant.transformer_no_load_frac + plant.transformer_load_frac * load**2)
    return _named(loss, "transformer_loss_kw", "loss of the transformers")


def electrical_loss(it_kw, plant: ElectricalPlant, *, cooling_kw=0.0):
    """Losses of transformer, UPS and distribution.

    `other_kw` is apart: lighting is a load, not a loss; it passes the transformer.

    Parameters
    ----------
    it_kw : numeric
        True IT power, any shape. [kW]
    plant : ElectricalPlant
    cooling_kw : numeric
        Power of the cooling plant behind the transformer, a shape that goes with ``it_kw``. [kW]

    Returns
    -------
    numeric
        Loss. [kW]

    Raises
    ------
    DataError
        Power that is missing or negative.

    Notes
    -----
    `hall_loss` plus `transformer_loss_kw` of ``it + hall_loss + cooling + other``. Convex in ``it_kw`` and in
    ``cooling_kw``, and rising in both: a convex rising function of sums of convex rising ones. Leaving the cooling
    out, as a chain of IT alone does, is 0.15 % of IT too low at full load of the default plant with 0.2 kW/kW of
    cooling.

    Examples
    --------
    >>> plant = ElectricalPlant(rated_kw=1000.0)
    >>> [round(float(electrical_loss(1000.0, plant, cooling_kw=kw)), 2) for kw in (0.0, 200.0)]
    [62.06, 63.6]
    """
    refuse_other_plant("electrical chain", plant, ElectricalPlant)
    it, cooling = _power(it_kw, "it_kw"), _power(cooling_kw, "cooling_kw")
    hall = hall_loss(it, plant)
    loss = hall + transformer_loss_kw(it + hall + cooling + other_kw(plant), plant)
    return _named(loss, "electrical_loss", "losses of transformer, UPS and distribution")


def _named(loss, name: str, long_name: str):
    """A DataArray under its own name and attributes: those of the power it was made from would be another thing's."""
    if not isinstance(loss, xr.DataArray):
        return loss
    return loss.rename(name).drop_attrs().assign_attrs(units="kW", cell_methods="time: mean", long_name=long_name)


def _power(value, name: str):
    """The power as an array, or as the DataArray it came as, so that labels are kept; refuses what is no power."""
    power = numbers("electrical chain", name, value, unit="kW")
    bad = ~(power >= 0)
    if np.any(bad):
        first = float(power[bad].flat[0] if power.ndim else power)
        raise DataError(
            f"electrical chain: {int(np.sum(bad))} values of {name} are missing or negative (first {first:g}), "
            "allowed >= 0 kW. Correct the power."
        )
    return value if isinstance(value, xr.DataArray) else power
