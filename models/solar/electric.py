"""From light in the cells to power: cell temperature, DC power, inverter."""

from __future__ import annotations

import numpy as np

from models.solar.constants import row
from models.solar.plant import PVPlant

STC_W_M2 = 1000.0
STC_DEGC = 25.0


def cell_temperature(plane: np.ndarray, temp_air: np.ndarray, wind_speed: np.ndarray, name: str) -> np.ndarray:
    """Cell temperature [degC] by a row `cell` of data/pv.toml.

    Parameters
    ----------
    plane : array
        Light in the plane, front and what the rear adds. [W/m2]
    temp_air, wind_speed : arrays
        [degC, m/s]
    name : str

    Returns
    -------
    ndarray, broadcast shape

    Notes
    -----
    Linear rows (Faiman, PVsyst): ``T_air + plane heat_frac / (u0 + u1 v)``. Exponential rows (SAPM): ``T_air + plane
    (exp(a + b v) + dT / 1000)``. Steady state: at hourly steps the modules' heat (minutes) is nothing. The row is a
    free choice: against Faiman's, a year at five Chinese sites yields 1.1 % less to 0.7 % more with PVsyst's
    free-standing row, 0.3 to 1.6 % less with SAPM's glass on glass, 3 to 6 % less with PVsyst's insulated one.

    Examples
    --------
    >>> round(float(cell_temperature(800.0, 20.0, 2.0, "faiman")), 4)
    40.6825
    """
    given = row("cell", name)
    if given["kind"] == "linear":
        above = plane * (given["heat_frac"] / (given["u0_w_m2k"] + given["u1_ws_m3k"] * wind_speed))
    else:
        above = plane * (np.exp(given["a"] + given["b_s_m"] * wind_speed) + given["cell_above_back_k"] / STC_W_M2)
    return temp_air + above


def dc_power(cells: np.ndarray, cell_degc: np.ndarray, plant: PVPlant) -> np.ndarray:
    """Power of the modules before losses [kW]: linear in light and in temperature (PVWatts).

    Parameters
    ----------
    cells : array
        Light in the cells. [W/m2]
    cell_degc : array
        [degC]
    plant : PVPlant

    Notes
    -----
    ``dc_kw cells / 1000 (1 + temp_coeff_per_k (T - 25))``. Below 200 W/m2 real modules are a few per cent worse.

    Examples
    --------
    >>> round(float(dc_power(900.0, 30.0, PVPlant(dc_kw=100.0, temp_coeff_per_k=-0.003))), 4)
    88.65
    """
    return plant.dc_kw * cells / STC_W_M2 * (1.0 + plant.temp_coeff_per_k * (cell_degc - STC_DEGC))


def inverter_power(dc_kw: np.ndarray, plant: PVPlant) -> np.ndarray:
    """AC power of the inverters [kW], 0 to the AC rating (PVWatts).

    Parameters
    ----------
    dc_kw : array
        [kW]
    plant : PVPlant

    Notes
    -----
    ``inverter_eff / 0.9637 (c0 rated + c1 dc + c2 dc^2 / rated)`` with ``rated = ac_kw / inverter_eff``: efficiency
    times power, so that nothing is divided. At most `ac_kw`; asleep (0) below 0.6 % of the rating.

    References
    ----------
    Dobos, PVWatts version 5 manual, NREL/TP-6A20-62641 (2014), eq. 11.

    Examples
    --------
    >>> round(float(inverter_power(90.0, PVPlant(dc_kw=95.0, dc_ac_ratio=1.0, inverter_eff=0.95))), 6)
    85.585566
    """
    if plant.ac_kw == 0:
        return np.zeros(np.shape(dc_kw))
    given = row("inverter", "pvwatts")
    c0, c1, c2 = given["curve"]
    rated = plant.ac_kw / plant.inverter_eff
    ac = (c2 / rated * dc_kw + c1) * dc_kw + c0 * rated
    return np.clip(ac * (plant.inverter_eff / given["reference_eff"]), 0.0, plant.ac_kw)
