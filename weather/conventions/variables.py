"""The registry of weather variables: name, unit, CF standard name, cell method, hard limits.

One row per variable. The limits are what no place on Earth exceeds; a value outside them is a wrong
unit, a missing code or a broken file, and is refused, never clipped.
"""

from dataclasses import dataclass

WIND_HEIGHT_M = 10.0


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the registry."""

    name: str
    units: str
    standard_name: str
    cell_methods: str
    lowest: float
    highest: float
    required: bool
    source: str
    height_m: float | None = None

    def attrs(self) -> dict[str, str | float]:
        """Attributes every array of this variable carries."""
        attrs: dict[str, str | float] = {
            "units": self.units,
            "standard_name": self.standard_name,
            "cell_methods": self.cell_methods,
        }
        if self.height_m is not None:
            attrs["height_m"] = self.height_m
        return attrs


_RADIATION = "CF standard name table; limit: solar constant 1361 W/m2 (Kopp & Lean 2011) plus cloud enhancement"
_TEMPERATURE = "CF standard name table; limit: WMO weather extremes archive, -89.2 and 56.7 degC, rounded out"
_WIND = "CF standard name table; limit: assumption, no hourly mean at a hub site exceeds 60 m/s"

# fmt: off
VARIABLES: dict[str, Variable] = {
    row.name: row
    for row in (
        Variable("ghi", "W/m2", "surface_downwelling_shortwave_flux_in_air", "time: mean",
                 0.0, 1500.0, True, _RADIATION),
        Variable("dni", "W/m2", "surface_direct_along_beam_shortwave_flux_in_air", "time: mean",
                 0.0, 1400.0, True, _RADIATION),
        Variable("dhi", "W/m2", "surface_diffuse_downwelling_shortwave_flux_in_air", "time: mean",
                 0.0, 1200.0, True, _RADIATION),
        Variable("temp_air", "degC", "air_temperature", "time: mean",
                 -90.0, 60.0, True, _TEMPERATURE),
        Variable("temp_dew", "degC", "dew_point_temperature", "time: mean",
                 -100.0, 40.0, True, _TEMPERATURE),
        Variable("relative_humidity", "%", "relative_humidity", "time: mean",
                 0.0, 100.0, True, "CF standard name table; limit: saturation"),
        Variable("pressure", "Pa", "surface_air_pressure", "time: mean",
                 45_000.0, 110_000.0, True,
                 "CF standard name table; limit: 6000 m altitude, and the record of 1085 hPa at sea level"),
        Variable("wind_speed", "m/s", "wind_speed", "time: mean",
                 0.0, 60.0, True, _WIND, WIND_HEIGHT_M),
        *(
            Variable(f"wind_speed_{height}m", "m/s", "wind_speed", "time: mean",
                     0.0, 80.0, False, _WIND, float(height))
            for height in (50, 80, 100, 120, 180)
        ),
        Variable("precipitation", "mm/h", "lwe_precipitation_rate", "time: mean",
                 0.0, 400.0, False,
                 "CF standard name table; limit: WMO weather extremes archive, 305 mm in an hour, rounded out"),
        Variable("snow_depth", "m", "surface_snow_thickness", "time: mean",
                 0.0, 15.0, False, "CF standard name table; limit: record of 11.8 m (Mt Ibuki, 1927), rounded out"),
        Variable("wind_direction", "degree", "wind_from_direction", "time: mean",
                 0.0, 360.0, False, "CF standard name table; limit: a full turn", WIND_HEIGHT_M),
    )
}
# fmt: on

RADIATION: tuple[str, ...] = ("ghi", "dni", "dhi")
WINDS: tuple[str, ...] = tuple(name for name, row in VARIABLES.items() if row.standard_name == "wind_speed")

REQUIRED: tuple[str, ...] = tuple(name for name, row in VARIABLES.items() if row.required)
