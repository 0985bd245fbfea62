"""The command line: parse, load, call one library function, write.

Exit codes: 0 ok (a missed soft target is ok and says so); 1 a fault of greendc; 2 usage; 3 bad input; 4 a hard target
or --strict cannot be met, or under --strict the replay is short of power; 5 the asked gap was not proven in the time
(the verified plan is published); 7 a source is unavailable, or under --strict a tariff is not of the days; 8 cannot
write; 9 solver missing or failed; 75 another run holds the output folder; 130 interrupted.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from energy import plant_cli
from energy.terminal import drop_stdout, print_table, say, warn
from energy.weather_cli import weather_app
from weather import kinds
from weather.conventions.errors import ConfigError, GreenDCError, OutputError

DEMO_DATE = "2026-07-10"
DEMO_JOBS = 120
GAP_OPEN_EXIT = 5
INTERRUPTED_EXIT = 130

# set by Ctrl-C: the solver swallows an exception raised while it reports, so the wish is remembered here
_interrupted = threading.Event()

app = typer.Typer(
    name="greendc",
    help="Plan a fleet of green datacentres: where and when jobs run, setpoints, batteries, grid and renewables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(weather_app)
app.command("replay")(plant_cli.replay)
app.command("calibrate")(plant_cli.calibrate)

StudyOption = Annotated[Path | None, typer.Option("--study", help="Study file (TOML). Default: the five western hubs.")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder of runs.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the climate, synthetic jobs and solver.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
LangOption = Annotated[str, typer.Option("--lang", help="Language of the report: en or zh.")]


@app.command()
def demo(
    out: OutOption = Path("runs"),
    seed: SeedOption = 7,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Plan two July days of the embedded study with 120 synthetic jobs, and say where the report is."""
    _plan(
        study_path=None,
        weather=[],
        repair=False,
        jobs=f"synthetic:{DEMO_JOBS}",
        state=None,
        date=DEMO_DATE,
        horizon=48.0,
        step=None,
        out=out,
        seed=seed,
        time_limit=None,
        gap=None,
        strict=False,
        attribution=True,
        as_json=as_json,
        lang=lang,
    )


