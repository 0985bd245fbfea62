"""PV, wind and battery of a node in the study file, each with the plant of `models` it becomes.

`models` is imported inside the methods: reading and checking a study needs no weather and no physics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from energy.config_fields import (
    Count,
    Efficiency,
    Flag,
    Fraction,
    LossFraction,
    Number,
    PositiveKW,
    PositiveKWh,
    PriceKWh,
    SourcedTable,
    Text,
    plant_fields,
)

if TYPE_CHECKING:
    from models.battery import Battery
    from models.solar import PVPlant
    from models.wind import WindPlant


class PVLossesConfig(SourcedTable):
    """Losses of a photovoltaic plant by name (`models.solar.PVLosses`); keys left out take its defaults."""

    soiling: LossFraction | None = None
    mismatch: LossFraction | None = None
    wiring: LossFraction | None = None
    connections: LossFraction | None = None
    lid: LossFraction | None = None
    nameplate: LossFraction | None = None
    age: LossFraction | None = None
    availability: LossFraction | None = None
    transformer: LossFraction | None = None


class SoilingConfig(SourcedTable):
    """Dust that rain or washing takes away (`models.solar.Soiling`); needs a weather with precipitation, or washing."""

    rate_per_day: Number | None = None
    rain_threshold_mm: Number | None = None
    grace_days: Number | None = None
    most_frac: Number | None = None
    cleaning_interval_days: Number | None = None
    cleaned_on: Text | None = None
    initial_frac: Number | None = None


class SnowConfig(SourcedTable):
    """Snow on the modules (`models.solar.Snow`); needs a weather with snow_depth."""

    fall_m_per_h: Number | None = None
    least_depth_m: Number | None = None
    strings_per_row: Count | None = None


class PVConfig(SourcedTable):
    """Photovoltaic plant (fields of `models.solar.PVPlant`, which explains and limits them).

    `capacity_kw` is the inverters' AC rating, as a connection is contracted; the plant's `dc_kw` is that times
    `dc_ac_ratio`. Keys left out take the plant's defaults. `spectrum` "none": no response to the spectrum.
    """

    capacity_kw: PositiveKW
    dc_ac_ratio: Annotated[Number, Field(ge=0.5, le=3)] = 1.25
    tracking: Literal["single_axis", "fixed"] | None = None
    tilt_deg: Number | None = None
    azimuth_deg: Number | None = None
    gcr: Number | None = None
    max_angle_deg: Number | None = None
    temp_coeff_per_k: Number | None = None
    inverter_eff: Number | None = None
    loss_frac: Number | None = None
    losses: PVLossesConfig | None = None
    bifaciality: Number | None = None
    albedo: Number | None = None
    rear_loss_frac: Number | None = None
    transposition: Literal["perez_driesse", "haydavies"] | None = None
    cell: Text | None = None
    spectrum: Text | None = None
    anti_reflective: Flag | None = None
    backtrack: Flag | None = None
    soiling: SoilingConfig | None = None
    snow: SnowConfig | None = None
    price_cny_per_kwh: PriceKWh

    def plant(self) -> PVPlant:
        """The plant as `models.solar` computes it."""
        from models.solar import PVLosses, PVPlant, Snow, Soiling

        fields = plant_fields(self)
        for name, part in (("losses", PVLosses), ("soiling", Soiling), ("snow", Snow)):
            if name in fields:
                fields[name] = part(**plant_fields(fields[name]))
        if self.spectrum == "none":  # a file has no other word for the plant's None: left out is the default
            fields["spectrum"] = None
        return PVPlant(dc_kw=fields.pop("capacity_kw") * self.dc_ac_ratio, **fields)


class WindLossesConfig(SourcedTable):
    """Losses of a wind farm by name (`models.wind.WindLosses`); keys left out take its defaults."""

    wake_frac: LossFraction | None = None
    availability_frac: LossFraction | None = None
    electrical_frac: LossFraction | None = None
    blade_frac: LossFraction | None = None


class WindConfig(SourcedTable):
    """Wind farm (fields of `models.wind.WindPlant`, which explains and limits them).

    `turbine` names a curve of models/data/turbines.csv; `power_curve` gives an own one: speeds [m/s] and power [kW].
    `low_temperature_stop_degc = "never"` is a farm that no frost stops.
    """

    capacity_kw: PositiveKW
    turbine: Text | None = None
    power_curve: tuple[tuple[Number, ...], tuple[Number, ...]] | None = None
    hub_height_m: Annotated[Number, Field(ge=10, le=250)] = 120.0
    shear_exponent: Number | Text = 0.14  # a text: "measured"
    speed_factor: Annotated[Number, Field(ge=0.3, le=3)] = 1.0
    loss_frac: Annotated[Number, Field(ge=0, lt=1)] | None = None
    losses: WindLossesConfig | None = None
    density_correction: Flag = True
    turbulence_intensity: Annotated[Number, Field(ge=0.01, le=0.25)] | None = None
    storm: Literal["cut_out", "hysteresis", "ramp"] = "cut_out"
    cut_out_m_s: Number | None = None
    storm_restart_m_s: Number | None = None
    storm_ramp_m_s: tuple[Number, Number] | None = None
    low_temperature_stop_degc: Number | Text = -30.0  # a text: "never"
    low_temperature_restart_degc: Number | None = None
    price_cny_per_kwh: PriceKWh

    @model_validator(mode="after")
    def _frost_is_never_or_a_temperature(self) -> WindConfig:
        if isinstance(self.low_temperature_stop_degc, str) and self.low_temperature_stop_degc != "never":
            raise ValueError(
                f'low_temperature_stop_degc = "{self.low_temperature_stop_degc}"; allowed: -60 to 0 degC or "never"'
            )
        return self

    def plant(self) -> WindPlant:
        """The farm as `models.wind` computes it."""
        from models.wind import WindLosses, WindPlant

        fields = plant_fields(self)
        if self.low_temperature_stop_degc == "never":
            fields["low_temperature_stop_degc"] = None
        if self.losses is not None:
            fields["losses"] = WindLosses(**plant_fields(self.losses))
        return WindPlant(**fields)


class BatteryConfig(SourcedTable):
    """Battery with a green and a grey stock; both start as shares of `energy_kwh`.

    `self_discharge_per_h` left out is that of `models.battery.Battery`.
    """

    energy_kwh: PositiveKWh
    power_kw: PositiveKW
    charge_eff: Efficiency
    discharge_eff: Efficiency
    self_discharge_per_h: Annotated[Number, Field(ge=0, lt=1)] = 2e-5
    wear_cny_per_kwh: PriceKWh
    initial_green_frac: Fraction = 0.0
    initial_grey_frac: Fraction = 0.0

    @model_validator(mode="after")
    def _stocks_fit(self) -> BatteryConfig:
        if self.initial_green_frac + self.initial_grey_frac > 1:
            raise ValueError("initial_green_frac + initial_grey_frac exceed 1; lower one of them")
        return self

    def model(self) -> Battery:
        """The battery as `models.battery` computes it."""
        from models.battery import Battery

        return Battery(**plant_fields(self))
