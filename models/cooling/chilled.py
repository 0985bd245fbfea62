"""Chilled-water plants led by chillers: water-cooled with a tower, or air-cooled."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from models.cooling.checks import chilled_water_checks, range_checks
from models.cooling.chiller import ChillerCurves, capped_condensing, carnot_cop, chiller_ids, doe2_power, load_chiller
from models.cooling.fans import fan_curve, hall_air, pump_ratio
from models.cooling.outdoor import HeatRemoval, Outdoor
from models.cooling.tables import check_fields, row
from models.cooling.tower import (
    CP_WATER,
    TowerAir,
    make_up_water,
    tower_air_flow,
    tower_of,
    tower_water,
)
from models.given import refuse_no_numbers

# fraction of Carnot and its loss at small lift by condenser, fitted: see `carnot_cop`
WATER_LIFT_LOSS_K = 25.0
_CARNOT = {"water": (0.68, WATER_LIFT_LOSS_K), "air": (0.50, 0.0)}


@dataclass(frozen=True, slots=True)
class ChillerPlant:
    """Hall cooled by chilled water through fan coils, all of it made by chillers.

    Defaults without a source are assumptions: a good hall of the 2020s. A least flow above 20 % and few machines make
    kinks of power over heat that the planner's four lines (`models.overhead`) do not hold: with curves 0.5 % of IT in
    the worst hour for ``chiller_count=1``, 0.4 % for 2, where the defaults stay within 0.3 %. The table carries its
    own error, and an audit uses the plant.

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    condenser : {"water", "air"}
        Condensers on a cooling tower, or in the open air.
    air_approach_k : float
        Server inlet air above chilled water supply. [K]
    delta_k : float
        Air temperature rise across the servers. [K]
    fan_pressure_pa, fan_eff, fan_min_flow, fan_curve : float, float, float, str
        Hall fans: total pressure at rated flow in the site's air [Pa], efficiency of fan, motor and drive [-], least
        flow ratio (EC fans turn down to 10-20 %) [-], row of `fan_curve`.
    water_range_k : float
        Chilled water return above supply. [K]
    chilled_pump_frac, condenser_pump_frac : float
        Rated pump power over rated hall heat (1-2 %). [-]
    pump_min_flow, pump_static_share : float
        Least flow ratio; share of the head that stays, as in `pump_ratio`. [-]
    tower_approach_k, tower_range_k, tower_wet_bulb_degc : float
        Design point of the tower at rated heat rejection: leaving water above wet bulb [K], water cooled by [K], wet
        bulb [degC].
    tower_water_air_ratio : float
        Water over air by mass at that point; mechanical-draught towers have 0.8-1.5. [-]
    tower_fan_frac : float
        Rated tower fan power over rated hall heat, rated at the site: in thin air a fan moves the same volume for less
        power and less cooling, so its design figures must be the site's. [-]
    tower_floor_degc, condenser_floor_degc : float
        Coldest tower water (frost), and coldest water let into the condenser (head pressure). [degC]
    rejected_over_heat : float
        Heat rejection the tower is built for over rated hall heat: fans, pumps, compressors. [-]
    cycles, drift_frac : float
        Cycles of concentration; drift over circulated water. [-]
    chiller : str or ChillerCurves
        ``"carnot"`` (`carnot_cop`, any water temperature), a machine of `load_chiller`, or curves of one's own.
    carnot_eff, cop_max, lift_loss_k : float
        For ``"carnot"``. ``carnot_eff`` None: 0.68 with water, a good machine (0.60, 0.65, 0.72 are the quartiles of a
        data set of 149, see `carnot_cop`); 0.50 with air, a COP of 3.0 with condenser fans at 35 degC outdoors and
        7 degC water (catalogues: 2.8-3.1). ``lift_loss_k`` None: 25 K with water, 0 with air. [-, -, K]
    refrigerant_approach_k : float
        Between refrigerant and leaving water, both ends. [K]
    chiller_count, chiller_size_ratio : int, float
        For curves: machines, and their reference capacity together over rated heat. [-]
    condensing_above_outdoor_k, condensing_min_degc, condenser_fan_frac : float
        Air-cooled, rated at the site (thin air wants more of it): condensing above outdoor air [K], head pressure
        control [degC], fan power over heat rejected by the condenser (0 is taken for curves, whose power includes fans
        and is of sea level) [-].
    """

    rated_heat_kw: float
    condenser: Literal["water", "air"] = "water"
    air_approach_k: float = 6.0
    delta_k: float = 12.0
    fan_pressure_pa: float = 250.0
    fan_eff: float = 0.60
    fan_min_flow: float = 0.2
    fan_curve: str = "variable_speed"
    water_range_k: float = 6.0
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
    carnot_eff: float | None = None
    cop_max: float = 15.0
    lift_loss_k: float | None = None
    refrigerant_approach_k: float = 1.5
    chiller_count: int = 4
    chiller_size_ratio: float = 1.25
    condensing_above_outdoor_k: float = 12.0
    condensing_min_degc: float = 25.0
    condenser_fan_frac: float = 0.025

    setpoint_meaning: ClassVar[str] = "chilled water supply temperature"

    def __post_init__(self) -> None:
        refuse_no_numbers("chiller plant", self)
        own = curves_of(self)
        fits = self.chiller == "carnot" if own is None else own.condenser == self.condenser
        check_fields(
            "chiller",
            self,
            {
                "condenser": (self.condenser in ("water", "air"), "'water' or 'air'"),
                **chilled_water_checks(self),
                "chiller": (fits, f"'carnot', ChillerCurves or a machine of load_chiller cooled by {self.condenser}"),
                **range_checks(self, "condensing_above_outdoor_k", "condensing_min_degc", "condenser_fan_frac"),
            },
        )


def curves_of(plant) -> ChillerCurves | None:
    """Curves of a plant's chillers, None for a Carnot fraction or an unknown name."""
    if isinstance(plant.chiller, ChillerCurves):
        return plant.chiller
    return load_chiller(plant.chiller) if plant.chiller in chiller_ids() else None


