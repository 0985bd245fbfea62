"""Provincial time-of-use tariffs and network charges, rows of ``models/data/tariff_*_cn.csv``.

An all-in price is energy + line loss + transmission + system operation + funds. The lists give it whole for 1-10 kV;
only the energy part floats with the time of use.
"""

import csv
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np

from models.grid.tariff import Tariff, TariffPeriod
from weather.conventions.errors import ConfigError

VOLTAGES = ("1-10kv", "35kv", "110kv", "220kv")
_LISTED = "1-10kv"  # the voltage the monthly lists are known for
_OVER = ("sharp peak", "deep valley")  # hours carved out of the labels below
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class NetworkCharges:
    """What the network adds to the price of energy, at one voltage of one province.

    Attributes
    ----------
    grid, voltage : str
    transmission_cny_per_kwh : float
        Transmission and distribution price, two-part tariff. [CNY/kWh]
    line_loss_frac : float
        Loss between the generator and the meter, as a share of what is fed in. [-]
    funds_cny_per_kwh : float
        Government funds and surcharges. [CNY/kWh]
    demand_cny_per_kw_month, capacity_cny_per_kva_month : float or None
        The two bases of the fixed part; None where no figure was found. [CNY/kW, CNY/kVA per month]
    valid_from, valid_to : datetime.date
    source : str
    """

    grid: str
    voltage: str
    transmission_cny_per_kwh: float
    line_loss_frac: float
    funds_cny_per_kwh: float
    demand_cny_per_kw_month: float | None
    capacity_cny_per_kva_month: float | None
    valid_from: dt.date
    valid_to: dt.date
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.line_loss_frac < 1:
            raise ConfigError(
                f"network charges of {self.grid}: got line_loss_frac={self.line_loss_frac}, allowed [0, 1). "
                "Give a share, not percent."
            )


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("models").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _grid_key(province: str, *, known: list[str], what: str) -> str:
    if not isinstance(province, str):
        raise ConfigError(f"{what}: got province={province!r}, allowed {', '.join(known)}. Correct the name.")
    key = re.sub(r"[\s-]+", "_", province.strip().lower())
    if key not in known:
        raise ConfigError(f"{what}: no rows for {province!r}, allowed {', '.join(known)}. Give your own tariff.")
    return key


def _voltage_key(voltage: str) -> str:
    key = re.sub(r"[\s>=≥]+", "", voltage.lower()) if isinstance(voltage, str) else None
    if key not in VOLTAGES:
        raise ConfigError(f"voltage: got {voltage!r}, allowed {', '.join(VOLTAGES)}. Correct it.")
    return key


def _priced_grids() -> list[str]:
    return list(dict.fromkeys(row["grid"] for row in _rows("tariff_prices_cn.csv")))


def _network_values(grid: str) -> dict[tuple[str, str], dict[str, str]]:
    return {(r["item"], r["voltage"]): r for r in _rows("tariff_network_cn.csv") if r["grid"] == grid}


def network_charges(province: str, *, voltage: str = "110kv") -> NetworkCharges:
    """Transmission, losses, funds, demand and capacity charge of a province.

    Parameters
    ----------
    province : str
        Such as "Ningxia" or "inner_mongolia_west".
    voltage : str
        One of "1-10kv", "35kv", "110kv", "220kv" (and above).

    Returns
    -------
    NetworkCharges

    Raises
    ------
    ConfigError
        For a province or a voltage without rows.

    References
    ----------
    NDRC, transmission and distribution prices of the fourth regulatory period, 发改价格〔2026〕1077号, annex 1.

    Examples
    --------
    >>> network_charges("Ningxia", voltage="110kv").transmission_cny_per_kwh
    0.0567
    """
    known = list(dict.fromkeys(row["grid"] for row in _rows("tariff_network_cn.csv")))
    grid, level = _grid_key(province, known=known, what="network charges"), _voltage_key(voltage)
    rows = _network_values(grid)
    transmission = rows[("transmission", level)]
    fixed = [rows.get((item, level)) for item in ("demand charge", "capacity charge")]
    demand, capacity = (float(row["value"]) if row else None for row in fixed)
    return NetworkCharges(
        grid=grid,
        voltage=level,
        transmission_cny_per_kwh=float(transmission["value"]),
        line_loss_frac=float(rows[("line loss", "")]["value"]),
        funds_cny_per_kwh=float(rows[("funds", "")]["value"]),
        demand_cny_per_kw_month=demand,
        capacity_cny_per_kva_month=capacity,
        valid_from=dt.date.fromisoformat(transmission["valid_from"]),
        valid_to=dt.date.fromisoformat(transmission["valid_to"]),
        source=transmission["source"],
    )


