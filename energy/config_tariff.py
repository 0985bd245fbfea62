"""Time-of-use tariffs of the study file, written with clock hours as the price notices write them."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from energy.config_fields import Identifier, Number, SourcedTable, Table, Text

if TYPE_CHECKING:
    from models.grid import Tariff

_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")
Day = Annotated[dt.date, Field(strict=True)]
DayType = Literal["workday", "weekend", "holiday"]


def _clock_h(hours: str, minutes: str) -> float:
    return int(hours) + int(minutes) / 60


class PeriodConfig(Table):
    """One label and price of a tariff: its months, types of day and civil hours, "22:00-06:00" wraps midnight.

    Without `day_types` it holds on workdays, weekends and holidays alike. The tariff's `source` speaks for all its
    periods.
    """

    label: Text
    months: Annotated[tuple[Annotated[int, Field(strict=True, ge=1, le=12)], ...], Field(min_length=1)]
    hours: Annotated[tuple[Text, ...], Field(min_length=1)]
    price_cny_per_kwh: Annotated[Number, Field(ge=-1, le=5)]
    day_types: Annotated[tuple[DayType, ...], Field(min_length=1)] = ("workday", "weekend", "holiday")

    @field_validator("hours")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for span in value:
            match = _HOURS.match(span)
            if not match or match[3] + match[4] > "2400" or match[1] + match[2] == match[3] + match[4]:
                raise ValueError(
                    f'"{span}" is not a span of civil time; write "HH:MM-HH:MM", 24:00 ends the day'
                )
        return value

    def spans_h(self) -> tuple[tuple[float, float], ...]:
        """The hours as (start, end) pairs in 0..24, a span over midnight cut in two."""
        spans: list[tuple[float, float]] = []
        for text in self.hours:
            match = _HOURS.match(text)
            start, end = _clock_h(match[1], match[2]), _clock_h(match[3], match[4])
            spans += [(start, end)] if end > start else [(start, 24.0), (0.0, end)]
        return tuple((start, end) for start, end in spans if end > start)


class TariffConfig(SourcedTable):
    """Time-of-use energy price; over all its periods each day of each month covers 24 h exactly once.

    `valid_from` and `valid_to` are the first and last civil day the prices are known to hold (2026-01-01, without
    quotes); a plan of other days, or of a tariff without dates, says so.
    """

    id: Identifier
    valid_from: Day | None = None
    valid_to: Day | None = None
    periods: Annotated[tuple[PeriodConfig, ...], Field(alias="period", min_length=1)]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> TariffConfig:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to = {self.valid_to} is before valid_from = {self.valid_from}")
        return self

    def model(self) -> Tariff:
        """The tariff as `models.grid` evaluates it."""
        from models.grid import Tariff, TariffPeriod

        periods = tuple(
            TariffPeriod(
                label=period.label,
                months=period.months,
                start_h=start_h,
                end_h=end_h,
                price_cny_per_kwh=period.price_cny_per_kwh,
                day_types=period.day_types,
            )
            for period in self.periods
            for start_h, end_h in period.spans_h()
        )
        return Tariff(
            tariff_id=self.id,
            periods=periods,
            source=self.source,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )
