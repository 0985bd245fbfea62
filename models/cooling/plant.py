"""Cooling plants of every kind on xarray: weather in, power by part, water and mode out."""

import numpy as np
import xarray as xr

from models.cooling.air import AirEconomiserPlant, air_cooling
from models.cooling.chilled import ChillerPlant, chiller_cooling
from models.cooling.evaporative import IndirectEvaporativePlant, evaporative_cooling
from models.cooling.liquid import LiquidCooledPlant, liquid_cooling
from models.cooling.outdoor import HeatRemoval, Outdoor, outdoor_state
from models.cooling.water import WaterEconomiserPlant, water_cooling
from models.given import beside, numbers, refuse_other_plant, timed, untimed
from weather.conventions.errors import DataError

CoolingPlant = AirEconomiserPlant | IndirectEvaporativePlant | WaterEconomiserPlant | ChillerPlant | LiquidCooledPlant

MODES = ("off", "free", "evaporative", "partial", "mechanical")
"""Meanings of ``mode``: no heat; no compressor; no compressor and air wetted; both; compressor alone."""

_MODELS = {
    AirEconomiserPlant: air_cooling,
    IndirectEvaporativePlant: evaporative_cooling,
    WaterEconomiserPlant: water_cooling,
    ChillerPlant: chiller_cooling,
    LiquidCooledPlant: liquid_cooling,
}
_SETPOINT_DEGC = (4.0, 60.0)  # frost to the warmest facility water
_DIM_ORDER = ("scenario", "member", "node", "pool", "job", "mode")
_OVERLOAD_TOLERANCE = 1e-6
_LEAST_HEAT = 1e-6  # of rated heat: an idle hall is computed there, then set to nothing
_ALL = 1e-9  # share this near 0 or 1 is none or all
_OUTDOOR = ("temp_air", "wet_bulb", "temp_dew", "pressure")
_UNITS = {
    "power_kw": "kW",
    "fan_kw": "kW",
    "pump_kw": "kW",
    "tower_kw": "kW",
    "compressor_kw": "kW",
    "water_l_per_h": "L/h",
    "free_share": "1",
}


def inlet_degc(plant: CoolingPlant, setpoint_degc):
    """Air temperature at the server inlet for a setpoint of the plant.

    Parameters
    ----------
    plant : CoolingPlant
    setpoint_degc : numeric
        In the plant's own meaning (``plant.setpoint_meaning``). [degC]

    Returns
    -------
    numeric
        A liquid-cooled hall's air does not depend on its facility water. [degC]

    Examples
    --------
    >>> inlet_degc(WaterEconomiserPlant(rated_heat_kw=1000.0, air_approach_k=6.0), 18.0)
    24.0
    """
    refuse_other_plant("inlet", plant, *_MODELS)
    if isinstance(plant, LiquidCooledPlant):
        return setpoint_degc * 0.0 + inlet_degc(plant.air, plant.air_setpoint_degc)
    if isinstance(plant, WaterEconomiserPlant | ChillerPlant):
        return setpoint_degc + plant.air_approach_k
    return setpoint_degc


def labelled(values, template: xr.DataArray, *, name: str = "value", unit: str = "the unit asked for") -> xr.DataArray:
    """Give an array the trailing dims of ``template``; leading ones it has beyond are named ``dim_0``, ...

    Parameters
    ----------
    values : float, ndarray or DataArray
    template : DataArray (..., time)
    name, unit : str
        For the error text.

    Returns
    -------
    DataArray

    Raises
    ------
    DataError
        When values are not numbers, or a trailing dimension has another length than the template's.
    """
    array = numbers("plant", name, values, unit=unit)
    if isinstance(values, xr.DataArray):
        return values
    extra = max(array.ndim - template.ndim, 0)
    dims = (*(f"dim_{i}" for i in range(extra)), *template.dims[template.ndim - (array.ndim - extra) :])
    for name, size in zip(dims[extra:], array.shape[extra:], strict=True):
        if size not in (1, template.sizes[name]):
            raise DataError(
                f"cooling: got an array of shape {array.shape}, allowed shapes that end in "
                f"{dict(template.sizes)}. Give a DataArray with named dims, or fit the shape."
            )
    kept = tuple(i for i, size in enumerate(array.shape) if i < extra or size == template.sizes[dims[i]])
    squeezed = array.reshape([array.shape[i] for i in kept])
    return xr.DataArray(squeezed, dims=[dims[i] for i in kept])


def check_heat(heat_kw: np.ndarray, plant: CoolingPlant) -> None:
    """Raise on heat that is missing, negative, or beyond what the plant is built for."""
    bad = ~(heat_kw >= 0)
    if bad.any():
        raise DataError(
            f"cooling: {int(bad.sum())} values of heat are missing or negative, allowed >= 0 kW. Repair them."
        )
    top = float(heat_kw.max(initial=0.0))
    if top > plant.rated_heat_kw * (1 + _OVERLOAD_TOLERANCE):
        raise DataError(
            f"cooling: got {top:.1f} kW of heat in the hall (IT and the losses in it), allowed at most "
            f"rated_heat_kw = {plant.rated_heat_kw:.1f} kW. Raise rated_heat_kw or lower the IT load."
        )