def delivered_price(energy_cny_per_kwh, charges: NetworkCharges, *, system_operation_cny_per_kwh: float = 0.0):
    """Price at the meter of energy bought at a market price.

    Parameters
    ----------
    energy_cny_per_kwh : numeric or DataArray, any shape
        Market price (spot, contract) where the energy is fed in; may be negative. [CNY/kWh]
    charges : NetworkCharges
    system_operation_cny_per_kwh : float
        System operation fee (ancillary services, capacity payments), which changes monthly; the default of 0 is an
        assumption: take it from the bill. [CNY/kWh]

    Returns
    -------
    numeric or DataArray
        Shape and labels of ``energy_cny_per_kwh``. [CNY/kWh]

    Notes
    -----
    ``energy / (1 - line_loss_frac) + transmission + funds + system_operation``: losses are bought at the price of the
    energy. Demand and capacity charge are apart (`demand_charge_cny`). For the list of March 2026 of Inner
    Mongolia West this leaves 0.030 CNY/kWh to the system operation fee and the change of the regulatory period.

    Examples
    --------
    >>> round(delivered_price(0.25, network_charges("Ningxia", voltage="110kv")), 4)
    0.3346
    """
    fixed = charges.transmission_cny_per_kwh + charges.funds_cny_per_kwh + system_operation_cny_per_kwh
    return energy_cny_per_kwh / (1.0 - charges.line_loss_frac) + fixed


def demand_charge_cny(
    charges: NetworkCharges, *, basis: str, peak_kw: float = 0.0, transformer_kva: float = 0.0
) -> float:
    """Fixed part of a two-part tariff for a month.

    Parameters
    ----------
    charges : NetworkCharges
    basis : str
        ``"demand"``: the month's highest import; ``"capacity"``: installed transformers, whatever is drawn.
    peak_kw : float
        Highest import of the month, for "demand". [kW]
    transformer_kva : float
        Installed capacity, for "capacity". [kVA]

    Returns
    -------
    float
        [CNY per month]

    Raises
    ------
    ConfigError
        For another basis, a size that is missing, or a charge without a figure.

    Notes
    -----
    ``demand_cny_per_kw_month * peak`` or ``capacity_cny_per_kva_month * kva``. The meter's peak is a quarter-hour
    mean; hourly steps see a flatter one.

    Examples
    --------
    >>> demand_charge_cny(network_charges("Ningxia"), basis="demand", peak_kw=1000.0)
    25600.0
    """
    prices = {
        "demand": (charges.demand_cny_per_kw_month, peak_kw, "peak_kw"),
        "capacity": (charges.capacity_cny_per_kva_month, transformer_kva, "transformer_kva"),
    }
    if basis not in prices:
        raise ConfigError(f"demand charge: got basis {basis!r}, allowed {' or '.join(prices)}. Correct it.")
    price, size, name = prices[basis]
    if price is None:
        raise ConfigError(
            f"demand charge: {charges.grid} at {charges.voltage} has no figure for basis {basis!r}, allowed are "
            "voltages of 35 kV and more. Give the charge of your own contract."
        )
    if not size > 0:
        raise ConfigError(f"demand charge: got {name}={size}, allowed more than 0. Give it for basis {basis!r}.")
    return price * size


def builtin_tariff_ids() -> tuple[str, ...]:
    """Ids of the provincial tariffs built in, such as ``"ningxia-110kv"``.

    Examples
    --------
    >>> "ningxia-110kv" in builtin_tariff_ids()
    True
    """
    found = []
    for grid in _priced_grids():
        at = [level for level in VOLTAGES if level == _LISTED or ("transmission", level) in _network_values(grid)]
        found += [f"{grid}-{level}" for level in at]
    return tuple(found)


def builtin_tariff(tariff_id: str) -> Tariff:
    """A provincial tariff by its id, latest prices (`provincial_tariff`).

    Raises
    ------
    ConfigError
        For an id that is not built in.
    """
    if tariff_id not in builtin_tariff_ids():
        raise ConfigError(
            f"tariff: {tariff_id!r} is not built in, allowed {', '.join(builtin_tariff_ids())}. Correct the id or "
            "give your own [[tariff]]."
        )
    grid, _, level = tariff_id.partition("-")
    return provincial_tariff(grid, voltage=level)


