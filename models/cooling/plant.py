"""Cooling plants of either kind on xarray: one place's weather in, power and water out."""

import numpy as np
import xarray as xr

from models.cooling.air import AirEconomiserPlant, air_cooling
from models.cooling.outdoor import Outdoor, outdoor_state
from models.cooling.water import WaterEconomiserPlant, water_cooling
from weather.conventions.errors import DataError

CoolingPlant = AirEconomiserPlant | WaterEconomiserPlant

_OVERLOAD_TOLERANCE = 1e-6


def inlet_degc(plant: CoolingPlant, setpoint_degc):
    """Air temperature at the server inlet for a setpoint of the plant.

    Parameters
    ----------
    plant : AirEconomiserPlant or WaterEconomiserPlant
    setpoint_degc : numeric
        In the plant's own meaning (``plant.setpoint_meaning``). [degC]

    Returns
    -------
    numeric
        [degC]

    Examples
    --------
    >>> inlet_degc(WaterEconomiserPlant(rated_heat_kw=1000.0, air_approach_k=6.0), 18.0)
    24.0
    """
    if isinstance(plant, AirEconomiserPlant):
        return setpoint_degc
    return setpoint_degc + plant.air_approach_k


def labelled(values, template: xr.DataArray) -> xr.DataArray:
    """Give an array the trailing dims of ``template``; leading ones it has beyond are named ``dim_0``, ...

    Parameters
    ----------
    values : float, ndarray or DataArray
    template : DataArray (..., time)

    Returns
    -------
    DataArray

    Raises
    ------
    DataError
        When a trailing dimension has another length than the template's.
    """
    if isinstance(values, xr.DataArray):
        return values
    array = np.asarray(values, dtype=float)
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
    """Power, water and free share of a cooling plant.

    Parameters
    ----------
    weather : Dataset (..., time)
        ``temp_air``, ``temp_dew`` [degC], ``relative_humidity`` [%], ``pressure`` [Pa]; ``wet_bulb``
        [degC] is used when present (see `outdoor_state`).
    plant : AirEconomiserPlant or WaterEconomiserPlant
    heat_kw : float, ndarray or DataArray
        Heat of the hall without its fans; a plain array's trailing axes are the weather's. [kW]
    setpoint_degc : float, ndarray or DataArray
        In the plant's own meaning. [degC]

    Returns
    -------
    Dataset
        ``power_kw`` [kW], ``water_l_per_h`` [L/h], ``free_share`` [-]; dims in canonical order: the
        weather's own, those of setpoint and heat, time. Unnamed axes of a plain array come first.

    Raises
    ------
    DataError
        Heat missing, negative, or above the rating; labels that do not match the weather's.
    """
    state = outdoor_state(weather)
    template = state["temp_air"]
    heat, setpoint = labelled(heat_kw, template), labelled(setpoint_degc, template)
    try:
        heat, setpoint, *_ = xr.align(heat, setpoint, template, join="exact")
    except ValueError as error:
        raise DataError(
            f"cooling: labels of heat or setpoint differ from the weather's ({error}). "
            "Select the same stamps."
        ) from error
    check_heat(heat.to_numpy(), plant)
    extra = [name for name in dict.fromkeys((*setpoint.dims, *heat.dims)) if name not in template.dims]
    arrays = xr.broadcast(
        setpoint, heat, *(state[name] for name in ("temp_air", "wet_bulb", "temp_dew", "pressure"))
    )
    # Canonical order node, mode, ..., time; unnamed axes of a plain array stay in front, as numpy has them.
    unnamed = [name for name in extra if str(name).startswith("dim_")]
    named = [name for name in extra if name not in unnamed]
    order = (*unnamed, *template.dims[:-1], *named, template.dims[-1])
    setpoint_n, heat_n, *air = (array.transpose(*order) for array in arrays)
    outdoor = Outdoor(*(array.to_numpy() for array in air))
    model = air_cooling if isinstance(plant, AirEconomiserPlant) else water_cooling
    removal = model(plant, outdoor, heat_n.to_numpy(), setpoint_n.to_numpy())
    units = {"power_kw": "kW", "water_l_per_h": "L/h", "free_share": "1"}
    return xr.Dataset(
        {
            name: heat_n.copy(data=getattr(removal, name)).assign_attrs(units=unit, cell_methods="time: mean")
            for name, unit in units.items()
        }
    )
