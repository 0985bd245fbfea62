"""`greendc weather`: check, import, show and fetch the weather of a place.

Exit codes as of `greendc`: 3 where a source cannot be used, 7 where it is unavailable, 8 where the output cannot be
written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy.terminal import say, warn
from weather import kinds
from weather.conventions.errors import ConfigError, DataError, OutputError

if TYPE_CHECKING:
    import xarray as xr

    from energy.weather_requests import Reading, Source

weather_app = typer.Typer(
    name="weather",
    help="Look at the weather of a place, bring it into one form, fetch it, draw it.",
    no_args_is_help=True,
)

_SPEC = f"{kinds.in_words()}. A bare PATH is taken by its ending."

Spec = Annotated[str, typer.Argument(metavar="SPEC", help=_SPEC)]
NodeOption = Annotated[
    str | None, typer.Option("--node", help="Node the weather is of or for; made weather needs one.")
]
RepairOption = Annotated[
    bool, typer.Option("--repair", help="Move radiation whose clock is wrong; take impossible values as missing.")
]
MonthsOption = Annotated[
    bool, typer.Option("--repair-months", help="As --repair, but each month by its own shift (typical years).")
]
LatitudeOption = Annotated[float | None, typer.Option("--latitude", help="Of a file that does not say its place.")]
LongitudeOption = Annotated[float | None, typer.Option("--longitude", help="The same, in degrees, east positive.")]
AltitudeOption = Annotated[float | None, typer.Option("--altitude", help="The same, in m.")]
TzOption = Annotated[str | None, typer.Option("--tz", help="Clock of naive stamps: Asia/Shanghai or +08:00.")]
LabelOption = Annotated[
    str | None, typer.Option("--label", help="What a stamp is of its interval: start, end, middle or instant.")
]
DateOption = Annotated[
    str | None, typer.Option("--date", help="Civil day (UTC+8) the window begins. Default: the whole file.")
]
DaysOption = Annotated[float | None, typer.Option("--days", help="Days of the window. Default: to the end.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of made weather.")]
MemberOption = Annotated[int | None, typer.Option("--member", min=0, help="One member of an ensemble.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
OutOption = Annotated[Path, typer.Option("--out", help="File to write: canonical NetCDF (.nc) or CSV (.csv).")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")]


@weather_app.command("check")
def check(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC...", help=_SPEC)],
    node: NodeOption = None,
    repair: RepairOption = False,
    repair_months: MonthsOption = False,
    latitude: LatitudeOption = None,
    longitude: LongitudeOption = None,
    altitude: AltitudeOption = None,
    tz: TzOption = None,
    label: LabelOption = None,
    date: DateOption = None,
    days: DaysOption = None,
    seed: SeedOption = 7,
    member: MemberOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read sources with every check and say what is in them: clock, gaps, repairs, sums. Exit 3 where one fails."""
    from energy.weather_requests import Reading

    reading = Reading(
        node=node,
        repair=_repair(repair, repair_months),
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude,
        tz=tz,
        label=label,
        date=date,
        days=days,
        seed=seed,
        member=member,
    )
    told, faults = [], []
    for spec in specs:
        try:
            told += _checked(spec, reading, quiet=as_json)
        except (DataError, ConfigError) as error:
            faults.append(str(error))
            told.append({"spec": spec, "ok": False, "fault": str(error)})
    if as_json:
        say(json.dumps({"ok": not faults, "sources": told}, ensure_ascii=False))
    if faults:
        count = f"{len(faults)} of {len(specs)} sources cannot be used\n  " if len(specs) > 1 else ""
        raise DataError(count + "\n  ".join(faults))


