"""The connection to the grid: limits, export price, green contract, carbon factors of what is bought."""

import math
from dataclasses import dataclass

import numpy as np

from weather.conventions.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class GridConnection:
    """What a node buys and sells at its meter, and what a bought kWh stands for.

    Attributes
    ----------
    location_kg_per_kwh : float
        Carbon factor of the province's grid (`carbon_factor`), for CUE by location. [kg/kWh]
    residual_kg_per_kwh : float
        Carbon factor of what is left when traded non-fossil power is taken out, for CUE by market; default the
        national residual mix of 2022 (``models/data/grid_carbon.csv``). [kg/kWh]
    import_limit_kw, export_limit_kw : float
        Most that can be bought and sold at once; curtailment calls are a series of their own
        (`read_import_limit`). [kW]
    export_price_cny_per_kwh : float
        Paid for a kWh sold. [CNY/kWh]
    green_contract_share : float
        Share of every kWh bought that a contract makes green, with its certificates. [-]
    green_contract_kw : float
        Power a contract delivers as green in every hour, as far as it is bought; give this or the share. [kW]
    green_premium_cny_per_kwh : float
        Paid on top of the energy price for a contracted kWh. [CNY/kWh]

    Raises
    ------
    ConfigError
        Naming the field that is out of its range, or both forms of the contract at once.
    """

    location_kg_per_kwh: float
    residual_kg_per_kwh: float = 0.5856
    import_limit_kw: float = math.inf
    export_limit_kw: float = 0.0
    export_price_cny_per_kwh: float = 0.0
    green_contract_share: float = 0.0
    green_contract_kw: float = 0.0
    green_premium_cny_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        allowed = {
            "location_kg_per_kwh": (0.0, 2.0),
            "residual_kg_per_kwh": (0.0, 2.0),
            "import_limit_kw": (0.0, math.inf),
            "export_limit_kw": (0.0, math.inf),
            "export_price_cny_per_kwh": (-5.0, 5.0),
            "green_contract_share": (0.0, 1.0),
            "green_contract_kw": (0.0, math.inf),
            "green_premium_cny_per_kwh": (0.0, 5.0),
        }
        for name, (low, high) in allowed.items():
            value = getattr(self, name)
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            if not number or not low <= value <= high:
                raise ConfigError(
                    f"grid connection: got {name}={value!r}, allowed {low:g} to {high:g}. Correct the figure."
                )
        if self.green_contract_share > 0 and self.green_contract_kw > 0:
            raise ConfigError(
                f"grid connection: got green_contract_share={self.green_contract_share} and "
                f"green_contract_kw={self.green_contract_kw}; allowed one of them. Set the other to 0."
            )


def contracted_green_kw(import_kw, connection: GridConnection):
    """Part of the import that the green contract covers.

    Parameters
    ----------
    import_kw : numeric or DataArray, any shape
        Power bought. [kW]
    connection : GridConnection

    Returns
    -------
    numeric or DataArray
        ``share * import`` or ``min(import, contract)``; never more than what is bought. [kW]

    Raises
    ------
    DataError
        Import that is missing or negative.

    Examples
    --------
    >>> contract = GridConnection(location_kg_per_kwh=0.6, green_contract_kw=300.0)
    >>> contracted_green_kw(np.array([200.0, 500.0]), contract)
    array([200., 300.])
    """
    _checked_import(import_kw)
    if connection.green_contract_kw > 0:
        return np.minimum(import_kw, connection.green_contract_kw)
    return import_kw * connection.green_contract_share


def location_kg_per_h(import_kw, connection: GridConnection, *, factor_kg_per_kwh=None):
    """CO2 of the import by location: what the grid the node stands in emits per kWh.

    Parameters
    ----------
    import_kw : numeric or DataArray, any shape
        Power bought. [kW]
    connection : GridConnection
    factor_kg_per_kwh : numeric or DataArray, optional
        Factor by slot in place of the province's yearly one (`read_carbon`). [kg/kWh]

    Returns
    -------
    numeric or DataArray
        ``import * factor``; contracts have no part in it. [kg/h]

    Raises
    ------
    DataError
        Import that is missing or negative.

    References
    ----------
    ISO/IEC 30134-8 (CUE); GHG Protocol, Scope 2 Guidance (2015): location-based method.

    Examples
    --------
    >>> location_kg_per_h(1000.0, GridConnection(location_kg_per_kwh=0.6423))
    642.3
    """
    _checked_import(import_kw)
    return import_kw * (connection.location_kg_per_kwh if factor_kg_per_kwh is None else factor_kg_per_kwh)


def market_kg_per_h(import_kw, connection: GridConnection):
    """CO2 of the import by market: contracted green power counts as 0, the rest as the residual mix.

    Parameters
    ----------
    import_kw : numeric or DataArray, any shape
        Power bought. [kW]
    connection : GridConnection

    Returns
    -------
    numeric or DataArray
        ``(import - contracted_green) * residual_kg_per_kwh``. [kg/h]

    Raises
    ------
    DataError
        Import that is missing or negative.

    References
    ----------
    GHG Protocol, Scope 2 Guidance (2015): market-based method.

    Examples
    --------
    >>> contract = GridConnection(location_kg_per_kwh=0.6423, green_contract_share=0.5)
    >>> round(market_kg_per_h(1000.0, contract), 6)
    292.8
    """
    return (import_kw - contracted_green_kw(import_kw, connection)) * connection.residual_kg_per_kwh


def _checked_import(import_kw) -> None:
    bad = ~(np.asarray(import_kw, dtype=float) >= 0)
    if np.any(bad):
        raise DataError(
            f"grid import: {int(np.sum(bad))} values are missing or negative, allowed >= 0 kW. "
            "Export is a flow of its own; correct the import."
        )
