"""Cooling tables of the study file, one kind per plant of `models.cooling`.

Keys left out take the plant's own default, which `models.cooling` documents with its unit; limits are the
plant's too, so each figure is stated in one place.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from energy.config_fields import Count, Flag, Number, PositiveKW, SourcedTable, plant_fields

if TYPE_CHECKING:
    from models.cooling import AirEconomiserPlant, WaterEconomiserPlant

Setpoint = Annotated[Number, Field(ge=4, le=45)]


class _SetpointTable(SourcedTable):
    rated_heat_kw: PositiveKW
    setpoints_degc: Annotated[tuple[Setpoint, ...], Field(min_length=1, max_length=9)]

    @field_validator("setpoints_degc")
    @classmethod
    def _ascending_and_odd(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(after <= before for before, after in pairwise(value)):
            raise ValueError("setpoints must ascend without repeats")
        if len(value) % 2 == 0:
            raise ValueError(
                "an odd number of setpoints is needed: the middle one is the baseline's fixed setpoint"
            )
        return value

    @property
    def mid_setpoint_degc(self) -> float:
        """The setpoint a plant without this optimiser holds: the middle entry."""
        return self.setpoints_degc[len(self.setpoints_degc) // 2]


class AirCoolingConfig(_SetpointTable):
    """Outside air with a chiller behind (`models.cooling.AirEconomiserPlant`); a setpoint is supply air."""

    kind: Literal["air_economiser"]
    economiser: Flag = True
    evaporative_eff: Number | None = None
    delta_k: Number | None = None
    fan_pressure_pa: Number | None = None
    fan_eff: Number | None = None
    fan_min_flow: Number | None = None
    dew_point_max_degc: Number | None = None
    dew_point_min_degc: Number | None = None
    carnot_eff: Number | None = None
    cop_max: Number | None = None
    evaporating_below_supply_k: Number | None = None
    condensing_above_outdoor_k: Number | None = None
    condensing_min_degc: Number | None = None
    condenser_fan_frac: Number | None = None
    chilled_pump_frac: Number | None = None
    cycles: Number | None = None

    def plant(self) -> AirEconomiserPlant:
        """The cooling plant as `models.cooling` computes it."""
        from models.cooling import AirEconomiserPlant

        return AirEconomiserPlant(**plant_fields(self))


class WaterCoolingConfig(_SetpointTable):
    """Chilled water with a tower (`models.cooling.WaterEconomiserPlant`); a setpoint is supply water."""

    kind: Literal["water_economiser"]
    economiser: Flag = True
    air_approach_k: Number | None = None
    delta_k: Number | None = None
    fan_pressure_pa: Number | None = None
    fan_eff: Number | None = None
    fan_min_flow: Number | None = None
    water_range_k: Number | None = None
    hx_approach_k: Number | None = None
    tower_approach_k: Number | None = None
    tower_range_k: Number | None = None
    tower_floor_degc: Number | None = None
    condenser_floor_degc: Number | None = None
    tower_fan_frac: Number | None = None
    chilled_pump_frac: Number | None = None
    condenser_pump_frac: Number | None = None
    hx_pump_frac: Number | None = None
    pump_min_flow: Number | None = None
    chiller: Literal["carnot", "doe2"] | None = None
    carnot_eff: Number | None = None
    cop_max: Number | None = None
    chiller_count: Count | None = None
    chiller_size_ratio: Number | None = None
    latent_share: Number | None = None
    cycles: Number | None = None

    def plant(self) -> WaterEconomiserPlant:
        """The cooling plant as `models.cooling` computes it."""
        from models.cooling import WaterEconomiserPlant

        return WaterEconomiserPlant(**plant_fields(self))


CoolingConfig = Annotated[AirCoolingConfig | WaterCoolingConfig, Field(discriminator="kind")]