@weather_app.command("import")
def import_(
    spec: Spec,
    out: OutOption,
    node: NodeOption = None,
    repair: RepairOption = False,
    repair_months: MonthsOption = False,
    latitude: LatitudeOption = None,
    longitude: LongitudeOption = None,
    altitude: AltitudeOption = None,
    tz: TzOption = None,
    label: LabelOption = None,
    date: DateOption = None,
    days: DaysOption = None,
    seed: SeedOption = 7,
    member: MemberOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring any source into canonical NetCDF or CSV, with every check, and say how a study names it."""
    from energy.weather_requests import Reading, read_source

    kind = output_kind(out, force=force)
    reading = Reading(
        node=node,
        repair=_repair(repair, repair_months),
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude,
        tz=tz,
        label=label,
        date=date,
        days=days,
        seed=seed,
        member=member,
    )
    source = read_source(spec, reading)
    _warn_of(source)
    write_weather(source.weather, out, kind=kind, node=node, force=force)
    _wrote(source.weather, out, kind=kind, node=node, source=source.spec, as_json=as_json)


@weather_app.command("show")
def show(
    spec: Spec,
    node: NodeOption = None,
    date: DateOption = None,
    days: DaysOption = None,
    out: Annotated[Path, typer.Option("--out", help="Page to write.")] = Path("place.html"),
    lang: Annotated[str, typer.Option("--lang", help="Language of the page: en or zh.")] = "en",
    repair: RepairOption = False,
    repair_months: MonthsOption = False,
    latitude: LatitudeOption = None,
    longitude: LongitudeOption = None,
    altitude: AltitudeOption = None,
    tz: TzOption = None,
    label: LabelOption = None,
    seed: SeedOption = 7,
    member: MemberOption = None,
) -> None:
    """Draw the weather of a place as one HTML page: sums, maps of day and hour, wind, clearness, and its clock."""
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"{lang!r} is not a language of the page; allowed: en, zh", param_hint="--lang")
    if out.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{str(out)!r} does not end in .html", param_hint="--out")
    from energy.report.place import render_place
    from energy.weather_requests import Reading, names_of, one_place, read_source
    from weather.sources.files import whole_file

    reading = Reading(
        node=node,
        repair=_repair(repair, repair_months),
        latitude=latitude,
        longitude=longitude,
        altitude_m=altitude,
        tz=tz,
        label=label,
        date=date,
        days=days,
        seed=seed,
        member=member,
    )
    source = read_source(spec, reading)
    _warn_of(source)
    place = one_place(source)
    name = names_of(place, node or (source.nodes[0] if source.nodes else None))
    page = render_place(place, name=name, warnings=source.warnings, lang=lang)
    with whole_file(out) as part:
        part.write_text(page, encoding="utf-8")
    say(f"wrote {out}", done=f"The page is written at {out}.")


@weather_app.command("fetch")
def fetch(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="open-meteo, nasa-power or pvgis.")],
    out: OutOption,
    node: Annotated[
        str | None, typer.Option("--node", help="Node whose place is asked for, and whose weather it is.")
    ] = None,
    latitude: Annotated[float | None, typer.Option("--latitude", help="Of a place that is no node.")] = None,
    longitude: Annotated[float | None, typer.Option("--longitude", help="The same, east positive.")] = None,
    altitude: Annotated[float | None, typer.Option("--altitude", help="The same, in m (open-meteo).")] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="open-meteo: forecast, ensemble or previous-runs; pvgis: tmy or hourly."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="First day (nasa-power: 2024-01-01) or year (pvgis).")
    ] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last day or year.")] = None,
    forecast_days: Annotated[int | None, typer.Option("--forecast-days", help="Days ahead (open-meteo).")] = None,
    past_days: Annotated[int | None, typer.Option("--past-days", help="Days before today (open-meteo).")] = None,
    previous_day: Annotated[
        int | None, typer.Option("--previous-day", help="previous-runs: forecast so many days before, 1 to 7.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model of open-meteo. Default: its best.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use what was kept; touch no network.")] = False,
    max_age: Annotated[
        float | None, typer.Option("--max-age", help="Hours up to which a kept answer is used without asking.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask again whatever is kept; exit 7 where there is no new answer.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 7 for an answer older than --max-age.")] = False,
    repair: RepairOption = False,
    repair_months: MonthsOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch weather from a service, or what was kept of it, into canonical NetCDF or CSV. Exit 7 where unavailable."""
    from energy.weather_services import SERVICES, Asked, fetch_weather

    if service not in SERVICES:
        raise typer.BadParameter(f"{service!r} is no service; allowed: {', '.join(SERVICES)}", param_hint="SERVICE")
    form = output_kind(out, force=force)
    asked = Asked(
        service=service,
        node=node,
        latitude=latitude,
        longitude=longitude,
        altitude=altitude,
        kind=kind,
        start=start,
        end=end,
        forecast_days=forecast_days,
        past_days=past_days,
        previous_day=previous_day,
        model=model,
        offline=offline,
        max_age_h=max_age,
        refresh=refresh,
        strict=strict,
        repair=_repair(repair, repair_months),
    )
    if offline and refresh:
        raise typer.BadParameter("--offline asks nobody and --refresh asks again; give one of them")
    fetched = fetch_weather(asked)
    for warning in fetched.warnings:
        warn(f"greendc: warning: {warning}")
    weather = fetched.weather
    if service == "open-meteo" and kind != "previous-runs":
        _warn_past(weather)
    write_weather(weather, out, kind=form, node=node, force=force)
    age = "" if fetched.age_h is None else f", {fetched.age_h:.1f} h ago"
    stale = ", stale" if weather.attrs.get("stale") else ""
    more = {
        "fetched": f"{fetched.fetched_at}{age}{stale}",
        "source": str(weather.attrs.get("source", "")),
        "licence": str(weather.attrs.get("licence", "")),
    }
    _wrote(weather, out, kind=form, node=node, source=service, as_json=as_json, more=more)


def _warn_past(weather: xr.Dataset) -> None:
    """A forecast that ends before now is the answer to another question: a mirror or proxy that keeps old ones."""
    import numpy as np

    last = weather["time"].values[-1].astype("datetime64[s]")
    if last < np.datetime64(datetime.now(UTC).replace(tzinfo=None), "s"):
        warn(f"greendc: warning: the forecast ends before now, at {last}Z; was it answered from an old copy?")


def _repair(repair: bool, by_month: bool) -> bool | str:
    return "months" if by_month else repair


def _checked(spec: str, reading: Reading, *, quiet: bool) -> list[dict]:
    """Facts of every place of a source, printed unless quiet."""
    from energy.weather_facts import facts_json, place_facts
    from energy.weather_requests import one_place, read_source
    from energy.weather_words import facts_lines

    source = read_source(spec, reading)
    _warn_of(source)
    told = []
    for node in source.nodes or (None,):
        facts = place_facts(one_place(source, node))
        head = source.spec if node is None else f"{source.spec}, node {node}"
        if not quiet:
            say("\n".join([head, *facts_lines(facts)]))
        about = {"spec": source.spec, "ok": True, "node": node, "note": source.note or None}
        told.append({**about, **facts_json(facts), "warnings": list(source.warnings)})
    return told


def _warn_of(source: Source) -> None:
    if source.note:
        warn(f"greendc: note: {source.spec.partition(':')[2]}: {source.note}")
    for warning in source.warnings:
        warn(f"greendc: warning: {warning}")


def output_kind(out: Path, *, force: bool) -> kinds.Kind:
    """The kind to write, by the ending; refuses before anything is read what could not be written in the end.

    Raises
    ------
    OutputError
        When the file is there already and may not be replaced, or it is a folder.
    """
    kind = kinds.by_ending(str(out), written=True)
    if kind is None:
        endings = kinds.listed([ending for kind in kinds.KINDS if kind.writer for ending in kind.endings])
        raise typer.BadParameter(f"{str(out)!r} does not end in {endings}", param_hint="--out")
    if out.is_dir():
        raise OutputError(f"{out}: is a folder; give the name of a file in it.")
    if out.exists() and not force:
        raise OutputError(f"{out}: is there already and was left alone. Give another --out, or --force to replace it.")
    return kind


def write_weather(weather: xr.Dataset, out: Path, *, kind: kinds.Kind, node: str | None, force: bool) -> None:
    """Write a Dataset, named after its node where one is given and it is of one place; whole or not at all."""
    from energy.weather_requests import known_node, named
    from weather.nodes import load_nodes

    if kind.holds_nodes:
        if node is not None and node in load_nodes() and "node" not in weather.dims:
            weather = named(weather, known_node(node))
    elif set(weather.dims) != {"time"}:
        raise ConfigError(
            f"{out}: {kind.name} holds one weather of one place; this has dims {', '.join(map(str, weather.dims))}. "
            "Choose with --node and --member, or write .nc."
        )
    if out.exists() and not force:
        raise OutputError(f"{out}: was made by another while this was read; it was left alone. Give another --out.")
    kinds.load(kind.writer)(weather, out)


def _wrote(
    weather: xr.Dataset,
    out: Path,
    *,
    kind: kinds.Kind,
    node: str | None,
    source: str,
    as_json: bool,
    more: dict | None = None,
) -> None:
    """Say what was written and the line that names it in a study."""
    import numpy as np

    stamps = weather["time"].values.astype("datetime64[ns]")
    ids = [str(name) for name in weather["node"].values] if "node" in weather.dims else [node or "NODE"]
    spec = f"{kind.name}:{out.resolve()}"
    lines = [f"{name} = {json.dumps(spec, ensure_ascii=False)}" for name in ids]
    if as_json:
        body = {"wrote": str(out), "from": source, "intervals": stamps.size, "study": ["[weather.specs]", *lines]}
        say(json.dumps({**body, **(more or {})}, ensure_ascii=False), done=f"{out} is written.")
        return
    first, last = (np.datetime_as_string(stamp, unit="m") for stamp in (stamps[0], stamps[-1]))
    text = [
        f"wrote {out}: {stamps.size} intervals, stamps {first}Z to {last}Z",
        *(f"{name}: {value}" for name, value in (more or {}).items()),
        "in a study:",
        "[weather.specs]",
        *lines,
    ]
    say("\n".join(text), done=f"{out} is written.")
