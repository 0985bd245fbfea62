"""Cooling tables of the study file, one kind per plant of `models.cooling`.

Keys left out take the plant's own default, which `models.cooling` documents with its unit; limits are the
plant's too, so each figure is stated in one place.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from energy.config_fields import Count, Flag, Number, PositiveKW, SourcedTable, Table, Text, plant_fields
from weather.conventions.errors import ConfigError

if TYPE_CHECKING:
    from models.cooling import (
        AirEconomiserPlant,
        ChillerPlant,
        IndirectEvaporativePlant,
        LiquidCooledPlant,
        WaterEconomiserPlant,
    )

Setpoint = Annotated[Number, Field(ge=4, le=45)]


class _SetpointTable(SourcedTable):
    setpoints_degc: Annotated[tuple[Setpoint, ...], Field(min_length=1, max_length=9)]

    @field_validator("setpoints_degc")
    @classmethod
    def _ascending_and_odd(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(after <= before for before, after in pairwise(value)):
            raise ValueError("setpoints must ascend without repeats")
        if len(value) % 2 == 0:
            raise ValueError("an odd number of setpoints is needed: the middle one is the baseline's fixed setpoint")
        return value

    @property
    def mid_setpoint_degc(self) -> float:
        """The setpoint a plant without this optimiser holds: the middle entry."""
        return self.setpoints_degc[len(self.setpoints_degc) // 2]


class _HallFans(Table):
    # optional for the air plant within a liquid one, which its own table's source may cover
    source: Text | None = None
    note: str = ""
    rated_heat_kw: PositiveKW
    delta_k: Number | None = None
    fan_pressure_pa: Number | None = None
    fan_eff: Number | None = None
    fan_min_flow: Number | None = None
    fan_curve: Text | None = None


class _TrimChiller(Table):
    carnot_eff: Number | None = None
    cop_max: Number | None = None
    lift_loss_k: Number | None = None
    evaporating_below_supply_k: Number | None = None
    condensing_reference: Literal["dry_bulb", "wet_bulb"] | None = None
    condensing_above_outdoor_k: Number | None = None
    condensing_min_degc: Number | None = None
    condenser_fan_frac: Number | None = None
    chilled_pump_frac: Number | None = None
    cycles: Number | None = None


class AirPlantTable(_HallFans, _TrimChiller):
    """Outside air with a chiller behind (`models.cooling.AirEconomiserPlant`)."""

    kind: Literal["air_economiser"]
    economiser: Flag = True
    evaporative_eff: Number | None = None
    dew_point_max_degc: Number | None = None
    dew_point_min_degc: Number | None = None
    outdoor_max_degc: Number | None = None

    def plant(self) -> AirEconomiserPlant:
        """The cooling plant as `models.cooling` computes it."""
        from models.cooling import AirEconomiserPlant

        return AirEconomiserPlant(**plant_fields(self))


class IndirectPlantTable(_HallFans, _TrimChiller):
    """Indirect evaporative units with a chiller behind (`models.cooling.IndirectEvaporativePlant`)."""

    kind: Literal["indirect_evaporative"]
    economiser: Flag = True
    wet_eff: Number | None = None
    dry_eff: Number | None = None
    wet_above_degc: Number | None = None
    spray_design_degc: Number | None = None
    scavenger_flow_ratio: Number | None = None
    scavenger_pressure_pa: Number | None = None
    spray_pump_frac: Number | None = None

    def plant(self) -> IndirectEvaporativePlant:
        """The cooling plant as `models.cooling` computes it."""
        from models.cooling import IndirectEvaporativePlant

        return IndirectEvaporativePlant(**plant_fields(self))


class _ChilledWater(_HallFans):
    air_approach_k: Number | None = None
    water_range_k: Number | None = None
    chilled_pump_frac: Number | None = None
    condenser_pump_frac: Number | None = None
    pump_min_flow: Number | None = None
    pump_static_share: Number | None = None
    tower_approach_k: Number | None = None
    tower_range_k: Number | None = None
    tower_wet_bulb_degc: Number | None = None
    tower_water_air_ratio: Number | None = None
    tower_fan_frac: Number | None = None
    tower_floor_degc: Number | None = None
    condenser_floor_degc: Number | None = None
    rejected_over_heat: Number | None = None
    cycles: Number | None = None
    drift_frac: Number | None = None
    chiller: Text | None = None
    carnot_eff: Number | None = None
    cop_max: Number | None = None
    lift_loss_k: Number | None = None
    refrigerant_approach_k: Number | None = None
    chiller_count: Count | None = None
    chiller_size_ratio: Number | None = None


def _known_chiller(name: str | None, condenser: str) -> None:
    """Refuse a machine nobody knows, or one of the other condenser, with those there are: a file has no Python names.

    Raises
    ------
    ConfigError
        Naming the key, what was got and the machines allowed.
    """
    from models.cooling.chiller import chiller_ids, load_chiller

    fit = [machine for machine in chiller_ids() if load_chiller(machine).condenser == condenser]
    if name is not None and name not in ("carnot", *fit):
        raise ConfigError(
            f'chiller: got "{name}", allowed with {condenser}-cooled condensers: {", ".join(("carnot", *fit))}. '
            "Choose one of these machines, or leave the key out for carnot."
        )


class WaterPlantTable(_ChilledWater):
    """Chilled water from a tower and chillers (`models.cooling.WaterEconomiserPlant`)."""

    kind: Literal["water_economiser"]
    economiser: Flag = True
    hx_approach_k: Number | None = None
    hx_pump_frac: Number | None = None
    hx_flow_exponent: Number | None = None
    free_fan_exponent: Number | None = None

    def plant(self) -> WaterEconomiserPlant:
        """The cooling plant as `models.cooling` computes it."""
        from models.cooling import WaterEconomiserPlant

        _known_chiller(self.chiller, "water")
        return WaterEconomiserPlant(**plant_fields(self))


class ChillerPlantTable(_ChilledWater):
    """Chilled water from chillers alone (`models.cooling.ChillerPlant`)."""

    kind: Literal["chiller"]
    condenser: Literal["water", "air"] | None = None
    condensing_above_outdoor_k: Number | None = None
    condensing_min_degc: Number | None = None
    condenser_fan_frac: Number | None = None

    def plant(self) -> ChillerPlant:
        """The cooling plant as `models.cooling` computes it."""
        from models.cooling import ChillerPlant

        _known_chiller(self.chiller, self.condenser or "water")
        return ChillerPlant(**plant_fields(self))


AirSidePlantTable = Annotated[
    AirPlantTable | IndirectPlantTable | WaterPlantTable | ChillerPlantTable, Field(discriminator="kind")
]


class AirCoolingConfig(_SetpointTable, AirPlantTable):
    """`AirPlantTable` of a node; a setpoint is supply air."""


class IndirectCoolingConfig(_SetpointTable, IndirectPlantTable):
    """`IndirectPlantTable` of a node; a setpoint is supply air."""


class WaterCoolingConfig(_SetpointTable, WaterPlantTable):
    """`WaterPlantTable` of a node; a setpoint is chilled-water supply."""


class ChillerCoolingConfig(_SetpointTable, ChillerPlantTable):
    """`ChillerPlantTable` of a node; a setpoint is chilled-water supply."""


class LiquidCoolingConfig(_SetpointTable):
    """Cold plates with a dry cooler (`models.cooling.LiquidCooledPlant`); a setpoint is facility water.

    ``air`` is the table of the plant that takes the rest of the heat, of any other kind, without setpoints (it holds
    ``air_setpoint_degc``) and with a ``source`` of its own where it has one.
    """

    kind: Literal["liquid"]
    rated_heat_kw: PositiveKW
    air: AirSidePlantTable
    air_setpoint_degc: Setpoint | None = None
    liquid_share: Number | None = None
    water_class: Text | None = None
    cdu_approach_k: Number | None = None
    cdu_flow_exponent: Number | None = None
    water_range_k: Number | None = None
    cdu_pump_frac: Number | None = None
    loop_pump_frac: Number | None = None
    pump_min_flow: Number | None = None
    pump_static_share: Number | None = None
    cooler_approach_k: Number | None = None
    cooler_air_rise_k: Number | None = None
    cooler_fan_pa: Number | None = None
    cooler_fan_eff: Number | None = None
    cooler_fan_curve: Text | None = None
    adiabatic_eff: Number | None = None
    wet_above_degc: Number | None = None
    pad_design_degc: Number | None = None
    cycles: Number | None = None
    chiller: Flag | None = None
    carnot_eff: Number | None = None
    cop_max: Number | None = None
    refrigerant_approach_k: Number | None = None
    condensing_above_outdoor_k: Number | None = None
    condensing_min_degc: Number | None = None
    condenser_fan_frac: Number | None = None

    def plant(self) -> LiquidCooledPlant:
        """The cooling plant as `models.cooling` computes it; its setpoints must be of its water class."""
        from models.cooling import LiquidCooledPlant
        from models.cooling.liquid import check_water_class

        made = LiquidCooledPlant(**{**plant_fields(self), "air": self.air.plant()})
        check_water_class(made, self.setpoints_degc)
        return made


CoolingConfig = Annotated[
    AirCoolingConfig | IndirectCoolingConfig | WaterCoolingConfig | ChillerCoolingConfig | LiquidCoolingConfig,
    Field(discriminator="kind"),
]
