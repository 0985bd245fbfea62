"""A node's connection in the study file, and its price, carbon factor and import limit step by step.

Prices come from a tariff (of the study or built in) or from a CSV file; carbon factor and import limit are one figure
or come from a CSV file. `greendc check`, the plan and the verifier ask the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from energy.config_fields import Fraction, NonNegativeKW, Number, PositiveKW, PriceKWh, SourcedTable, Text
from weather.conventions.errors import GreenDCError

if TYPE_CHECKING:
    import xarray as xr

    from energy.config import Study
    from energy.config_nodes import NodeConfig
    from models.grid import GridConnection

CSV_KEYS = ("price_csv", "import_limit_csv", "carbon_csv")
# ids of the study's own tariffs, and of the built-in ones such as "ningxia-110kv"
TariffName = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
CarbonFactor = Annotated[Number, Field(ge=0, le=2)]
# markets pay less than nothing for a kWh too many: a node then sells none
ExportPrice = Annotated[Number, Field(ge=-5, le=5)]


class GridConfig(SourcedTable):
    """Connection, contract and carbon factor.

    `tariff` names a [[tariff]] of the study or a built-in one; `price_csv` gives prices by slot in its place. Paths
    are relative to the study file. `export_price_cny_per_kwh` may be below 0: surplus is then curtailed.

    A green contract is a share of what is bought. One of a fixed power (`green_contract_kw` of
    `models.grid.GridConnection`) is no key here: its premium, on the lesser of import and contract, is concave in the
    import, and a linear plan would buy it wrongly.
    """

    import_limit_kw: PositiveKW
    import_limit_csv: Text | None = None
    export_limit_kw: NonNegativeKW = 0.0
    export_price_cny_per_kwh: ExportPrice = 0.0
    tariff: TariffName | None = None
    price_csv: Text | None = None
    price_of: Literal["delivered", "market"] = "delivered"
    network: TariffName | None = None
    system_operation_cny_per_kwh: PriceKWh = 0.0
    demand_price_cny_per_kw_month: Annotated[Number, Field(ge=0, le=10_000)]
    month_peak_kw: NonNegativeKW
    carbon_kg_per_kwh: CarbonFactor
    carbon_csv: Text | None = None
    residual_kg_per_kwh: CarbonFactor = 0.5856
    green_contract_share: Fraction = 0.0
    green_premium_cny_per_kwh: PriceKWh = 0.0

    @model_validator(mode="after")
    def _peak_within_limit(self) -> GridConfig:
        if self.month_peak_kw > self.import_limit_kw:
            raise ValueError(
                f"month_peak_kw = {self.month_peak_kw:g} exceeds import_limit_kw = {self.import_limit_kw:g}; "
                "a peak already drawn cannot exceed the connection"
            )
        return self

    @model_validator(mode="after")
    def _one_price(self) -> GridConfig:
        if (self.tariff is None) == (self.price_csv is None):
            given = "both" if self.tariff else "neither"
            raise ValueError(f"{given} of tariff and price_csv given; allowed: one of them")
        if self.price_of == "market" and (self.price_csv is None or self.network is None):
            raise ValueError(
                'price_of = "market" needs price_csv, and network = "ningxia-110kv" or the like: whose transmission, '
                "losses and funds are added"
            )
        if self.network is not None and self.price_of != "market":
            raise ValueError('network is added to market prices alone; set price_of = "market" or leave network out')
        if self.network is not None and "-" not in self.network:
            raise ValueError(f'network = "{self.network}"; allowed: province-voltage, such as "ningxia-110kv"')
        return self

    @property
    def priced_by(self) -> str:
        """The tariff's id, or the name of the price file."""
        return self.tariff or Path(str(self.price_csv)).name

    def connection(self) -> GridConnection:
        """The connection as `models.grid` sees it."""
        from models.grid import GridConnection

        return GridConnection(
            location_kg_per_kwh=self.carbon_kg_per_kwh,
            residual_kg_per_kwh=self.residual_kg_per_kwh,
            import_limit_kw=self.import_limit_kw,
            export_limit_kw=self.export_limit_kw,
            export_price_cny_per_kwh=self.export_price_cny_per_kwh,
            green_contract_share=self.green_contract_share,
            green_premium_cny_per_kwh=self.green_premium_cny_per_kwh,
        )


