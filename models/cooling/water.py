"""Chilled-water plant with tower, plate heat exchanger as water-side economiser, and chiller."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from models.cooling.chiller import carnot_cop, doe2_power
from models.cooling.fans import hall_air
from models.cooling.outdoor import HeatRemoval, Outdoor
from models.cooling.tower import make_up_water, tower_fan_ratio, tower_water
from weather.conventions.errors import ConfigError

_REFRIGERANT_APPROACH_K = 1.5  # between refrigerant and leaving water, both ends: usual design, assumption
_REJECTED_OVER_HEAT = 1.2  # rated heat rejected over rated hall heat: fans, pumps, compressor; assumption


@dataclass(frozen=True, slots=True)
class WaterEconomiserPlant:
    """Hall cooled by chilled water through fan coils.

    Attributes
    ----------
    rated_heat_kw : float
        Heat of the hall (IT and losses in it) the plant is built for. [kW]
    economiser : bool
        True: the heat exchanger serves before the chiller. False: chiller-led.
    air_approach_k : float
        Server inlet air above chilled water supply. [K]
    delta_k, fan_pressure_pa, fan_eff, fan_min_flow : float
        Hall fans as in `AirEconomiserPlant`.
    water_range_k : float
        Chilled water return above supply. [K]
    hx_approach_k : float
        Heat exchanger: chilled water above tower water. [K]
    tower_approach_k, tower_range_k : float
        Tower water above wet bulb; condenser water rise. [K]
    tower_floor_degc, condenser_floor_degc : float
        Coldest tower water, and coldest water let into the condenser. [degC]
    tower_fan_frac, chilled_pump_frac, condenser_pump_frac, hx_pump_frac : float
        Rated power over rated hall heat. [-]
    pump_min_flow : float
        Least flow ratio of the pumps. [-]
    chiller : {"carnot", "doe2"}
        `carnot_cop` (any water temperature), or the measured machine of `doe2_power` (cold water).
    carnot_eff, cop_max : float
        For ``"carnot"``. [-]
    chiller_count, chiller_size_ratio : int, float
        For ``"doe2"``: machines, and their reference capacity together over rated heat. [-]
    latent_share, cycles : float
        As in `make_up_water`. [-]
    """

    rated_heat_kw: float
    economiser: bool = True
    air_approach_k: float = 6.0
    delta_k: float = 12.0
    fan_pressure_pa: float = 250.0
    fan_eff: float = 0.60
    fan_min_flow: float = 0.4
    water_range_k: float = 6.0
    hx_approach_k: float = 2.0
    tower_approach_k: float = 4.0
    tower_range_k: float = 5.0
    tower_floor_degc: float = 5.0
    condenser_floor_degc: float = 13.0
    tower_fan_frac: float = 0.015
    chilled_pump_frac: float = 0.016
    condenser_pump_frac: float = 0.014
    hx_pump_frac: float = 0.003
    pump_min_flow: float = 0.4
    chiller: Literal["carnot", "doe2"] = "carnot"
    carnot_eff: float = 0.55
    cop_max: float = 15.0
    chiller_count: int = 4
    chiller_size_ratio: float = 1.25
    latent_share: float = 0.8
    cycles: float = 5.0

    setpoint_meaning: ClassVar[str] = "chilled water supply temperature"

    def __post_init__(self) -> None:
        fracs = ("tower_fan_frac", "chilled_pump_frac", "condenser_pump_frac", "hx_pump_frac")
        checks = {
            "rated_heat_kw": (self.rated_heat_kw > 0, "more than 0"),
            "air_approach_k": (0 <= self.air_approach_k <= 20, "0 to 20"),
            "delta_k": (3 <= self.delta_k <= 30, "3 to 30"),
            "fan_pressure_pa": (0 < self.fan_pressure_pa <= 2000, "more than 0, at most 2000"),
            "fan_eff": (0.1 <= self.fan_eff <= 1, "0.1 to 1"),
            "fan_min_flow": (0.1 <= self.fan_min_flow <= 1, "0.1 to 1"),
            "water_range_k": (1 <= self.water_range_k <= 20, "1 to 20"),
            "hx_approach_k": (0 < self.hx_approach_k <= 10, "more than 0, at most 10"),
            "tower_approach_k": (1 <= self.tower_approach_k <= 15, "1 to 15"),
            "tower_range_k": (1 <= self.tower_range_k <= 15, "1 to 15"),
            "condenser_floor_degc": (
                self.condenser_floor_degc >= self.tower_floor_degc,
                ">= tower_floor_degc",
            ),
            "pump_min_flow": (0.1 <= self.pump_min_flow <= 1, "0.1 to 1"),
            "chiller": (self.chiller in ("carnot", "doe2"), "'carnot' or 'doe2'"),
            "carnot_eff": (0.1 <= self.carnot_eff <= 0.8, "0.1 to 0.8"),
            "cop_max": (1 <= self.cop_max <= 30, "1 to 30"),
            "chiller_count": (1 <= self.chiller_count <= 50, "1 to 50"),
            "chiller_size_ratio": (1.25 <= self.chiller_size_ratio <= 3, "1.25 to 3"),
            "latent_share": (0 <= self.latent_share <= 1, "0 to 1"),
            "cycles": (self.cycles > 1, "more than 1"),
            **{name: (0 <= getattr(self, name) <= 0.1, "0 to 0.1") for name in fracs},
        }
        for name, (good, allowed) in checks.items():
            if not good:
                raise ConfigError(
                    f"water economiser plant: got {name}={getattr(self, name)!r}, allowed {allowed}. "
                    "Correct the figure."
                )


def _compressor_kw(plant: WaterEconomiserPlant, mechanical_kw, chilled_degc, entering_degc):
    if plant.chiller == "doe2":
        return doe2_power(
            mechanical_kw,
            chilled_degc,
            entering_degc,
            reference_kw=plant.rated_heat_kw * plant.chiller_size_ratio,
            count=plant.chiller_count,
        )
    cop = carnot_cop(
        chilled_degc - _REFRIGERANT_APPROACH_K,
        entering_degc + plant.tower_range_k + _REFRIGERANT_APPROACH_K,
        carnot_eff=plant.carnot_eff,
        cop_max=plant.cop_max,
    )
    return mechanical_kw / cop


def _pump_kw(plant: WaterEconomiserPlant, frac: float, ratio):
    """Variable-speed pump: power with the square of flow (part of the head is constant), a least flow."""
    return plant.rated_heat_kw * frac * np.maximum(ratio, plant.pump_min_flow) ** 2


def _route(plant: WaterEconomiserPlant, *, load_kw, free_share, chilled_degc, wet_bulb, wanted_degc):
    """Power of compressor, condenser pump and tower, and heat rejected, for one share of free cooling."""
    water = tower_water(wet_bulb, approach_k=plant.tower_approach_k, floor_degc=plant.tower_floor_degc)
    entering = np.maximum(water, plant.condenser_floor_degc)
    compressor = _compressor_kw(plant, (1.0 - free_share) * load_kw, chilled_degc, entering)
    rejected = load_kw + compressor
    ratio = rejected / (plant.rated_heat_kw * _REJECTED_OVER_HEAT)
    fan = plant.rated_heat_kw * plant.tower_fan_frac
    fan = fan * tower_fan_ratio(ratio, wanted_degc - wet_bulb, approach_k=plant.tower_approach_k)
    return compressor + fan + _pump_kw(plant, plant.condenser_pump_frac, ratio), rejected


def water_cooling(plant: WaterEconomiserPlant, outdoor: Outdoor, heat_kw, setpoint_degc) -> HeatRemoval:
    """Power and water of a chilled-water plant with water-side economiser at a supply temperature.

    Use it for hourly energy. Left out: start-up and minimum run of chillers, a tank, dry operation of
    the tower in frost.

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
    2. Free share of the heat exchanger in series before the chiller:
       ``clip((return - (tower + hx_approach)) / water_range, 0, 1)``; all of it while
       ``wet bulb + tower approach + hx approach <= setpoint``.
    3. Chiller-led: free share 0, tower water held at or above ``condenser_floor_degc``.
    4. The plant runs the cheaper of the two, so the economiser is never dearer than the chiller.

    Each route's power rises with the wet bulb, so the least does. Constant below the wet bulb where
    tower fans stand still.
    """
    heat = np.asarray(heat_kw, dtype=float)
    chilled = np.asarray(setpoint_degc, dtype=float)
    _, fan_kw = hall_air(
        heat,
        rated_heat_kw=plant.rated_heat_kw,
        delta_k=plant.delta_k,
        fan_pressure_pa=plant.fan_pressure_pa,
        fan_eff=plant.fan_eff,
        fan_min_flow=plant.fan_min_flow,
        supply_degc=chilled + plant.air_approach_k,
        pressure=outdoor.pressure,
    )
    ratio = heat / plant.rated_heat_kw
    pump_kw = _pump_kw(plant, plant.chilled_pump_frac, ratio)
    load = heat + fan_kw + pump_kw
    water = tower_water(
        outdoor.wet_bulb, approach_k=plant.tower_approach_k, floor_degc=plant.tower_floor_degc
    )
    power, rejected = _route(
        plant,
        load_kw=load,
        free_share=np.zeros_like(load),
        chilled_degc=chilled,
        wet_bulb=outdoor.wet_bulb,
        wanted_degc=np.maximum(water, plant.condenser_floor_degc),
    )
    share = np.zeros(np.broadcast_shapes(load.shape, power.shape))
    if plant.economiser:
        reach = chilled + plant.water_range_k - (water + plant.hx_approach_k)
        possible = np.clip(reach / plant.water_range_k, 0.0, 1.0)
        free_power, free_rejected = _route(
            plant,
            load_kw=load,
            free_share=possible,
            chilled_degc=chilled,
            wet_bulb=outdoor.wet_bulb,
            wanted_degc=np.maximum(chilled - plant.hx_approach_k, water),
        )
        free_power = free_power + _pump_kw(plant, plant.hx_pump_frac, ratio)
        cheaper = free_power < power
        power = np.where(cheaper, free_power, power)
        rejected = np.where(cheaper, free_rejected, rejected)
        share = np.where(cheaper, possible, share)
    drunk = make_up_water(rejected, latent_share=plant.latent_share, cycles=plant.cycles)
    return HeatRemoval(power + fan_kw + pump_kw, drunk, share)
