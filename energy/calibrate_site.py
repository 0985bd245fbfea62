"""A node of a study calibrated to a file of meters: weather found, the fit made, told, and written as TOML."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from energy.calibrate import MOST_OFF, Calibration, Fitted, calibrate
from energy.calibrate_meters import Meters, read_meters
from energy.calibrate_spread import standard_errors
from energy.calibrate_weather import refuse_strange_weather
from energy.config import Study
from energy.config_nodes import NodeConfig
from energy.weather_window import opened_weather
from weather import derive, kinds
from weather.conventions.errors import ConfigError, OutputError
from weather.sources.files import whole_file

_HOUR = np.timedelta64(1, "h")
_SHARED = 0.30  # of the range, two standard deviations: a figure known no better carries others as well
_LARGE = 0.10  # nRMSE on hours not used beyond which a fit is warned of; assumption: hourly meters are good to a few %


@dataclass(frozen=True, slots=True)
class SiteFit:
    """A calibration of a node, with its meters, where the weather came from, and what must be said."""

    node: NodeConfig
    meters: Meters
    made: Calibration
    weather: str
    warnings: tuple[str, ...]


def calibrate_site(study: Study, node_id: str, path: Path, *, spec: str | None = None) -> SiteFit:
    """Fit the plants of a node to a file of hourly meters.

    Parameters
    ----------
    study
        The study; its figures are where the fit starts and what it is compared with.
    node_id
        The node.
    path
        CSV, as `energy.calibrate_meters` describes it.
    spec
        Weather source, where the file has no weather; the study's own source of the node where None.

    Raises
    ------
    ConfigError
        For a node the study does not have, weather that is made and not measured, or a source where the file has
        weather of its own.
    DataError
        For meters or weather that cannot be used, or weather that cannot be of the node and these hours.
    """
    node = next((node for node in study.nodes if node.id == node_id), None)
    if node is None:
        known = ", ".join(node.id for node in study.nodes)
        raise ConfigError(f"--node: {node_id!r} is not a node of the study; its nodes are {known}.")
    meters = read_meters(path)
    if meters.has_weather() and spec is not None:
        raise ConfigError(
            f"--weather {spec}: {path} has weather of its own (temp_air, relative_humidity, pressure), and one of "
            "the two would be ignored. Leave --weather out, or take the three columns out of the file."
        )
    if meters.has_weather():
        weather, told, warned = _own_weather(meters), f"columns of {path.name}", []
    else:
        weather, told, warned = _source_weather(study, node, meters, spec)
    said = str(path) if meters.has_weather() else f"weather {told}"
    warned += refuse_strange_weather(meters.time, weather["temp_air"].values, node, said)
    setpoint = meters.columns.get("setpoint_degc", np.full(len(meters.time), node.cooling.mid_setpoint_degc))
    if "setpoint_degc" not in meters.columns:
        warned.append(f"{path.name} has no setpoint_degc: {node.cooling.mid_setpoint_degc:g} degC, the middle one, is "
                      "taken throughout.")  # fmt: skip
    made = calibrate(meters, node.node_plant(), weather, setpoint)
    warned += _doubts(made)
    warned += [*meters.dropped, *made.dropped]
    warned += [f"{name} is left out: {why}." for name, why in made.left_out.items()]
    warned += [
        f"{score.meter} is still {score.nrmse_after:.0%} off (nRMSE) on the hours kept aside: weather "
        "like theirs may not be among those fitted, the plant be of another kind, or a meter, unit or weather wrong."
        for score in made.scores
        if score.nrmse_after > _LARGE
    ]
    return SiteFit(node, meters, made, told, tuple(warned))


def _doubts(made: Calibration) -> list[str]:
    """What is odd about the parameters."""
    found = []
    edges = [fitted.parameter.field for fitted in made.fitted if fitted.at_edge]
    if edges:
        found.append(
            f"At an end of the range, and the meters would have it beyond or do not fit by more than noise: "
            f"{', '.join(edges)}. Something else may be wrong with the study's plant, a meter, or the weather."
        )
    shared = [f.parameter.field for f in made.fitted if f.told and not f.limit and f.spread > _SHARED * _width(f)]
    if shared:
        found.append(
            f"Fitted, but hardly told apart from figures that stay at the study's: {', '.join(shared)}. Such a figure "
            "carries theirs too; read it with its +-, not as the part's own."
        )
    quarrels: dict[tuple[str, ...], list[str]] = {}
    for fitted in made.fitted:
        if fitted.quarrel:
            quarrels.setdefault(tuple(sorted(fitted.quarrel)), []).append(fitted.parameter.field)
    found += [
        f"{' and '.join(meters)} contradict each other about {', '.join(fields)}: the +- covers what they are apart; "
        "see which of them is right."
        for meters, fields in quarrels.items()
    ]
    return found


def _width(fitted: Fitted) -> float:
    return fitted.parameter.high - fitted.parameter.low


def _own_weather(meters: Meters) -> xr.Dataset:
    temp, humidity, pressure = (meters.columns[name] for name in ("temp_air", "relative_humidity", "pressure"))
    # 0 % has no dew point; at 0.1 % what is left of the moisture is nothing to a plant
    dew = np.minimum(derive.dew_point(temp, np.maximum(humidity, 0.1)), temp)
    values = {"temp_air": temp, "temp_dew": dew, "relative_humidity": humidity, "pressure": pressure}
    return xr.Dataset({name: ("time", array) for name, array in values.items()}, coords={"time": meters.time})


def _source_weather(
    study: Study, node: NodeConfig, meters: Meters, spec: str | None
) -> tuple[xr.Dataset, str, list[str]]:
    spec = spec or study.weather.specs.get(node.id, study.weather.default)
    kind = kinds.parse_spec(spec)
    if kind is not None and not kind[0].needs_path:
        raise ConfigError(
            f"weather of {node.id}: {spec} is made, not measured, and no meter has felt it. Give the columns temp_air, "
            "relative_humidity and pressure in the meters, or a file of the site's weather with --weather."
        )
    hours = np.arange(meters.time[0], meters.time[-1] + _HOUR, _HOUR)
    alone = study.model_copy(update={"nodes": (node,)})
    weather, warned = opened_weather(alone, {node.id: spec}, hours, 0)
    if kind is not None and kind[0].typical_year:
        warned = [*warned, f"{spec} is a typical year, not the weather of the meters' hours: the fit takes up the gap."]
    return weather.sel(node=node.id).isel(time=((meters.time - hours[0]) // _HOUR).astype(int)), spec, list(warned)


def said_of_spread() -> str:
    """What is in the +- and what is not."""
    error = standard_errors()
    return (
        "+-: two standard deviations, of what the residuals show by days and weeks, of figures that stay at the "
        f"study's value, of meters good to {error['meter']:.0%} and a thermometer to {error['temp_air']:g} K, and of "
        "what meters are apart. Not in it: a plant of another kind; humidity, setpoint or clock wrong."
    )


def told_rows(made: Calibration) -> list[dict]:
    """A row a parameter the meters tell."""
    return [
        {
            "parameter": f"{fitted.parameter.table}.{fitted.parameter.field}",
            "study": f"{fitted.parameter.study:.4g}",
            "fitted": f"{fitted.value:.4g}",
            "+-": fitted.limit or f"{fitted.spread:.2g}",
            "unit": fitted.parameter.unit,
            "meaning": fitted.parameter.meaning,
        }
        for fitted in made.fitted
        if fitted.told
    ]


def as_record(fit: SiteFit) -> dict:
    """The fit as plain values, for JSON."""
    made = fit.made
    return {
        "node": fit.node.id,
        "better": made.better,
        "worse": list(made.worse),
        "trusted": made.trusted,
        "far_off": list(made.far_off),
        "at_ends": list(made.at_ends),
        "weather": fit.weather,
        "hours_fitted": made.hours_fitted,
        "hours_aside": made.hours_aside,
        "left_out": made.left_out,
        "parameters": {
            f"{f.parameter.table}.{f.parameter.field}": {
                "study": f.parameter.study, "value": f.value, "spread": f.spread, "unit": f.parameter.unit,
                "spread_by_source": f.sources, "limit": f.limit, "at_edge": f.at_edge,
            }
            for f in made.fitted
        },
        "held": held(made),
        "scores": {score.meter: {k: v for k, v in asdict(score).items() if k != "meter"} for score in made.scores},
        "toml": fragment(fit),
        "warnings": list(fit.warnings),
    }  # fmt: skip


def held(made: Calibration) -> list[str]:
    """Parameters the meters do not tell, which stay at the study's value."""
    return [f"{f.parameter.table}.{f.parameter.field}" for f in made.fitted if not f.told]


