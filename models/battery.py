"""Battery: a stock with one-way efficiencies, standing loss and wear per kWh drawn.

Charge and discharge are grid-side powers, both >= 0; the stock is what the cells hold. Efficiency does not depend on
the power here: no public curve of a whole system was found, and makers state one figure at the rating.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import xarray as xr

from weather.conventions.errors import ConfigError, DataError

_ROUNDING_KW = 1e-6  # what a solver's tolerance leaves below 0 in a plan that is audited


@dataclass(frozen=True, slots=True)
class Battery:
    """A stationary battery system.

    Attributes
    ----------
    energy_kwh : float
        Usable stock. [kWh]
    power_kw : float
        Limit of charge and of discharge at the meter. [kW]
    charge_eff, discharge_eff : float
        One-way efficiencies, converter included; the default 0.933 makes the 0.87 of ``models/data/battery.toml``. [-]
    self_discharge_per_h : float
        Standing loss, share of the stock per hour; default of the same file. [1/h]
    wear_cny_per_kwh : float
        Cost of wear per kWh discharged at the meter, as `wear_cost` gives it. [CNY/kWh]
    """

    energy_kwh: float
    power_kw: float
    charge_eff: float = 0.933
    discharge_eff: float = 0.933
    self_discharge_per_h: float = 2e-5
    wear_cny_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        checks = {
            "energy_kwh": (_number(self.energy_kwh, _no_less_than_0), "0 or more kWh"),
            "power_kw": (_number(self.power_kw, _no_less_than_0), "0 or more kW"),
            "charge_eff": (_number(self.charge_eff, _share), "(0, 1]"),
            "discharge_eff": (_number(self.discharge_eff, _share), "(0, 1]"),
            "self_discharge_per_h": (_number(self.self_discharge_per_h, lambda loss: 0 <= loss < 1), "[0, 1)"),
            "wear_cny_per_kwh": (_number(self.wear_cny_per_kwh, _no_less_than_0), "0 or more CNY/kWh"),
        }
        for name, (good, allowed) in checks.items():
            if not good:
                raise ConfigError(
                    f"battery: got {name}={getattr(self, name)!r}, allowed {allowed}. Correct the figure."
                )


def _number(value: object, good) -> bool:
    """Whether it is one number (True and False are none) that is good."""
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return number and bool(good(value))


def _no_less_than_0(value: float) -> bool:
    return 0 <= value < np.inf


def _share(value: float) -> bool:
    return 0 < value <= 1


@cache
def battery_figures() -> dict[str, float]:
    """General figures of LFP batteries by name, rows ``figure`` of ``models/data/battery.toml``.

    Examples
    --------
    >>> battery_figures()["cycles"]
    6000.0
    """
    return {row["name"]: row["value"] for row in _battery_data()["figure"]}


@cache
def battery_capex() -> dict[str, float]:
    """Price of battery systems by name, rows ``battery`` of ``models/data/battery.toml``. [CNY/kWh]

    Examples
    --------
    >>> battery_capex()["lfp_4h"]
    425.0
    """
    return {row["name"]: row["capex_cny_per_kwh"] for row in _battery_data()["battery"]}


@cache
def _battery_data() -> dict:
    text = resources.files("models").joinpath("data/battery.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def round_trip_eff(battery: Battery, *, held_h: float = 0.0) -> float:
    """Energy given back at the meter over energy taken in there.

    Parameters
    ----------
    battery : Battery
    held_h : float
        Time between charging and discharging. [h]

    Returns
    -------
    float
        [-]

    Raises
    ------
    DataError
        For a negative time.

    Notes
    -----
    ``charge_eff * (1 - self_discharge_per_h)**held_h * discharge_eff``.

    Examples
    --------
    >>> round(round_trip_eff(Battery(energy_kwh=1, power_kw=1)), 4)
    0.8705
    """
    if not held_h >= 0:
        raise DataError(f"battery: got held_h={held_h}, allowed 0 or more hours. Correct it.")
    return battery.charge_eff * stock_retention(battery, held_h) * battery.discharge_eff


def wear_cost(
    capex_cny_per_kwh: float,
    *,
    cycles: float,
    depth_frac: float,
    discharge_eff: float = 1.0,
    end_of_life_frac: float = 1.0,
) -> float:
    """Cost of wear per kWh discharged at the meter: the price over what the cells can give in their life.

    Parameters
    ----------
    capex_cny_per_kwh : float
        Price of what has to be replaced, per kWh of capacity. [CNY/kWh]
    cycles : float
        Full cycles at ``depth_frac`` the cells last. [-]
    depth_frac : float
        Depth of each cycle. [-]
    discharge_eff : float
        One-way efficiency from the cells to the meter. [-]
    end_of_life_frac : float
        Capacity left after these cycles; it falls linearly, so the mean is half way to 1. [-]

    Returns
    -------
    float
        [CNY/kWh]

    Raises
    ------
    ConfigError
        Naming the figure out of its range.

    Notes
    -----
    ``capex / (cycles * depth_frac * (1 + end_of_life_frac) / 2 * discharge_eff)``. Wear by cycling alone: a battery
    that ages by the calendar first wears at no cost per kWh, so this is an upper bound for one seldom used. No
    interest: the replacement is paid at today's price.

    Examples
    --------
    >>> round(wear_cost(544.0, cycles=6000, depth_frac=0.9, discharge_eff=0.933, end_of_life_frac=0.8), 4)
    0.12
    """
    checks = {
        "capex_cny_per_kwh": (capex_cny_per_kwh, _no_less_than_0, "0 or more"),
        "cycles": (cycles, lambda count: 0 < count < np.inf, "more than 0"),
        "depth_frac": (depth_frac, _share, "(0, 1]"),
        "discharge_eff": (discharge_eff, _share, "(0, 1]"),
        "end_of_life_frac": (end_of_life_frac, _share, "(0, 1]"),
    }
    for name, (value, good, allowed) in checks.items():
        if not _number(value, good):
            raise ConfigError(f"battery wear: got {name}={value!r}, allowed {allowed}. Correct the figure.")
    life_kwh = cycles * depth_frac * (1.0 + end_of_life_frac) / 2.0 * discharge_eff
    return capex_cny_per_kwh / life_kwh


def stock_retention(battery: Battery, step_h: float) -> float:
    """Share of the stock left after one idle step.

    Notes
    -----
    ``(1 - self_discharge_per_h)**step_h``, so that two half steps equal one whole.

    Examples
    --------
    >>> stock_retention(Battery(energy_kwh=1, power_kw=1, self_discharge_per_h=0.1), 2.0)
    0.81
    """
    return (1.0 - battery.self_discharge_per_h) ** step_h


def stock_end(stock, charge, discharge, battery: Battery, step_h: float):
    """Stock at the end of a step.

    Use it to roll a battery forward or to audit a plan. Limits are not enforced: a plan that breaks
    them shows here as a stock outside [0, energy_kwh].

    Parameters
    ----------
    stock : numeric or DataArray
        Stock at the start. [kWh]
    charge, discharge : numeric or DataArray
        Mean grid-side powers over the step, >= 0. DataArrays are matched by the names of their dims. [kW]
    battery : Battery
    step_h : float
        Length of the step. [h]

    Returns
    -------
    numeric or DataArray
        Stock at the end, a DataArray with its labels where any of the three is one. [kWh]

    Raises
    ------
    DataError
        Powers missing or below -1e-6 kW (a solver's rounding), DataArrays whose labels differ along a dim they share,
        or an array without labels beside them.

    Notes
    -----
    ``stock * retention + (charge_eff * charge - discharge / discharge_eff) * step_h``: the standing loss
    acts on what was there at the start. Against a continuous loss the error is below
    ``self_discharge_per_h * step_h / 2`` of the energy moved: 1e-5 at the default.

    Examples
    --------
    >>> box = Battery(energy_kwh=10, power_kw=5, charge_eff=0.9, discharge_eff=0.8, self_discharge_per_h=0)
    >>> stock_end(4.0, 2.0, 0.0, box, 1.0), stock_end(4.0, 0.0, 2.0, box, 1.0)
    (5.8, 1.5)
    """
    held, into, out = _matched(stock, charge, discharge)
    _refuse_power(into, "charge", least=-_ROUNDING_KW)
    _refuse_power(out, "discharge", least=-_ROUNDING_KW)
    result = (
        held * stock_retention(battery, step_h) + (battery.charge_eff * into - out / battery.discharge_eff) * step_h
    )
    if isinstance(result, xr.DataArray):
        return result.rename("battery_stock").assign_attrs(units="kWh")
    return float(result) if result.ndim == 0 else result


def within_limits(stock, charge, discharge, battery: Battery, step_h: float) -> tuple:
    """Charge and discharge a battery can follow, as near as it can to what is asked.

    Use it to replay a plan: where the stock of another day does not allow a plan's power, less is taken.

    Parameters
    ----------
    stock : numeric or DataArray
        Stock at the start, in [0, energy_kwh]. [kWh]
    charge, discharge : numeric or DataArray
        Powers asked for, >= 0; where both are, their difference is followed, one way. DataArrays are matched by the
        names of their dims. [kW]
    battery : Battery
    step_h : float
        Length of the step. [h]

    Returns
    -------
    charge, discharge : numeric or DataArray
        Powers the converter's rating, the room in the cells and what they hold allow; DataArrays with their labels
        where any of the three is one. [kW]

    Raises
    ------
    DataError
        Powers missing or negative, a stock the battery cannot hold, DataArrays whose labels differ along a dim they
        share, or an array without labels beside them.

    Notes
    -----
    ``charge = min(asked, power_kw, (energy_kwh - kept) / (charge_eff * step_h))`` and
    ``discharge = min(asked, power_kw, kept * discharge_eff / step_h)`` with ``kept = stock * retention``.

    Examples
    --------
    >>> box = Battery(energy_kwh=10, power_kw=5, charge_eff=0.9, discharge_eff=0.8, self_discharge_per_h=0)
    >>> [float(power) for power in within_limits(2.0, 0.0, 4.0, box, 1.0)]
    [0.0, 1.6]
    """
    held, into, out = _matched(stock, charge, discharge)
    _refuse_power(into, "charge")
    _refuse_power(out, "discharge")
    if not np.all((held >= -1e-9) & (held <= battery.energy_kwh + 1e-6)):
        raise DataError(
            f"battery: got a stock from {float(np.min(held)):g} to {float(np.max(held)):g} kWh, allowed 0 to "
            f"energy_kwh = {battery.energy_kwh:g}. Correct the stock or the battery."
        )
    kept = np.maximum(held, 0.0) * stock_retention(battery, step_h)
    net = into - out
    room = np.maximum(battery.energy_kwh - kept, 0.0) / (battery.charge_eff * step_h)
    most_in, most_out = np.minimum(battery.power_kw, room), kept * battery.discharge_eff / step_h
    charged = np.minimum(np.maximum(net, 0.0), most_in)
    drawn = np.minimum(np.maximum(-net, 0.0), np.minimum(battery.power_kw, most_out))
    if isinstance(charged, xr.DataArray):
        charged = charged.rename("battery_charge").assign_attrs(units="kW")
        drawn = drawn.rename("battery_discharge").assign_attrs(units="kW")
    return charged, drawn


def _matched(*values) -> list:
    """All as arrays; where one is a DataArray, all as DataArrays of the same dims, matched by name, not by place."""
    if not any(isinstance(value, xr.DataArray) for value in values):
        return [np.asarray(value, dtype=float) for value in values]
    labelled = [
        value.astype(float) if isinstance(value, xr.DataArray) else xr.DataArray(np.asarray(value, dtype=float))
        for value in values
    ]
    bare = [value for value in values if not isinstance(value, xr.DataArray) and np.ndim(value)]
    if bare:
        raise DataError(
            f"battery: got an array of shape {np.shape(bare[0])} without labels beside labelled ones, allowed "
            "DataArrays or single numbers beside them: nobody knows which dims are its. Label it."
        )
    try:
        aligned = xr.align(*(value.drop_attrs() for value in labelled), join="exact", copy=False)
    except ValueError as error:
        raise DataError(
            f"battery: stock, charge and discharge have different labels ({str(error).splitlines()[0]}); allowed the "
            "same along every dim they share. Align them first."
        ) from error
    most = max(aligned, key=lambda value: value.ndim)
    order = dict.fromkeys(dim for value in (most, *aligned) for dim in value.dims)
    return [value.transpose(*order) for value in xr.broadcast(*aligned)]


def _refuse_power(power, name: str, *, least: float = 0.0) -> None:
    bad = ~(np.asarray(power) >= least)
    if np.any(bad):
        raise DataError(
            f"battery: {name} is missing or negative in {int(np.sum(bad))} places, allowed >= 0 kW. Correct the power."
        )
