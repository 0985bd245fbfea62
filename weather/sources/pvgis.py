"""PVGIS of the European Commission: hourly series and typical years, JSON or CSV, in UTC.

What a stamp is, differs. *Hourly series* of a satellite database (SARAH, NSRDB) hold one image an hour: values at the
instant of the stamp, whose minute is that of the image over the place. Those of ERA5 hold means over an hour, stamped
at its half. *Typical years* are stamped on the full hour; weather is of that instant, radiation is of the stamp plus
the file's own "irradiance time offset": an image of that minute, or, where the offset is 0.5 h, ERA5's mean over the
hour that starts at the stamp.
"""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from weather.conventions import WeatherWarning, flags, timeaxis
from weather.conventions.errors import DataError
from weather.conventions.variables import RADIATION
from weather.quality.draft import Draft, Label
from weather.quality.finish import finish
from weather.sources.text import floats, mapping, member, number, parse_json, read_text, rows_of
from weather.sources.typical import NOMINAL_YEAR

# column of PVGIS -> variable and what PVGIS calls its unit
_COLUMNS: dict[str, tuple[str, frozenset[str]]] = {
    "G(h)": ("ghi", frozenset({"W/m2"})),
    "Gb(n)": ("dni", frozenset({"W/m2"})),
    "Gd(h)": ("dhi", frozenset({"W/m2"})),
    "T2m": ("temp_air", frozenset({"degree Celsius", "°C", "degC", "C"})),
    "RH": ("relative_humidity", frozenset({"%"})),
    "SP": ("pressure", frozenset({"Pa"})),
    "WS10m": ("wind_speed", frozenset({"m/s"})),
    "WD10m": ("wind_direction", frozenset({"°", "degree", "degrees"})),
}
_IN_PLANE = ("G(i)", "Gb(i)", "Gd(i)", "Gr(i)")
_LICENCE = "PVGIS (c) European Union; reuse with the source acknowledged (Commission Decision 2011/833/EU)"
_ASK = (
    "Ask PVGIS for slope 0 (a horizontal plane) of a fixed system with radiation components "
    "(angle=0, trackingtype=0, components=1)."
)
_HALF_H = 0.5
_YEAR_H = 8760
_H = np.timedelta64(3600, "s")


def read_pvgis(path: str | Path, *, check: bool = True, repair: bool | str = False) -> xr.Dataset:
    """Weather of a PVGIS file, hourly series or typical year, JSON or CSV, dims (time).

    Hourly series must be of a horizontal plane; what is in a tilted plane is refused. They hold neither pressure (that
    of the standard atmosphere is taken) nor humidity: the dew point is then taken as the lowest temperature of the day,
    with a warning. A typical year in EPW is read by `read_epw`.

    Means made of a satellite's instants, by lines through the clear-sky index, are on smooth skies within 6 W/m2 of the
    true ghi and 12 of dhi; under a sun above 10 degrees within 1.5 (ghi), 14 (dni) and 4 (dhi). Under broken cloud one
    image an hour does not tell the hour's mean, and nothing here can. Temperature is within 0.05 K, wind 0.03 m/s.
    ERA5's means come back as they are. The assumed dew point was, in five Chinese station years, 1.3 to 1.7 K too high
    in the humid south-west (rmse 2.7 to 3.8) and 4 to 5 K in the dry north (rmse 6 to 7.5); the wet bulb follows by 0.7
    to 2.4 K.

    Parameters
    ----------
    path : str or Path
    check : bool
        False leaves out the search for a wrong clock and slipped units.
    repair : bool or "months"
        See `weather.quality.finish`.

    Returns
    -------
    Dataset, dims (time)
        attrs utc_offset_h = 0; of a typical year typical_year = 1, in the nominal year 2001.

    Raises
    ------
    DataError
        Naming file, column, row, what was found and what is expected.

    References
    ----------
    Joint Research Centre, PVGIS 5.3, "Hourly radiation" and "Typical meteorological year" (outputs; UTC; one satellite
    image an hour), and CM SAF SARAH-3, images of the Meteosat scan. Dew point of the lowest temperature: R. G. Allen et
    al., FAO Irrigation and Drainage Paper 56 (1998), eq. 48, which finds it 2 to 3 K too high in arid places.
    """
    file = Path(path)
    where = str(file)
    text = read_text(file, kind="a PVGIS file")
    if text.startswith("LOCATION,"):
        raise DataError(f"{where}: is an EPW file; read it as one (epw:PATH, weather.read_epw).")
    data = parse_json(text, where=where) if text.lstrip()[:1] == "{" else _json_of_table(text, where)
    return finish(parse_pvgis(data, where=where), check=check, repair=repair)


