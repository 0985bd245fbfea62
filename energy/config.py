"""The study file: what is planned, with which machines, plant, contracts and targets.

One TOML file, checked wholly before anything is computed. `load_study(None)` gives the embedded study of
five western hubs; `west_toml()` is its text, meant to be copied and edited.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from energy.config_checks import study_problems
from energy.config_errors import describe
from energy.config_fields import (
    Count,
    Flag,
    Fraction,
    Identifier,
    NonNegativeKW,
    Number,
    PositiveKW,
    PriceKWh,
    SourcedTable,
    Table,
    Text,
)
from energy.config_grid import CSV_KEYS, with_paths
from energy.config_nodes import NodeConfig
from energy.config_tariff import TariffConfig
from weather.conventions.errors import ConfigError, GreenDCError
from weather.kinds import DEFAULT_SPEC

if TYPE_CHECKING:
    from models.gpu import GPUType
    from models.grid import HolidayCalendar, Tariff

_MAX_BYTES = 5_000_000


class TargetsConfig(SourcedTable):
    """Fleet-wide targets over the planned window; `hard` refuses a plan that misses one."""

    pue: Annotated[Number, Field(ge=1, le=3)]
    renewable_share: Fraction
    hard: Flag = False


class WeatherConfig(Table):
    """Where each node's weather comes from, a spec of a kind in :mod:`weather.kinds`.

    After loading, `specs` has an entry for every node and its paths are absolute. `repair` moves radiation whose
    clock is found wrong ("months": each month by its own shift) and takes impossible values as missing.
    """

    default: Text = DEFAULT_SPEC
    repair: Literal[False, True, "months"] = False
    specs: dict[str, Text] = Field(default_factory=dict)


class PlanningConfig(SourcedTable):
    """Window, solver limits and the rules for setpoints."""

    horizon_h: Annotated[Number, Field(gt=0, le=8784)] = 48.0
    step_h: Annotated[Number, Field(gt=0, le=24)] = 1.0
    gap: Annotated[Number, Field(ge=0, lt=1)] = 0.005
    time_limit_s: Annotated[Number, Field(ge=1, le=1_000_000)] = 60.0
    carbon_price_cny_per_kg: PriceKWh = 0.0
    setpoint_dwell_h: Annotated[Number, Field(ge=0, le=8784)] = 3.0
    setpoint_rate_k_per_h: Annotated[Number, Field(gt=0, le=1000)] = 5.0


class GPUTypeConfig(SourcedTable):
    """A GPU type the study adds, or an embedded one it replaces."""

    gpu_type: Identifier
    name: Text
    gpus_per_server: Count
    server_peak_kw: PositiveKW
    server_idle_kw: NonNegativeKW
    tflops_fp16: Annotated[Number, Field(gt=0, le=1_000_000)]
    tdp_w: Annotated[Number, Field(gt=0, le=10_000)] | None = None
    gpu_idle_w: Annotated[Number, Field(ge=0, le=10_000)] | None = None

    @model_validator(mode="after")
    def _idle_below_peak(self) -> GPUTypeConfig:
        if self.server_idle_kw > self.server_peak_kw:
            raise ValueError(
                f"server_idle_kw = {self.server_idle_kw:g} is above server_peak_kw = {self.server_peak_kw:g}"
            )
        try:  # what the powers of the GPUs leave for the rest of the server is the model's to judge
            self.model()
        except GreenDCError as error:
            raise ValueError(str(error)) from error
        return self

    def model(self) -> GPUType:
        """The type as `models.gpu` sees it."""
        from models.gpu import GPUType

        return GPUType(**self.model_dump(exclude={"source", "note"}, exclude_none=True))


class Study(Table):
    """The whole study. Build it with `load_study` or `study_from_text`, which explain every mistake."""

    schema_version: Literal[1]
    name: Identifier
    title: Text
    description: str = ""
    targets: TargetsConfig
    weather: WeatherConfig = WeatherConfig()
    planning: PlanningConfig
    holidays_csv: Text | None = None
    tariffs: Annotated[tuple[TariffConfig, ...], Field(alias="tariff")] = ()
    nodes: Annotated[tuple[NodeConfig, ...], Field(alias="node", min_length=1)]
    gpu_types: Annotated[tuple[GPUTypeConfig, ...], Field(alias="gpu_type")] = ()

    _folder: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        problems = study_problems(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def gpu_table(self) -> dict[str, GPUType]:
        """GPU types by id: the embedded ones, replaced or extended by the study's own."""
        from models.gpu import load_gpu_types

        return {**load_gpu_types(), **{entry.gpu_type: entry.model() for entry in self.gpu_types}}

    def node(self, node_id: str) -> NodeConfig:
        """The node of that id.

        Raises
        ------
        ConfigError
            If the study has no such node.
        """
        for entry in self.nodes:
            if entry.id == node_id:
                return entry
        raise ConfigError(f'no node "{node_id}" in study "{self.name}"; it has {[n.id for n in self.nodes]}')

    def tariff(self, tariff_id: str) -> Tariff:
        """The tariff of that id, the study's own or a built-in one, as `models.grid` evaluates it.

        Raises
        ------
        ConfigError
            If neither has such a tariff.
        """
        from models.grid import builtin_tariff, builtin_tariff_ids

        for entry in self.tariffs:
            if entry.id == tariff_id:
                return entry.model()
        if tariff_id in builtin_tariff_ids():
            return builtin_tariff(tariff_id)
        raise ConfigError(
            f'no tariff "{tariff_id}" in study "{self.name}"; it has {[t.id for t in self.tariffs]}, and built in are '
            f"{', '.join(builtin_tariff_ids())}"
        )

    def holidays(self) -> HolidayCalendar:
        """The national holidays, with the years of `holidays_csv` taken from that file.

        Raises
        ------
        DataError
            If the file cannot be used.
        """
        from models.grid import national_holidays, read_holidays

        national = national_holidays()
        return national if self.holidays_csv is None else national.replaced_by(read_holidays(self.holidays_csv))


