"""The weather of a place in words, for a terminal."""

from __future__ import annotations

import math

import numpy as np

from energy.weather_facts import FREE_COOLING_DEGC, PlaceFacts
from weather.conventions.timeaxis import CIVIL_OFFSET_H
from weather.conventions.variables import RADIATION, VARIABLES, WINDS
from weather.quality.shift import LEAST_SHIFT_H, Shift

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COLUMN = 13


def facts_lines(facts: PlaceFacts) -> list[str]:
    """What was found, one subject a line."""
    rows = [
        ("place", place_words(facts)),
        ("source", facts.source),
        ("licence", facts.licence),
        ("span", span_words(facts)),
        ("clock", clock_words(facts)),
        *_shift_rows(facts),
        *_repair_rows(facts),
        *_found_rows(facts),
        ("radiation", _radiation_words(facts)),
        ("temperature", _temperature_words(facts)),
        ("wind", _wind_words(facts)),
        ("air", _air_words(facts)),
        *([("ground", _ground_words(facts))] if _ground_words(facts) else []),
    ]
    return [f"  {name:<{_COLUMN}}{text}" for name, text in rows]


def place_words(facts: PlaceFacts) -> str:
    """ "37.50 N 105.19 E, 1226 m"."""
    north = f"{abs(facts.latitude):.2f} {'N' if facts.latitude >= 0 else 'S'}"
    east = f"{abs(facts.longitude):.2f} {'E' if facts.longitude >= 0 else 'W'}"
    return f"{north} {east}, {facts.altitude_m:.0f} m"


def span_words(facts: PlaceFacts) -> str:
    """First and last moment in civil time, with the number and length of the intervals."""
    civil = np.timedelta64(CIVIL_OFFSET_H, "h")
    ends = (np.datetime_as_string(stamp + civil, unit="m") for stamp in (facts.first, facts.end))
    begin, end = (text.replace("T", " ") for text in ends)
    what = "a typical year under the nominal dates " if facts.typical_year else ""
    members = f", {facts.members} members" if facts.members > 1 else ""
    step = f"{facts.step_h:g} h" if facts.step_h >= 1.0 else f"{60 * facts.step_h:g} min"
    return f"{what}{begin} to {end} (UTC+8), {facts.intervals} intervals of {step}{members}"


def clock_words(facts: PlaceFacts) -> str:
    """The clock the source was written in."""
    if facts.clock_h is None:
        return "the source's own clock is not stated; stamps are UTC"
    hours = abs(facts.clock_h)
    minutes = f":{round(hours % 1 * 60):02d}" if hours % 1 else ""
    return f"the source's own is UTC{'-' if facts.clock_h < 0 else '+'}{int(hours)}{minutes}"


def shift_words(shift: Shift) -> str:
    """What the radiation says of its own clock."""
    if shift.columns_disagree:
        return (
            f"ghi, dni and dhi do not belong together: {shift.closure_as_stamped:.0f} W/m2 from closing as stamped, "
            f"{shift.closure_shifted:.0f} under the best clock"
        )
    if math.isnan(shift.hours):
        return "does not tell its clock: too few sunny hours, or dni and dhi are computed from ghi on too cloudy days"
    closure = ""
    if math.isfinite(shift.closure_as_stamped):
        moved = f", {shift.closure_shifted:.0f} moved" if shift.found else ""
        closure = f" (dni cos z + dhi closes to ghi within {shift.closure_as_stamped:.0f} W/m2 as stamped{moved})"
    if not shift.found:
        return f"right within {LEAST_SHIFT_H:g} h by {shift.witness}{closure}"
    way = "early" if shift.hours > 0 else "late"
    return f"stamped {abs(shift.hours):g} h too {way} by {shift.witness}{closure}"


def _shift_rows(facts: PlaceFacts) -> list[tuple[str, str]]:
    shift = facts.shift
    if shift is None:
        return []
    rows = [("", f"radiation {shift_words(shift)}")]
    if shift.months_disagree:
        told = [
            f"{name} {hours:+g}" for name, hours in zip(_MONTHS, shift.by_month, strict=True) if math.isfinite(hours)
        ]
        rows.append(("", f"by month (h): {' '.join(told)}"))
    return rows


def _repair_rows(facts: PlaceFacts) -> list[tuple[str, str]]:
    rows = []
    for repair in facts.repairs:
        first, last = (f"{np.datetime_as_string(stamp, unit='m')}Z" for stamp in (repair.first, repair.last))
        span = f"at {first}" if first == last else f"{first} to {last}"
        rows.append(
            ("" if rows else "flags", f"{repair.variable}: {repair.count} {repair.meaning.replace('_', ' ')}, {span}")
        )
    return rows or [("flags", "none: every value stands as the source gave it")]


def _found_rows(facts: PlaceFacts) -> list[tuple[str, str]]:
    lines = [line for line in facts.history if line.startswith("found: ")]
    return [("" if number else "history", line) for number, line in enumerate(lines)]


def _radiation_words(facts: PlaceFacts) -> str:
    figures = facts.figures
    yearly = f"{RADIATION[0]}_kwh_m2_year" in figures
    key, per = ("_kwh_m2_year", " a year") if yearly else ("_kwh_m2", "")
    sums = ", ".join(f"{name} {figures[name + key]:,.{0 if yearly else 1}f}" for name in RADIATION)
    return f"{sums} kWh/m2{per}; clearness {figures['clearness']:.2f}"


def _temperature_words(facts: PlaceFacts) -> str:
    f = facts.figures
    return (
        f"mean {f['temp_air_mean_degc']:.1f} degC ({f['temp_air_min_degc']:.1f} to {f['temp_air_max_degc']:.1f}); wet "
        f"bulb mean {f['wet_bulb_mean_degc']:.1f}, at most {f['wet_bulb_max_degc']:.1f}, "
        f"{f['free_cooling_share']:.0%} of the hours at or below {FREE_COOLING_DEGC:g}"
    )


def _wind_words(facts: PlaceFacts) -> str:
    told = [
        f"{facts.figures[f'{name}_mean_m_s']:.2f} m/s at {VARIABLES[name].height_m:g} m"
        for name in WINDS
        if f"{name}_mean_m_s" in facts.figures
    ]
    shape = facts.figures["wind_speed_weibull_k"]
    return f"mean {', '.join(told)}" + (f"; Weibull k {shape:.2f}" if math.isfinite(shape) else "")


def _ground_words(facts: PlaceFacts) -> str:
    f = facts.figures
    rain = f"{f['precipitation_mm']:,.0f} mm of rain and snow" if "precipitation_mm" in f else ""
    snow = f"snow on the ground for {f['snow_cover_h']:,.0f} h" if "snow_cover_h" in f else ""
    return "; ".join(filter(None, (rain, snow)))


def _air_words(facts: PlaceFacts) -> str:
    f = facts.figures
    return (
        f"pressure mean {f['pressure_mean_pa'] / 100:.1f} hPa, density {f['air_density_mean_kg_m3']:.3f} kg/m3, "
        f"relative humidity {f['relative_humidity_mean_percent']:.0f} %"
    )
