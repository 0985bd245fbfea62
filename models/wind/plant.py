"""What a wind farm is: its machine or own curve, its hub, its site, its losses and how it meets storms and frost."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from models.wind.curves import find_turbine
from weather.conventions.errors import ConfigError

DEFAULT_TURBINE = "E-141/4200"
STORMS = ("cut_out", "hysteresis", "ramp")
_STORM_SPAN_M_S = 3.0  # below the cut-out: restart, start of the ramp; above it: end of the ramp
_FROST_SPAN_K = 2.0


@dataclass(frozen=True, slots=True)
class WindLosses:
    """Named losses of a wind farm between the machines' curves and the meter; they multiply.

    All defaults are assumptions in the usual ranges of yield assessments: wake 6-10 %, availability 3 %, electrical
    2-3 %, blades and ice 1-2 %. Curtailment is none of them: the plan decides it.

    Attributes
    ----------
    wake_frac : float
        Energy lost to the wakes of the other machines. A mean of the year and of all speeds: in truth wakes take
        most below rated speed and nothing far above it. [-]
    availability_frac : float
        Machines and grid connection standing still. [-]
    electrical_frac : float
        Cables and transformers up to the meter. [-]
    blade_frac : float
        Blades dirty, worn or iced. [-]

    Examples
    --------
    >>> round(WindLosses().total_frac, 4)
    0.143
    """

    wake_frac: float = 0.08
    availability_frac: float = 0.03
    electrical_frac: float = 0.025
    blade_frac: float = 0.015

    def __post_init__(self) -> None:
        for name in ("wake_frac", "availability_frac", "electrical_frac", "blade_frac"):
            _check_range("wind losses", name, getattr(self, name), 0.0, 0.5)

    @property
    def total_frac(self) -> float:
        """All together [-]: 1 less the product of what each leaves."""
        kept = [1.0 - part for part in (self.wake_frac, self.availability_frac, self.electrical_frac, self.blade_frac)]
        return float(1.0 - np.prod(kept))


@dataclass(frozen=True, slots=True)
class WindPlant:
    """A wind farm at one place.

    Attributes
    ----------
    capacity_kw : float
        Rated power of the machines. [kW]
    turbine : str, optional
        Name of a curve in ``models/data/turbines.csv``. None and no `power_curve`: E-141/4200.
    hub_height_m : float
        10 to 250. [m]
    shear_exponent : float or "measured"
        Exponent of the power law between the height of the weather's wind and the hub, 0 to 0.6; or hour by hour from
        the two heights of the weather that bracket the hub, or the two nearest. Default 0.14, about 1/7, of open land
        in neutral air. [-]
    loss_frac : float, optional
        All losses as one figure, in place of `losses`. [-]
    losses : WindLosses, optional
        Losses by name. None and no `loss_frac`: the defaults of `WindLosses`, 14.3 % together.
    power_curve : (speeds, kW), optional
        An own curve at 1.225 kg/m3 in place of `turbine`: rising speeds [m/s], the first without power, the last the
        cut-out; power [kW] of one machine, scaled so that its maximum is `capacity_kw`. It may fall again beyond its
        maximum (derating in strong wind); that part is read at the raw speed, whatever the density.
    density_correction : bool
        False reads the curve at the raw speed, as if the farm stood at sea level.
    turbulence_intensity : float, optional
        Standard deviation over mean of the wind within a step and over the farm, 0.01 to 0.25: blurs the bends of the
        curve. None: the curve as it is; makers' curves hold the turbulence of their test site (about 0.1) already. [-]
    speed_factor : float
        Mean wind at the farm over mean wind at the weather's place, at hub height, 0.3 to 3: a farm stands on its
        ridge, the anemometer in town. [-]
    storm : "cut_out", "hysteresis" or "ramp"
        Above the cut-out: off for the step; off until the wind has fallen below `storm_restart_m_s`; or less power
        from `storm_ramp_m_s[0]` to none at `storm_ramp_m_s[1]`.
    cut_out_m_s : float, optional
        In place of the curve's own. [m/s]
    storm_restart_m_s : float, optional
        With "hysteresis" only. None: 3 m/s below the cut-out (assumption). [m/s]
    storm_ramp_m_s : (float, float), optional
        With "ramp" only. None: 3 m/s below to 3 m/s above the cut-out (assumption). [m/s]
    low_temperature_stop_degc : float, optional
        Air at the hub below which the farm stands, the limit of cold-climate machines (assumption); None: never. [degC]
    low_temperature_restart_degc : float, optional
        It turns again above this. None: 2 K above the stop (assumption). [degC]

    Raises
    ------
    ConfigError
        Naming the field, what was got and what is allowed; also where two fields say the same thing.

    Examples
    --------
    >>> WindPlant(capacity_kw=50_000.0, turbine="NREL196/6000", losses=WindLosses(wake_frac=0.1)).cut_out
    22.0
    """

    capacity_kw: float
    turbine: str | None = None
    hub_height_m: float = 120.0
    shear_exponent: float | Literal["measured"] = 0.14
    loss_frac: float | None = None
    losses: WindLosses | None = None
    power_curve: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    density_correction: bool = True
    turbulence_intensity: float | None = None
    speed_factor: float = 1.0
    storm: Literal["cut_out", "hysteresis", "ramp"] = "cut_out"
    cut_out_m_s: float | None = None
    storm_restart_m_s: float | None = None
    storm_ramp_m_s: tuple[float, float] | None = None
    low_temperature_stop_degc: float | None = -30.0
    low_temperature_restart_degc: float | None = None

    def __post_init__(self) -> None:
        _check_range("wind plant", "capacity_kw", self.capacity_kw, 0.0, 1e8)
        _check_range("wind plant", "hub_height_m", self.hub_height_m, 10.0, 250.0)
        _check_range("wind plant", "speed_factor", self.speed_factor, 0.3, 3.0)
        if self.shear_exponent != "measured":
            _check_range("wind plant", "shear_exponent", self.shear_exponent, 0.0, 0.6, also=' or "measured"')
        if self.turbulence_intensity is not None:
            _check_range("wind plant", "turbulence_intensity", self.turbulence_intensity, 0.01, 0.25)
        if self.loss_frac is not None:
            _check_range("wind plant", "loss_frac", self.loss_frac, 0.0, 0.99)
        if self.losses is not None and not isinstance(self.losses, WindLosses):
            raise ConfigError(
                f"wind plant: losses: got {self.losses!r}, allowed WindLosses(wake_frac=..., ...). "
                "Give one figure as loss_frac."
            )
        if not isinstance(self.density_correction, (bool, np.bool_)):
            raise ConfigError(
                f"wind plant: density_correction: got {self.density_correction!r}, allowed True or False. Choose one."
            )
        _refuse_both(self, "loss_frac", "losses")
        _refuse_both(self, "turbine", "power_curve")
        if self.power_curve is not None:
            object.__setattr__(self, "power_curve", _own_curve(self.power_curve))
        else:
            find_turbine(self.turbine or DEFAULT_TURBINE)
        _check_storm(self)
        _check_frost(self)

    @property
    def total_loss_frac(self) -> float:
        """All losses together [-]."""
        if self.loss_frac is not None:
            return self.loss_frac
        return (self.losses or WindLosses()).total_frac

    @property
    def curve(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Speeds [m/s] and shares of rated power [-] at 1.225 kg/m3, up to rated power."""
        if self.power_curve is not None:
            speeds, power_kw = self.power_curve
            return speeds, tuple(power / max(power_kw) for power in power_kw)
        machine = find_turbine(self.turbine or DEFAULT_TURBINE)
        return machine.speeds_m_s, tuple(power / machine.rated_kw for power in machine.power_kw)

    @property
    def cut_in(self) -> float:
        """Hub speed up to which there is no power [m/s]: the last point of the curve without any."""
        speeds, shares = self.curve
        return speeds[next(point for point, share in enumerate(shares) if share > 0.0) - 1]

    @property
    def cut_out(self) -> float:
        """Highest hub speed at which the machines run at full power [m/s]."""
        if self.cut_out_m_s is not None:
            return self.cut_out_m_s
        if self.power_curve is not None:
            return self.power_curve[0][-1]
        return find_turbine(self.turbine or DEFAULT_TURBINE).cut_out_m_s

    @property
    def storm_restart(self) -> float:
        """Hub speed below which machines that a storm stopped run again [m/s]."""
        return self.cut_out - _STORM_SPAN_M_S if self.storm_restart_m_s is None else self.storm_restart_m_s

    @property
    def storm_ramp(self) -> tuple[float, float]:
        """Hub speeds at which the storm ramp leaves full power and reaches none [m/s]."""
        return self.storm_ramp_m_s or (self.cut_out - _STORM_SPAN_M_S, self.cut_out + _STORM_SPAN_M_S)

    @property
    def frost(self) -> tuple[float, float] | None:
        """Temperatures at the hub that stop the farm and let it run again [degC]; None where none does."""
        stop = self.low_temperature_stop_degc
        if stop is None:
            return None
        again = self.low_temperature_restart_degc
        return stop, stop + _FROST_SPAN_K if again is None else again


