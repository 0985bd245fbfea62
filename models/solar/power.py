"""The chain from weather to power of a photovoltaic plant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from models.given import is_number, refuse_other_plant, refuse_weather, timed, untimed
from models.solar.cover import ground_albedo, snow_cover, snow_loss, soiling_frac
from models.solar.electric import cell_temperature, dc_power, inverter_power
from models.solar.geometry import Geometry, light, plant_geometry
from models.solar.plant import PVPlant
from models.solar.sky import sky_parts
from models.solar.sun import sun_of_intervals
from weather.conventions.errors import DataError
from weather.conventions.timeaxis import step_h as step_of
from weather.conventions.variables import VARIABLES
from weather.derive import standard_pressure

_NEEDED = ("dni", "dhi", "temp_air", "wind_speed")
_PLACE = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 180.0), "altitude_m": (-430.0, 9000.0)}
_LONGEST_STEP_H = 1.0  # the sun of an interval is one position; at 3 h a day's energy is 7 % too high
_RESIDUE = 1e-6  # below a lower limit: what sums and differences of floats leave of 0 W/m2; taken as the limit
_SUN_WELL_UP_DEG = 10.0
_LEAST_DAYLIGHT = 1.5  # W/m2; the darkest hours under thunderstorms have ten times as much
_BLOCK = 40_000  # values worked on at once: they stay in the processor's cache


class _Case(NamedTuple):
    """Arrays of shape (lead, node, time): leading dimensions as one; `rain` and `snow` None where not asked for."""

    time: np.ndarray
    step_h: float
    place: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    rain: np.ndarray | None
    snow: np.ndarray | None


def pv_power(weather: xr.Dataset, plant: PVPlant, *, step_h: float | None = None) -> xr.DataArray:
    """PV plant power at the meter by the PVWatts chain on interval means, with rows, rear side, dust and snow.

    Use it for a plant described by a dozen figures. Left out: low-light losses of the module, mismatch of shaded
    strings, horizon, slope of the ground, curtailment.

    Parameters
    ----------
    weather : Dataset ([member,] [node,] time)
        ``dni``, ``dhi`` [W/m2], ``temp_air`` [degC], ``wind_speed`` [m/s]; with `plant.soiling` optionally
        ``precipitation`` [mm/h]; with `plant.snow` ``snow_depth`` [m]. Coordinates ``latitude``, ``longitude`` [deg],
        ``altitude_m`` [m] of the weather's own place, single or per node. ghi is not used.
    plant : PVPlant
    step_h : float or None
        Length of the intervals, at most 1; only a single stamp (or one instant, weather without the dimension time)
        needs it, more tell it themselves. [h]

    Returns
    -------
    DataArray, dims and coordinates of the weather
        ``0 <= power <= ac_kw``; exactly 0 while the sun's centre is below the horizon all the interval. [kW]

    Raises
    ------
    DataError
        Missing variables or values, no step; values outside the limits of `weather.conventions.variables` (by more than
        a float's residue of 1e-6); dni and dhi never above 1.5 W/m2 with the sun well up, which is kW/m2; a place
        off the Earth (latitude -90 to 90, longitude -180 to 180, altitude -430 to 9000 m); ``time`` not the last
        dimension, coordinates of other dimensions; steps longer than 1 h, a single stamp without `step_h`, or a
        `step_h` that is not the stamps'.
    ConfigError
        Another thing than a PV plant; soiling with neither precipitation nor a cleaning interval.

    Notes
    -----
    1. Sun in the middle of the sunny part of the interval, air of the altitude's standard pressure
       (:func:`models.solar.sun.sun_of_intervals`). Weather's own pressure would make a result depend on the window it
       is cut from; 3 % of pressure are 0.1 % of the year's energy.
    2. Pose, shade of row on row, sky masked by rows, lit ground, reflection and spectrum: factors once per node
       (:func:`models.solar.geometry.plant_geometry`, :mod:`models.solar.rows`).
    3. Sky by Hay and Davies or Perez-Driesse (:func:`models.solar.sky.sky_parts`); light of front and rear.
    4. Dust on the front, snow on the row (:mod:`models.solar.cover`).
    5. Cell temperature, DC, losses, inverter with clipping, losses after it (:mod:`models.solar.electric`).

    Against NREL PVWatts v8 on ten years of weather, nothing fitted, Perez-Driesse, fixed and tracking about a level
    axis: energy -0.3 to +0.9 %, hourly RMSE 0.2 to 0.5 % of the AC rating (`benchmarks/pv_against_pysam.py`; tilted
    axes: :func:`models.solar.geometry.plant_geometry`); with a rear side 1.1 to 2.9 % above PVWatts, whose rear model
    is another; ours is that of pvlib's infinite sheds.

    Against a measured 50 MW plant, losses fitted on the year before (`benchmarks/pv_measured.py`): all hours, curtailed
    ones among them, energy +8.4 %, hourly RMSE 9.5 % of 50 MW, correlation 0.935; without the 2.6 % of the time in
    which measured power and light alone show it held back +1.7 %, 5.2 %, 0.975.

    More beam at the same diffuse light gives more power wherever the sun stands before the modules. Behind a fixed
    module it brightens the sky there, not in front, and may give less.

    Examples
    --------
    >>> time = np.datetime64("2025-06-21T03:00", "ns") + np.arange(3) * np.timedelta64(1, "h")
    >>> place = {"latitude": 37.5, "longitude": 105.19, "altitude_m": 1226.0}
    >>> one = {"dni": 850.0, "dhi": 110.0, "temp_air": 25.0, "wind_speed": 3.0}
    >>> day = xr.Dataset({name: ("time", [value] * 3) for name, value in one.items()}, coords={"time": time, **place})
    >>> pv_power(day, PVPlant(dc_kw=1000.0)).values.round(1)
    array([740.7, 727.6, 727.4])
    """
    refuse_other_plant("PV power", plant, PVPlant)
    weather, instant = timed(weather)
    frame, case = _case(weather, plant, step_h)
    dark = (case.values["dni"] <= 0) & (case.values["dhi"] <= 0)
    # snow slides at night too, so that its state needs every step
    used = np.ones(case.time.size, dtype=bool) if plant.snow else ~dark.all(axis=(0, 1))
    power = np.zeros(case.values["dni"].shape)
    if used.any() and plant.dc_kw > 0:
        geometry = _geometry(case, used, plant)
        _refuse_kilowatts(case, geometry)
        lead, nodes = power.shape[:2]
        size = max(1, _BLOCK // (nodes * int(used.sum())))
        for first in range(0, lead, size):
            power[first : first + size, :, used] = _block(case, slice(first, first + size), used, geometry, plant)
    made = (
        frame.copy(data=power.reshape(frame.shape))
        .rename("pv_power")
        .assign_attrs(units="kW", cell_methods="time: mean", long_name="PV plant power at the meter", standard_name="")
    )
    return untimed(made, instant)


def _refuse_kilowatts(case: _Case, geometry: Geometry) -> None:
    """DataError on light of a window with the sun well up that is never more than kW/m2 would read."""
    brightest = max(float(case.values["dni"].max()), float(case.values["dhi"].max()))
    if not _RESIDUE < brightest <= _LEAST_DAYLIGHT:
        return
    sun = geometry.sun
    if np.any((sun.zenith < 90.0 - _SUN_WELL_UP_DEG) & (sun.up_share >= 1.0)):
        raise DataError(
            f"PV power: dni and dhi are at most {brightest:g} W/m2 in all of {case.values['dni'].size} values, with "
            f"the sun above {_SUN_WELL_UP_DEG:g} deg in some; allowed more than {_LEAST_DAYLIGHT:g} then. In kW/m2? "
            "Give W/m2."
        )


def _geometry(case: _Case, used: np.ndarray, plant: PVPlant) -> Geometry:
    place = case.place
    pressure = standard_pressure(place["altitude_m"])
    sun = sun_of_intervals(
        case.time[used],
        place["latitude"],
        place["longitude"],
        step_h=case.step_h,
        altitude_m=place["altitude_m"],
        pressure_pa=pressure,
    )
    return plant_geometry(sun, pressure, plant)


def _block(case: _Case, part: slice, used: np.ndarray, geometry: Geometry, plant: PVPlant) -> np.ndarray:
    """Power [kW] of some of the leading entries, shape (lead, node, used steps)."""
    dni, dhi, temp_air, wind = (case.values[name][part][..., used] for name in _NEEDED)
    albedo = plant.albedo if case.snow is None else ground_albedo(case.snow[part], plant.albedo)
    parts = sky_parts(dni, dhi, geometry, plant)
    plane = light(geometry.front.plane, parts, albedo=albedo)
    cells = light(geometry.front.cells, parts, albedo=albedo)
    if plant.soiling:
        rain = None if case.rain is None else case.rain[part]
        dust = soiling_frac(case.time, rain, step_h=case.step_h, soiling=plant.soiling)[..., used]
        cells *= 1.0 - dust
    lost = 0.0
    if plant.snow:
        cover = snow_cover(case.snow[part], plane, temp_air, geometry.tilt, step_h=case.step_h, snow=plant.snow)
        lost = snow_loss(cover, plant.snow)
    if geometry.rear:
        worth = plant.bifaciality * (1.0 - plant.rear_loss_frac)
        plane += worth * light(geometry.rear.plane, parts, albedo=albedo)
        cells += worth * light(geometry.rear.cells, parts, albedo=albedo)
    dc_kw = dc_power(cells, cell_temperature(plane, temp_air, wind, plant.cell), plant)
    dc_kw *= (1.0 - plant.dc_loss_frac) * (1.0 - lost)
    return inverter_power(dc_kw, plant) * (1.0 - plant.ac_loss_frac)


def _case(weather: xr.Dataset, plant: PVPlant, step_h: float | None) -> tuple[xr.DataArray, _Case]:
    """The weather as plain arrays, and an array of the dims and coordinates the result has."""
    wanted = list(_NEEDED)
    if plant.soiling and "precipitation" in weather:
        wanted.append("precipitation")
    if plant.snow:
        wanted.append("snow_depth")
    refuse_weather("PV power", weather, wanted)
    _check(weather, wanted)
    arrays = [weather[name] for name in wanted]
    if len({array.dims for array in arrays}) > 1:
        arrays = list(xr.broadcast(*sorted(arrays, key=lambda array: -array.ndim)))
        arrays = [next(array for array in arrays if array.name == name) for name in wanted]
    frame = arrays[0]
    place = _place(weather, frame)
    nodes = max(part.size for part in place.values())
    shape = (-1, nodes, frame.sizes["time"])
    values = {array.name: _from_the_limit(array).reshape(shape) for array in arrays}
    time = weather["time"].to_numpy()
    place = {name: np.broadcast_to(part, (nodes,)) for name, part in place.items()}
    case = _Case(time, _step(time, step_h), place, values, values.get("precipitation"), values.get("snow_depth"))
    return frame, case


def _from_the_limit(array: xr.DataArray) -> np.ndarray:
    """Values as floats; a float's residue below the variable's lower limit (`_RESIDUE`) is the limit."""
    values, lowest = array.to_numpy().astype(float, copy=False), VARIABLES[str(array.name)].lowest
    return np.maximum(values, lowest) if values.min() < lowest else values


def _step(time: np.ndarray, given: float | None) -> float:
    if given is not None and not is_number(given):
        raise DataError(f"PV power: got step_h={given!r}, allowed a number of hours. Correct it, or leave it out.")
    if time.size < 2 and given is None:
        raise DataError(
            f"PV power: {time.size} stamp(s) do not tell their length. Give step_h, or at least two stamps."
        )
    found = given if time.size < 2 else step_of(time)
    if given is not None and not np.isclose(given, found, rtol=1e-9):
        raise DataError(f"PV power: got step_h={given:g} and stamps {found:g} h apart. Leave step_h out.")
    if not 0 < found <= _LONGEST_STEP_H:
        raise DataError(
            f"PV power: the steps are {found:g} h long, allowed more than 0 and at most {_LONGEST_STEP_H:g} h: the sun "
            "moves too far in a longer one. Give hourly weather and average the power."
        )
    return float(found)


def _place(weather: xr.Dataset, frame: xr.DataArray) -> dict[str, np.ndarray]:
    place = {}
    for name in ("latitude", "longitude", "altitude_m"):
        if name not in weather.coords:
            raise DataError(f"PV power: the weather has no coordinate {name}. Give the place of the weather.")
        dims = weather[name].dims
        if dims and dims != frame.dims[-2:-1]:
            raise DataError(
                f"PV power: {name} has dims {dims} and the weather {frame.dims}, allowed one value, or one per "
                "entry of the dimension before time. Order the weather (member, node, time)."
            )
        place[name] = np.atleast_1d(weather[name].to_numpy().astype(float))
        low, high = _PLACE[name]
        bad = ~((place[name] >= low) & (place[name] <= high))
        if bad.any():
            raise DataError(
                f"PV power: got {name}={place[name][bad][0]:g} at {int(bad.sum())} of {bad.size} places, allowed "
                f"{low:g} to {high:g}. Correct the place of the weather."
            )
    return place


def _check(weather: xr.Dataset, wanted: list[str]) -> None:
    for name in wanted:
        values = weather[name].to_numpy()
        if weather[name].dims[-1:] != ("time",):
            raise DataError(
                f"PV power: {name} has dims {weather[name].dims}, allowed (..., time). Transpose the weather."
            )
        bad = ~np.isfinite(values)
        if bad.any():
            first = np.datetime_as_string(weather["time"].to_numpy()[np.nonzero(bad)[-1].min()], unit="m")
            raise DataError(
                f"PV power: {int(bad.sum())} values of {name} are missing, the first at {first}Z. "
                "Repair the weather first."
            )
        row = VARIABLES[name]
        if values.size and (values.min() < row.lowest - _RESIDUE or values.max() > row.highest):
            beyond = (values < row.lowest - _RESIDUE) | (values > row.highest)
            at = np.argwhere(beyond)[0]
            time = np.datetime_as_string(weather["time"].to_numpy()[at[-1]], unit="m")
            raise DataError(
                f"PV power: {int(beyond.sum())} values of {name} are out of range, first {values[tuple(at)]:g} "
                f"{row.units} at {time}Z; allowed {row.lowest:g} to {row.highest:g}. Repair weather or units first."
            )
