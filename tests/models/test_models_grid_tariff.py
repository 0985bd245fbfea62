"""Tariffs to the minute, by month and type of day; the calendar of holidays; validity."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grid import (
    DAY_TYPES,
    HolidayCalendar,
    Tariff,
    TariffPeriod,
    check_tariff,
    day_type,
    energy_price,
    holds_on,
    national_holidays,
    read_holidays,
    validity,
)
from weather.conventions.errors import ConfigError, DataError
from weather.conventions.timeaxis import time_axis

ALL = tuple(range(1, 13))


def tariff(*periods: TariffPeriod) -> Tariff:
    return Tariff("ningxia", periods, "test")


NINGXIA = tariff(
    TariffPeriod("flat", ALL, 0, 7, 0.4),
    TariffPeriod("peak", ALL, 7, 9, 0.6),
    TariffPeriod("valley", ALL, 9, 17, 0.2),
    TariffPeriod("peak", ALL, 17, 23, 0.6),
    TariffPeriod("flat", ALL, 23, 24, 0.4),
)
# workdays as above; weekends flat; holidays with a deep valley at midday
BY_DAY = tariff(
    *(replace(period, day_types=("workday",)) for period in NINGXIA.periods),
    TariffPeriod("flat", ALL, 0, 24, 0.3, ("weekend",)),
    TariffPeriod("flat", ALL, 0, 11, 0.25, ("holiday",)),
    TariffPeriod("deep valley", ALL, 11, 15, 0.1, ("holiday",)),
    TariffPeriod("flat", ALL, 15, 24, 0.25, ("holiday",)),
)


def test_price_is_taken_in_civil_time():
    prices = energy_price(time_axis("2026-03-05", horizon_h=24), NINGXIA)
    assert prices.tolist() == [0.4] * 7 + [0.6] * 2 + [0.2] * 8 + [0.6] * 6 + [0.4]


def test_price_of_an_interval_over_a_change_is_the_mean_of_its_minutes():
    split = tariff(TariffPeriod("a", ALL, 0, 10 + 1 / 60, 0.0), TariffPeriod("b", ALL, 10 + 1 / 60, 24, 0.6))
    prices = energy_price(time_axis("2026-03-05", horizon_h=24), split)
    assert prices[10] == pytest.approx(0.6 * 59 / 60)
    assert prices[9] == 0.0 and prices[11] == pytest.approx(0.6)


@pytest.mark.parametrize("step", [0.25, 0.5, 2.0, 3.0, 24.0])
def test_any_step_has_the_same_daily_mean(step):
    day = energy_price(time_axis("2026-03-05", horizon_h=24, step_h=step), NINGXIA, step_h=step)
    assert day.mean() == pytest.approx((0.4 * 8 + 0.6 * 8 + 0.2 * 8) / 24)


def test_month_turns_at_civil_midnight():
    seasonal = tariff(
        TariffPeriod("winter", (1, 2, 3, 4, 5, 9, 10, 11, 12), 0, 24, 0.5),
        TariffPeriod("summer", (6, 7, 8), 0, 24, 0.3),
    )
    prices = energy_price(np.array(["2026-05-31T15:00", "2026-05-31T16:00"], "datetime64[ns]"), seasonal)
    assert prices.tolist() == pytest.approx([0.5, 0.3])


@pytest.mark.parametrize(
    ("day", "noon"),
    [
        ("2026-05-08", 0.2),  # Friday
        ("2026-05-09", 0.2),  # Saturday, worked in place of Labour Day's bridge
        ("2026-05-10", 0.3),  # Sunday
        ("2026-05-01", 0.1),  # Labour Day, Friday
        ("2026-05-02", 0.1),  # Saturday within the holiday
        ("2025-01-26", 0.2),  # Sunday, worked before Spring Festival
        ("2025-10-08", 0.1),  # Wednesday, National Day and Mid-Autumn
    ],
)
def test_price_follows_the_type_of_the_civil_day(day, noon):
    assert energy_price(time_axis(f"{day}T12:00", horizon_h=2), BY_DAY)[0] == noon


def test_type_of_day_turns_at_civil_midnight():
    prices = energy_price(time_axis("2026-04-30T22:00", horizon_h=4), BY_DAY)
    assert prices.tolist() == [0.6, 0.4, 0.25, 0.25]


def test_a_tariff_of_one_kind_of_day_needs_no_calendar():
    assert energy_price(time_axis("2031-05-01", horizon_h=2), NINGXIA).tolist() == [0.4, 0.4]
    with pytest.raises(DataError, match=r"2031-05-01 is of a year without holidays .*\[2025, 2026\].*holidays_csv"):
        energy_price(time_axis("2031-05-01", horizon_h=2), BY_DAY)


@pytest.mark.parametrize(
    ("periods", "text"),
    [
        ([TariffPeriod("a", ALL, 0, 23, 0.1)], "month 1 at 23:00 is covered by 0 periods"),
        (
            [TariffPeriod("a", ALL, 0, 24, 0.1), TariffPeriod("b", (3,), 8, 9, 0.1)],
            "month 3 at 08:00 .* 2 periods",
        ),
        (
            [TariffPeriod("a", ALL, 0, 24, 0.1, ("workday", "weekend"))],
            "month 1 at 00:00 is covered by 0 periods on a holiday",
        ),
        (
            [TariffPeriod("a", ALL, 0, 24, 0.1), TariffPeriod("b", ALL, 8, 9, 0.1, ("weekend",))],
            "month 1 at 08:00 is covered by 2 periods on a weekend",
        ),
        ([TariffPeriod("a", ALL, 23, 7, 0.1)], "as two periods"),
        ([TariffPeriod("a", (0,), 0, 24, 0.1)], "months"),
        ([TariffPeriod("a", ALL, 0, 24, 0.1, ("sunday",))], "day_types=.*workday, weekend, holiday"),
        ([TariffPeriod("a", ALL, 0, 24, 0.1, ())], "day_types"),
        ([TariffPeriod("a", ALL, 0, 24, float("nan"))], "finite"),
        ([TariffPeriod("a", ALL, 0, 24, 460.0)], "per MWh is divided by 1,000"),
        ([TariffPeriod("a", ALL, 0, 0.005, 0.1)], "whole minutes"),
    ],
)
def test_bad_tariffs_are_named(periods, text):
    with pytest.raises(ConfigError, match=text):
        check_tariff(tariff(*periods))


def test_price_refuses_what_it_cannot_know():
    one = np.array(["2026-01-01T00:00"], "datetime64[ns]")
    with pytest.raises(DataError, match="Give step_h"):
        energy_price(one, NINGXIA)
    assert energy_price(one, NINGXIA, step_h=1.0).tolist() == [0.6]  # 08:00 civil
    with pytest.raises(DataError, match="whole minutes"):
        energy_price(one, NINGXIA, step_h=0.001)
    with pytest.raises(DataError, match="whole minute"):
        energy_price(one + np.timedelta64(30, "s"), NINGXIA, step_h=1.0)


def test_a_tariff_holds_on_the_days_between_its_dates():
    year = replace(NINGXIA, valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 12, 31))
    assert holds_on(year, dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert not holds_on(year, dt.date(2025, 12, 31), dt.date(2026, 1, 1))
    assert not holds_on(year, dt.date(2026, 12, 31), dt.date(2027, 1, 1))
    assert validity(year) == "2026-01-01 to 2026-12-31"
    assert not holds_on(NINGXIA, dt.date(2026, 7, 1), dt.date(2026, 7, 1)) and validity(NINGXIA) == "not dated"
    open_end = replace(year, valid_to=None)
    assert holds_on(open_end, dt.date(2026, 7, 1), dt.date(2026, 7, 1)), "open at the end that is not given"
    assert not holds_on(open_end, dt.date(2025, 7, 1), dt.date(2026, 7, 1))
    with pytest.raises(ConfigError, match="got valid_to=2025-01-01, allowed on or after valid_from=2026-01-01"):
        replace(year, valid_to=dt.date(2025, 1, 1))


def test_the_national_calendar_is_the_notices():
    """2025: 28 days off, 5 make-up days; 2026: 33 days off, 6 make-up days; every make-up day is a weekend day."""
    calendar = national_holidays()
    count = {y: sum(d.year == y for d in days) for days in (calendar.holidays,) for y in (2025, 2026)}
    assert count == {2025: 28, 2026: 33}
    worked = sorted(calendar.workdays)
    assert [d.isoformat() for d in worked if d.year == 2025] == [
        "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
    ]  # fmt: skip
    assert [d.isoformat() for d in worked if d.year == 2026] == [
        "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
    ]  # fmt: skip
    assert all(day.weekday() >= 5 for day in worked)


@given(day=st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31)))
def test_day_types_are_the_weekday_but_for_the_notices(day):
    (kind,) = day_type(np.array([day], "datetime64[D]"))
    calendar = national_holidays()
    if day not in calendar.holidays | calendar.workdays:
        assert DAY_TYPES[kind] == ("weekend" if day.weekday() >= 5 else "workday")
    else:
        assert DAY_TYPES[kind] == ("holiday" if day in calendar.holidays else "workday")


def test_day_types_keep_the_shape():
    days = np.array([["2026-02-13", "2026-02-14"], ["2026-02-15", "2026-03-01"]], "datetime64[D]")
    assert day_type(days).tolist() == [[0, 0], [2, 1]]


def test_a_year_of_ones_own_replaces_that_year(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("first,last,kind\n2027-01-01,2027-01-03,holiday\n2027-01-09,2027-01-09,workday\n", encoding="utf-8")
    both = national_holidays().replaced_by(read_holidays(path))
    assert both.years == {2025, 2026, 2027}
    days = np.array(["2027-01-02", "2027-01-09", "2027-01-10", "2026-10-01"], "datetime64[D]")
    assert [DAY_TYPES[k] for k in day_type(days, both)] == ["holiday", "workday", "weekend", "holiday"]
    path.write_text("first,last,kind\n2026-12-31,2026-12-31,holiday\n", encoding="utf-8")
    own = national_holidays().replaced_by(read_holidays(path))
    assert dt.date(2026, 10, 1) not in own.holidays and dt.date(2025, 10, 1) in own.holidays


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("day,kind\n2027-01-01,holiday\n", r"got columns \['day', 'kind'\]"),
        ("", "got columns"),
        ("first,last,kind\n2027-1-1,2027-01-01,holiday\n", "row 2.*YYYY-MM-DD"),
        ("first,last,kind\n2027-01-01,2027-01-03,off\n", "row 2: got kind 'off'"),
        ("first,last,kind\n2027-01-01,2027-01-03,holiday\n2027-01-04,2027-01-02,holiday\n", "row 3"),
        ("first,last,kind\n2027-01-01,2028-01-03,holiday\n", "row 2.*31 days"),
        ("first,last,kind\n2027-01-01,2027-01-03,holiday\n2027-01-03,2027-01-03,workday\n", "workdays: 2027-01-03"),
    ],
)
def test_bad_holiday_files_are_explained(tmp_path, text, found):
    path = tmp_path / "days.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((DataError, ConfigError), match=found):
        read_holidays(path)


def test_files_that_cannot_be_read_and_calendars_that_cannot_be(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.csv: holidays cannot be read"):
        read_holidays(tmp_path / "nothing.csv")
    (tmp_path / "b.csv").write_bytes(b"first,last,kind\n\xff\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read_holidays(tmp_path / "b.csv")
    with pytest.raises(ConfigError, match="years: 2030-01-01"):
        HolidayCalendar(frozenset({dt.date(2030, 1, 1)}), frozenset(), frozenset({2029}))


@pytest.mark.parametrize(
    ("first", "before", "after"),
    [
        ("2026-02-14T22:30", "workday", "holiday"),  # a make-up Saturday into Spring Festival
        ("2026-02-13T22:30", "workday", "workday"),  # Friday into the make-up Saturday: no weekend price
        ("2026-02-27T22:30", "workday", "workday"),
        ("2026-01-03T22:30", "holiday", "workday"),  # New Year's holiday into a make-up Sunday
        ("2026-03-06T22:30", "workday", "weekend"),
    ],
)
def test_a_step_over_midnight_has_the_minutes_of_both_types_of_day(first, before, after):
    """A step of 3 h from 22:30 civil: half of it before midnight. A price of the step's first day alone is wrong."""
    price = {"workday": 0.4, "weekend": 0.3, "holiday": 0.1}
    by_type = tariff(*(TariffPeriod(kind, ALL, 0, 24, value, (kind,)) for kind, value in price.items()))
    start = np.array([first], "datetime64[m]") - np.timedelta64(8 * 60, "m")
    found = energy_price(start, by_type, step_h=3.0)
    assert found == pytest.approx([(price[before] + price[after]) / 2], rel=1e-12)
