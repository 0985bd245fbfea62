"""The tables of one node of the study file, each with the plant of `models` it becomes.

`models` is imported inside the methods: reading and checking a study needs no weather and no physics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field, model_validator

from energy.config_cooling import CoolingConfig
from energy.config_fields import (
    MOST_GPUS,
    Count,
    Efficiency,
    Flag,
    Fraction,
    Identifier,
    LossFraction,
    NonNegativeKW,
    Number,
    PositiveKW,
    SourcedTable,
    Text,
    plant_fields,
)
from energy.config_grid import GridConfig
from energy.config_supply import BatteryConfig, PVConfig, WindConfig

if TYPE_CHECKING:
    from models.battery import Battery
    from models.electrical import ElectricalPlant
    from models.grid import GridConnection
    from models.overhead import NodePlant
    from models.solar import PVPlant
    from models.wind import WindPlant
    from weather.nodes import Node


class PoolSpec(NamedTuple):
    """Identical clusters of one GPU type at one node, or GPUs that are allocated one by one (`free`)."""

    pool_id: str
    gpu_type: str
    cluster_gpus: int
    count: int
    free: bool


class SiteConfig(SourcedTable):
    """Where the node stands (the weather's own place may differ and is corrected to this altitude)."""

    name_en: Text
    name_zh: Text
    province: Text
    latitude: Annotated[Number, Field(ge=-90, le=90)]
    longitude: Annotated[Number, Field(ge=-180, le=180)]
    altitude_m: Annotated[Number, Field(ge=-450, le=5500)]


class ClusterConfig(SourcedTable):
    """Clusters of one size, or (`free = true`) GPUs of which a gang may take any."""

    gpu_type: Identifier
    gpus: Count
    count: Count = 1
    free: Flag = False

    @model_validator(mode="after")
    def _countable(self) -> ClusterConfig:
        if self.gpus * self.count > MOST_GPUS:
            raise ValueError(
                f"gpus x count = {self.gpus * self.count:,} GPUs; at most {MOST_GPUS:,} are allowed in one entry"
            )
        return self

    @property
    def name(self) -> str:
        """Pool name inside the node: "h100x200", or "a10" for freely allocated GPUs."""
        return self.gpu_type if self.free else f"{self.gpu_type}x{self.gpus}"


class InferenceConfig(SourcedTable):
    """GPUs kept for latency-bound serving, by civil hour (entry 0 is 00:00-01:00)."""

    gpu_type: Identifier
    gpus_by_hour: Annotated[
        tuple[Annotated[int, Field(strict=True, ge=0)], ...], Field(min_length=24, max_length=24)
    ]
    power_frac: Fraction
    pool: str | None = None


class LatencyConfig(SourcedTable):
    """Round trip from the node to the regions its users are in."""

    round_trip_ms: dict[Text, Annotated[Number, Field(gt=0, le=60_000)]]


class ElectricalConfig(SourcedTable):
    """Losses between the meter and the racks (fields of models.electrical.ElectricalPlant)."""

    rated_kw: PositiveKW
    ups_loss: tuple[LossFraction, LossFraction, LossFraction]
    ups_modules_share: Efficiency
    transformer_no_load_frac: LossFraction
    transformer_load_frac: LossFraction
    distribution_frac: LossFraction
    other_frac_of_rated: LossFraction
    transformer_rated_kw: PositiveKW | None = None
    transformer_modules_share: Efficiency = 0.5


class NodeConfig(SourcedTable):
    """One datacentre: machines, plant, renewables, connection.

    `source` at this level speaks for `other_it_kw`: storage, network and CPU servers, drawn at all hours.
    """

    id: Identifier
    site: SiteConfig
    clusters: Annotated[tuple[ClusterConfig, ...], Field(alias="cluster", min_length=1)]
    inference: tuple[InferenceConfig, ...] = ()
    other_it_kw: NonNegativeKW
    pv: PVConfig | None = None
    wind: WindConfig | None = None
    battery: BatteryConfig | None = None
    cooling: CoolingConfig
    electrical: ElectricalConfig
    grid: GridConfig
    latency: LatencyConfig | None = None

    @property
    def latency_ms(self) -> dict[str, float]:
        """Round trip to each region [ms]; empty where the study gives none."""
        return dict(self.latency.round_trip_ms) if self.latency else {}

    def node(self) -> Node:
        """The place, as `weather` knows it."""
        from weather.nodes import Node

        site = self.site
        return Node(
            node_id=self.id,
            name_en=site.name_en,
            name_zh=site.name_zh,
            province=site.province,
            latitude=site.latitude,
            longitude=site.longitude,
            altitude_m=site.altitude_m,
        )

    def node_plant(self) -> NodePlant:
        """The whole node as `models` computes it: cooling, electrical chain, supply, connection."""
        from models.overhead import NodePlant

        return NodePlant(
            cooling=self.cooling.plant(),
            electrical=self.electrical_plant(),
            pv=self.pv_plant(),
            wind=self.wind_plant(),
            grid=self.grid_connection(),
        )

    def electrical_plant(self) -> ElectricalPlant:
        """UPS, transformer and distribution."""
        from models.electrical import ElectricalPlant

        return ElectricalPlant(**plant_fields(self.electrical))

    def grid_connection(self) -> GridConnection:
        """Limits, export price, green contract and carbon factors of the connection."""
        return self.grid.connection()

    def pv_plant(self) -> PVPlant | None:
        """The photovoltaic plant, or None."""
        return self.pv.plant() if self.pv else None

    def wind_plant(self) -> WindPlant | None:
        """The wind plant, or None."""
        return self.wind.plant() if self.wind else None

    def battery_model(self) -> Battery | None:
        """The battery, or None."""
        return self.battery.model() if self.battery else None

    def pools(self) -> tuple[PoolSpec, ...]:
        """Pools in file order; freely allocated GPUs are one cluster that holds them all."""
        return tuple(
            PoolSpec(
                f"{self.id}/{entry.name}",
                entry.gpu_type,
                entry.gpus * entry.count if entry.free else entry.gpus,
                1 if entry.free else entry.count,
                entry.free,
            )
            for entry in self.clusters
        )

    def reserved_gpus(self) -> dict[str, tuple[int, ...]]:
        """GPUs kept for serving, pool id -> 24 civil hours; pools without any are absent."""
        return {self.inference_pool(entry): entry.gpus_by_hour for entry in self.inference}

    def inference_pool(self, entry: InferenceConfig) -> str:
        """Pool id an inference entry reserves in.

        Raises
        ------
        ValueError
            If the entry names no pool and the node has none or several of its GPU type.
        """
        of_type = [pool.pool_id for pool in self.pools() if pool.gpu_type == entry.gpu_type]
        if entry.pool is not None:
            named = f"{self.id}/{entry.pool.removeprefix(self.id + '/')}"
            if named not in of_type:
                raise ValueError(f'pool "{entry.pool}" is none of the {entry.gpu_type} pools {of_type}')
            return named
        if len(of_type) != 1:
            raise ValueError(
                f"{len(of_type)} pools of {entry.gpu_type} at this node ({of_type}); "
                + ('add pool = "..."' if of_type else f"add a cluster of {entry.gpu_type} or drop the entry")
            )
        return of_type[0]