@app.command()
def plan(
    study: StudyOption = None,
    weather: Annotated[
        list[str] | None,
        typer.Option(
            "--weather",
            help=f"NODE=SOURCE, repeatable; SOURCE is {kinds.in_words()}. Default: the study's weather table.",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend weather files: move radiation of a wrong clock, drop impossible values."),
    ] = False,
    jobs: Annotated[
        str,
        typer.Option(
            "--jobs",
            help="jobs.csv, synthetic:COUNT, or philly:FILE,from=DATE,to=DATE,min_gpus=N,gpu_factor=N.",
        ),
    ] = "synthetic:120",
    state: Annotated[Path | None, typer.Option("--state", help="state.json of the plan before this one.")] = None,
    date: Annotated[
        str | None,
        typer.Option("--date", help="Civil day or time (UTC+8) the window opens: 2026-07-15 or 2026-07-15T12:00. "
        "Default: tomorrow."),
    ] = None,
    horizon: Annotated[float | None, typer.Option("--horizon", help="Length of the window in hours.")] = None,
    step: Annotated[int | None, typer.Option("--step", help="Step in minutes (15, 30, 60, 120, 180 or 240).")] = None,
    out: OutOption = Path("runs"),
    seed: SeedOption = 7,
    time_limit: Annotated[float | None, typer.Option("--time-limit", help="Seconds the search may take.")] = None,
    gap: Annotated[float | None, typer.Option("--gap", help="Relative gap to prove, e.g. 0.005.")] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Refuse the plan if a target is missed, its replay short of power (exit 4), a tariff stale (exit 7).",
        ),
    ] = False,
    attribution: Annotated[
        bool, typer.Option("--attribution/--no-attribution", help="Split the saving into placement, setpoint, battery.")
    ] = False,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Plan a window and publish it: plan.nc, jobs.csv, state.json, summary.json, report.html, manifest.json."""
    tomorrow = datetime.now(timezone(timedelta(hours=8))) + timedelta(days=1)  # civil time of all China
    _plan(
        study_path=study,
        weather=weather or [],
        repair=repair,
        jobs=jobs,
        state=state,
        date=tomorrow.date().isoformat() if date is None else date,
        horizon=horizon,
        step=step,
        out=out,
        seed=seed,
        time_limit=time_limit,
        gap=gap,
        strict=strict,
        attribution=attribution,
        as_json=as_json,
        lang=lang,
    )


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
) -> None:
    """Write a study to edit: the embedded one as study.toml, and a jobs.csv of synthetic jobs."""
    from energy.starter import write_starter

    made = write_starter(folder)
    for path in made:
        say(f"wrote {path}")
    study, jobs = (shlex.quote(str(path)) for path in made)
    say(f"next: greendc check {study}")
    say(f"      greendc plan --study {study} --jobs {jobs} --date {DEMO_DATE}")


@app.command()
def check(
    study: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    as_json: JsonOption = False,
) -> None:
    """Read a study and its weather files, say what is in them or all that would stop a plan."""
    from energy.config import load_study, study_hash
    from energy.config_checks import study_warnings
    from energy.config_load import load_problems, supply_problems
    from energy.requests import weather_specs, window
    from energy.starter import describe_study
    from weather.sources.examine import examine_weather

    loaded = load_study(study)
    problems = []
    try:
        window(loaded, horizon_h=None, step_min=None)
    except ConfigError as error:
        problems.append(str(error))
    specs = weather_specs(loaded, ())
    weather = examine_weather(specs, [node.node() for node in loaded.nodes], repair=loaded.weather.repair)
    problems += [*load_problems(loaded), *weather.problems, *supply_problems(loaded, weather.day)]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError("\n  ".join([f"{study}: {count} that would stop a plan", *problems]))
    rows = describe_study(loaded)
    warned = [*study_warnings(loaded, loaded.planning.step_h), *weather.warnings]
    if as_json:
        head = {"ok": True, "study_sha256": study_hash(loaded), "nodes": rows}
        say(json.dumps({**head, "weather": weather.covers, "warnings": warned}, ensure_ascii=False))
        return
    for warning in warned:
        warn(f"greendc: warning: {warning}")
    say(f"{study}: ok ({loaded.title})")
    print_table(rows)
    for node, covers in weather.covers.items():
        source = kinds.parse_spec(specs[node])
        if source is not None and source[0].needs_path:
            say(f"weather of {node}: {covers}")
    say(f"targets: PUE <= {loaded.targets.pue:g}, renewable share >= {loaded.targets.renewable_share:g}")


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check this machine: versions, a solver self-test, disk, clock and time zone."""
    from energy.doctor import examine

    rows = examine()
    bad = [row for row in rows if not row["ok"]]
    if as_json:
        say(json.dumps({"ok": not bad, "checks": rows}, ensure_ascii=False))
    else:
        print_table(rows)
    if bad:
        raise typer.Exit(9 if any(row["check"] == "solver" for row in bad) else 1)


def _plan(
    *,
    study_path: Path | None,
    weather: list[str],
    repair: bool,
    jobs: str,
    state: Path | None,
    date: str,
    horizon: float | None,
    step: int | None,
    out: Path,
    seed: int,
    time_limit: float | None,
    gap: float | None,
    strict: bool,
    attribution: bool,
    as_json: bool,
    lang: str,
) -> None:
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"{lang!r} is not a language of the report; allowed: en, zh", param_hint="--lang")
    from energy import runs
    from energy.config import load_study
    from energy.day import DayRequest, plan_day
    from energy.publish import publish_day
    from energy.requests import load_jobs, weather_specs, window, window_start, with_repair
    from energy.state import read_state

    with runs.locked(out), _Progress() as progress:
        study = load_study(study_path)
        if repair:
            study = with_repair(study)
        horizon_h, step_h = window(study, horizon_h=horizon, step_min=step)
        request = DayRequest(
            start=window_start(date, step_h=step_h),
            horizon_h=horizon_h,
            step_h=step_h,
            seed=seed,
            gap=_checked(gap, study.planning.gap, "--gap", 0.0, 1.0),
            time_limit_s=_checked(time_limit, study.planning.time_limit_s, "--time-limit", 1.0, 1e6),
            strict=strict,
            attribution=attribution,
        )
        specs = weather_specs(study, weather)
        carried = None if state is None else read_state(state)
        loaded, notes = load_jobs(jobs, study, request)
        result = plan_day(
            study,
            loaded,
            request,
            weather_specs=specs,
            state=carried,
            notes=notes,
            progress=progress.solver,
            phase=progress.phase,
        )
        progress.phase("writing")
        folder = publish_day(result, study, out, lang=lang)
    for warning in result.summary["warnings"]:
        warn(f"greendc: warning: {warning}")
    if as_json:
        text = json.dumps({"run": str(folder), **result.summary}, ensure_ascii=False)
    else:
        from energy.publish import verdict

        text = verdict(result.summary, folder)
    say(text, done=f"The run is published at {folder}.")
    if result.summary["status"] != "optimal":
        raise typer.Exit(GAP_OPEN_EXIT)


