"""Is this machine fit to plan? Versions, a solver self-test, disk, clock, fonts."""

from __future__ import annotations

import platform
import shutil
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from weather.conventions.errors import SolverFailed

PACKAGES = ("greendc", "numpy", "pandas", "xarray", "h5netcdf", "pvlib", "pulp", "highspy", "pydantic", "plotly")
LEAST_FREE_GB = 1.0


def examine(folder: Path = Path()) -> list[dict]:
    """One row per check: what, whether it is fit, and what was found."""
    rows = [{"check": "python", "ok": True, "found": platform.python_version()}]
    for name in PACKAGES:
        try:
            rows.append({"check": name, "ok": True, "found": version(name)})
        except PackageNotFoundError:
            rows.append({"check": name, "ok": False, "found": f"missing; pip install {name}"})
    rows.append(_solver())
    free = shutil.disk_usage(folder).free / 1e9
    rows.append({"check": "disk", "ok": free > LEAST_FREE_GB, "found": f"{free:.1f} GB free (a run takes about 10 MB)"})
    now = datetime.now(UTC)
    rows.append({"check": "clock", "ok": now.year >= 2026, "found": now.isoformat(timespec="seconds")})
    try:
        civil = now.astimezone(ZoneInfo("Asia/Shanghai"))
        eight_east = civil.utcoffset() == timedelta(hours=8)
        rows.append({"check": "time zone", "ok": eight_east, "found": str(civil.tzinfo)})
    except ZoneInfoNotFoundError:
        rows.append({"check": "time zone", "ok": False, "found": "Asia/Shanghai unknown; pip install tzdata"})
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    rows.append({"check": "browser", "ok": True, "found": browser or "none (only needed to print reports)"})
    return rows


def _solver() -> dict:
    """Solve max 2x + y, x + y <= 1.5, x, y in {0, 1}: the answer is 2."""
    try:
        from dataclasses import replace

        from energy.planner.solver import constrain, linear, model_arrays, new_problem, solve

        problem = new_problem("self_test")
        x, y = (problem.add_variable(name, 0, 1, cat="Binary") for name in ("x", "y"))
        constrain(problem, "row", linear([(1, x), (1, y)]), "<=", 1.5)
        model = model_arrays(problem, [x, y])
        cost, _ = model.costs_of(linear([(-2, x), (-1, y)]))
        found = solve(replace(model, cost=cost))
    except (SolverFailed, ImportError) as error:
        return {"check": "solver", "ok": False, "found": str(error)}
    right = abs(found.objective + 2) < 1e-9
    return {"check": "solver", "ok": right, "found": f"self-test objective {found.objective:g}, expected -2"}
