"""A facility from the servers to the meter: every flow, and the figures of the standards made of them.

Directions are in the names and every flow is >= 0. Batteries are not part of it: they shift the import, not what the
facility takes (`energy.simulate` rolls them).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from models.cooling.plant import inlet_degc, labelled
from models.given import beside, is_number, refuse_other_plant, refuse_weather, timed, untimed
from models.gpu import inlet_power_factor
from models.grid import GridConnection, contracted_green_kw, location_kg_per_h, market_kg_per_h
from models.overhead import NodePlant, it_rating_kw, overhead_flows
from models.solar import pv_power
from models.wind import wind_power
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import step_h as step_of

_OF_IT = ("ups_loss_kw", "distribution_loss_kw", "other_kw")  # which have the dims of the IT power alone
_KW = {"units": "kW", "cell_methods": "time: mean"}


def facility(it_kw, weather: xr.Dataset, plant: NodePlant, setpoint_degc, *, step_h: float | None = None) -> xr.Dataset:
    """Every flow of a facility up to the meter, and its PUE, WUE, CUE and REF over the weather's window.

    Use it for what a hall draws in a weather at a load and a setpoint. Left out: batteries, and what starts and stops
    within an hour.

    Parameters
    ----------
    it_kw : float, ndarray or DataArray
        IT power at the reference inlet of 25 degC; a plain array's trailing axes are the weather's. [kW]
    weather : Dataset (..., time)
        Dims (time,), (node, time) or (member, node, time): what `cooling_power` takes, and `pv_power` and
        `wind_power` where the plant has them. Equal steps.
    plant : NodePlant
        Of every node of the weather.
    setpoint_degc : float, ndarray or DataArray
        In the cooling plant's own meaning. [degC]
    step_h : float or None
        Length of a stamp; needed for PV from a single stamp only, else read from the stamps. [h]

    Returns
    -------
    Dataset, without time where the weather is one instant
        (..., time), dims and order of the weather, [kW]: ``it_reference_kw``; ``server_fan_kw``, what a warm inlet
        adds to it; ``it_kw``, their sum; ``cooling_kw`` and its parts, ``ups_loss_kw``, ``distribution_loss_kw``,
        ``transformer_loss_kw``, ``other_kw``, and ``overhead_kw``, their sum; ``facility_kw``; ``pv_kw`` and
        ``wind_kw`` where the plant has them; ``renewable_direct_kw`` used at once, ``surplus_kw`` not used,
        ``import_kw`` bought. Also ``inlet_degc``, ``water_l_per_h``, ``free_share`` and whatever else the cooling
        plant tells, ``pue_step`` (facility / IT of each step, NaN without IT power).
        Over the window (...): ``pue``, ``pue_reference_inlet``, ``wue`` [L/kWh], ``ref``, ``hourly_matched_share``;
        ``cue_location`` and ``cue_market`` [kg/kWh] where the plant has a grid connection.

    Raises
    ------
    DataError
        IT power missing, negative or none in the whole window; with the servers' fans more than the plant is rated
        for (`models.overhead.it_rating_kw`: electrical rating, or what the cooling carries); an inlet above what the
        servers' power was measured to; stamps at unequal steps; a ``step_h`` that is not above 0 or not the stamps';
        with PV, a single stamp without it; weather as in `cooling_power`, `pv_power`, `wind_power`.
    ConfigError
        Another thing than a node plant.

    Notes
    -----
    With sums over the window's steps::

        it                  = it_reference * inlet_power_factor(inlet(setpoint))
        facility            = it + overhead
        pue                 = sum(facility) / sum(it)
        pue_reference_inlet = sum(facility) / sum(it_reference)
        wue                 = sum(water) / sum(it)
        cue_location        = sum(import * province's factor) / sum(it)
        cue_market          = sum((import - contracted green) * residual mix) / sum(it)
        ref                 = sum(min(pv + wind, facility) + contracted green) / sum(facility), at most 1
        hourly_matched      = sum(min(pv + wind, facility)) / sum(facility)

    Ratios are of energies over the window, never means of ratios. The standards ask for a year: a shorter window
    gives the window's ratio and should be called so. ``pue`` counts the servers' own fans as IT, as every
    category of ISO/IEC 30134-2 does, which flatters warm inlets; ``pue_reference_inlet`` counts what they take above
    the reference inlet as overhead. ``ref`` counts a green contract whose certificates are owned and retired, and no
    surplus that leaves the site.

    References
    ----------
    ISO/IEC 30134-2 (PUE), 30134-3 (REF), 30134-8 (CUE), 30134-9 (WUE).

    Examples
    --------
    >>> import xarray as xr
    >>> from models.cooling import AirEconomiserPlant
    >>> from models.electrical import ElectricalPlant
    >>> day = {"temp_air": [0.0, 36.0], "temp_dew": [-6.0, 12.0], "pressure": [87400.0, 87400.0],
    ...        "relative_humidity": [64.0, 24.0]}
    >>> weather = xr.Dataset({name: ("time", values) for name, values in day.items()})
    >>> plant = NodePlant(AirEconomiserPlant(rated_heat_kw=1100.0), ElectricalPlant(rated_kw=1000.0))
    >>> made = facility(800.0, weather, plant, 22.0)
    >>> bool(made["pue_step"][0] < made["pue"] < made["pue_step"][1])
    True
    """
    refuse_other_plant("facility", plant, NodePlant)
    weather, instant = timed(weather)
    refuse_weather("facility", weather, ("temp_air",))
    _refuse_steps(weather, step_h)
    template = weather["temp_air"]
    reference = labelled(beside(it_kw, instant), template, name="it_kw", unit="kW")
    setpoint = labelled(beside(setpoint_degc, instant), template, name="setpoint_degc", unit="degC")
    inlet = setpoint.copy(data=np.asarray(inlet_degc(plant.cooling, setpoint.to_numpy()), dtype=float))
    true = reference * inlet.copy(data=np.asarray(inlet_power_factor(inlet.to_numpy())))
    _refuse_overload(true, plant)
    flows = overhead_flows(weather, plant, true, setpoint)
    shape = flows["overhead_kw"]
    reference, true, inlet = (
        xr.broadcast(value, shape)[0].transpose(*shape.dims) for value in (reference, true, inlet)
    )
    facility_kw = true + shape
    kilowatts = {
        "it_reference_kw": reference,
        "server_fan_kw": true - reference,
        "it_kw": true,
        "facility_kw": facility_kw,
        **{name: xr.broadcast(flows[name], shape)[0].transpose(*shape.dims) for name in _OF_IT},
        **_supply(weather, plant, facility_kw, step_h),
    }
    made = flows.assign({name: flow.assign_attrs(_KW) for name, flow in kilowatts.items()})
    made["inlet_degc"] = inlet.assign_attrs(units="degC", cell_methods="time: mean")
    made["pue_step"] = (facility_kw / true.where(true > 0)).assign_attrs(units="1")
    return untimed(made.assign(window_figures(made, grid=plant.grid)), instant)


def _refuse_steps(weather: xr.Dataset, given: float | None) -> None:
    """Stamps at unequal steps, and a step that is none or not theirs: sums over the window would not be energies."""
    if given is not None and not is_number(given):
        raise DataError(f"facility: got step_h={given!r}, allowed a number of hours. Correct it, or leave it out.")
    if given is not None and not 0 < given < np.inf:
        raise DataError(f"facility: got step_h={given:g}, allowed more than 0 h. Correct it, or leave it out.")
    if "time" not in weather.coords or weather["time"].size < 2:
        return
    found = step_of(weather["time"].to_numpy())
    if given is not None and not np.isclose(given, found, rtol=1e-9):
        raise DataError(f"facility: got step_h={given:g} and stamps {found:g} h apart. Leave step_h out.")


def _refuse_overload(true: xr.DataArray, plant: NodePlant) -> None:
    most = it_rating_kw(plant)
    if bool((true > most * (1.0 + 1e-9)).any()):
        raise DataError(
            f"facility: IT power is up to {float(true.max()):,.1f} kW with the servers' fans at their inlet, "
            f"allowed {most:,.1f} kW, what the plant is rated for. Lower it, or raise electrical.rated_kw and "
            "cooling.rated_heat_kw."
        )


def _supply(
    weather: xr.Dataset, plant: NodePlant, facility_kw: xr.DataArray, step_h: float | None
) -> dict[str, xr.DataArray]:
    """Generation behind the meter where there is some, and what the meter sees of it."""
    made = {}
    if plant.pv is not None:
        made["pv_kw"] = pv_power(weather, plant.pv, step_h=step_h)
    if plant.wind is not None:
        made["wind_kw"] = wind_power(weather, plant.wind)
    made = {name: xr.broadcast(flow, facility_kw)[0].transpose(*facility_kw.dims) for name, flow in made.items()}
    available = sum(made.values(), start=xr.zeros_like(facility_kw))
    used = np.minimum(available, facility_kw)
    return made | {
        "renewable_direct_kw": used,
        "surplus_kw": available - used,
        "import_kw": facility_kw - used,
    }


def window_figures(
    flows: xr.Dataset, *, grid: GridConnection | None = None, over: str | tuple[str, ...] = "time"
) -> dict[str, xr.DataArray]:
    """The standards' ratios of flows over a window: `facility` has the equations.

    Parameters
    ----------
    flows : Dataset (..., time)
        ``it_kw``, ``it_reference_kw``, ``facility_kw``, ``import_kw``, ``renewable_direct_kw`` [kW] and
        ``water_l_per_h`` [L/h], equal steps.
    grid : GridConnection, optional
        Gives ``cue_location``, ``cue_market`` and the contract's part of ``ref``.
    over : str or tuple of str
        Dims to sum over.

    Returns
    -------
    dict of DataArray (...)

    Raises
    ------
    DataError
        Without IT energy there is no ratio.
    """
    total = {
        name: flows[name].sum(over)
        for name in ("it_kw", "it_reference_kw", "facility_kw", "renewable_direct_kw", "water_l_per_h")
    }
    it, whole, direct = total["it_kw"], total["facility_kw"], total["renewable_direct_kw"]
    if not bool(np.all(it > 0)):
        raise DataError(
            "facility: there is no IT energy in the window, so no PUE, WUE or CUE. Give IT power above 0 in some step."
        )
    bought = flows["import_kw"]
    contract = (contracted_green_kw(bought, grid) if grid else xr.zeros_like(bought)).sum(over)
    figures = {
        "pue": (whole / it, "1"),
        "pue_reference_inlet": (whole / total["it_reference_kw"], "1"),
        "wue": (total["water_l_per_h"] / it, "L/kWh"),
        "ref": (np.minimum((direct + contract) / whole, 1.0), "1"),
        "hourly_matched_share": (direct / whole, "1"),
    }
    if grid:
        figures["cue_location"] = (location_kg_per_h(bought, grid).sum(over) / it, "kg/kWh")
        figures["cue_market"] = (market_kg_per_h(bought, grid).sum(over) / it, "kg/kWh")
    return {name: ratio.rename(name).assign_attrs(units=unit) for name, (ratio, unit) in figures.items()}
