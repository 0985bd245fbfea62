"""Chillers: published machines by the DOE-2 curves, and the Carnot fraction."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from models.cooling.tables import row, row_ids
from weather.conventions.errors import ConfigError, DataError

_REFERENCE_LIFT_K = 25.0  # lift at which a Carnot fraction is stated: about 10 degC water, 27 degC condenser water
_MOST_OF_CARNOT = 0.9  # assumption: no machine's fraction is above it at any lift; the most `carnot_eff` may be


@dataclass(frozen=True, slots=True)
class ChillerCurves:
    """One chiller as three DOE-2 curves.

    Attributes
    ----------
    name : str
        Machine in words.
    condenser : {"water", "air"}
        What enters the condenser; air-cooled machines' power includes their fans.
    cop_reference : float
        COP at the reference point. [-]
    capft, eirft : tuple of 6 floats
        Capacity and power per heat against reference: ``c1 + c2 x + c3 x2 + c4 y + c5 y2 + c6 x y``,
        ``x`` leaving chilled water, ``y`` entering condenser fluid [degC].
    eirfplr : tuple of 3 floats
        Power against full load: ``d1 + d2 PLR + d3 PLR2``.
    chilled_range_degc, condenser_range_degc : (float, float)
        Range of the fit. [degC]
    plr_min, plr_max : float
        Part-load ratio below which the machine cycles, and the end of the fit: above it the curve goes on. [-]
    beyond_range : {"slope", "hold"}
        Warmer condenser water and colder chilled water than the fit: ``"slope"`` goes on straight with the edge's
        slope, ``"hold"`` stays at the edge, as EnergyPlus does (power too low there). On the two other sides, where
        the machine could only get better, both hold the edge.
    """

    name: str
    condenser: Literal["water", "air"]
    cop_reference: float
    capft: tuple[float, ...]
    eirft: tuple[float, ...]
    eirfplr: tuple[float, ...]
    chilled_range_degc: tuple[float, float]
    condenser_range_degc: tuple[float, float]
    plr_min: float
    plr_max: float
    beyond_range: Literal["slope", "hold"] = "slope"

    def __post_init__(self) -> None:
        checks = {
            "condenser": (self.condenser in ("water", "air"), "'water' or 'air'"),
            "cop_reference": (1 <= self.cop_reference <= 30, "1 to 30"),
            "capft": (len(self.capft) == 6, "6 coefficients"),
            "eirft": (len(self.eirft) == 6, "6 coefficients"),
            "eirfplr": (len(self.eirfplr) == 3, "3 coefficients"),
            "chilled_range_degc": (_ascends(self.chilled_range_degc), "two ascending temperatures"),
            "condenser_range_degc": (_ascends(self.condenser_range_degc), "two ascending temperatures"),
            "plr_min": (0 < self.plr_min < 1, "more than 0, below 1"),
            "plr_max": (1 <= self.plr_max <= 2, "1 to 2"),
            "beyond_range": (self.beyond_range in ("slope", "hold"), "'slope' or 'hold'"),
        }
        for name, (good, allowed) in checks.items():
            if not good:
                raise ConfigError(
                    f"chiller curves: got {name}={getattr(self, name)!r}, allowed {allowed}. Correct the figure."
                )


def _ascends(pair) -> bool:
    return len(pair) == 2 and pair[0] < pair[1]


def chiller_ids() -> tuple[str, ...]:
    """Machines of `models/data/cooling.toml`.

    Examples
    --------
    >>> chiller_ids()
    ('doe2', 'air_cooled_screw')
    """
    return row_ids("chiller")


@cache
def load_chiller(chiller_id: str) -> ChillerCurves:
    """Curves of a published machine.

    Parameters
    ----------
    chiller_id : str
        ``"doe2"`` (centrifugal, variable speed, water-cooled) or ``"air_cooled_screw"``.

    Raises
    ------
    ConfigError
        When there is no such machine.

    Notes
    -----
    The screw machine's fit begins at 29.44 degC outdoors and is held there, so a winter costs as much as a warm day:
    not for annual energy in cold climates. Up to 30 degC air it takes 0.5 to 1 % more power per K of *warmer* water
    (tested), the reverse of any machine, up to 34 degC little less; only above do setpoints stand in the right order.
    ``"carnot"`` with ``condenser="air"`` is the better choice for both.

    Examples
    --------
    >>> load_chiller("doe2").cop_reference
    6.57
    """
    found = {key: value for key, value in row("chiller", chiller_id).items() if key not in ("id", "source", "note")}
    return ChillerCurves(**{key: tuple(value) if isinstance(value, list) else value for key, value in found.items()})


def _biquadratic(coefficients, x, y):
    c1, c2, c3, c4, c5, c6 = coefficients
    return c1 + c2 * x + c3 * x**2 + c4 * y + c5 * y**2 + c6 * x * y


def _slopes(coefficients, x, y):
    _, c2, c3, c4, c5, c6 = coefficients
    return c2 + 2.0 * c3 * x + c6 * y, c4 + 2.0 * c5 * y + c6 * x


def _at_temperatures(curves: ChillerCurves, chilled_degc, condenser_degc):
    """Capacity and power per heat over reference; see `ChillerCurves.beyond_range`."""
    chilled = np.clip(chilled_degc, *curves.chilled_range_degc)
    condenser = np.clip(condenser_degc, *curves.condenser_range_degc)
    capacity, power = (_biquadratic(own, chilled, condenser) for own in (curves.capft, curves.eirft))
    colder = np.maximum(chilled - chilled_degc, 0.0)
    warmer = np.maximum(condenser_degc - condenser, 0.0)
    if curves.beyond_range == "hold" or not (np.any(colder) or np.any(warmer)):
        return capacity, power
    # a fit whose edge bends the wrong way is held instead: beyond it nothing gets better
    by_chilled, by_condenser = _slopes(curves.capft, chilled, condenser)
    capacity = capacity - np.maximum(by_chilled, 0.0) * colder + np.minimum(by_condenser, 0.0) * warmer
    by_chilled, by_condenser = _slopes(curves.eirft, chilled, condenser)
    power = power - np.minimum(by_chilled, 0.0) * colder + np.maximum(by_condenser, 0.0) * warmer
    _refuse_no_capacity(curves, capacity)
    return capacity, power


def _refuse_no_capacity(curves: ChillerCurves, capacity) -> None:
    bad = ~(np.asarray(capacity) > 0.0)
    if bad.any():
        raise DataError(
            f"cooling: in {int(bad.sum())} values chiller {curves.name!r} has no capacity left, so far are its "
            f"temperatures from the fit (chilled water {curves.chilled_range_degc} degC, condenser "
            f"{curves.condenser_range_degc} degC). Name another machine or 'carnot', or a warmer setpoint."
        )


def _part_load(curves: ChillerCurves, plr):
    """Power at a part-load ratio; below the least ratio the machine cycles, down to 0 in proportion."""
    d1, d2, d3 = curves.eirfplr
    running = np.maximum(plr, curves.plr_min)
    return (d1 + running * (d2 + d3 * running)) * np.minimum(plr / curves.plr_min, 1.0)


def doe2_cop(chilled_degc, condenser_degc, plr, *, curves: ChillerCurves | None = None):
    """COP of a chiller, DOE-2 curves.

    Beyond the fit it is on the safe side: chilled water warmer, and condenser water or air colder, than the fit is
    taken as its edge; the two other ways power goes on rising (Notes).

    Parameters
    ----------
    chilled_degc : numeric
        Leaving chilled water. [degC]
    condenser_degc : numeric
        Entering condenser water or air. [degC]
    plr : numeric
        Part-load ratio, heat over the capacity at these temperatures, more than 0; cycling below the least. Above
        ``plr_max`` the quadratic goes on: power grows faster than heat, nothing is refused. [-]
    curves : ChillerCurves
        Default: ``load_chiller("doe2")``.

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    ``COP = COP_ref * PLR / (EIRFT * EIRFPLR)``. The five published points of the default machine come out within
    5e-4 (tested). Beyond the warm edge ``yw`` of the condenser's range EIRFT and CAPFT go on straight,
    ``f(x, yw) + f_y(x, yw) (y - yw)``, likewise below the cold edge of the chilled water's; a slope of the wrong sign
    is taken as 0. For the default machine at 0.4 to 1 of 1,000 kW (1,250 kW installed) the power is 0.4, 1.4 and 3.2 %
    below that of its quadratic continued to 29, 31 and 33 degC (tested); the held edge would be 7, 13 and 19 % below
    the straight line. No measurement reaches there. Below 7.22 degC chilled water it rises by up to 6 % per K near
    full load: the fit's own edge.

    References
    ----------
    EnergyPlus Engineering Reference, Chiller:Electric:EIR; data set Chillers.idf.

    Examples
    --------
    >>> round(float(doe2_cop(10.0, 20.0, 0.8)), 3)
    8.263
    """
    curves = curves or load_chiller("doe2")
    _, eirft = _at_temperatures(curves, chilled_degc, condenser_degc)
    return curves.cop_reference * np.asarray(plr) / (eirft * _part_load(curves, np.asarray(plr)))


def doe2_power(
    heat_kw, chilled_degc, condenser_degc, *, reference_kw: float, count: int, curves: ChillerCurves | None = None
):
    """Compressor power of several equal chillers staged for least power, DOE-2 curves.

    Parameters
    ----------
    heat_kw : numeric
        Heat to remove. [kW]
    chilled_degc, condenser_degc : numeric
        As in `doe2_cop`. [degC]
    reference_kw : float
        Reference capacity of all the chillers together. [kW]
    count : int
        Number of chillers.
    curves : ChillerCurves
        As in `doe2_cop`.

    Returns
    -------
    numeric
        [kW]

    Notes
    -----
    The least over ``n`` running machines of ``n * P(Q / n)`` among those not overloaded; with all running the curve
    is followed above full load and ``plr_max`` too, so the caller sizes the plant: 1,250 kW of the default machine
    carry 1,056 kW at 1.15 of their capacity with 7.22 degC chilled and 33 degC condenser water. Each term rises with
    ``Q`` and the choice narrows with ``Q``, so the least rises with ``Q``. One machine near its least load draws about
    the same power whatever it carries, and its capacity falls as condenser water warms: there, with water below
    9 degC, the curves give up to 0.6 % less power per K of warmer condenser water.

    Examples
    --------
    >>> round(float(doe2_power(800.0, 10.0, 26.67, reference_kw=1000.0, count=2)), 1)
    103.6
    """
    curves = curves or load_chiller("doe2")
    capft, eirft = _at_temperatures(curves, chilled_degc, condenser_degc)
    heat = np.asarray(heat_kw, dtype=float)
    best = np.full(np.broadcast_shapes(heat.shape, np.shape(capft)), np.inf)
    for running in range(1, count + 1):
        capacity = running / count * reference_kw * capft
        plr = heat / capacity
        power = capacity * eirft * _part_load(curves, plr) / curves.cop_reference
        if running < count:
            power = np.where(plr <= 1.0, power, np.inf)
        best = np.minimum(best, power)
    return best


def carnot_cop(evaporating_degc, condensing_degc, *, carnot_eff: float, cop_max: float, lift_loss_k: float = 0.0):
    """COP of a chiller as a fraction of Carnot's that falls at small lift.

    Use it for warm chilled water (15-20 degC), where no published curve reaches, and for machines known by one
    figure. The efficiency is the same at every load: no gain of variable speed at part load.

    Parameters
    ----------
    evaporating_degc, condensing_degc : numeric
        Refrigerant temperatures. [degC]
    carnot_eff : float
        Fraction of Carnot at 25 K of lift. [-]
    cop_max : float
        Cap. [-]
    lift_loss_k : float
        0: the same fraction at any lift, as air-cooled machines have. 25: water-cooled machines. [K]

    Returns
    -------
    numeric
        [-]

    Notes
    -----
    ``COP = carnot_eff (Te + 273.15) / (lift + loss) * (25 + loss) / 25``, lift ``Tc - Te`` of at least 1 K, not above
    ``cop_max`` and not above ``0.9 (Te + 273.15) / lift`` (assumption): with a loss the fraction of Carnot's goes on
    rising with the lift, and 0.88 with 25 K would pass Carnot's at 33 K; 0.68 with 25 K meets the limit at 49 K,
    without a loss nothing does.

    The loss is fitted at constant heat, as a hall has it, not at constant part load: warmer chilled or colder condenser
    water also raises the capacity, and the machines then run at a better part load. Over the 149 water-cooled machines
    of EnergyPlus's data set with a range wide enough (four machines, 1,250 kW together, heat of 500 to 1,000 kW) a loss
    of 25 K and each one's own fraction leave 4 % rms (median; 9 % for one in ten); the slope of power is off by 0.4 %
    per K of chilled and of condenser water at most (median), where a constant fraction is 3 % per K too steep and a
    loss of 95 K, which fits the centrifugal machine of `load_chiller` at constant part load, 1.2 to 1.7 too flat
    (``benchmarks/carnot_chiller.py``). That machine at 700 of 1,250 kW: 16 % at worst, 5 % rms, fraction 0.81; at full
    heat 0.66, at half 0.88: what its variable speed gains, one fraction does not show. The air-cooled screw machine
    wants no loss (condensing 15 K above the air): constant 0.48, fans included, within 11 %, 4 % rms (tested). 111
    air-cooled machines of the same source, condensing 12 K above the air: 4 % rms (median), power 0.3 % per K of air
    too flat and 0.8 % per K of chilled water too steep, so a warmer setpoint of an air-cooled plant saves three tenths
    less than it seems; one in ten is 22 % rms off.

    Examples
    --------
    >>> round(float(carnot_cop(8.5, 33.17, carnot_eff=0.56, cop_max=15.0)), 2)
    6.39
    >>> round(float(carnot_cop(16.5, 26.5, carnot_eff=0.60, cop_max=15.0, lift_loss_k=25.0)), 2)
    9.93
    """
    evaporating_k = np.asarray(evaporating_degc) + 273.15
    lift = np.maximum(np.asarray(condensing_degc) - np.asarray(evaporating_degc), 1.0)
    at_reference = carnot_eff * (_REFERENCE_LIFT_K + lift_loss_k) / _REFERENCE_LIFT_K
    limit = np.minimum(_MOST_OF_CARNOT * evaporating_k / lift, cop_max)
    return np.minimum(at_reference * evaporating_k / (lift + lift_loss_k), limit)


def capped_condensing(evaporating_degc, *, carnot_eff: float, cop_max: float, lift_loss_k: float):
    """Condensing temperature below which `carnot_cop` gains nothing more. [degC]

    Examples
    --------
    >>> round(float(capped_condensing(16.5, carnot_eff=0.55, cop_max=15.0, lift_loss_k=0.0)), 2)
    27.12
    """
    evaporating = np.asarray(evaporating_degc)
    at_reference = carnot_eff * (_REFERENCE_LIFT_K + lift_loss_k) / _REFERENCE_LIFT_K
    carnot_lift = (evaporating + 273.15) / cop_max  # at which Carnot's own COP is the cap
    lift = np.minimum(at_reference * carnot_lift - lift_loss_k, _MOST_OF_CARNOT * carnot_lift)
    return evaporating + np.maximum(lift, 1.0)
