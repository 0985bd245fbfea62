"""Battery: a stock with one-way efficiencies, standing loss and wear per kWh drawn.

Charge and discharge are grid-side powers, both >= 0; the stock is what the cells hold.
"""

from dataclasses import dataclass

import numpy as np

from weather.conventions.errors import ConfigError


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
        One-way efficiencies, converter included. [-]
    self_discharge_per_h : float
        Standing loss, share of the stock per hour. [1/h]
    wear_cny_per_kwh : float
        Cost of wear per kWh discharged. [CNY/kWh]
    """

    energy_kwh: float
    power_kw: float
    charge_eff: float = 0.933
    discharge_eff: float = 0.933
    self_discharge_per_h: float = 2e-5
    wear_cny_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        checks = {
            "energy_kwh": self.energy_kwh >= 0,
            "power_kw": self.power_kw >= 0,
            "charge_eff": 0 < self.charge_eff <= 1,
            "discharge_eff": 0 < self.discharge_eff <= 1,
            "self_discharge_per_h": 0 <= self.self_discharge_per_h < 1,
            "wear_cny_per_kwh": self.wear_cny_per_kwh >= 0,
        }
        for name, good in checks.items():
            if not good:
                raise ConfigError(
                    f"battery: got {name}={getattr(self, name)}; allowed: sizes and cost >= 0, efficiencies "
                    "in (0, 1], standing loss in [0, 1). Correct the figure."
                )


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
    stock : numeric
        Stock at the start. [kWh]
    charge, discharge : numeric
        Mean grid-side powers over the step, >= 0. [kW]
    battery : Battery
    step_h : float
        Length of the step. [h]

    Returns
    -------
    numeric
        Stock at the end. [kWh]

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
    moved = battery.charge_eff * np.asarray(charge) - np.asarray(discharge) / battery.discharge_eff
    result = np.asarray(stock) * stock_retention(battery, step_h) + moved * step_h
    return float(result) if result.ndim == 0 else result
