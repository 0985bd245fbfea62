"""Liquid-cooled hall: cold plates on facility water and a dry cooler, the rest of the heat by an air plant."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.cooling.air import AirEconomiserPlant, air_cooling
from models.cooling.checks import range_checks
from models.cooling.chilled import ChillerPlant, chiller_cooling
from models.cooling.chiller import carnot_cop
from models.cooling.evaporative import IndirectEvaporativePlant, evaporative_cooling
from models.cooling.exchanger import counterflow_effectiveness, counterflow_ntu, flow_for_effectiveness
from models.cooling.fans import air_density_at, fan_curve, most_fans, pump_ratio
from models.cooling.outdoor import CP_AIR, H_EVAPORATION, HeatRemoval, Outdoor, cheapest
from models.cooling.tables import check_fields, row, row_ids
from models.cooling.water import WaterEconomiserPlant, water_cooling
from models.given import refuse_no_numbers
from weather.conventions.errors import ConfigError, DataError

AirSidePlant = AirEconomiserPlant | IndirectEvaporativePlant | WaterEconomiserPlant | ChillerPlant
_AIR_MODELS = {
    AirEconomiserPlant: air_cooling,
    IndirectEvaporativePlant: evaporative_cooling,
    WaterEconomiserPlant: water_cooling,
    ChillerPlant: chiller_cooling,
}
_FLOW_EXPONENT = 0.4  # NTU of a finned coil with its air flow: air side in flow**0.6 bears most; assumption

_BELOW_CLASS_K = 5.0  # pads are sized for water this much colder than the class allows; assumption
_SHORT = 1e-6  # share of the heat a cooler without chiller may leave: rounding


@dataclass(frozen=True, slots=True)
class LiquidCooledPlant:
    """Servers with cold plates: most heat into facility water, the rest into the hall's air.

    Defaults without a source are assumptions: direct-to-chip racks of the 2020s.

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    air : AirEconomiserPlant, IndirectEvaporativePlant, WaterEconomiserPlant or ChillerPlant
        Takes the rest; its rating must cover ``(1 - liquid_share) rated_heat_kw``.
    air_setpoint_degc : float
        Fixed setpoint of ``air``, in its own meaning. [degC]
    liquid_share : float
        Share of the heat into cold plates (0.70-0.80). [-]
    water_class : str
        ASHRAE facility-water class, ``"W17"`` ... ``"W45"``: the setpoint may not pass its limit.
    cdu_approach_k : float
        Coolant at the cold plates above facility water, at rated heat and flows (3-5 K). [K]
    cdu_flow_exponent : float
        The CDU's films go with their flows to this power, as ``hx_flow_exponent`` of `WaterEconomiserPlant`. [-]
    water_range_k : float
        Facility water return above supply. [K]
    cdu_pump_frac, loop_pump_frac : float
        Rated pump power of coolant and facility loop over liquid heat (1-2 % together). [-]
    pump_min_flow, pump_static_share : float
        As in `ChillerPlant`.
    cooler_approach_k, cooler_air_rise_k : float
        Dry cooler at rated heat and fans: water leaving above air entering, and warming of the air. [K]
    cooler_fan_pa, cooler_fan_eff, cooler_fan_curve : float, float, str
        Its fans: pressure in the site's air [Pa], efficiency [-], row of `fan_curve`.
    adiabatic_eff : float
        Effectiveness of the wetted pads before the coil, 0 for none. [-]
    wet_above_degc : float
        Pads never run at or below this dry bulb (frost); see `pads_above_degc`. [degC]
    pad_design_degc : float or None
        Facility water that the dry cooler is to hold at rated heat: pads may run above the air where it no longer
        does, whatever setpoint is chosen. None: 5 K below the class (assumption). [degC]
    cycles : float
        Cycles of concentration of the pads' water. [-]
    chiller : bool
        A trim chiller behind the dry cooler. Without one, weather in which the cooler cannot hold the setpoint is
        refused.
    carnot_eff, cop_max, refrigerant_approach_k : float
    condensing_above_outdoor_k, condensing_min_degc, condenser_fan_frac : float
        That chiller, air-cooled, rated at the site, a constant fraction of Carnot as in `AirEconomiserPlant`.
    """

    rated_heat_kw: float
    air: AirSidePlant
    air_setpoint_degc: float = 24.0
    liquid_share: float = 0.75
    water_class: str = "W32"
    cdu_approach_k: float = 4.0
    cdu_flow_exponent: float = 0.7
    water_range_k: float = 10.0
    cdu_pump_frac: float = 0.008
    loop_pump_frac: float = 0.007
    pump_min_flow: float = 0.2
    pump_static_share: float = 0.3
    cooler_approach_k: float = 6.0
    cooler_air_rise_k: float = 9.0
    cooler_fan_pa: float = 100.0
    cooler_fan_eff: float = 0.55
    cooler_fan_curve: str = "variable_speed"
    adiabatic_eff: float = 0.7
    wet_above_degc: float = 5.0
    pad_design_degc: float | None = None
    cycles: float = 4.0
    chiller: bool = True
    carnot_eff: float = 0.50
    cop_max: float = 12.0
    refrigerant_approach_k: float = 2.0
    condensing_above_outdoor_k: float = 12.0
    condensing_min_degc: float = 25.0
    condenser_fan_frac: float = 0.025

    setpoint_meaning: ClassVar[str] = "facility water supply temperature to the coolant distribution units"

    def __post_init__(self) -> None:
        refuse_no_numbers("liquid cooled plant", self)
        if not isinstance(self.air, AirSidePlant):
            raise ConfigError(
                f"liquid cooled plant: got air={type(self.air).__name__}, allowed one of the plants that cool air "
                f"({', '.join(kind.__name__ for kind in _AIR_MODELS)}). Give the plant that takes the rest."
            )
        rest = (1.0 - self.liquid_share) * self.rated_heat_kw
        if self.air.rated_heat_kw < rest * (1 - 1e-9):
            raise ConfigError(
                f"liquid cooled plant: got air with rated_heat_kw={self.air.rated_heat_kw:g}, allowed {rest:g} or "
                f"more: what liquid_share={self.liquid_share:g} leaves of rated_heat_kw={self.rated_heat_kw:g}. Raise "
                "rated_heat_kw of the air plant, or liquid_share."
            )
        curves, classes = row_ids("fan_curve"), row_ids("water_class")
        even = self.water_range_k + self.cooler_approach_k
        check_fields(
            "liquid cooled",
            self,
            {
                "rated_heat_kw": (0 < self.rated_heat_kw < np.inf, "more than 0"),
                "liquid_share": (0.1 <= self.liquid_share <= 0.98, "0.1 to 0.98"),
                "air_setpoint_degc": (4 <= self.air_setpoint_degc <= 45, "4 to 45"),
                "water_class": (self.water_class in classes, f"one of {', '.join(classes)}"),
                "cdu_approach_k": (0 < self.cdu_approach_k <= 15, "more than 0, at most 15"),
                "cdu_flow_exponent": (0 <= self.cdu_flow_exponent <= 1, "0 to 1"),
                "water_range_k": (2 <= self.water_range_k <= 30, "2 to 30"),
                "cooler_approach_k": (1 <= self.cooler_approach_k <= 30, "1 to 30"),
                "cooler_air_rise_k": (1 <= self.cooler_air_rise_k < even, "1 up to water_range_k + cooler_approach_k"),
                "cooler_fan_pa": (0 <= self.cooler_fan_pa <= 1000, "0 to 1000"),
                "cooler_fan_eff": (0.1 <= self.cooler_fan_eff <= 1, "0.1 to 1"),
                "cooler_fan_curve": (self.cooler_fan_curve in curves, f"one of {', '.join(curves)}"),
                "adiabatic_eff": (0 <= self.adiabatic_eff <= 0.95, "0 to 0.95"),
                "pad_design_degc": (
                    self.pad_design_degc is None or 4 <= self.pad_design_degc <= 60,
                    "none, or 4 to 60",
                ),
                "chiller": (isinstance(self.chiller, bool), "true or false"),
                **range_checks(self, "cdu_pump_frac", "loop_pump_frac", "pump_min_flow", "pump_static_share"),
                **range_checks(self, "wet_above_degc", "cycles", "carnot_eff", "cop_max", "refrigerant_approach_k"),
                **range_checks(self, "condensing_above_outdoor_k", "condensing_min_degc", "condenser_fan_frac"),
            },
        )


def coolant_degc(plant: LiquidCooledPlant, setpoint_degc, load_ratio=1.0):
    """Coolant supply at the cold plates: facility water plus the approach of the coolant distribution unit.

    Parameters
    ----------
    plant : LiquidCooledPlant
    setpoint_degc : numeric
        Facility water supply. [degC]
    load_ratio : numeric
        Heat over rated heat, at least 0. [-]

    Returns
    -------
    numeric
        [degC]

    Notes
    -----
    Counter-flow (`counterflow_effectiveness`) with equal capacity rates, coolant and facility water warming alike
    (assumption): ``eps = NTU / (1 + NTU)``, so ``approach = range / NTU``. Both flows follow the heat down to
    ``pump_min_flow`` and both films their flow to ``cdu_flow_exponent``: ``NTU = NTU_0 flow**(x - 1)``,
    ``approach = cdu_approach_k load flow**-x``: 81 % of the rated at half load, in proportion to heat below the least
    flow.

    Examples
    --------
    >>> hall = LiquidCooledPlant(rated_heat_kw=1000.0, air=AirEconomiserPlant(rated_heat_kw=300.0))
    >>> float(coolant_degc(hall, 32.0)), round(float(coolant_degc(hall, 32.0, 0.5)), 2)
    (36.0, 35.25)
    """
    flow = np.maximum(load_ratio, plant.pump_min_flow)
    return setpoint_degc + plant.cdu_approach_k * load_ratio * flow**-plant.cdu_flow_exponent


def check_water_class(plant: LiquidCooledPlant, setpoint) -> None:
    """Refuse setpoints above what the plant's facility-water class allows.

    Raises
    ------
    DataError
        Naming how many, the warmest and the class's limit [degC].
    """
    limit = row("water_class", plant.water_class)["supply_max_degc"]
    over = np.asarray(setpoint) > limit + 1e-9
    if over.any():
        raise DataError(
            f"cooling: {int(over.sum())} setpoints are above facility-water class {plant.water_class}, got up to "
            f"{float(np.max(setpoint)):.1f} degC, allowed at most {limit:.1f} degC. Lower them or name a warmer class."
        )


def pads_above_degc(plant: LiquidCooledPlant) -> float:
    """Dry bulb above which pads may run: where the dry cooler no longer holds the design water at rated heat. [degC]

    Notes
    -----
    ``max(pad_design_degc - cooler_approach_k, wet_above_degc)``, whatever the chosen setpoint: power then falls as the
    water is let warmer.

    Examples
    --------
    >>> hall = LiquidCooledPlant(rated_heat_kw=1000.0, air=AirEconomiserPlant(rated_heat_kw=300.0))
    >>> pads_above_degc(hall)
    21.0
    """
    design = plant.pad_design_degc
    if design is None:
        design = row("water_class", plant.water_class)["supply_max_degc"] - _BELOW_CLASS_K
    return max(design - plant.cooler_approach_k, plant.wet_above_degc)


def _cooler(plant: LiquidCooledPlant, outdoor: Outdoor, *, air_degc, load_kw, water_degc):
    """Heat a dry cooler carries at an entering air temperature [kW], its fan power [kW], its air flow [kg/s]."""
    rated_kw = plant.rated_heat_kw * plant.liquid_share
    ratio = load_kw / rated_kw
    water = np.maximum(ratio, plant.pump_min_flow)
    drop = plant.water_range_k * ratio / water
    capacity = plant.water_range_k / plant.cooler_air_rise_k  # air over water, rated flows
    ntu = counterflow_ntu(plant.water_range_k / (plant.water_range_k + plant.cooler_approach_k), 1.0 / capacity)
    ntu, capacity = ntu / water, capacity / water
    most = most_fans(water)
    full = counterflow_effectiveness(ntu * most**_FLOW_EXPONENT, 1.0 / (capacity * most))
    span = water_degc + drop - air_degc
    needed = drop / np.maximum(span, 1e-9)
    enough, helps = needed < full, span > 0.0
    slow = flow_for_effectiveness(
        np.where(enough, needed, 0.0), ntu_rated=ntu, capacity_rated=capacity, exponent=_FLOW_EXPONENT
    )
    flow = np.where(enough, slow, np.where(helps, most, 0.0))
    carried = np.where(enough, load_kw, np.where(helps, full * span / np.maximum(drop, 1e-9), 0.0) * load_kw)
    mass = rated_kw / (CP_AIR * plant.cooler_air_rise_k)
    fan_kw = mass / air_density_at(air_degc, outdoor.pressure) * plant.cooler_fan_pa / plant.cooler_fan_eff / 1000.0
    return np.minimum(carried, load_kw), fan_kw * fan_curve(flow, plant.cooler_fan_curve), flow * mass


def _facility_water(plant: LiquidCooledPlant, outdoor: Outdoor, load_kw, water_degc, *, wetted: bool):
    """One way of running the facility loop: cooler dry or with wet pads; the chiller does the rest."""
    depression = np.maximum(outdoor.temp_air - outdoor.wet_bulb, 0.0)
    cooled = plant.adiabatic_eff * depression if wetted else np.zeros_like(depression)
    carried, tower, air_flow = _cooler(
        plant, outdoor, air_degc=outdoor.temp_air - cooled, load_kw=load_kw, water_degc=water_degc
    )
    if wetted:  # where pads stand dry this route is no choice
        tower = np.where(outdoor.temp_air > pads_above_degc(plant), tower, np.inf)
    drunk = air_flow * CP_AIR * cooled / H_EVAPORATION * 3600.0 * plant.cycles / (plant.cycles - 1.0)
    return _with_chiller(plant, outdoor, load_kw, water_degc, carried=carried, fan_kw=tower, drunk=drunk, wetted=wetted)


def _with_chiller(plant, outdoor: Outdoor, load_kw, water_degc, *, carried, fan_kw, drunk, wetted: bool):
    """What the cooler carries, and the rest by the chiller."""
    mechanical = load_kw - carried
    cop = carnot_cop(
        water_degc - plant.refrigerant_approach_k,
        np.maximum(outdoor.temp_air + plant.condensing_above_outdoor_k, plant.condensing_min_degc),
        carnot_eff=plant.carnot_eff,
        cop_max=plant.cop_max,
    )
    compressor = mechanical / cop
    nothing = np.zeros_like(compressor)
    share = carried / np.maximum(load_kw, 1e-12)
    return HeatRemoval(
        nothing,
        nothing,
        fan_kw + plant.condenser_fan_frac * mechanical,
        compressor,
        drunk + nothing,
        share + nothing,
        (nothing == 0.0) & wetted,
    )


def liquid_cooling(plant: LiquidCooledPlant, outdoor: Outdoor, heat_kw, setpoint_degc) -> HeatRemoval:
    """Power and water of a liquid-cooled hall at a facility water temperature.

    Use it for hourly energy. Left out: leakage of warmer chips, heat of the pumps in the water (1-2 % of the heat),
    heat reuse, glycol.

    Parameters
    ----------
    plant : LiquidCooledPlant
    outdoor : Outdoor, arrays broadcastable with the next two
    heat_kw : ndarray
        Heat of the hall without its fans. [kW]
    setpoint_degc : ndarray
        Facility water supply, at most the class's limit. [degC]

    Returns
    -------
    HeatRemoval

    Raises
    ------
    DataError
        A setpoint above the class; weather in which a cooler without chiller cannot hold it.

    Notes
    -----
    1. ``liquid_share`` of the heat goes to facility water, the rest to ``air`` at ``air_setpoint_degc``.
    2. Dry cooler by counter-flow effectiveness: NTU from the rated approach and air rise, in fan flow to 0.4; fans
       slow from `most_fans` to what the setpoint needs. A real coil is cross-flow with several rows in
       counter-current: a little less effective between its rated points (assumption: under 3 %).
    3. Adiabatic assist above `pads_above_degc`: air enters at ``T - eff (T - T_wb)``, water for that cooling of the
       air in use.
    4. The cheapest of dry, wet and chiller alone runs; the chiller does what the cooler leaves.

    Power does not rise as the wet bulb falls at one dry bulb; where pads stop, dry operation takes more fan power.
    """
    heat, setpoint = np.asarray(heat_kw, dtype=float), np.asarray(setpoint_degc, dtype=float)
    check_water_class(plant, setpoint)
    liquid = plant.liquid_share * heat
    routes = [_facility_water(plant, outdoor, liquid, setpoint, wetted=False)]
    if plant.adiabatic_eff > 0.0:
        routes.append(_facility_water(plant, outdoor, liquid, setpoint, wetted=True))
    if plant.chiller:
        nothing = np.zeros_like(liquid)
        routes.append(
            _with_chiller(
                plant, outdoor, liquid, setpoint, carried=nothing, fan_kw=nothing, drunk=nothing, wetted=False
            )
        )
        water = cheapest(*routes)
    else:
        water = _least_short(routes)
        _refuse_warm(water)
    flow = np.maximum(heat / plant.rated_heat_kw, plant.pump_min_flow)
    rated_pumps = plant.rated_heat_kw * plant.liquid_share * (plant.cdu_pump_frac + plant.loop_pump_frac)
    pumps = rated_pumps * pump_ratio(flow, static_share=plant.pump_static_share)
    rest = _AIR_MODELS[type(plant.air)](plant.air, outdoor, heat - liquid, np.asarray(plant.air_setpoint_degc))
    return HeatRemoval(
        rest.fan_kw,
        pumps + rest.pump_kw,
        water.tower_kw + rest.tower_kw,
        water.compressor_kw + rest.compressor_kw,
        water.water_l_per_h + rest.water_l_per_h,
        plant.liquid_share * water.free_share + (1.0 - plant.liquid_share) * rest.free_share,
        water.wetted | rest.wetted,
    )


def _least_short(routes: list[HeatRemoval]) -> HeatRemoval:
    """Without a chiller the missing heat has no price: wet pads run where the dry cooler cannot hold the water."""
    first, *rest = routes
    for route in rest:
        wanted = (first.free_share < 1.0 - _SHORT) & np.isfinite(route.tower_kw)
        first = HeatRemoval(
            *(np.where(wanted, getattr(route, part), getattr(first, part)) for part in HeatRemoval.__slots__)
        )
    return first


def _refuse_warm(water: HeatRemoval) -> None:
    short = water.free_share < 1.0 - _SHORT
    if short.any():
        raise DataError(
            f"cooling: in {int(short.sum())} values the dry cooler cannot hold the facility water (least share "
            f"{float(water.free_share.min()):.2f}) and chiller=False. Allow a warmer setpoint, lower "
            "cooler_approach_k, raise adiabatic_eff or set chiller=True."
        )
