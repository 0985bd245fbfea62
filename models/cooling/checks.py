"""What is allowed of the fields that several cooling plants share, each range in one place."""

import numpy as np

from models.cooling.tables import row_ids
from models.cooling.tower import rated_capacity, tower_of

_SEA_LEVEL_PA = 101325.0

_RANGES = {
    # hall air
    "delta_k": (3, 30),
    "fan_pressure_pa": (0, 2000),
    "fan_eff": (0.1, 1),
    "fan_min_flow": (0.05, 1),
    # water and its pumps
    "air_approach_k": (0, 20),
    "water_range_k": (1, 20),
    "chilled_pump_frac": (0, 0.2),
    "condenser_pump_frac": (0, 0.1),
    "cdu_pump_frac": (0, 0.1),
    "loop_pump_frac": (0, 0.1),
    "pump_min_flow": (0.05, 1),
    "pump_static_share": (0, 1),
    "cycles": (1.5, 50),
    "drift_frac": (0, 0.01),
    # tower
    "tower_approach_k": (1, 15),
    "tower_wet_bulb_degc": (0, 32),
    "tower_water_air_ratio": (0.3, 3),
    "tower_fan_frac": (0, 0.1),
    "tower_floor_degc": (1, 25),
    "rejected_over_heat": (1, 2),
    # chillers; None of the first and the third is the plant's own default
    "carnot_eff": (0.1, 0.9),
    "cop_max": (1, 30),
    "lift_loss_k": (0, 500),
    "refrigerant_approach_k": (0, 10),
    "evaporating_below_supply_k": (0, 30),
    "condensing_above_outdoor_k": (1, 30),
    "condensing_min_degc": (0, 60),
    "condenser_fan_frac": (0, 0.2),
    "chiller_count": (1, 50),
    "chiller_size_ratio": (1.25, 3),
    # frost limit of sprays and pads
    "wet_above_degc": (-10, 60),
}

Checks = dict[str, tuple[bool, str]]


def range_checks(plant, *names: str) -> Checks:
    """Whether fields of a plant are numbers within their range, both ends allowed, as `check_fields` takes it.

    Parameters
    ----------
    plant : any cooling plant
    *names : str
        Fields; None is allowed of those whose default is None.

    Returns
    -------
    dict of str to (bool, str)

    Examples
    --------
    >>> from models.cooling import ChillerPlant
    >>> range_checks(ChillerPlant(rated_heat_kw=1000.0), "cycles", "lift_loss_k")
    {'cycles': (True, '1.5 to 50'), 'lift_loss_k': (True, '0 to 500')}
    """
    checks = {}
    for name in names:
        low, high = _RANGES[name]
        value = getattr(plant, name)
        optional = type(plant).__dataclass_fields__[name].default is None
        checks[name] = ((value is None and optional) or _within(value, low, high), f"{low:g} to {high:g}")
    return checks


def _within(value, low: float, high: float) -> bool:
    return value is not None and bool(low <= value <= high)


def hall_checks(plant) -> Checks:
    """What is allowed of the fields of hall air."""
    return {
        "rated_heat_kw": (0 < plant.rated_heat_kw < np.inf, "more than 0"),
        **range_checks(plant, "delta_k", "fan_pressure_pa", "fan_eff", "fan_min_flow"),
        "fan_curve": (plant.fan_curve in row_ids("fan_curve"), f"one of {', '.join(row_ids('fan_curve'))}"),
    }


def trim_checks(plant) -> Checks:
    """What is allowed of the fields of the chiller behind an air-side plant, and of the water that is sprayed."""
    return {
        **range_checks(plant, "carnot_eff", "cop_max", "lift_loss_k", "evaporating_below_supply_k"),
        "condensing_reference": (plant.condensing_reference in ("dry_bulb", "wet_bulb"), "'dry_bulb' or 'wet_bulb'"),
        **range_checks(plant, "condensing_above_outdoor_k", "condensing_min_degc", "condenser_fan_frac"),
        **range_checks(plant, "chilled_pump_frac", "cycles"),
    }


def chilled_water_checks(plant) -> Checks:
    """What is allowed of the fields that plants on chilled water share."""
    effectiveness = plant.tower_range_k / max(plant.tower_range_k + plant.tower_approach_k, 1e-9)
    return {
        **hall_checks(plant),
        **range_checks(plant, "air_approach_k", "water_range_k", "pump_min_flow", "pump_static_share"),
        **range_checks(plant, "chilled_pump_frac", "condenser_pump_frac", "tower_fan_frac"),
        **range_checks(plant, "tower_approach_k", "tower_wet_bulb_degc", "tower_water_air_ratio"),
        "tower_range_k": (
            1 <= plant.tower_range_k <= 15
            and effectiveness < 0.98 * min(1.0, float(rated_capacity(tower_of(plant), _SEA_LEVEL_PA))),
            "1 to 15, and less than the tower's air can carry: a wider approach or a smaller tower_water_air_ratio",
        ),
        **range_checks(plant, "tower_floor_degc"),
        "condenser_floor_degc": (
            plant.tower_floor_degc <= plant.condenser_floor_degc <= 35,
            ">= tower_floor_degc, at most 35",
        ),
        **range_checks(plant, "rejected_over_heat", "cycles", "drift_frac", "carnot_eff", "cop_max", "lift_loss_k"),
        **range_checks(plant, "refrigerant_approach_k", "chiller_count", "chiller_size_ratio"),
    }
