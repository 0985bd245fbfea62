"""ASHRAE envelope of server inlet air: limits, altitude, dew point, rate of change."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr

from models.cooling.tables import row, row_ids
from weather.conventions.errors import ConfigError, DataError

_SLACK = 1e-9  # sums of floats


@dataclass(frozen=True, slots=True)
class Envelope:
    """Limits of air at the server inlet.

    Attributes
    ----------
    envelope_id : str
        ``"A1"`` ... ``"A4"``, ``"H1"``.
    recommended_degc, allowable_degc : (float, float)
        Dry bulb. [degC]
    dew_point_recommended_degc, dew_point_allowable_degc : (float, float)
        [degC]
    humidity_allowable_pct : (float, float)
        Relative humidity. [%]
    derate_above_m, derate_m_per_k : float
        The allowable maximum falls by 1 K per so many metres above an altitude. [m], [m/K]
    altitude_max_m : float
        Highest altitude of the class. [m]
    """

    envelope_id: str
    recommended_degc: tuple[float, float]
    allowable_degc: tuple[float, float]
    dew_point_recommended_degc: tuple[float, float]
    dew_point_allowable_degc: tuple[float, float]
    humidity_allowable_pct: tuple[float, float]
    derate_above_m: float
    derate_m_per_k: float
    altitude_max_m: float


@cache
def load_envelope(envelope_id: str) -> Envelope:
    """Envelope of a server class, from `models/data/cooling.toml`.

    Parameters
    ----------
    envelope_id : str
        ``"A1"``, ``"A2"``, ``"A3"``, ``"A4"`` or ``"H1"``.

    Raises
    ------
    ConfigError
        When there is no such class.

    Examples
    --------
    >>> load_envelope("A1").recommended_degc
    (18.0, 27.0)
    """
    found = row("envelope", envelope_id)
    fields = {key: value for key, value in found.items() if key not in ("id", "source", "note")}
    pairs = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return Envelope(envelope_id=envelope_id, **pairs)


def allowable_max_degc(envelope: Envelope, altitude_m):
    """Warmest allowable inlet air at an altitude.

    Parameters
    ----------
    envelope : Envelope
    altitude_m : numeric
        At most the class's highest. [m]

    Returns
    -------
    numeric
        [degC]

    Raises
    ------
    DataError
        An altitude missing or above the class's highest.

    Notes
    -----
    ``max - max(altitude - derate_above_m, 0) / derate_m_per_k``: thin air carries less heat off the chips.

    Examples
    --------
    >>> round(float(allowable_max_degc(load_envelope("A1"), 1226.0)), 2)
    30.91
    """
    altitude = np.asarray(altitude_m, dtype=float)
    if not np.all(altitude <= envelope.altitude_max_m):
        raise DataError(
            f"envelope {envelope.envelope_id}: got altitude {float(np.max(altitude)):.0f} m, allowed at most "
            f"{envelope.altitude_max_m:.0f} m. Name a class made for it."
        )
    return envelope.allowable_degc[1] - np.maximum(altitude - envelope.derate_above_m, 0.0) / envelope.derate_m_per_k


def flag_envelope(
    inlet_degc, dew_point_degc, envelope: Envelope, *, altitude_m, relative_humidity=None, recommended: bool = False
):
    """Where inlet air lies outside an envelope.

    Parameters
    ----------
    inlet_degc, dew_point_degc : numeric
        Air at the server inlet. [degC]
    envelope : Envelope
    altitude_m : numeric
        [m]
    relative_humidity : numeric, optional
        Checked against the allowable range where given. [%]
    recommended : bool
        True: the recommended envelope (not derated); False: the allowable one.

    Returns
    -------
    ndarray or DataArray of bool
        True where outside.

    Examples
    --------
    >>> flag_envelope(np.array([22.0, 31.5]), 8.0, load_envelope("A1"), altitude_m=1226.0)
    array([False,  True])
    """
    if recommended:
        low, high = envelope.recommended_degc
        dew_low, dew_high = envelope.dew_point_recommended_degc
    else:
        low, high = envelope.allowable_degc[0], allowable_max_degc(envelope, altitude_m)
        dew_low, dew_high = envelope.dew_point_allowable_degc
    inside = (inlet_degc >= low - _SLACK) & (inlet_degc <= high + _SLACK)
    inside = inside & (dew_point_degc >= dew_low - _SLACK) & (dew_point_degc <= dew_high + _SLACK)
    if relative_humidity is not None and not recommended:
        least, most = envelope.humidity_allowable_pct
        inside = inside & (relative_humidity >= least - _SLACK) & (relative_humidity <= most + _SLACK)
    return ~inside


def change_limit_k_per_h(kind: str) -> float:
    """ASHRAE's largest change of inlet air within any hour: ``"tape"`` 5 K, ``"disk"`` 20 K. [K/h]

    Examples
    --------
    >>> change_limit_k_per_h("tape")
    5.0
    """
    return row("change_limit", kind)["k_per_h"]


def largest_change_k_per_h(inlet_degc: xr.DataArray, *, step_h: float) -> xr.DataArray:
    """Largest change of inlet air within any hour that ends in each step.

    Parameters
    ----------
    inlet_degc : DataArray (..., time)
        Means or settings of equal steps. [degC]
    step_h : float
        Length of a step. [h]

    Returns
    -------
    DataArray (..., time)
        Range (largest less least) over the hour, 0 in the first step. In steps longer than an hour the change from
        step to step is taken to be even: it is divided by the step. [K/h]

    Raises
    ------
    ConfigError
        A step that is not above 0.

    Examples
    --------
    >>> inlet = xr.DataArray([20.0, 22.0, 25.0], dims="time")
    >>> largest_change_k_per_h(inlet, step_h=0.5).values.tolist()
    [0.0, 2.0, 5.0]
    """
    if not step_h > 0:
        raise ConfigError(f"rate of change: got step_h={step_h}, allowed more than 0. Correct it.")
    back = max(1, int(1.0 / step_h + 0.5))
    values = np.moveaxis(inlet_degc.to_numpy(), inlet_degc.get_axis_num("time"), -1)
    padded = np.concatenate([np.repeat(values[..., :1], back, axis=-1), values], axis=-1)
    hours = np.lib.stride_tricks.sliding_window_view(padded, back + 1, axis=-1)
    change = (hours.max(axis=-1) - hours.min(axis=-1)) / max(step_h, 1.0)
    return inlet_degc.copy(data=np.moveaxis(change, -1, inlet_degc.get_axis_num("time"))).assign_attrs(units="K h-1")


def check_rate_of_change(inlet_degc: xr.DataArray, *, step_h: float, limit_k_per_h: float) -> None:
    """Raise where inlet air changes faster than a limit within an hour.

    Parameters
    ----------
    inlet_degc : DataArray (..., time)
        [degC]
    step_h : float
        [h]
    limit_k_per_h : float
        See `change_limit_k_per_h`. [K/h]

    Raises
    ------
    DataError
        With the first time, the change and the limit.
    """
    change = largest_change_k_per_h(inlet_degc, step_h=step_h)
    over = change.to_numpy() > limit_k_per_h + _SLACK
    if over.any():
        steps = over.any(axis=tuple(i for i, name in enumerate(change.dims) if name != "time"))
        first = int(np.argmax(steps))
        when = str(inlet_degc["time"].to_numpy()[first])[:16] if "time" in inlet_degc.coords else f"step {first}"
        raise DataError(
            f"inlet air: {int(over.sum())} steps change too fast, first {when}: got {float(change.max()):.1f} K within "
            f"an hour at most, allowed {limit_k_per_h:g} K. Move setpoints in smaller steps."
        )


def envelope_ids() -> tuple[str, ...]:
    """Server classes of `models/data/cooling.toml`.

    Examples
    --------
    >>> envelope_ids()
    ('A1', 'A2', 'A3', 'A4', 'H1')
    """
    return row_ids("envelope")
