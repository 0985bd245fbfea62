"""Weather of one place as CSV that describes itself, which `weather.sources.csv.read_csv` gives back."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from weather.conventions import flags, timeaxis
from weather.conventions.errors import DataError
from weather.conventions.schema import check_weather
from weather.conventions.variables import VARIABLES
from weather.sources.assemble import PLACE
from weather.sources.files import whole_file

_TEXTS = ("source", "licence", "history")


def write_csv(weather: xr.Dataset, path: str | Path) -> None:
    """Write weather of one place as CSV that describes itself, whole or not at all; `read_csv` gives it back.

    Numbers are written with all their digits, flags in columns of their own, stamps in UTC.

    Parameters
    ----------
    weather : Dataset, dims (time)
    path : str or Path

    Raises
    ------
    DataError
        When the Dataset breaks the weather schema or has nodes or members.
    OutputError
        When the folder cannot be written.
    """
    check_weather(weather)
    if weather.sizes.keys() != {"time"}:
        raise DataError(
            f"weather: dims are {tuple(weather.sizes)}; a CSV file holds one place. Choose one: weather.isel(node=0)."
        )
    names = [name for name in VARIABLES if name in weather.data_vars]
    names += [flag for flag in (f"{flags.PREFIX}{name}" for name in names) if flag in weather.data_vars]
    stamps = timeaxis.as_stamps(weather["time"].values)
    whole = not (stamps.astype(np.int64) % 1_000_000_000).any()
    frame = pd.DataFrame({"time": np.char.add(np.datetime_as_string(stamps, unit="s" if whole else "ns"), "Z")})
    for name in names:
        unit = f" [{VARIABLES[name].units}]" if name in VARIABLES else ""
        frame[f"{name}{unit}"] = weather[name].values
    said = {name: float(weather[name]) for name in PLACE}
    marks = ("utc_offset_h", "typical_year", "synthetic")
    said |= {name: weather.attrs[name] for name in marks if name in weather.attrs}
    lines = [f"# {name}: {value}" for name, value in said.items()] + ["# label: start"]
    lines += [f"# {name}: {_quoted(str(weather.attrs[name]))}" for name in _TEXTS if name in weather.attrs]
    with whole_file(Path(path)) as part:
        part.write_text("\n".join([*lines, frame.to_csv(index=False, lineterminator="\n")]), encoding="utf-8")


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else json.dumps(text)
