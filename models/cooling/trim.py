"""Chiller that trims what outside air leaves, shared by the air-side plants."""

import numpy as np

from models.cooling.chiller import carnot_cop
from models.cooling.outdoor import Outdoor


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
