"""What selling, green power and certificates fetch, rows of ``models/data/grid_contracts_cn.csv``."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from weather.conventions.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ContractPrice:
    """A price seen in a market.

    Attributes
    ----------
    cny_per_kwh : float
    item, grid : str
        What it is paid for, and where ("china": the whole country).
    date : str
        Year, or year and month, it was seen.
    confidence : str
        "verified", "secondary" (one source quoting another) or "derived" (a difference of two figures).
    source : str
    """

    cny_per_kwh: float
    item: str
    grid: str
    date: str
    confidence: str
    source: str


@cache
def contract_prices() -> tuple[ContractPrice, ...]:
    """Every price of the data file, in its order.

    Examples
    --------
    >>> [price.grid for price in contract_prices() if price.item == "green premium"]
    ['gansu', 'inner_mongolia_east']
    """
    text = resources.files("models").joinpath("data/grid_contracts_cn.csv").read_text(encoding="utf-8")
    return tuple(
        ContractPrice(float(row["value"]), row["item"], row["grid"], row["date"], row["confidence"], row["source"])
        for row in csv.DictReader(text.splitlines())
    )


def contract_price(item: str, *, grid: str = "china") -> ContractPrice:
    """One price: a default to start a study from, never a quote.

    Parameters
    ----------
    item : str
        ``"export price"``, ``"green premium"``, ``"certificate"`` and its vintages.
    grid : str
        Such as "ningxia"; certificates are of "china".

    Returns
    -------
    ContractPrice

    Raises
    ------
    ConfigError
        For an item the grid has no row of.

    Examples
    --------
    >>> contract_price("export price", grid="ningxia").cny_per_kwh
    0.2595
    """
    for price in contract_prices():
        if (price.item, price.grid) == (item, grid):
            return price
    known = ", ".join(f"{price.item} of {price.grid}" for price in contract_prices())
    raise ConfigError(f"contract price: no {item!r} of {grid!r}, allowed {known}. Give the price of your own contract.")