def why_not(made: Calibration) -> str:
    """Why the figures of a fit are not to be written, for one of which they are not."""
    told = []
    if made.worse:
        rises = [
            f"{s.meter} from {s.nrmse_before:.2%} to {s.nrmse_after:.2%} (nRMSE)"
            for s in made.scores
            if s.meter in made.worse
        ]
        told.append(
            f"On the hours kept aside the error rises at {', '.join(rises)}. That meter may contradict the others: "
            "mend it, or leave its column out."
        )
    elif not made.better:
        told.append("The error on the hours kept aside does not fall.")
    if made.far_off:
        far = [
            f"{s.meter} is {s.nrmse_after:.0%} off (nRMSE; at most {MOST_OFF[s.meter]:.0%} is allowed)"
            for s in made.scores
            if s.meter in made.far_off
        ]
        told.append(
            f"On the hours kept aside {' and '.join(far)}: that is not this plant. Look at the weather's unit and "
            "clock, the meters' units, and the kind of cooling plant in the study."
        )
    if made.at_ends:
        told.append(
            f"Most fitted figures of the cooling plant stand at an end of their ranges ({', '.join(made.at_ends)}): "
            "they make up for something else. Look at the weather, the meters, and the plant in the study."
        )
    return " ".join(told)


def score_rows(made: Calibration) -> list[dict]:
    """A row a meter: error on the hours kept aside, before and after."""
    return [
        {
            "meter": score.meter,
            "hours kept aside": score.hours,
            "mean error before": f"{score.bias_before:+.2%}",
            "after": f"{score.bias_after:+.2%}",
            "nRMSE before": f"{score.nrmse_before:.2%}",
            "after ": f"{score.nrmse_after:.2%}",
        }
        for score in made.scores
    ]