def parse_pvgis(data: dict, *, where: str) -> Draft:
    """What PVGIS's JSON of an hourly series or a typical year holds.

    Parameters
    ----------
    data : dict
        inputs.location, and outputs.hourly or outputs.tmy_hourly: a list of rows.
    where : str
        File or address, for error texts.

    Raises
    ------
    DataError
        When a part is missing, a unit is another, the radiation is in a tilted plane, a value no number.

    Warns
    -----
    WeatherWarning
        When the dew point is an assumption.
    """
    location = mapping(data, "inputs", "location", where=where)
    place = {
        "latitude": number(member(location, "latitude", where=where), where=where, name="latitude", low=-90, high=90),
        "longitude": number(
            member(location, "longitude", where=where), where=where, name="longitude", low=-180, high=180
        ),
        "altitude_m": number(
            member(location, "elevation", where=where), where=where, name="elevation", low=-430, high=9e3
        ),
    }
    outputs = mapping(data, "outputs", where=where)
    if "tmy_hourly" in outputs:
        return _typical_year(data, location, place, where)
    return _series(data, place, where)


def _database(data: dict) -> str:
    meteo = data["inputs"].get("meteo_data")
    return str(meteo.get("radiation_db", "database not stated"))[:60] if isinstance(meteo, Mapping) else "not stated"


def _attrs(data: dict, place: Mapping[str, float], where: str, kind: str) -> dict[str, str | float | int]:
    return {
        "source": f"PVGIS {kind}, {_database(data)}, {place['latitude']:g} N {place['longitude']:g} E ({where})",
        "history": f"read from {where}",
        "licence": _LICENCE,
        "utc_offset_h": 0.0,
    }


def _typical_year(data: dict, location: Mapping[str, object], place: dict[str, float], where: str) -> Draft:
    table = _Rows.of(data, "tmy_hourly", stamp="time(UTC)", where=where)
    values = table.columns()
    offset = location.get("irradiance_time_offset", 0.0)
    offset_h = number(offset, where=where, name="irradiance_time_offset", low=-1.0, high=1.0)
    time = _nominal_year(table.time)
    history = [] if "irradiance_time_offset" in location else ["no irradiance time offset in the file: taken as 0"]
    label: dict[str, Label] = dict.fromkeys(values, "instant")
    late: dict[str, np.timedelta64] = {}
    held = [name for name in RADIATION if name in values]
    if abs(offset_h - _HALF_H) < 1e-6:
        label |= dict.fromkeys(held, "start")
    elif offset_h != 0.0:
        whole_year = time.size == _YEAR_H
        if offset_h < 0.0 and whole_year:
            # the first image lies before the year: the year closes to a ring, its row is the last
            values |= {name: np.roll(values[name], -1) for name in held}
            offset_h += 1.0
        late = dict.fromkeys(held, np.timedelta64(round(offset_h * 3600.0), "s"))
    return Draft(
        where=where,
        time=time,
        values=values,
        label=label,
        attrs=_attrs(data, place, where, "typical year") | {"typical_year": 1},
        rows=table.numbers,
        late=late,
        history=tuple(history),
        latitude=place["latitude"],
        longitude=place["longitude"],
        altitude_m=place["altitude_m"],
    )


def _nominal_year(time: np.ndarray) -> np.ndarray:
    """The months of a typical year, each from a year of its own, in one year; row order is kept."""
    months = time.astype("datetime64[M]")
    moved = np.datetime64(f"{NOMINAL_YEAR}-01", "M") + (months.astype(np.int64) % 12)
    return moved.astype("datetime64[ns]") + (time - months.astype("datetime64[ns]"))


