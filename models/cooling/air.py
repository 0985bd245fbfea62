"""Direct air-side economiser with optional evaporative pad, trimmed by an air-cooled chiller."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from models.cooling.checks import hall_checks, trim_checks
from models.cooling.chilled import hall_fans
from models.cooling.outdoor import CP_AIR, H_EVAPORATION, HeatRemoval, Outdoor, humidity_ratio
from models.cooling.tables import check_fields
from models.cooling.trim import trim_kw
from models.given import refuse_no_numbers


@dataclass(frozen=True, slots=True)
class AirEconomiserPlant:
    """Hall cooled by outside air, mixed, wetted or trimmed as needed.

    Defaults without a source are assumptions: a good hall of the 2020s. ``fan_min_flow`` above 20 % makes a kink of
    power over heat, where return air cools and the dampers close, that the planner's four lines (`models.overhead`) do
    not hold: 1.5 % of IT in the worst hour at 0.3, 3.6 % at 0.5, 0.06 % with the default. The table carries its own
    error, and an audit uses the plant.

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    economiser : bool
        False: outside air stays closed, the chiller does all.
    evaporative_eff : float
        Effectiveness of the direct evaporative pad (0.7-0.9), 0 for none. [-]
    delta_k : float
        Air temperature rise across the servers. [K]
    fan_pressure_pa, fan_eff, fan_min_flow, fan_curve : float, float, float, str
        Pressure of filters, pad, coil and ducts at rated flow in the site's air [Pa]; efficiency of fan, motor and
        drive [-]; least flow ratio (EC fans turn down to 10-20 %) [-]; row of `fan_curve`.
    dew_point_max_degc, dew_point_min_degc : float
        Outside air is shut out above the first (recommended envelope), moistened below the second (allowable). [degC]
    outdoor_max_degc : float or None
        Outside air is shut out above this dry bulb too: the fixed limit of many controllers. None: open as long as
        it saves. [degC]
    carnot_eff, cop_max, lift_loss_k : float
        Trim chiller as in `carnot_cop`: fraction of Carnot (0.48 with fans is the air-cooled screw of `load_chiller`)
        [-], its cap [-], and the loss that lowers it at small lift (0 for air-cooled machines, 25 for water-cooled)
        [K].
    evaporating_below_supply_k, condensing_above_outdoor_k : float
        Refrigerant temperatures against supply air and outdoor air. [K]
    condensing_reference : {"dry_bulb", "wet_bulb"}
        Outdoor temperature the condenser sees: in the open air, or on a tower. [-]
    condensing_min_degc : float
        Head pressure control. [degC]
    condenser_fan_frac, chilled_pump_frac : float
        Power per heat the chiller removes, the fans rated at the site (as ``condensing_above_outdoor_k``). [-]
    cycles : float
        Cycles of concentration of the pad's water. [-]
    """

    rated_heat_kw: float
    economiser: bool = True
    evaporative_eff: float = 0.7
    delta_k: float = 12.0
    fan_pressure_pa: float = 300.0
    fan_eff: float = 0.65
    fan_min_flow: float = 0.2
    fan_curve: str = "variable_speed"
    dew_point_max_degc: float = 15.0
    dew_point_min_degc: float = -12.0
    outdoor_max_degc: float | None = None
    carnot_eff: float = 0.50
    cop_max: float = 12.0
    lift_loss_k: float = 0.0
    evaporating_below_supply_k: float = 9.0
    condensing_reference: Literal["dry_bulb", "wet_bulb"] = "dry_bulb"
    condensing_above_outdoor_k: float = 12.0
    condensing_min_degc: float = 25.0
    condenser_fan_frac: float = 0.025
    chilled_pump_frac: float = 0.015
    cycles: float = 5.0

    setpoint_meaning: ClassVar[str] = "supply air temperature at the server inlet"

    def __post_init__(self) -> None:
        refuse_no_numbers("air economiser plant", self)
        check_fields(
            "air economiser",
            self,
            {
                **hall_checks(self),
                "evaporative_eff": (0 <= self.evaporative_eff <= 1, "0 to 1"),
                "dew_point_max_degc": (
                    self.dew_point_min_degc < self.dew_point_max_degc <= 30,
                    "above dew_point_min_degc, at most 30",
                ),
                "outdoor_max_degc": (
                    self.outdoor_max_degc is None or 0 <= self.outdoor_max_degc <= 60,
                    "none, or 0 to 60",
                ),
                **trim_checks(self),
            },
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
    3. Above the dew-point limit (and ``outdoor_max_degc``) the dampers close, and the chiller carries all.
    4. Chiller: `trim_kw`.

    Power never rises as the wet bulb falls at one dry bulb, nor as the dry bulb falls at one relative
    humidity. (As it falls at one wet bulb the dew point rises and may close the dampers.) From ``fan_min_flow`` up the
    air's rise is constant, so power is convex in heat; below it return air cools and dampers may close.
    """
    heat, supply = np.asarray(heat_kw, dtype=float), np.asarray(setpoint_degc, dtype=float)
    flow, fan_kw = hall_fans(plant, outdoor, heat, supply)
    target = supply - fan_kw / (flow * CP_AIR)
    back = supply + heat / (flow * CP_AIR)
    total = heat + fan_kw
    pad, may_enter = _after_pad(plant, outdoor)
    if plant.outdoor_max_degc is not None:
        may_enter = may_enter & (outdoor.temp_air <= plant.outdoor_max_degc)
    with_outside = flow * CP_AIR * np.clip(pad - target, 0.0, back - target)
    opened = may_enter & (with_outside < total) & plant.economiser
    mechanical = np.where(opened, with_outside, total)
    compressor, condenser_fans, pump = trim_kw(plant, outdoor, mechanical, supply)
    drunk, wetted = _pad_water(plant, outdoor, flow=flow, target=target, back=back, pad=pad)
    return HeatRemoval(
        fan_kw,
        pump,
        condenser_fans,
        compressor,
        np.where(opened, drunk, 0.0),
        1.0 - mechanical / total,
        opened & wetted,
    )


def _pad_water(plant: AirEconomiserPlant, outdoor: Outdoor, *, flow, target, back, pad):
    """Water evaporated to cool warm air or to moisten dry air, with blow-down [L/h]; whether it cools."""
    cooled = np.clip(outdoor.temp_air - target, 0.0, outdoor.temp_air - pad) * CP_AIR / H_EVAPORATION
    outside = np.where(outdoor.temp_air < target, (back - target) / np.maximum(back - outdoor.temp_air, 1e-9), 1.0)
    floor = humidity_ratio(plant.dew_point_min_degc, outdoor.pressure)
    dry = np.maximum(floor - humidity_ratio(outdoor.temp_dew, outdoor.pressure), 0.0)
    drunk = flow * outside * np.maximum(cooled, dry) * 3600.0 * plant.cycles / (plant.cycles - 1.0)
    return drunk, cooled > 0.0