def _checked(given: float | None, default: float, option: str, low: float, high: float) -> float:
    value = default if given is None else given
    if not low <= value <= high:
        raise ConfigError(f"{option}: got {value:g}, allowed {low:g} to {high:g}.")
    return value


class _Progress:
    """One line on standard error, on a terminal only."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._width = 0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line("")

    def phase(self, text: str) -> None:
        _stop_if_interrupted()
        self._line(f"{text} ...")

    def solver(self, stage: str, incumbent: float, bound: float, seconds: float) -> None:
        best = f"{incumbent:,.0f}" if abs(incumbent) < 1e300 else "none yet"
        low = f"{bound:,.0f}" if abs(bound) < 1e300 else "-"
        gap = f"{(incumbent - bound) / abs(incumbent):.2%}" if best != "none yet" and low != "-" and incumbent else "-"
        self._line(f"planning, {stage}: best {best}, bound {low}, gap {gap}, {seconds:.0f} s")

    def _line(self, text: str) -> None:
        if not self._shown:
            return
        room = shutil.get_terminal_size().columns - 1
        text = text[:room]
        sys.stderr.write("\r" + text.ljust(self._width) + ("\r" if not text else ""))
        sys.stderr.flush()
        self._width = len(text)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: run the command, turn every error a user can cause into one message and its exit code."""
    with _ctrl_c_remembered():
        code = _run(arguments)
    if _interrupted.is_set() or code == INTERRUPTED_EXIT:
        warn("greendc: interrupted; no run is left half written.")
        code = INTERRUPTED_EXIT
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    run: Callable = typer.main.get_command(app)
    try:
        code = run.main(args=arguments, prog_name="greendc", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except GreenDCError as error:
        return _told(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED_EXIT
    except (BrokenPipeError, SystemExit):
        # whoever read the output has closed it, as `head` does; the work is done. typer meets that with SystemExit
        drop_stdout()
        return 0
    except OSError as error:
        drop_stdout()  # it may be what failed: help is printed by typer
        where = f"{error.filename}: " if error.filename else ""
        return _told(OutputError(f"{where}{error.strerror or error}"))
    except Exception as error:
        return _usage_or_bug(error)
    return code if isinstance(code, int) else 0


def _told(error: GreenDCError) -> int:
    if not _interrupted.is_set():  # else it is what the solver made of Ctrl-C
        warn(f"greendc: {error}")
    return error.exit_code


def _stop_if_interrupted() -> None:
    if _interrupted.is_set():
        raise KeyboardInterrupt


@contextmanager
def _ctrl_c_remembered() -> Iterator[None]:
    """Note Ctrl-C while it raises KeyboardInterrupt as ever; a process told to ignore it goes on ignoring it."""
    _interrupted.clear()
    usual = signal.getsignal(signal.SIGINT)
    mine = usual is signal.default_int_handler and threading.current_thread() is threading.main_thread()

    def note(*_: object) -> None:
        _interrupted.set()
        raise KeyboardInterrupt

    if mine:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGINT, usual)


def _usage_or_bug(error: Exception) -> int:
    """Usage errors explain themselves; anything else is a bug and shows where."""
    if _interrupted.is_set():
        return INTERRUPTED_EXIT
    if hasattr(error, "show") and hasattr(error, "exit_code"):
        error.show()
        return int(error.exit_code)
    import traceback

    traceback.print_exception(error)
    warn("greendc: this is a fault of greendc; nothing was published. Please report it with the text above.")
    return 1


if __name__ == "__main__":
    main()