def provincial_tariff(province: str, *, voltage: str = "110kv", month: str | None = None) -> Tariff:
    """Time-of-use tariff of a province at a voltage: all-in energy price by month and hour.

    Parameters
    ----------
    province : str
        Such as "Ningxia" or "Inner Mongolia West".
    voltage : str
        "1-10kv", "35kv", "110kv" or "220kv".
    month : str, optional
        Month of the price list, "2026-03": the tariff then holds in that month alone. Without it the latest list
        is taken for its whole calendar year, which is an assumption: lists change from month to month.

    Returns
    -------
    Tariff
        Dated, with the notice of its hours and the source of its prices in ``source``.

    Raises
    ------
    ConfigError
        For a province, voltage or month without rows, and for Xinjiang, Hebei North, Chongqing and Yunnan, whose
        prices are missing or contradict their notice.

    Notes
    -----
    The list gives the all-in price at 1-10 kV in the season of its month. Other voltages:
    ``listed - transmission(1-10kV) + transmission(voltage)``. Other seasons:
    ``flat + energy_base * (energy_factor - 1)``, because only the energy part floats; against the listed prices of
    its own season this is within 0.0003 CNY/kWh for the six provinces whose factors are known. Rounded to the
    list's four decimals.

    Examples
    --------
    >>> tariff = provincial_tariff("Ningxia", voltage="110kv")
    >>> sorted({(period.label, period.price_cny_per_kwh) for period in tariff.periods})
    [('flat', 0.4327), ('peak', 0.462), ('valley', 0.3063)]
    """
    grid = _grid_key(province, known=_priced_grids(), what="provincial tariff")
    level = _voltage_key(voltage)
    lists = [row for row in _rows("tariff_prices_cn.csv") if row["grid"] == grid]
    months = sorted({row["month"] for row in lists})
    if month is not None and month not in months:
        raise ConfigError(
            f"provincial tariff: no price list of {grid} for month {month!r}, allowed {', '.join(months)}. Give your "
            "own tariff, dated."
        )
    chosen = month or months[-1]
    prices = {row["label"]: float(row["cny_per_kwh"]) for row in lists if row["month"] == chosen}
    hours = [row for row in _rows("tariff_hours_cn.csv") if row["grid"] == grid]
    at = _month_prices(grid, hours, prices, listed_month=int(chosen[5:]), step=_voltage_step(grid, level))
    year = int(chosen[:4])
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    if month is not None:
        first = dt.date(year, int(chosen[5:]), 1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    held = "" if month else f" (assumption: held for {year})"
    notes = {row["note"] for row in lists if row["note"].startswith("assumption") and row["month"] == chosen}
    source = f"hours {hours[0]['source']}; prices {lists[0]['source']}{held}"
    return Tariff(
        tariff_id=f"{grid}-{level}",
        periods=_periods(hours, at),
        source="; ".join([source, *sorted(notes)]),
        valid_from=first,
        valid_to=last,
    )


def _voltage_step(grid: str, level: str) -> float:
    """What a voltage costs more than the listed one. [CNY/kWh]"""
    if level == _LISTED:
        return 0.0
    rows = _network_values(grid)
    if ("transmission", level) not in rows:
        raise ConfigError(
            f"provincial tariff: {grid} has no transmission price at {level}, allowed {_LISTED}. Take that, or give "
            "your own tariff."
        )
    return float(rows[("transmission", level)]["value"]) - float(rows[("transmission", _LISTED)]["value"])


def _month_prices(
    grid: str, hours: list[dict], prices: dict[str, float], *, listed_month: int, step: float
) -> dict[tuple[int, str], float]:
    """Price of every month and label [CNY/kWh]."""
    factor = {(int(m), row["label"]): row["energy_factor"] for row in hours for m in row["months"].split()}
    found = {}
    for (month, label), its in factor.items():
        listed = label in prices and factor.get((listed_month, label)) == its
        if listed:
            price = prices[label]
        elif its and "energy base" in prices:
            price = prices["flat"] + prices["energy base"] * (float(its) - 1.0)
        else:
            raise ConfigError(
                f"provincial tariff: {grid} has no factor for {label} in month {month}. Give your own tariff."
            )
        found[month, label] = round(price + step + 1e-9, 4)
    return found


def _spans_min(text: str) -> list[tuple[int, int]]:
    spans = []
    for span in text.split():
        start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
        spans += [(start, end)] if end > start else [(start, _DAY_MIN), (0, end)]
    return [span for span in spans if span[1] > span[0]]


def _periods(hours: list[dict], prices: dict[tuple[int, str], float]) -> tuple[TariffPeriod, ...]:
    """Runs of one label over the day, each with the months that share it."""
    months_of: dict[tuple[str, int, int, float], list[int]] = {}
    for month in range(1, 13):
        rows = [row for row in hours if str(month) in row["months"].split()]
        label_at = np.full(_DAY_MIN, "", dtype=object)
        for row in sorted(rows, key=lambda row: row["label"] in _OVER):  # what is carved out comes last
            for start, end in _spans_min(row["hours"]):
                label_at[start:end] = row["label"]
        cuts = [0, *(np.flatnonzero(label_at[1:] != label_at[:-1]) + 1), _DAY_MIN]
        for start, end in pairwise(cuts):
            label = str(label_at[start])
            if label:  # a minute without a price is for check_tariff to name
                months_of.setdefault((label, int(start), int(end), prices[month, label]), []).append(month)
    return tuple(
        TariffPeriod(label, tuple(months), start / 60, end / 60, price)
        for (label, start, end, price), months in months_of.items()
    )