def _series(data: dict, place: dict[str, float], where: str) -> Draft:
    table = _Rows.of(data, "hourly", stamp="time", where=where)
    values = table.columns()
    history: list[str] = []
    if "ghi" not in values:
        _check_horizontal(data, table.names, where)
        values |= _from_plane(table)
    database = _database(data)
    half = (table.time - table.time.astype("datetime64[h]")) == _H // 2
    means = "ERA5" in database and bool(half.all())
    label: dict[str, Label] = dict.fromkeys(values, "instant")
    if means:
        label |= {name: "middle" for name in RADIATION if name in values}
        history.append("radiation taken as ERA5's means over the hours around the stamps")
    derived: tuple[str, ...] = ()
    if "relative_humidity" not in values and "temp_air" in values:
        values["temp_dew"], label["temp_dew"], derived = _lowest_of_day(values["temp_air"]), "instant", ("temp_dew",)
        message = "no humidity in the file: dew point taken as the lowest temperature within 12 h (assumption)"
        history.append(message)
        warnings.warn(f"{where}: {message}; it is some K too high, most in dry places.", WeatherWarning, stacklevel=3)
    marks = table.reconstructed()
    return Draft(
        where=where,
        time=table.time,
        values=values,
        label=label,
        attrs=_attrs(data, place, where, "hourly series"),
        rows=table.numbers,
        derived=derived,
        flagged={name: marks for name in RADIATION if name in values} if marks.any() else {},
        history=tuple(history),
        latitude=place["latitude"],
        longitude=place["longitude"],
        altitude_m=place["altitude_m"],
    )


def _check_horizontal(data: dict, names: Sequence[str], where: str) -> None:
    if not any(name in names for name in _IN_PLANE):
        raise DataError(f"{where}: holds no radiation, only {', '.join(names)}. {_ASK}")
    system = mapping(data, "inputs", "mounting_system", where=where)
    slope = member(system, "fixed", "slope", "value", where=f"{where}, mounting system") if "fixed" in system else None
    if slope is None or isinstance(slope, bool) or not isinstance(slope, int | float) or slope != 0:
        told = f"of slope {str(slope)[:20]}" if "fixed" in system else f"that is moved ({', '.join(map(str, system))})"
        raise DataError(
            f"{where}: its radiation is in a plane {told}; horizontal radiation cannot be had from it. {_ASK}"
        )


def _from_plane(table: "_Rows") -> dict[str, np.ndarray]:
    """ghi, and dhi where the file has the parts, of a horizontal plane; the beam follows from closure."""
    if "G(i)" in table.names:
        return {"ghi": table.column("G(i)")}
    lacking = [name for name in ("Gb(i)", "Gd(i)") if name not in table.names]
    if lacking:
        raise DataError(f"{table.where}: holds no {' and no '.join(lacking)}. {_ASK}")
    diffuse = table.column("Gd(i)") + (table.column("Gr(i)") if "Gr(i)" in table.names else 0.0)
    return {"ghi": table.column("Gb(i)") + diffuse, "dhi": diffuse}