def water_cooled(plant) -> bool:
    """Whether the plant's chillers are a Carnot fraction or a known machine with a water-cooled condenser."""
    own = curves_of(plant)
    return plant.chiller == "carnot" if own is None else own.condenser == "water"


def pump_kw(plant, frac: float, ratio):
    """Power of a pump of a rated share of the hall's heat at a flow ratio, a least flow held. [kW]"""
    flow = np.maximum(ratio, plant.pump_min_flow)
    return plant.rated_heat_kw * frac * pump_ratio(flow, static_share=plant.pump_static_share)


def _carnot_of(plant) -> dict[str, float]:
    """Arguments of `carnot_cop` for a plant's chillers, by their condenser where the plant leaves them open."""
    eff, loss = _CARNOT[getattr(plant, "condenser", "water")]
    return {
        "carnot_eff": eff if plant.carnot_eff is None else plant.carnot_eff,
        "cop_max": plant.cop_max,
        "lift_loss_k": loss if plant.lift_loss_k is None else plant.lift_loss_k,
    }


def compressor_kw(plant, mechanical_kw, chilled_degc, entering_degc):
    """Compressor power of water-cooled chillers. [kW]"""
    own = curves_of(plant)
    if own is not None:
        reference = plant.rated_heat_kw * plant.chiller_size_ratio
        return doe2_power(
            mechanical_kw, chilled_degc, entering_degc, reference_kw=reference, count=plant.chiller_count, curves=own
        )
    cop = carnot_cop(
        chilled_degc - plant.refrigerant_approach_k,
        entering_degc + plant.tower_range_k + plant.refrigerant_approach_k,
        **_carnot_of(plant),
    )
    return mechanical_kw / cop


def coldest_useful(plant, chilled_degc):
    """Entering condenser water below which the chillers gain nothing: tower fans slow there. [degC]"""
    own = curves_of(plant)
    if own is not None:
        return np.maximum(plant.condenser_floor_degc, own.condenser_range_degc[0])
    capped = capped_condensing(
        chilled_degc - plant.refrigerant_approach_k,
        **_carnot_of(plant),
    )
    return np.maximum(plant.condenser_floor_degc, capped - plant.tower_range_k - plant.refrigerant_approach_k)


