"""The kinds of weather source, one row each: all that a kind is, but for its code.

A source is named by a spec: the kind alone where the weather is made (`climate`), `kind:PATH` where it is
read from a file. A new kind is its module and a row here; the study, the command line and `open_weather`
know no kind by name. Nothing heavy is imported: `greendc --help` reads this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of weather source.

    Parameters
    ----------
    name : str
        How a spec begins; no colon.
    needs_path : bool
        True for a file, false for weather that is made for any window.
    reader : str
        Where its code lives, "module:function". Of a file: `(path, *, check, repair) -> Dataset`, dims (time) or
        (node, time), that passes `check_weather`, its source naming the file; it ends in `weather.quality.finish`.
        Of made weather: `(nodes, *, time, seed) -> dict` of node id to Dataset (time).
    typical_year : bool or None
        Whether a file is a typical year, to be laid onto any date; None where each file says so itself by
        attrs typical_year = 1. A typical year has attrs utc_offset_h.
    look_up : str
        Of made weather: "module:function" that takes a node and raises DataError where it has none; "" for a file.
    example : str
        A spec as one would write it; `{node}` stands for the node's id.
    words : str
        What it is, for help texts.
    endings : tuple of str
        How the names of its files end where that tells the kind; tables of other makers end in .json all alike.
    writer : str
        "module:function" that writes a Dataset in this form, `(weather, path)`; "" where none does.
    holds_nodes : bool
        Whether its files can hold several nodes.
    """

    name: str
    needs_path: bool
    reader: str
    typical_year: bool | None
    look_up: str
    example: str
    words: str
    endings: tuple[str, ...] = ()
    writer: str = ""
    holds_nodes: bool = False

    @property
    def form(self) -> str:
        """The shape of its specs: `climate`, `epw:PATH`."""
        return f"{self.name}:PATH" if self.needs_path else self.name


KINDS: tuple[Kind, ...] = (
    Kind(
        name="climate",
        needs_path=False,
        reader="weather.climate:climate_places",
        typical_year=False,
        look_up="weather.climate.normals:nearest_normals",
        example="climate",
        words="made from embedded monthly normals and the seed",
    ),
    Kind(
        name="epw",
        needs_path=True,
        reader="weather.sources.epw:read_epw",
        typical_year=True,
        look_up="",
        example="epw:/data/{node}.epw",
        words="an EnergyPlus weather file",
        endings=(".epw",),
    ),
    Kind(
        name="netcdf",
        needs_path=True,
        reader="weather.sources.netcdf:read_netcdf_source",
        typical_year=None,
        look_up="",
        example="netcdf:/data/weather.nc",
        words="NetCDF-4 as greendc writes it",
        endings=(".nc",),
        writer="weather.sources.netcdf:write_netcdf",
        holds_nodes=True,
    ),
    Kind(
        name="tmy3",
        needs_path=True,
        reader="weather.sources.tmy3:read_tmy3",
        typical_year=True,
        look_up="",
        example="tmy3:/data/{node}.tmy3",
        words="a TMY3 file of NREL",
    ),
    Kind(
        name="pvgis",
        needs_path=True,
        reader="weather.sources.pvgis:read_pvgis",
        typical_year=None,
        look_up="",
        example="pvgis:/data/{node}.json",
        words="an hourly series or typical year of PVGIS, JSON or CSV",
    ),
    Kind(
        name="nasa_power",
        needs_path=True,
        reader="weather.sources.nasa_power:read_nasa_power",
        typical_year=None,
        look_up="",
        example="nasa_power:/data/{node}.json",
        words="hourly NASA POWER, JSON or CSV",
    ),
    Kind(
        name="era5",
        needs_path=True,
        reader="weather.sources.era5:read_era5",
        typical_year=None,
        look_up="",
        example="era5:/data/{node}.nc",
        words="hourly ERA5 of one cell, NetCDF-4 or CSV",
    ),
    Kind(
        name="csv",
        needs_path=True,
        reader="weather.sources.csv:read_csv_source",
        typical_year=None,
        look_up="",
        example="csv:/data/{node}.csv",
        words="a CSV table that says its place, clock and units",
        endings=(".csv",),
        writer="weather.sources.csv_write:write_csv",
    ),
    Kind(
        name="open_meteo",
        needs_path=True,
        reader="weather.sources.open_meteo:read_open_meteo",
        typical_year=False,
        look_up="",
        example="open_meteo:/data/{node}.json",
        words="a saved answer of Open-Meteo",
    ),
)

DEFAULT_SPEC = KINDS[0].example
"""The weather of a study that names none: it needs no file."""


def parse_spec(spec: object) -> tuple[Kind, str] | None:
    """Kind and path of a spec (the path "" where the kind has none); None where it is no weather source.

    Examples
    --------
    >>> kind, path = parse_spec("epw:/data/guian.epw")
    >>> kind.name, path
    ('epw', '/data/guian.epw')
    >>> parse_spec("epw:") is None and parse_spec("climate:guian") is None
    True
    """
    name, colon, path = str(spec).partition(":")
    for kind in KINDS:
        if kind.name == name:
            good = bool(path.strip()) if kind.needs_path else not colon
            return (kind, path) if good else None
    return None


def by_ending(path: str, *, written: bool = False) -> Kind | None:
    """The kind of a file by how its name ends; with `written`, of those that can be written.

    Examples
    --------
    >>> by_ending("a/b.EPW").name, by_ending("x.json"), by_ending("x.epw", written=True)
    ('epw', None, None)
    """
    found = (kind for kind in KINDS if path.lower().endswith(kind.endings) and kind.endings)
    return next((kind for kind in found if kind.writer or not written), None)


def forms(*, files_only: bool = False) -> tuple[str, ...]:
    """The shapes of specs, for error texts: `climate`, `epw:PATH`, ..."""
    return tuple(kind.form for kind in KINDS if kind.needs_path or not files_only)


def examples(node_id: str) -> tuple[str, ...]:
    """A spec of each kind as one would write it for that node."""
    return tuple(kind.example.format(node=node_id) for kind in KINDS)


def in_words() -> str:
    """Every kind with what it is, as one phrase for help texts."""
    return listed([f"{kind.form} ({kind.words})" for kind in KINDS])


def listed(items: list[str] | tuple[str, ...]) -> str:
    """Alternatives in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b or c'
    """
    return " or ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def load(place: str) -> Callable[..., Any]:
    """The function that "module:function" names; its module is imported now and not before."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
