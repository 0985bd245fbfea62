"""Direct air-side economiser with optional evaporative pad, trimmed by an air-cooled chiller."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.cooling.chiller import carnot_cop
from models.cooling.fans import hall_air
from models.cooling.outdoor import CP_AIR, H_EVAPORATION, HeatRemoval, Outdoor, humidity_ratio
from weather.conventions.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AirEconomiserPlant:
    """Hall cooled by outside air, mixed, wetted or trimmed as needed.

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    economiser : bool
        False: outside air stays closed, the chiller does all.
    evaporative_eff : float
        Effectiveness of the direct evaporative pad, 0 for none. [-]
    delta_k : float
        Air temperature rise across the servers. [K]
    fan_pressure_pa, fan_eff, fan_min_flow : float
        Pressure of filters, pad, coil and ducts at rated flow [Pa]; efficiency of fan, motor and drive
        [-]; least flow ratio [-].
    dew_point_max_degc, dew_point_min_degc : float
        Outside air is shut out above the first, moistened below the second. [degC]
    carnot_eff, cop_max : float
        Chiller as a fraction of Carnot, and its cap. [-]
    evaporating_below_supply_k, condensing_above_outdoor_k : float
        Refrigerant temperatures against supply air and outdoor air. [K]
    condensing_min_degc : float
        Head pressure control. [degC]
    condenser_fan_frac, chilled_pump_frac : float
        Power per heat the chiller removes. [-]
    cycles : float
        Cycles of concentration of the pad's water. [-]
    """

    rated_heat_kw: float
    economiser: bool = True
    evaporative_eff: float = 0.7
    delta_k: float = 12.0
    fan_pressure_pa: float = 300.0
    fan_eff: float = 0.65
    fan_min_flow: float = 0.4
    dew_point_max_degc: float = 15.0
    dew_point_min_degc: float = -12.0
    carnot_eff: float = 0.50
    cop_max: float = 12.0
    evaporating_below_supply_k: float = 9.0
    condensing_above_outdoor_k: float = 12.0
    condensing_min_degc: float = 25.0
    condenser_fan_frac: float = 0.025
    chilled_pump_frac: float = 0.015
    cycles: float = 5.0

    setpoint_meaning: ClassVar[str] = "supply air temperature at the server inlet"

    def __post_init__(self) -> None:
        checks = {
            "rated_heat_kw": (self.rated_heat_kw > 0, "more than 0"),
            "evaporative_eff": (0 <= self.evaporative_eff <= 1, "0 to 1"),
            "delta_k": (3 <= self.delta_k <= 30, "3 to 30"),
            "fan_pressure_pa": (0 < self.fan_pressure_pa <= 2000, "more than 0, at most 2000"),
            "fan_eff": (0.1 <= self.fan_eff <= 1, "0.1 to 1"),
            "fan_min_flow": (0.1 <= self.fan_min_flow <= 1, "0.1 to 1"),
            "dew_point_max_degc": (
                self.dew_point_min_degc < self.dew_point_max_degc,
                "above dew_point_min_degc",
            ),
            "carnot_eff": (0.1 <= self.carnot_eff <= 0.8, "0.1 to 0.8"),
            "cop_max": (1 <= self.cop_max <= 30, "1 to 30"),
            "condenser_fan_frac": (0 <= self.condenser_fan_frac <= 0.2, "0 to 0.2"),
            "chilled_pump_frac": (0 <= self.chilled_pump_frac <= 0.2, "0 to 0.2"),
            "cycles": (self.cycles > 1, "more than 1"),
        }
        for name, (good, allowed) in checks.items():
            if not good:
                raise ConfigError(
                    f"air economiser plant: got {name}={getattr(self, name)}, allowed {allowed}. "
                    "Correct the figure."
                )


def _after_pad(plant: AirEconomiserPlant, outdoor: Outdoor):
    """Coldest air the pad can give without passing the dew-point limit, and whether air may enter."""
    moisture = humidity_ratio(outdoor.temp_dew, outdoor.pressure)
    limit = humidity_ratio(plant.dew_point_max_degc, outdoor.pressure)
    room_k = np.maximum(limit - moisture, 0.0) * H_EVAPORATION / CP_AIR
    depression = np.maximum(outdoor.temp_air - outdoor.wet_bulb, 0.0)
    return outdoor.temp_air - np.minimum(plant.evaporative_eff * depression, room_k), moisture <= limit


def air_cooling(plant: AirEconomiserPlant, outdoor: Outdoor, heat_kw, setpoint_degc) -> HeatRemoval:
    """Power and water of a direct air-side economiser plant at a supply temperature.

    Use it for hourly energy. Left out: the pad's pump (below 0.1 % of heat), the cooling that
    moistening winter air gives, dehumidifying on the coil, start-up of the chiller.

    Parameters
    ----------
    plant : AirEconomiserPlant
    outdoor : Outdoor, arrays broadcastable with the next two
    heat_kw : ndarray
        Heat of the hall without its fans. [kW]
    setpoint_degc : ndarray
        Supply air at the server inlet. [degC]

    Returns
    -------
    HeatRemoval
        ``free_share`` counts the fans' own heat as heat to remove.

    Notes
    -----
    1. Air flow by `hall_air`; the fans warm the air by ``fan / (m cp)``, so air must come ``target``
       cold to them.
    2. Outside air at or below the target is mixed with return air: free. Warmer air is wetted to
       ``T - min(eff (T - T_wb), what the dew-point limit leaves)``; the coil trims the rest,
       ``m cp (T_pad - target)``, never more than with return air alone.
    3. Above the dew-point limit the dampers close, and the chiller carries all.
    4. Chiller: `carnot_cop` between supply less ``evaporating_below_supply_k`` and outdoor plus
       ``condensing_above_outdoor_k``.

    Power never rises as the wet bulb falls at one dry bulb, nor as the dry bulb falls at one relative
    humidity. (As it falls at one wet bulb the dew point rises and may close the dampers.)
    """
    heat = np.asarray(heat_kw, dtype=float)
    supply = np.asarray(setpoint_degc, dtype=float)
    flow, fan_kw = hall_air(
        heat,
        rated_heat_kw=plant.rated_heat_kw,
        delta_k=plant.delta_k,
        fan_pressure_pa=plant.fan_pressure_pa,
        fan_eff=plant.fan_eff,
        fan_min_flow=plant.fan_min_flow,
        supply_degc=supply,
        pressure=outdoor.pressure,
    )
    target = supply - fan_kw / (flow * CP_AIR)
    back = supply + heat / (flow * CP_AIR)
    total = heat + fan_kw
    pad, may_enter = _after_pad(plant, outdoor)
    with_outside = flow * CP_AIR * np.clip(pad - target, 0.0, back - target)
    opened = may_enter & (with_outside < total) & plant.economiser
    mechanical = np.where(opened, with_outside, total)
    cop = carnot_cop(
        supply - plant.evaporating_below_supply_k,
        np.maximum(outdoor.temp_air + plant.condensing_above_outdoor_k, plant.condensing_min_degc),
        carnot_eff=plant.carnot_eff,
        cop_max=plant.cop_max,
    )
    power = fan_kw + mechanical * (1.0 / cop + plant.condenser_fan_frac + plant.chilled_pump_frac)
    water = np.where(opened, _pad_water(plant, outdoor, flow=flow, target=target, back=back, pad=pad), 0.0)
    return HeatRemoval(power, water, 1.0 - mechanical / total)


def _pad_water(plant: AirEconomiserPlant, outdoor: Outdoor, *, flow, target, back, pad):
    """Water evaporated to cool warm air or to moisten dry air, with blow-down. [L/h]"""
    cooled = np.clip(outdoor.temp_air - target, 0.0, outdoor.temp_air - pad) * CP_AIR / H_EVAPORATION
    outside = np.where(
        outdoor.temp_air < target, (back - target) / np.maximum(back - outdoor.temp_air, 1e-9), 1.0
    )
    floor = humidity_ratio(plant.dew_point_min_degc, outdoor.pressure)
    dry = np.maximum(floor - humidity_ratio(outdoor.temp_dew, outdoor.pressure), 0.0)
    return flow * outside * np.maximum(cooled, dry) * 3600.0 * plant.cycles / (plant.cycles - 1.0)
