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
