"""`greendc replay` and `greendc calibrate`: a plan against its plants, and plants against their meters.

Exit codes as of `greendc`: 3 where a run, a study, a weather or a meter file cannot be used, 7 where a source is
unavailable, 8 where the output cannot be written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from energy.terminal import print_table, say, warn
from weather import kinds

StudyOption = Annotated[Path | None, typer.Option("--study", help="Study file (TOML). Default: the five western hubs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def replay(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, such as runs/latest.")],
    study: StudyOption = None,
    weather: Annotated[
        list[str] | None,
        typer.Option(
            "--weather",
            help=f"NODE=SOURCE, repeatable; SOURCE is {kinds.in_words()}. Default: the weather of the run.",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend weather files: move radiation of a wrong clock, drop impossible values."),
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed of made weather. Default: the run's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a run hour by hour by the nonlinear plants, in its own weather or in another; nothing is written."""
    from energy.audit import audit_lines
    from energy.config import load_study
    from energy.replay import node_rows, read_run
    from energy.replay import replay as replay_run
    from energy.requests import weather_specs, with_repair

    given = read_run(run)
    loaded = load_study(study)
    if repair:
        loaded = with_repair(loaded)
    options = weather or []
    named = {option.partition("=")[0] for option in options}
    specs = {node: spec for node, spec in weather_specs(loaded, options).items() if node in named}
    made = replay_run(given, loaded, specs=specs, seed=seed)
    for warning in made.warnings:
        warn(f"greendc: warning: {warning}")
    if as_json:
        told = {"run": str(run), "weather": made.specs, "seed": made.seed, "warnings": list(made.warnings)}
        say(json.dumps({**told, "audit": made.audit}, ensure_ascii=False))
        return
    window = given.summary["window"]
    say(f"{given.summary['title']}: {window['start']} to {window['end']}, replayed with seed {made.seed}")
    for node, spec in made.specs.items():
        say(f"  weather of {node}: {spec}{'' if node in named else ' (as planned)'}")
    for line in audit_lines(made.audit, audited="replayed"):
        say(f"  {line}")
    print_table(node_rows(made.audit, given.plan))


def calibrate(
    meters: Annotated[
        Path, typer.Option("--meters", help="CSV of hourly meters: time,it_kw,facility_kw or cooling_kw, ...")
    ],
    node: Annotated[str, typer.Option("--node", help="Node of the study the meters are of.")],
    study: StudyOption = None,
    weather: Annotated[
        str | None,
        typer.Option(
            "--weather",
            metavar="SOURCE",
            help="Weather of the meters' hours where the CSV has none. Default: the study's source of the node.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="TOML file to write the fitted figures to.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Fit fans, pumps, approaches and losses of a node to its own meters; say the error on weeks not used.

    Columns: time (start of the hour, with offset), it_kw, facility_kw and/or cooling_kw; optional fan_kw, ups_loss_kw,
    water_l, setpoint_degc, and temp_air, relative_humidity, pressure. temp_air must be of
    the node's climate and its day warmest between 11:00 and 18:00. The figures are written only where the error on the
    weeks kept aside falls, rises at no meter, and is at most 25 % (cooling_kw) and 10 % (facility_kw), with few figures
    at an end of their ranges; where --out is given and they are not written, the exit code is 3.
    """
    from energy.calibrate_site import (
        as_record,
        calibrate_site,
        fragment,
        held,
        said_of_spread,
        score_rows,
        told_rows,
        why_not,
        write_fragment,
    )
    from energy.config import load_study
    from weather.conventions.errors import DataError, OutputError

    if out is not None and out.exists():
        raise OutputError(f"{out}: is there already and was left alone. Give another name, or move it away.")
    if out is not None and not out.parent.is_dir():
        raise OutputError(f"{out}: cannot be written, there is no folder {out.parent}. Make it first.")
    fit = calibrate_site(load_study(study), node, meters, spec=weather)
    made, text = fit.made, fragment(fit)
    refused = out is not None and not made.trusted
    if out is not None and made.trusted:
        write_fragment(text, out)
    for warning in fit.warnings:
        warn(f"greendc: warning: {warning}")
    if not made.trusted:
        warn(f"greendc: warning: {why_not(made)} The study's figures stand"
             + ("." if out is None else f" and {out} is not written."))  # fmt: skip
    if as_json:
        say(json.dumps(as_record(fit), ensure_ascii=False))
        raise typer.Exit(DataError.exit_code if refused else 0)
    told, stay = told_rows(made), held(made)
    say(f"{node}: {made.hours_fitted} hours of {meters.name} fitted, {made.hours_aside} kept aside ({made.aside})")
    say(f"weather: {fit.weather}")
    if told:
        print_table(told)
        say(said_of_spread())
    say(f"not told by these meters, left as they were: {', '.join(stay) or 'none'}")
    print_table(score_rows(made))
    if made.trusted:
        say(text if out is None else f"wrote {out}")
    if refused:
        raise typer.Exit(DataError.exit_code)