def fragment(fit: SiteFit) -> str:
    """The fitted figures as TOML: keys to put in place of those of the node's tables."""
    made, meters = fit.made, fit.meters
    first, last = (str(stamp.astype("datetime64[m]")) for stamp in (meters.time[0], meters.time[-1] + _HOUR))
    errors = ", ".join(f"{s.meter} {s.nrmse_before:.2%} before, {s.nrmse_after:.2%} after" for s in made.scores)
    source = (
        f"fitted by greendc calibrate to {meters.path.name}, {made.hours_fitted} hours from {first}Z to {last}Z; nRMSE "
        f"on {made.hours_aside} hours not used ({made.aside}): {errors}"
    )
    lines = [f"# {fit.node.id}: figures fitted to meters; put these keys in place of those of its tables"]
    for table in ("cooling", "electrical"):
        fields = _values(made, table)
        if not fields:
            continue
        lines += ["", f"[node.{table}]", *(f"{name} = {value}" for name, value in fields.items())]
        lines.append(f"source = {_quoted(source)}")
        stay = [name for name in held(made) if name.startswith(f"{table}.")]
        if stay:
            lines.append(f"note = {_quoted('the meters do not tell, left as they were: ' + ', '.join(stay))}")
    return "\n".join(lines) + "\n"


def _values(made: Calibration, table: str) -> dict[str, str]:
    """Field -> value as TOML; a list is given whole where one of its terms is fitted."""
    names = {f.parameter.field.partition("[")[0] for f in made.fitted if f.told and f.parameter.table == table}
    plant, shown = getattr(made.plant, table), {}
    for name in (f.parameter.field.partition("[")[0] for f in made.fitted):
        if name in names:
            value = getattr(plant, name)
            shown[name] = f"[{', '.join(map(_number, value))}]" if isinstance(value, tuple) else _number(value)
    return shown


def _number(value: float) -> str:
    text = f"{value:.6g}"
    return text if any(mark in text for mark in ".e") else f"{text}.0"


def _quoted(text: str) -> str:
    """A TOML basic string: what a file's name holds cannot end it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def write_fragment(text: str, path: Path) -> None:
    """Write a fragment, whole or not at all.

    Raises
    ------
    OutputError
        Where a file of that name is there already, or it cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path}: is there already and was left alone. Give another name, or move it away.")
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