def tower_state(plant, outdoor: Outdoor, *, range_k, most_air, coldest_degc):
    """Leaving water, air per water and the tower's air; fans slow where the water would pass below a temperature.

    Returns
    -------
    water_degc, air_per_water : ndarray
        [degC], [-]
    air : TowerAir

    Notes
    -----
    Air per water is at most 2.5 of the rated (data row ``tower.film``): with little water, cells and their fans stand
    and the others have more of it. Else a fan near full on a twentieth of the water would give an approach no fill has.
    """
    tower = tower_of(plant)
    most_air = np.minimum(most_air, row("tower", "film")["air_per_water_max"])
    water, air = tower_water(
        tower, range_k=range_k, air_per_water=most_air, wet_bulb=outdoor.wet_bulb, pressure=outdoor.pressure
    )
    shape = np.broadcast_shapes(water.shape, np.shape(coldest_degc))
    slowed = np.broadcast_to(water < coldest_degc, shape)
    flow = np.array(np.broadcast_to(most_air, shape))
    if not slowed.any():
        return np.broadcast_to(water, shape), flow, air

    def here(values):
        return np.broadcast_to(values, shape)[slowed]

    wet_bulb = here(outdoor.wet_bulb)
    less, slow_air = tower_air_flow(
        tower,
        range_k=here(range_k),
        available_k=here(coldest_degc) - wet_bulb,
        wet_bulb=wet_bulb,
        pressure=here(outdoor.pressure),
    )
    slope, rise = (np.array(np.broadcast_to(values, shape)) for values in (air.slope, air.rise_k))
    flow[slowed], slope[slowed], rise[slowed] = np.minimum(less, flow[slowed]), slow_air.slope, slow_air.rise_k
    return np.where(slowed, coldest_degc, water), flow, TowerAir(slope, rise)


def tower_duty(plant, outdoor: Outdoor, rejected_kw, *, air_per_water, air: TowerAir):
    """Fan power, condenser pump power and make-up water for a heat rejected at an air flow per water. [kW, kW, L/h]"""
    rated = plant.rated_heat_kw * plant.rejected_over_heat
    water_flow = np.maximum(rejected_kw / rated, plant.pump_min_flow)
    fan = plant.rated_heat_kw * plant.tower_fan_frac * fan_curve(np.minimum(air_per_water * water_flow, 1.0), "tower")
    drunk = make_up_water(
        rejected_kw,
        air,
        temp_air=outdoor.temp_air,
        wet_bulb=outdoor.wet_bulb,
        cycles=plant.cycles,
        drift_frac=plant.drift_frac,
        flow_kg_s=water_flow * rated / (CP_WATER * plant.tower_range_k),
    )
    return fan, pump_kw(plant, plant.condenser_pump_frac, rejected_kw / rated), drunk


def hall_fans(plant, outdoor: Outdoor, heat_kw, inlet_degc):
    """Air mass flow and fan power of a plant's hall. [kg/s, kW]"""
    return hall_air(
        heat_kw,
        rated_heat_kw=plant.rated_heat_kw,
        delta_k=plant.delta_k,
        fan_pressure_pa=plant.fan_pressure_pa,
        fan_eff=plant.fan_eff,
        fan_min_flow=plant.fan_min_flow,
        supply_degc=inlet_degc,
        pressure=outdoor.pressure,
        fan_curve_name=plant.fan_curve,
    )


