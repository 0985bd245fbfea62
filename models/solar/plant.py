"""What describes a photovoltaic plant: the plant, its named losses, its soiling and its snow.

Figures without a source beside them are assumptions of an ordinary ground-mounted plant.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal

from models.given import refuse_no_numbers
from models.solar.constants import names
from weather.conventions.errors import ConfigError


def _refuse(where: str, owner: object, checks: Mapping[str, tuple[bool, str]]) -> None:
    for name, (good, allowed) in checks.items():
        if not good:
            raise ConfigError(f"{where}: got {name}={getattr(owner, name)!r}, allowed {allowed}. Correct the figure.")


@dataclass(frozen=True, slots=True)
class PVLosses:
    """Named losses, multiplied; row shade, reflection, heat, inverter and clipping are computed, not listed here.

    Defaults are those of PVWatts (Dobos, NREL/TP-6A20-62641, table 6) but for shading, which is computed, and
    `transformer` (1 %: assumption). Soiling here is a constant; give `PVPlant.soiling` and 0 here where rain resets it.

    Attributes
    ----------
    soiling, mismatch, wiring, connections, lid, nameplate, age : float
        On the DC side, before the inverter clips. [-]
    availability, transformer : float
        After the inverter: with them, the plant peaks below its AC rating. [-]

    Examples
    --------
    >>> round(PVLosses().dc_frac, 4), round(PVLosses().ac_frac, 4)
    (0.0868, 0.0397)
    """

    soiling: float = 0.02
    mismatch: float = 0.02
    wiring: float = 0.02
    connections: float = 0.005
    lid: float = 0.015
    nameplate: float = 0.01
    age: float = 0.0
    availability: float = 0.03
    transformer: float = 0.01

    def __post_init__(self) -> None:
        refuse_no_numbers("PV losses", self)
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        _refuse("PV losses", self, {name: (0 <= value < 1, "0 to below 1") for name, value in given.items()})

    @property
    def dc_frac(self) -> float:
        """Share lost before the inverter. [-]"""
        dc = (self.soiling, self.mismatch, self.wiring, self.connections, self.lid, self.nameplate, self.age)
        return 1.0 - math.prod(1.0 - share for share in dc)

    @property
    def ac_frac(self) -> float:
        """Share lost after it. [-]"""
        return 1.0 - (1.0 - self.availability) * (1.0 - self.transformer)


@dataclass(frozen=True, slots=True)
class Soiling:
    """Dust that settles at a constant rate and is gone after rain or washing (Kimber).

    Attributes
    ----------
    rate_per_day : float
        Yield lost per dry day; 0.0015 is Kimber's (California); Doha measured 0.0042 to 0.0045. [1/d]
    rain_threshold_mm : float
        Rain within 24 h that cleans; Kimber: 6 mm. Light rain leaves mud: not modelled. [mm]
    grace_days : float
        Days after rain before dust settles again; Kimber: 14. [d]
    most_frac : float
        The most that is lost; Kimber: 0.3. [-]
    cleaning_interval_days : float or None
        Washing every so many days, counted from `cleaned_on` in both directions. [d]
    cleaned_on : str
        A UTC date of washing, "YYYY-MM-DD".
    initial_frac : float
        Lost at the first stamp; with a cleaning interval the calendar says it, and this must be 0. [-]
    """

    rate_per_day: float = 0.0015
    rain_threshold_mm: float = 6.0
    grace_days: float = 14.0
    most_frac: float = 0.3
    cleaning_interval_days: float | None = None
    cleaned_on: str = "2020-01-01"
    initial_frac: float = 0.0

    def __post_init__(self) -> None:
        refuse_no_numbers("PV soiling", self)
        every = self.cleaning_interval_days
        initial = "0 to most_frac" if every is None else "0 where cleaning_interval_days is given"
        most = self.most_frac if every is None else 0.0
        checks = {
            "rate_per_day": (0 <= self.rate_per_day <= 0.1, "0 to 0.1"),
            "rain_threshold_mm": (0 < self.rain_threshold_mm < math.inf, "more than 0"),
            "grace_days": (0 <= self.grace_days <= 365, "0 to 365"),
            "most_frac": (0 <= self.most_frac < 1, "0 to below 1"),
            "cleaning_interval_days": (every is None or 0 < every <= 3660, "none, or more than 0 and at most 3660"),
            "cleaned_on": (_is_date(self.cleaned_on), "a date YYYY-MM-DD"),
            "initial_frac": (0 <= self.initial_frac <= most, initial),
        }
        _refuse("PV soiling", self, checks)


@dataclass(frozen=True, slots=True)
class Snow:
    """Snow on the modules: full cover at a fall, sliding off in steps (Marion), a brighter ground.

    Attributes
    ----------
    fall_m_per_h : float
        Growth of the snow's depth that counts as a fall; Marion, SAM: 1 cm/h. [m/h]
    least_depth_m : float
        Below this depth on the ground the modules are free; Ryberg and Freeman: 1 cm. [m]
    strings_per_row : int
        Strings one above the other in a row; one that is covered in part yields nothing.
    """

    fall_m_per_h: float = 0.01
    least_depth_m: float = 0.01
    strings_per_row: int = 1

    def __post_init__(self) -> None:
        refuse_no_numbers("PV snow", self)
        checks = {
            "fall_m_per_h": (0 < self.fall_m_per_h <= 1, "more than 0, at most 1"),
            "least_depth_m": (0 < self.least_depth_m <= 1, "more than 0, at most 1"),
            "strings_per_row": (
                isinstance(self.strings_per_row, int) and 1 <= self.strings_per_row <= 20,
                "a whole number from 1 to 20",
            ),
        }
        _refuse("PV snow", self, checks)


@dataclass(frozen=True, slots=True)
class PVPlant:
    """A photovoltaic plant of long rows on level ground.

    Attributes
    ----------
    dc_kw : float
        Module rating at standard conditions. [kW]
    dc_ac_ratio : float
        Module rating over AC rating. [-]
    tracking : {"single_axis", "fixed"}
    tilt_deg : float or None
        Fixed: of the modules; must be given. Single axis: of the axis; None becomes 0, level. [deg]
    azimuth_deg : float
        Fixed: where the modules face. Single axis: where the axis falls to; 180 is north-south, and on the southern
        hemisphere a tilted axis has 0. [deg, north 0, east 90]
    gcr : float
        Ground coverage ratio, module width over row pitch: backtracking, row shade, sky masked by rows, light on the
        ground below. 0.01 is as good as a lone row; where the axis is tilted by 25 deg 0.7 % of a year's energy (1.9 %
        of the rating, hourly) is still taken by the slope of axes (:func:`models.solar.geometry.plant_geometry`). [-]
    max_angle_deg : float
        Rotation limit of the tracker. [deg]
    temp_coeff_per_k : float
        Power per kelvin of cell temperature above 25 degC; -0.0037 standard and -0.0035 premium silicon in SAM. [1/K]
    inverter_eff : float
        Nominal inverter efficiency. [-]
    loss_frac : float or None
        All losses in one figure, on the DC side. [-]
    losses : PVLosses or None
        Losses by name; neither given: `PVLosses()`, 12.3 % together.
    bifaciality : float
        Rear over front response; 0: no light from behind. [-]
    albedo : float
        Of the ground without snow; 0.2 is PVWatts' and pvlib's. Sand and dry grass 0.25 to 0.35. [-]
    rear_loss_frac : float
        Of the rear's light, shaded by structure or lost to its unevenness (assumption: 5 to 10 % are usual). [-]
    transposition : {"perez_driesse", "haydavies"}
    cell : str
        A row `cell` of data/pv.toml.
    spectrum : str or None
        A row `spectrum` of data/pv.toml; None: no response to the spectrum.
    anti_reflective : bool
        Whether the glass is coated.
    backtrack : bool
        Whether the tracker turns back in the morning and evening so that no row shades the next.
    soiling : Soiling or None
    snow : Snow or None

    Raises
    ------
    ConfigError
        Naming the field, what was got and what is allowed.
    """

    dc_kw: float
    dc_ac_ratio: float = 1.25
    tracking: Literal["single_axis", "fixed"] = "single_axis"
    tilt_deg: float | None = None
    azimuth_deg: float = 180.0
    gcr: float = 0.40
    max_angle_deg: float = 60.0
    temp_coeff_per_k: float = -0.0035
    inverter_eff: float = 0.98
    loss_frac: float | None = None
    losses: PVLosses | None = None
    bifaciality: float = 0.0
    albedo: float = 0.2
    rear_loss_frac: float = 0.05
    transposition: Literal["perez_driesse", "haydavies"] = "perez_driesse"
    cell: str = "faiman"
    spectrum: str | None = "de_soto"
    anti_reflective: bool = True
    backtrack: bool = True
    soiling: Soiling | None = None
    snow: Snow | None = None

    def __post_init__(self) -> None:
        refuse_no_numbers("PV plant", self)
        if self.tilt_deg is None and self.tracking == "single_axis":
            object.__setattr__(self, "tilt_deg", 0.0)  # the usual tracker's axis is level
        cells, spectra = names("cell"), names("spectrum")
        one_loss = self.loss_frac is None or self.losses is None
        checks = {
            "dc_kw": (0 <= self.dc_kw < math.inf, ">= 0"),
            "dc_ac_ratio": (0.5 <= self.dc_ac_ratio <= 3, "0.5 to 3"),
            "tracking": (self.tracking in ("single_axis", "fixed"), "'single_axis' or 'fixed'"),
            "tilt_deg": (self.tilt_deg is not None and 0 <= self.tilt_deg <= 90, _TILT),
            "azimuth_deg": (0 <= self.azimuth_deg <= 360, "0 to 360"),
            "gcr": (0 < self.gcr <= 1, "more than 0, at most 1"),
            "max_angle_deg": (0 < self.max_angle_deg <= 90, "more than 0, at most 90"),
            "temp_coeff_per_k": (-0.01 <= self.temp_coeff_per_k <= 0, "-0.01 to 0"),
            "inverter_eff": (0.5 < self.inverter_eff <= 1, "more than 0.5, at most 1"),
            "loss_frac": (one_loss and (self.loss_frac is None or 0 <= self.loss_frac < 1), _LOSS),
            "losses": (self.losses is None or isinstance(self.losses, PVLosses), "PVLosses or None"),
            "bifaciality": (0 <= self.bifaciality <= 1, "0 to 1"),
            "albedo": (0 <= self.albedo <= 1, "0 to 1"),
            "rear_loss_frac": (0 <= self.rear_loss_frac < 1, "0 to below 1"),
            "transposition": (self.transposition in _TRANSPOSITIONS, f"one of {', '.join(_TRANSPOSITIONS)}"),
            "cell": (self.cell in cells, f"one of {', '.join(cells)}"),
            "spectrum": (self.spectrum is None or self.spectrum in spectra, f"None or one of {', '.join(spectra)}"),
            "anti_reflective": (isinstance(self.anti_reflective, bool), "True or False"),
            "backtrack": (isinstance(self.backtrack, bool), "True or False"),
            "soiling": (self.soiling is None or isinstance(self.soiling, Soiling), "Soiling or None"),
            "snow": (self.snow is None or isinstance(self.snow, Snow), "Snow or None"),
        }
        _refuse("PV plant", self, checks)

    @property
    def ac_kw(self) -> float:
        """AC rating of the inverters, where power is clipped. [kW]"""
        return self.dc_kw / self.dc_ac_ratio

    @property
    def dc_loss_frac(self) -> float:
        """Share lost before the inverter. [-]"""
        return (self.losses or PVLosses()).dc_frac if self.loss_frac is None else self.loss_frac

    @property
    def ac_loss_frac(self) -> float:
        """Share lost after the inverter. [-]"""
        return (self.losses or PVLosses()).ac_frac if self.loss_frac is None else 0.0


_TRANSPOSITIONS = ("perez_driesse", "haydavies")
_TILT = "0 to 90, and fixed modules must name it (0: flat on their back)"
_LOSS = "0 to below 1, and only one of loss_frac and losses"


def _is_date(text: object) -> bool:
    try:
        date.fromisoformat(text)
    except (ValueError, TypeError):
        return False
    return True
