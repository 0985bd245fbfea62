"""Chiller that trims what outside air leaves, shared by the air-side plants."""

import numpy as np

from models.cooling.chiller import carnot_cop
from models.cooling.outdoor import Outdoor


def trim_checks(plant) -> dict[str, tuple[bool, str]]:
    """What is allowed of the fields of the trim chiller."""
    return {
        "carnot_eff": (0.1 <= plant.carnot_eff <= 0.9, "0.1 to 0.9"),
        "cop_max": (1 <= plant.cop_max <= 30, "1 to 30"),
        "lift_loss_k": (0 <= plant.lift_loss_k <= 500, "0 to 500"),
        "evaporating_below_supply_k": (0 <= plant.evaporating_below_supply_k <= 30, "0 to 30"),
        "condensing_reference": (plant.condensing_reference in ("dry_bulb", "wet_bulb"), "'dry_bulb' or 'wet_bulb'"),
        "condensing_above_outdoor_k": (1 <= plant.condensing_above_outdoor_k <= 30, "1 to 30"),
        "condensing_min_degc": (0 <= plant.condensing_min_degc <= 50, "0 to 50"),
        "condenser_fan_frac": (0 <= plant.condenser_fan_frac <= 0.2, "0 to 0.2"),
        "chilled_pump_frac": (0 <= plant.chilled_pump_frac <= 0.2, "0 to 0.2"),
    }


def trim_kw(plant, outdoor: Outdoor, mechanical_kw, supply_degc):
    """Compressor, condenser fans and pump that remove a heat into outdoor air. [kW, kW, kW]

    Notes
    -----
    `carnot_cop` between ``supply - evaporating_below_supply_k`` and ``max(T + condensing_above_outdoor_k,
    condensing_min_degc)``, ``T`` the outdoor dry bulb, or the wet bulb of a machine on a tower or evaporative
    condenser (whose water is not counted); fans and pump in proportion to the heat.
    """
    outside = outdoor.temp_air if plant.condensing_reference == "dry_bulb" else outdoor.wet_bulb
    cop = carnot_cop(
        np.asarray(supply_degc) - plant.evaporating_below_supply_k,
        np.maximum(outside + plant.condensing_above_outdoor_k, plant.condensing_min_degc),
        carnot_eff=plant.carnot_eff,
        cop_max=plant.cop_max,
        lift_loss_k=plant.lift_loss_k,
    )
    return mechanical_kw / cop, plant.condenser_fan_frac * mechanical_kw, plant.chilled_pump_frac * mechanical_kw
