"""Chilled-water plant with a plate heat exchanger on the tower as water-side economiser, and chillers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.cooling.checks import chilled_water_checks
from models.cooling.chilled import (
    compressor_kw,
    hall_fans,
    led_by_chillers,
    pump_kw,
    tower_duty,
    tower_state,
    water_cooled,
)
from models.cooling.chiller import ChillerCurves
from models.cooling.exchanger import counterflow_effectiveness, counterflow_ntu
from models.cooling.fans import most_fans
from models.cooling.outdoor import HeatRemoval, Outdoor, cheapest
from models.cooling.tables import check_fields
from models.given import refuse_no_numbers

# assumption: power of the heat the fans fall with below the pumps' least flow; 1 bends power more than the planner's
# table can follow (0.304 % of IT with curves, 0.294 % so), 0.5 drinks up to 11 L/kWh in hot dry air
_FANS_BELOW_MIN_FLOW = 0.9


@dataclass(frozen=True, slots=True)
class WaterEconomiserPlant:
    """Hall cooled by chilled water through fan coils, made by the tower alone where it is cold enough.

    Fields not named here are those of `ChillerPlant`, water-cooled. The planner's four lines are within 0.3 % of IT in
    every hour with the defaults, 0.8 % with ``pump_min_flow=0.6``, 0.6 % with curves and ``chiller_count=1`` (see
    there).

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    economiser : bool
        False: the heat exchanger stays shut, as in `ChillerPlant`.
    hx_approach_k : float
        Heat exchanger: chilled water leaving above tower water entering, at rated flows. [K]
    hx_pump_frac : float
        Pump power for the heat exchanger's pressure drop over rated hall heat. [-]
    hx_flow_exponent : float
        The film coefficient of either side goes with its flow to this power: 0.7 for plates (0.65-0.8), 0 for a
        constant UA. [-]
    free_fan_exponent : float
        Fastest tower fans of free cooling go with the heat to this power (`most_fans`): 0.5 near the least power, 0
        full fans at any load; below ``pump_min_flow`` they fall on with its power 0.9. [-]
    """

    rated_heat_kw: float
    economiser: bool = True
    air_approach_k: float = 6.0
    delta_k: float = 12.0
    fan_pressure_pa: float = 250.0
    fan_eff: float = 0.60
    fan_min_flow: float = 0.2
    fan_curve: str = "variable_speed"
    water_range_k: float = 6.0
    hx_approach_k: float = 2.0
    hx_pump_frac: float = 0.003
    hx_flow_exponent: float = 0.7
    free_fan_exponent: float = 0.5
    chilled_pump_frac: float = 0.016
    condenser_pump_frac: float = 0.014
    pump_min_flow: float = 0.2
    pump_static_share: float = 0.3
    tower_approach_k: float = 4.0
    tower_range_k: float = 5.0
    tower_wet_bulb_degc: float = 22.0
    tower_water_air_ratio: float = 1.2
    tower_fan_frac: float = 0.015
    tower_floor_degc: float = 5.0
    condenser_floor_degc: float = 13.0
    rejected_over_heat: float = 1.2
    cycles: float = 5.0
    drift_frac: float = 5e-5
    chiller: str | ChillerCurves = "carnot"
    carnot_eff: float = 0.68
    cop_max: float = 15.0
    lift_loss_k: float | None = None
    refrigerant_approach_k: float = 1.5
    chiller_count: int = 4
    chiller_size_ratio: float = 1.25

    setpoint_meaning: ClassVar[str] = "chilled water supply temperature"

    def __post_init__(self) -> None:
        refuse_no_numbers("water economiser plant", self)
        widest = self.tower_range_k - self.water_range_k
        check_fields(
            "water economiser",
            self,
            {
                **chilled_water_checks(self),
                "chiller": (water_cooled(self), "'carnot', ChillerCurves or a machine of load_chiller cooled by water"),
                "hx_approach_k": (
                    max(0.0, widest) < self.hx_approach_k <= 10,
                    "more than 0 and than tower_range_k - water_range_k, at most 10",
                ),
                "hx_pump_frac": (0 <= self.hx_pump_frac <= 0.1, "0 to 0.1"),
                "hx_flow_exponent": (0 <= self.hx_flow_exponent <= 1, "0 to 1"),
                "free_fan_exponent": (0 <= self.free_fan_exponent <= 1, "0 to 1"),
            },
        )


def exchanger_effectiveness(plant: WaterEconomiserPlant, flow_ratio):
    """Effectiveness of the heat exchanger on the chilled water, both flows at the same ratio of rated.

    Parameters
    ----------
    plant : WaterEconomiserPlant
    flow_ratio : numeric
        Above 0. [-]

    Returns
    -------
    numeric
        Cooling of the chilled water over return less tower water. [-]

    Notes
    -----
    At rated flow ``water_range / (water_range + hx_approach)`` gives ``NTU_0`` with the capacity ratio
    ``tower_range / water_range`` (the same heat in both). With both films in ``flow**x``,
    ``NTU = NTU_0 flow**(x - 1)``: half the flow brings the rated 2 K to 1.5 K.

    Examples
    --------
    >>> plant = WaterEconomiserPlant(rated_heat_kw=1000.0)
    >>> round(float(exchanger_effectiveness(plant, 1.0)), 4), round(float(exchanger_effectiveness(plant, 0.5)), 4)
    (0.75, 0.7953)
    """
    capacity = plant.tower_range_k / plant.water_range_k
    rated = counterflow_ntu(plant.water_range_k / (plant.water_range_k + plant.hx_approach_k), capacity)
    return counterflow_effectiveness(rated * np.asarray(flow_ratio) ** (plant.hx_flow_exponent - 1.0), capacity)


def _free_water(plant: WaterEconomiserPlant, outdoor: Outdoor, *, rejected_kw, wanted_degc):
    """Tower water at `most_fans`, or as warm as wanted with slower ones: water, air per water, air.

    Below ``pump_min_flow`` the fans fall on with the heat (`_FANS_BELOW_MIN_FLOW`): held where the water is held, they
    would pull the air of a fifth of the heat through the tower, and in hot dry air evaporate 26 L/kWh for little.
    """
    ratio = rejected_kw / (plant.rated_heat_kw * plant.rejected_over_heat)
    flow = np.maximum(ratio, plant.pump_min_flow)
    return tower_state(
        plant,
        outdoor,
        range_k=plant.tower_range_k * ratio / flow,
        most_air=most_fans(flow, plant.free_fan_exponent) / flow * (ratio / flow) ** _FANS_BELOW_MIN_FLOW,
        coldest_degc=np.maximum(wanted_degc, plant.tower_floor_degc),
    )


def _economised(plant, outdoor: Outdoor, *, load_kw, chilled_degc, fan_kw, chilled_pump_kw) -> HeatRemoval:
    """The heat exchanger first, the tower as cold as that needs, chillers for the rest."""
    ratio = load_kw / plant.rated_heat_kw
    flow = np.maximum(ratio, plant.pump_min_flow)
    effectiveness = exchanger_effectiveness(plant, flow)
    drop = plant.water_range_k * ratio / flow
    back = chilled_degc + drop
    wanted = back - drop / effectiveness

    def share_and_compressor(water):
        share = np.clip(effectiveness * (back - water) / drop, 0.0, 1.0)
        share = np.where(water <= wanted, 1.0, share)  # to the last digit
        entering = np.maximum(water, plant.condenser_floor_degc)
        return share, compressor_kw(plant, (1.0 - share) * load_kw, chilled_degc, entering)

    water, _, _ = first = _free_water(plant, outdoor, rejected_kw=load_kw, wanted_degc=wanted)
    share, compressor = share_and_compressor(water)
    if np.any(compressor > 0.0):  # the chillers' own heat warms the water: once more with it
        water, _, _ = first = _free_water(plant, outdoor, rejected_kw=load_kw + compressor, wanted_degc=wanted)
        share, compressor = share_and_compressor(water)
    _, air_per_water, air = first
    tower, pump, drunk = tower_duty(plant, outdoor, load_kw + compressor, air_per_water=air_per_water, air=air)
    pumps = chilled_pump_kw + pump + pump_kw(plant, plant.hx_pump_frac, ratio)
    return HeatRemoval(fan_kw, pumps, tower, compressor, drunk, share, np.zeros_like(share, dtype=bool))


def water_cooling(plant: WaterEconomiserPlant, outdoor: Outdoor, heat_kw, setpoint_degc) -> HeatRemoval:
    """Power and water of a chilled-water plant with water-side economiser at a supply temperature.

    Use it for hourly energy. Left out: start-up and minimum run of chillers, a tank, basin heaters, dry operation
    of the tower in frost (its water is held at ``tower_floor_degc`` by slower fans).

    Parameters
    ----------
    plant : WaterEconomiserPlant
    outdoor : Outdoor, arrays broadcastable with the next two
    heat_kw : ndarray
        Heat of the hall without its fans. [kW]
    setpoint_degc : ndarray
        Chilled water supply. [degC]

    Returns
    -------
    HeatRemoval

    Notes
    -----
    1. Load on the water: hall heat, hall fans, chilled-water pump.
    2. Economised: heat exchanger in series before the chillers, in parallel with them on the tower.
       ``share = clip(eps (return - tower water) / (return - supply), 0, 1)``, ``eps`` by `exchanger_effectiveness`.
       Tower fans run at `most_fans` until the water is as cold as all of the heat needs, then slow.
    3. Chiller-led: `led_by_chillers`.
    4. The plant runs the one of less power, so the economiser never takes more than the chillers. Water is not
       weighed: in hot dry air a small free share costs it. Default plant at 35 degC, 20 % RH, 87.4 kPa, 18 degC water:
       3.0 L/kWh at full heat, 4.4 at 20 %, 5.2 at 5 %, 5.6 at 3 %, where the chillers alone take 2.9 to 3.1.

    The heat of the chillers on the tower is put in with one repetition: the entering water is within 0.1 K of
    that of ten repetitions (tested). Each route's power rises with the wet bulb, so the least does. Constant below
    the wet bulb where tower fans stand still.
    """
    heat, chilled = np.asarray(heat_kw, dtype=float), np.asarray(setpoint_degc, dtype=float)
    _, fan_kw = hall_fans(plant, outdoor, heat, chilled + plant.air_approach_k)
    chilled_pump = pump_kw(plant, plant.chilled_pump_frac, heat / plant.rated_heat_kw)
    known = {
        "load_kw": heat + fan_kw + chilled_pump,
        "chilled_degc": chilled,
        "fan_kw": fan_kw,
        "chilled_pump_kw": chilled_pump,
    }
    led = led_by_chillers(plant, outdoor, **known)
    return cheapest(led, _economised(plant, outdoor, **known)) if plant.economiser else led