def _lowest_of_day(temp_air: np.ndarray) -> np.ndarray:
    """Lowest of 24 hours around each value; of hourly data."""
    return pd.Series(temp_air).rolling(25, center=True, min_periods=1).min().to_numpy()


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of an output; units as the file says them, column name to a mapping with `units`."""

    where: str
    held: Sequence[Mapping[str, object]]
    time: np.ndarray
    units: Mapping[str, object]

    @classmethod
    def of(cls, data: dict, output: str, *, stamp: str, where: str) -> "_Rows":
        rows = member(data, "outputs", output, where=where)
        if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
            raise DataError(f"{where}: outputs.{output} is no list of rows. Fetch it again.")
        texts = [str(row.get(stamp)) for row in rows]
        wrong = [index for index, text in enumerate(texts) if not re.fullmatch(r"[0-9]{8}:[0-9]{4}", text)]
        found = pd.to_datetime(pd.Series(texts, dtype=object), format="%Y%m%d:%H%M", errors="coerce")
        wrong += np.flatnonzero(found.isna()).tolist()
        if wrong:
            raise DataError(
                f"{where}, row {min(wrong) + 1} of its data: {stamp} is {texts[min(wrong)][:20]!r}; expected "
                "YYYYMMDD:HHMM. Fetch it again."
            )
        units = data.get("meta", {})
        for name in ("outputs", output, "variables"):
            units = units.get(name, {}) if isinstance(units, Mapping) else {}
        return cls(where, rows, timeaxis.as_stamps(found.to_numpy()), units if isinstance(units, Mapping) else {})

    @property
    def names(self) -> tuple[str, ...]:
        """Columns, of the first row."""
        return tuple(map(str, self.held[0]))

    @property
    def numbers(self) -> np.ndarray:
        """Number of each row, from 1."""
        return np.arange(1, len(self.held) + 1)

    def column(self, name: str) -> np.ndarray:
        values = [row.get(name) for row in self.held]
        return floats(values, where=self.where, name=name, at=lambda index: f"row {index + 1} of its data")

    def columns(self) -> dict[str, np.ndarray]:
        """Variables of the registry; refuses another unit than PVGIS's own where the file says its units."""
        found = {}
        for name, (variable, units) in _COLUMNS.items():
            if name not in self.names:
                continue
            said = self.units.get(name)
            unit = said.get("units") if isinstance(said, Mapping) else None
            if unit is not None and str(unit) not in units:
                allowed = ", ".join(sorted(units))
                raise DataError(f"{self.where}: {name} has unit {str(unit)[:40]!r}; expected {allowed}.")
            found[variable] = self.column(name)
        return found

    def reconstructed(self) -> np.ndarray:
        """Flags of radiation that PVGIS filled itself (its column Int), shape (time,)."""
        if "Int" not in self.names:
            return np.zeros(self.time.size, dtype=np.uint8)
        return flags.FILLED * (self.column("Int") > 0.0).astype(np.uint8)


def _json_of_table(text: str, where: str) -> dict:
    """The CSV form as the JSON form: lines "name: value", a table, an empty line, lines "column: words (unit)"."""
    lines = [line.strip() for line in rows_of(text, where=where)]
    starts = [row for row, line in enumerate(lines) if re.match(r"time(\(UTC\))?,", line)]
    if not starts or not lines[0].startswith("Latitude"):
        raise DataError(
            f"{where}: starts with {lines[0][:40] if lines else ''!r}; expected the JSON or CSV of PVGIS, hourly or "
            "typical year, with its header (its 'basic' format has none). Fetch it again."
        )
    head, names = lines[: starts[0]], lines[starts[0]].split(",")
    end = next((row for row in range(starts[0], len(lines)) if not lines[row]), len(lines))
    rows = []
    for row in range(starts[0] + 1, end):
        parts = lines[row].split(",")
        if len(parts) != len(names):
            raise DataError(f"{where}, row {row + 1}: {len(parts)} columns, expected {len(names)}. Fetch it again.")
        rows.append(dict(zip(names, parts, strict=True)))
    said = _header(head)
    typical = names[0] == "time(UTC)"
    location = {
        "latitude": said("Latitude"),
        "longitude": said("Longitude"),
        "elevation": said("Elevation"),
    }
    if said("Irradiance Time Offset"):
        location["irradiance_time_offset"] = said("Irradiance Time Offset")
    slope = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]*)?) deg\..*", said("Slope"))
    output = "tmy_hourly" if typical else "hourly"
    return {
        "inputs": {
            "location": location,
            "meteo_data": {"radiation_db": said("Radiation database") or "database not stated"},
            "mounting_system": {"fixed": {"slope": {"value": float(slope[1])}}} if slope else {"not fixed": {}},
        },
        "outputs": {output: rows},
        "meta": {"outputs": {output: {"variables": _units(lines[end:])}}},
    }


def _header(head: Sequence[str]) -> Callable[[str], str]:
    def said(name: str) -> str:
        found = next((line for line in head if line.startswith(name)), "")
        return found.partition(":")[2].strip()

    return said


def _units(lines: Sequence[str]) -> dict[str, dict[str, str]]:
    found = [re.fullmatch(r"([^:]+): .*\(([^()]*)\)", line) for line in lines]
    return {match[1]: {"units": match[2]} for match in found if match}
