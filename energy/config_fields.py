"""Bases and number types of the study file: strict numbers, frozen tables, one `source` per table.

TOML already has types, so a number written as text is a mistake and is refused, never converted.
Pydantic models are the one place of the package where classes inherit: it is how pydantic shares settings.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[Number, Field(ge=0, le=1)]
LossFraction = Annotated[Number, Field(ge=0, lt=0.5)]
Efficiency = Annotated[Number, Field(ge=0.01, le=1)]
# No site comes near these: what lies beyond is a slip of the unit, and numbers of such different sizes in one
# model would cost the solver its digits. 1e7 kW is 10 GW.
MOST_KW, MOST_KWH, MOST_CNY_PER_KWH, MOST_GPUS = 1e7, 1e8, 100.0, 1_000_000
PositiveKW = Annotated[Number, Field(gt=0, le=MOST_KW)]
NonNegativeKW = Annotated[Number, Field(ge=0, le=MOST_KW)]
PositiveKWh = Annotated[Number, Field(gt=0, le=MOST_KWH)]
PriceKWh = Annotated[Number, Field(ge=0, le=MOST_CNY_PER_KWH)]
Count = Annotated[int, Field(strict=True, ge=1, le=MOST_GPUS)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]
# ids become names of files, columns and cluster labels: nothing that needs quoting anywhere
Identifier = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Table(BaseModel):
    """A table of the study file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class SourcedTable(Table):
    """A table that carries numbers, and so says where they come from.

    `source` is free text; what nobody published is marked "assumption: ".
    """

    source: Text
    note: str = ""


# keys of a plant's table that are the study's own, not fields of the plant in `models`
_STUDY_KEYS = frozenset(
    {
        "source",
        "note",
        "kind",
        "setpoints_degc",
        "price_cny_per_kwh",
        "initial_green_frac",
        "initial_grey_frac",
    }
)


def plant_fields(table: SourcedTable) -> dict[str, object]:
    """Keyword arguments of the plant in `models` that a table describes; keys left out are absent."""
    values = {name: getattr(table, name) for name in type(table).model_fields if name not in _STUDY_KEYS}
    return {name: value for name, value in values.items() if value is not None}