def cooling_power(weather: xr.Dataset, plant: CoolingPlant, heat_kw, setpoint_degc) -> xr.Dataset:
    """Power by part, water, free share and mode of a cooling plant.

    Parameters
    ----------
    weather : Dataset (..., time)
        ``temp_air``, ``temp_dew`` [degC], ``relative_humidity`` [%], ``pressure`` [Pa]; ``wet_bulb`` [degC] is used
        when present (see `outdoor_state`).
    plant : CoolingPlant
    heat_kw : float, ndarray or DataArray
        Heat of the hall without its fans; a plain array's trailing axes are the weather's. [kW]
    setpoint_degc : float, ndarray or DataArray
        In the plant's own meaning. [degC]

    Returns
    -------
    Dataset, without time where the weather is one instant
        ``power_kw`` and its parts ``fan_kw`` (hall air), ``pump_kw``, ``tower_kw`` (fans of heat rejection),
        ``compressor_kw`` [kW]; ``water_l_per_h`` [L/h]; ``free_share`` of the heat removed without compressor [-];
        ``mode`` (int8, meanings in its ``flag_meanings``: `MODES`; named ``cooling_mode`` where a dim is called
        mode). Dims of weather, setpoint and heat in canonical order: scenario, member, node, pool or job, mode,
        others, time; a place dim of another name stands where node does. Unnamed axes of a plain array come first.

    Raises
    ------
    DataError
        Heat missing, negative, or above the rating; a setpoint missing or outside 4 to 60 degC; text for either;
        labels that do not match the weather's; weather as in `outdoor_state`.
    ConfigError
        Another thing than a cooling plant.

    Notes
    -----
    ``power_kw`` is the sum of its parts. Without heat everything stands still: all are 0 and ``mode`` is ``off``.
    """
    refuse_other_plant("cooling", plant, *_MODELS)
    weather, instant = timed(weather)
    state = outdoor_state(weather)
    template = state["temp_air"]
    heat = labelled(beside(heat_kw, instant), template, name="heat_kw", unit="kW")
    setpoint = labelled(beside(setpoint_degc, instant), template, name="setpoint_degc", unit="degC")
    try:
        heat, setpoint, *_ = xr.align(heat, setpoint, template, join="exact")
    except ValueError as error:
        raise DataError(
            f"cooling: labels of heat or setpoint differ from the weather's ({error}). Select the same stamps."
        ) from error
    check_heat(heat.to_numpy(), plant)
    _check_setpoint(setpoint.to_numpy())
    order = _canonical_dims(template, setpoint, heat)
    setpoint_n, heat_n, *air = (_aligned(array, order) for array in (setpoint, heat, *(state[n] for n in _OUTDOOR)))
    running = np.maximum(heat_n, _LEAST_HEAT * plant.rated_heat_kw)
    removal = _MODELS[type(plant)](plant, Outdoor(*air), running, setpoint_n)
    labels = xr.broadcast(setpoint, heat, template)[0].transpose(*order)
    on = heat_n > 0.0
    data = {}
    for name, unit in _UNITS.items():
        values = np.where(on, getattr(removal, name), 0.0)
        data[name] = _as_labelled(values, labels).assign_attrs(units=unit, cell_methods="time: mean")
    flags = {"flag_values": np.arange(len(MODES), dtype=np.int8), "flag_meanings": " ".join(MODES)}
    # a variable named as a dim would become a coordinate
    data["cooling_mode" if "mode" in order else "mode"] = _as_labelled(_mode(removal, on), labels).assign_attrs(
        long_name="operating mode of the cooling plant", **flags
    )
    return untimed(xr.Dataset(data), instant)


def _check_setpoint(setpoint: np.ndarray) -> None:
    bad = ~np.isfinite(setpoint)
    if bad.any():
        raise DataError(f"cooling: {int(bad.sum())} setpoints are missing, allowed numbers in degC. Give them.")
    low, high = _SETPOINT_DEGC
    outside = (setpoint < low) | (setpoint > high)
    if outside.any():
        got = float(setpoint[outside].flat[0])
        raise DataError(
            f"cooling: {int(outside.sum())} setpoints are outside {low:g} to {high:g} degC, the first {got:g}. "
            f"Give degC{', not kelvin' if got > 200 else ''}."
        )


def _canonical_dims(template: xr.DataArray, *arrays: xr.DataArray) -> tuple:
    """Canonical order scenario, member, node, ..., mode, others, time; unnamed axes of a plain array stay in front, as
    numpy has them."""
    names = list(dict.fromkeys(name for array in (template, *arrays) for name in array.dims if name != "time"))
    unnamed = [name for name in names if str(name).startswith("dim_")]
    named = [name for name in names if name not in unnamed]
    ranks = {name: rank for rank, name in enumerate(_DIM_ORDER)}
    places = {name: ranks["node"] for name in template.dims if name not in ranks}
    named.sort(key=lambda name: places.get(name, ranks.get(name, len(ranks))))
    return (*unnamed, *named, "time")


def _aligned(array: xr.DataArray, order: tuple) -> np.ndarray:
    """Values with an axis per dim of ``order``, of length 1 where the array has none: what depends on the weather
    alone is then computed once, not at every load and setpoint."""
    here = array.transpose(*(name for name in order if name in array.dims))
    return here.to_numpy().reshape([here.sizes.get(name, 1) for name in order])


def _as_labelled(values: np.ndarray, labels: xr.DataArray) -> xr.DataArray:
    return xr.DataArray(np.array(np.broadcast_to(values, labels.shape)), coords=labels.coords, dims=labels.dims)


def _mode(removal: HeatRemoval, on: np.ndarray) -> np.ndarray:
    share = removal.free_share
    free = np.where(removal.wetted, MODES.index("evaporative"), MODES.index("free"))
    rest = np.where(share <= _ALL, MODES.index("mechanical"), MODES.index("partial"))
    return np.where(on, np.where(share >= 1.0 - _ALL, free, rest), MODES.index("off")).astype(np.int8)