def _check_range(what: str, field: str, value: object, low: float, high: float, *, also: str = "") -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise ConfigError(f"{what}: {field}: got {value!r}, allowed {low:g} to {high:g}{also}. Correct the figure.")


def _refuse_both(plant: WindPlant, one: str, other: str) -> None:
    if getattr(plant, one) is not None and getattr(plant, other) is not None:
        raise ConfigError(f"wind plant: {one} and {other} are both given, allowed one of them. Remove one.")


def _own_curve(given: object) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The curve as tuples of floats, so that the plant stays hashable."""
    try:
        speeds, power = (tuple(float(value) for value in column) for column in given)
    except (TypeError, ValueError):
        raise ConfigError(
            f"wind plant: power_curve: got {given!r}, allowed two equally long lists, speeds [m/s] and power [kW]."
        ) from None
    faults = (
        (len(speeds) != len(power) or len(speeds) < 3, "two equally long lists of at least 3 points"),
        (not np.all(np.isfinite([*speeds, *power])), "finite numbers"),
        (speeds and (speeds[0] < 0.0 or speeds[-1] > 60.0), "speeds from 0 to 60 m/s"),
        (any(low >= high for low, high in pairwise(speeds)), "speeds that rise"),
        (any(kw < 0.0 for kw in power) or not any(kw > 0.0 for kw in power), "power of at least 0 and some above"),
        (bool(power) and power[0] != 0.0, "no power at the first speed"),
        (bool(power) and power[-1] == 0.0, "power at the last speed, which is the cut-out"),
    )
    for wrong, allowed in faults:
        if wrong:
            raise ConfigError(f"wind plant: power_curve: got {speeds} m/s, {power} kW; allowed {allowed}.")
    return speeds, power


def _check_storm(plant: WindPlant) -> None:
    if plant.storm not in STORMS:
        raise ConfigError(f"wind plant: storm: got {plant.storm!r}, allowed {', '.join(STORMS)}. Choose one.")
    for field, of in (("storm_restart_m_s", "hysteresis"), ("storm_ramp_m_s", "ramp")):
        if getattr(plant, field) is not None and plant.storm != of:
            raise ConfigError(f'wind plant: {field}: given, allowed with storm = "{of}" only. Remove it or set storm.')
    rated = plant.curve[0][int(np.argmax(plant.curve[1]))]
    if plant.cut_out_m_s is not None:
        _check_range("wind plant", "cut_out_m_s", plant.cut_out_m_s, rated, 60.0)
    if plant.storm == "hysteresis":
        _check_range("wind plant", "storm_restart_m_s", plant.storm_restart, 0.0, plant.cut_out)
    if plant.storm == "ramp":
        ramp = plant.storm_ramp
        numbers = len(ramp) == 2 and all(isinstance(speed, (int, float, np.number)) for speed in ramp)
        if not numbers or not 0.0 < ramp[0] < ramp[1] <= 70.0:
            raise ConfigError(
                f"wind plant: storm_ramp_m_s: got {ramp!r}, allowed two rising speeds to 70 m/s. Correct them."
            )


def _check_frost(plant: WindPlant) -> None:
    if plant.low_temperature_stop_degc is None:
        if plant.low_temperature_restart_degc is not None:
            raise ConfigError(
                "wind plant: low_temperature_restart_degc: given without low_temperature_stop_degc. Give both or none."
            )
        return
    _check_range("wind plant", "low_temperature_stop_degc", plant.low_temperature_stop_degc, -60.0, 0.0)
    stop, again = plant.frost
    _check_range("wind plant", "low_temperature_restart_degc", again, stop, 10.0)