def west_toml() -> str:
    """Text of the embedded study of five western hubs."""
    return resources.files("energy").joinpath("data/west.toml").read_text(encoding="utf-8")


def load_study(path: str | Path | None = None) -> Study:
    """Read and check a study file; None gives the embedded one.

    Parameters
    ----------
    path : str, Path or None
        TOML file. Relative weather paths in it are taken from its own folder.

    Returns
    -------
    Study
        Frozen; `weather.specs` has one entry per node.

    Raises
    ------
    ConfigError
        For an unreadable file, wrong TOML, and every unknown, missing or impossible value, all in one
        message: file, dotted key, what was found, what is allowed.

    Examples
    --------
    >>> study = load_study(None)
    >>> [node.id for node in study.nodes]
    ['zhongwei', 'horinger', 'ulanqab', 'qingyang', 'guian']
    """
    if path is None:
        return study_from_text(west_toml(), name="embedded study west.toml")
    path = Path(path)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: larger than {_MAX_BYTES:,} bytes, not a study file")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{path}: cannot be read ({reason}); give the path of a study file") from error
    return study_from_text(text, name=str(path), folder=path.resolve().parent)


def study_from_text(text: str, *, name: str = "study", folder: Path | None = None) -> Study:
    """Check the text of a study file; `name` stands for the file in messages.

    Raises
    ------
    ConfigError
        As `load_study`; also for a relative weather path where there is no `folder` to start from.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from error
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        raise ConfigError(describe(error, data=data, model=Study, name=name)) from error
    specs = {
        node.id: _absolute(study.weather.specs.get(node.id, study.weather.default), folder=folder, name=name)
        for node in study.nodes
    }

    def placed(path: str) -> str:
        return _absolute_path(path, folder=folder, name=name)

    study = study.model_copy(
        update={
            "weather": study.weather.model_copy(update={"specs": specs}),
            "nodes": tuple(with_paths(node, placed) for node in study.nodes),
            "holidays_csv": None if study.holidays_csv is None else placed(study.holidays_csv),
        }
    )
    study._folder = folder
    return study


def _absolute_path(path: str, *, folder: Path | None, name: str) -> str:
    if Path(path).is_absolute():
        return path
    if folder is None:
        raise ConfigError(f'{name}: "{path}" is relative, but the study has no folder; give a full path')
    return str(folder / path)


def _absolute(spec: str, *, folder: Path | None, name: str) -> str:
    kind, colon, place = spec.partition(":")
    if not colon or Path(place).is_absolute():
        return spec
    if folder is None:
        raise ConfigError(
            f'{name}: weather: "{spec}" is relative, but the study has no folder; give a full path'
        )
    return f"{kind}:{folder / place}"


def study_hash(study: Study) -> str:
    """sha256 of the study's canonical JSON; comments, key order and the folder it lies in do not count."""
    data = study.model_dump(mode="json", by_alias=True)
    folder = study._folder
    if folder is not None:
        for node_id, spec in data["weather"]["specs"].items():
            kind, colon, place = spec.partition(":")
            if colon and Path(place).is_relative_to(folder):
                relative = Path(place).relative_to(folder).as_posix()
                data["weather"]["specs"][node_id] = f"{kind}:{relative}"
        tables = [(node["grid"], key) for node in data["node"] for key in CSV_KEYS]
        for table, key in [*tables, (data, "holidays_csv")]:
            if table[key] is not None and Path(table[key]).is_relative_to(folder):
                table[key] = Path(table[key]).relative_to(folder).as_posix()
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