def import_price(study: Study, node: NodeConfig, time: np.ndarray, step_h: float) -> np.ndarray:
    """Price of a kWh at the meter in each step, contracted green premium included, shape (step,) [CNY/kWh].

    Raises
    ------
    DataError
        Where the price file cannot be used or does not cover the window, or the tariff asks the type of a day
        nobody knows.
    """
    from models.grid import delivered_price, energy_price, mean_on

    grid = node.grid
    if grid.price_csv is None:
        price = energy_price(time, study.tariff(str(grid.tariff)), step_h=step_h, holidays=study.holidays())
    else:
        price = mean_on(_series(grid, "price_csv"), time, step_h)
        if grid.price_of == "market":
            fee = grid.system_operation_cny_per_kwh
            price = delivered_price(price, network_of(grid), system_operation_cny_per_kwh=fee)
    return price + grid.green_contract_share * grid.green_premium_cny_per_kwh


def network_of(grid: GridConfig):
    """Network charges the key `network` names ("province-voltage").

    Raises
    ------
    ConfigError
        For a province or voltage without rows.
    """
    from models.grid import network_charges

    province, _, voltage = str(grid.network).partition("-")
    return network_charges(province, voltage=voltage)


def carbon_factors(node: NodeConfig, time: np.ndarray, step_h: float) -> np.ndarray:
    """Carbon factor of the grid in each step, by location, shape (step,) [kg/kWh].

    Raises
    ------
    DataError
        Where the file cannot be used or does not cover the window.
    """
    from models.grid import mean_on

    if node.grid.carbon_csv is None:
        return np.full(len(time), float(node.grid.carbon_kg_per_kwh))
    return mean_on(_series(node.grid, "carbon_csv"), time, step_h)


def import_limits(node: NodeConfig, time: np.ndarray, step_h: float) -> np.ndarray:
    """Most that can be imported in each step: the connection, or less where a curtailment call says so, (step,) [kW].

    Raises
    ------
    DataError
        Where the file cannot be used or does not cover the window.
    """
    from models.grid import least_on

    limit = float(node.grid.import_limit_kw)
    if node.grid.import_limit_csv is None:
        return np.full(len(time), limit)
    return np.minimum(least_on(_series(node.grid, "import_limit_csv"), time, step_h), limit)


def least_call_kw(grid: GridConfig) -> float:
    """Least limit of the connection's file of calls [kW].

    Raises
    ------
    DataError
        Where the file cannot be used.
    """
    return float(_series(grid, "import_limit_csv").min())


def _series(grid: GridConfig, key: str) -> xr.DataArray:
    """A grid file as read, (time,)."""
    path = Path(getattr(grid, key))
    try:
        facts = path.stat()
    except OSError:
        return _read(key, path, None)  # which says why it cannot be read
    return _read(key, path, (facts.st_mtime_ns, facts.st_size))


@lru_cache(maxsize=64)
def _read(key: str, path: Path, stamp: tuple[int, int] | None) -> xr.DataArray:
    """The file as it was at that stamp: plan, baseline and check ask for it a dozen times, and a year takes 0.2 s."""
    from models.grid import read_carbon, read_import_limit, read_prices

    return {"price_csv": read_prices, "import_limit_csv": read_import_limit, "carbon_csv": read_carbon}[key](path)


def with_paths(node: NodeConfig, place) -> NodeConfig:
    """The node with the paths of its grid files put through ``place(text)``."""
    paths = {key: place(getattr(node.grid, key)) for key in CSV_KEYS if getattr(node.grid, key) is not None}
    return node.model_copy(update={"grid": node.grid.model_copy(update=paths)}) if paths else node


def series_problems(study: Study) -> Iterator[str]:
    """Grid files that cannot be read, one sentence each; whether they cover a window is asked with the window."""
    try:
        study.holidays()
    except GreenDCError as error:
        yield f"holidays_csv: {error}"
    for node in study.nodes:
        for key in CSV_KEYS:
            try:
                if getattr(node.grid, key) is not None:
                    _series(node.grid, key)
            except GreenDCError as error:
                yield f"node[{node.id}].grid.{key}: {error}"