def led_by_chillers(plant, outdoor: Outdoor, *, load_kw, chilled_degc, fan_kw, chilled_pump_kw) -> HeatRemoval:
    """All of a load by chillers on a tower; air and water of the tower follow the heat rejected.

    Notes
    -----
    Air flow in proportion to heat (so the tower's approach changes with the wet bulb alone) is Braun and
    Diderrich's near-optimal control: fan speed linear in load, hardly dependent on weather. Fans slow where the
    water would be colder than the chillers can use (`coldest_useful`). Beyond the heat the tower is built for
    (``rejected_over_heat``) the fans stay at full while water and heat grow, so the approach widens, by 0.2-0.3 K at
    5 % too much; one repetition with the heat found. The rated range is taken at every load: below ``pump_min_flow``
    the water is in truth up to 1 K colder.

    References
    ----------
    Braun, Diderrich, Near-optimal control of cooling towers for chilled-water systems, ASHRAE Trans. 96(2), 1990.
    """
    coldest = coldest_useful(plant, chilled_degc)

    def state_and_compressor(most_air):
        state = tower_state(plant, outdoor, range_k=plant.tower_range_k, most_air=most_air, coldest_degc=coldest)
        entering = np.maximum(state[0], plant.condenser_floor_degc)
        return state, compressor_kw(plant, load_kw, chilled_degc, entering)

    (_, air_per_water, air), compressor = state_and_compressor(1.0)
    over = (load_kw + compressor) / (plant.rated_heat_kw * plant.rejected_over_heat)
    if np.any(over > 1.0):
        (_, air_per_water, air), compressor = state_and_compressor(1.0 / np.maximum(over, 1.0))
    tower, pump, drunk = tower_duty(plant, outdoor, load_kw + compressor, air_per_water=air_per_water, air=air)
    nothing = np.zeros_like(compressor)
    return HeatRemoval(fan_kw, chilled_pump_kw + pump, tower, compressor, drunk, nothing, nothing > 0)


def _in_the_open(plant: ChillerPlant, outdoor: Outdoor, *, load_kw, chilled_degc, fan_kw, chilled_pump_kw):
    """All of a load by air-cooled chillers."""
    own = curves_of(plant)
    if own is not None:
        reference = plant.rated_heat_kw * plant.chiller_size_ratio
        compressor = doe2_power(
            load_kw, chilled_degc, outdoor.temp_air, reference_kw=reference, count=plant.chiller_count, curves=own
        )
        fans = np.zeros_like(compressor)
    else:
        cop = carnot_cop(
            chilled_degc - plant.refrigerant_approach_k,
            np.maximum(outdoor.temp_air + plant.condensing_above_outdoor_k, plant.condensing_min_degc),
            **_carnot_of(plant),
        )
        compressor = load_kw / cop
        fans = plant.condenser_fan_frac * (load_kw + compressor)
    nothing = np.zeros_like(compressor)
    return HeatRemoval(fan_kw, chilled_pump_kw, fans, compressor, nothing, nothing, nothing > 0)


def chiller_cooling(plant: ChillerPlant, outdoor: Outdoor, heat_kw, setpoint_degc) -> HeatRemoval:
    """Power and water of a hall on chilled water, chiller-led.

    Use it for halls without free cooling. Left out: start-up and minimum run of chillers, a tank, dehumidifying.

    Parameters
    ----------
    plant : ChillerPlant
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
    Load on the water: hall heat, hall fans, chilled-water pump. Water-cooled: `led_by_chillers`. Air-cooled:
    condensing at outdoor air plus ``condensing_above_outdoor_k``, or the curves' own outdoor air.
    Power rises with the wet bulb (water) or the dry bulb (air) and is constant where tower fans stand still, where
    curves are held at their cold edge and at the head-pressure floors.
    """
    heat, chilled = np.asarray(heat_kw, dtype=float), np.asarray(setpoint_degc, dtype=float)
    _, fan_kw = hall_fans(plant, outdoor, heat, chilled + plant.air_approach_k)
    chilled_pump = pump_kw(plant, plant.chilled_pump_frac, heat / plant.rated_heat_kw)
    route = _in_the_open if plant.condenser == "air" else led_by_chillers
    return route(
        plant,
        outdoor,
        load_kw=heat + fan_kw + chilled_pump,
        chilled_degc=chilled,
        fan_kw=fan_kw,
        chilled_pump_kw=chilled_pump,
    )
