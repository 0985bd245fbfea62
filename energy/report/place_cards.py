"""The head of a place's page: verdict on its data, and a card for each question a planner brings."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from energy.report.cards import BAD, GOOD, NEUTRAL, Card
from energy.report.place_data import PlaceData
from energy.report.style import plain
from energy.report.view import number, percent
from energy.weather_facts import FREE_COOLING_DEGC, REFERENCE_DENSITY, PlaceFacts
from weather.conventions.flags import MEANINGS, SHIFTED
from weather.conventions.variables import RADIATION, VARIABLES, WINDS

_ENERGY = "kWh/m²"


def radiation_moved(facts: PlaceFacts) -> bool:
    """Whether radiation was moved in time."""
    return any(repair.meaning == MEANINGS[SHIFTED] for repair in facts.repairs)


def verdict(facts: PlaceFacts, t: Mapping[str, str]) -> tuple[str, str]:
    """The radiation's clock in a few words, and their tone."""
    shift = facts.shift
    if shift is None:
        return t["badge_ensemble"], NEUTRAL
    if math.isnan(shift.hours):
        return t["badge_unknown"], NEUTRAL
    if shift.found:
        return t["badge_shift"].format(
            hours=number(abs(shift.hours), 2).rstrip("0").rstrip("."), way=way(facts, t)
        ), BAD
    return (t["badge_moved"], NEUTRAL) if radiation_moved(facts) else (t["badge_right"], GOOD)


def way(facts: PlaceFacts, t: Mapping[str, str]) -> str:
    """Early or late."""
    return t["early"] if facts.shift is not None and facts.shift.hours > 0 else t["late"]


def headline(facts: PlaceFacts, t: Mapping[str, str]) -> list[str]:
    """What must be known of the data before a figure of it is used, in sentences."""
    said = [t["synthetic_said"]] if facts.synthetic else []
    shift = facts.shift
    if shift is not None and math.isnan(shift.hours):
        said.append(t["said_unknown"])
    elif shift is not None and shift.found:
        hours = f"{abs(shift.hours):g}"
        said.append(t["said_shift"].format(hours=hours, way=way(facts, t), witness=t[shift.witness]))
    elif shift is not None:
        said.append(t["said_moved"] if radiation_moved(facts) else t["said_right"].format(witness=t[shift.witness]))
        said += [t["said_months"]] if shift.months_disagree else []
    count = sum(repair.count for repair in facts.repairs)
    said.append(t["said_flagged"].format(count=number(count)) if count else t["said_clean"])
    return said


def cards(data: PlaceData, t: Mapping[str, str]) -> list[Card]:
    """Seven cards: global and direct radiation, temperature, free cooling, wind, density, clock."""
    facts = data.facts
    return [
        _ghi(facts, t),
        _dni(facts, t),
        _temperature(facts, t),
        _cooling(facts, t),
        _wind(facts, t),
        _density(facts, t),
        _clock(facts, t),
    ]


def _sum(facts: PlaceFacts, name: str, t: Mapping[str, str]) -> tuple[str, str]:
    """The sum over a year, or over the span where it is shorter, and the label of its card."""
    yearly = facts.figures.get(f"{name}_kwh_m2_year")
    if yearly is not None:
        return number(yearly), t.get(f"card_{name}_year", "")
    return number(facts.figures[f"{name}_kwh_m2"], 1), t.get(f"card_{name}", "")


def _ghi(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    value, label = _sum(facts, RADIATION[0], t)
    day = t["a_day"].format(value=number(facts.figures["ghi_kwh_m2_day"], 2))
    return Card(label, value, _ENERGY, NEUTRAL, day, (t["kt_is"].format(value=number(facts.figures["clearness"], 2)),))


def _dni(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    value, label = _sum(facts, RADIATION[1], t)
    diffuse, _ = _sum(facts, RADIATION[2], t)
    day = t["a_day"].format(value=number(facts.figures["dni_kwh_m2_day"], 2))
    return Card(label, value, _ENERGY, NEUTRAL, day, (t["diffuse_is"].format(value=diffuse, unit=_ENERGY),))


def _temperature(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    f = facts.figures
    extremes = t["extremes"].format(low=number(f["temp_air_min_degc"], 1), high=number(f["temp_air_max_degc"], 1))
    wet = t["wet_max"].format(value=number(f["wet_bulb_max_degc"], 1))
    return Card(t["card_temp"], number(f["temp_air_mean_degc"], 1), "°C", NEUTRAL, extremes, (wet,))


def _cooling(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    f = facts.figures
    label = t["card_cooling"].format(limit=number(FREE_COOLING_DEGC))
    yearly = f["hours"] > 8760.0
    hours = f["free_cooling_share"] * 8760.0 if yearly else f["free_cooling_h"]
    unit = t["hours_year_axis"] if yearly else t["hours_unit"]
    share = t["cooling_share"].format(share=percent(f["free_cooling_share"], 0))
    return Card(label, number(hours), unit, NEUTRAL, share, (t["cooling_for"],))


def _wind(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    f = facts.figures
    fit = t["weibull_is"].format(k=number(f["wind_speed_weibull_k"], 2), a=number(f["wind_speed_weibull_a_m_s"], 2))
    others = [
        t["other_wind"].format(value=number(f[f"{name}_mean_m_s"], 2), height=f"{VARIABLES[name].height_m:g}")
        for name in WINDS
        if name != "wind_speed" and f"{name}_mean_m_s" in f
    ]
    label = t["card_wind"].format(height=f"{VARIABLES['wind_speed'].height_m:g}")
    most = t["wind_max"].format(value=number(f["wind_speed_max_m_s"], 1))
    fitted = math.isfinite(f["wind_speed_weibull_k"])
    details = ([fit] if fitted else []) + others
    return Card(label, number(f["wind_speed_mean_m_s"], 2), "m/s", NEUTRAL, most, tuple(details))


def _density(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    f = facts.figures
    share = t["density_of"].format(share=percent(f["air_density_mean_kg_m3"] / REFERENCE_DENSITY, 0))
    level = t["pressure_is"].format(value=number(f["pressure_mean_pa"] / 100.0))
    return Card(t["card_density"], number(f["air_density_mean_kg_m3"], 3), "kg/m³", NEUTRAL, level, (share,))


def _clock(facts: PlaceFacts, t: Mapping[str, str]) -> Card:
    shift = facts.shift
    if shift is None or math.isnan(shift.hours):
        return Card(t["card_clock"], t["clock_unknown"], "", NEUTRAL, "", ())
    closes = [t["clock_closes"].format(value=number(shift.closure_as_stamped))]
    details = tuple(closes if np.isfinite(shift.closure_as_stamped) else ())
    if shift.found:
        shown = f"{abs(shift.hours):g}"
        return Card(t["card_clock"], shown, t["hours_unit"], BAD, way(facts, t), details)
    within = t["clock_within"].format(witness=t[shift.witness])
    moved = (t["clock_moved"],) if radiation_moved(facts) else ()
    return Card(t["card_clock"], t["clock_right"], "", GOOD, within, (*moved, *details))


def quality_rows(facts: PlaceFacts, t: Mapping[str, str], values: int) -> list[tuple[str, ...]]:
    """The repair log as rows of text; `values` is how many each variable holds."""
    rows = []
    for repair in facts.repairs:
        first, last = (
            np.datetime_as_string(stamp, unit="m").replace("T", " ") for stamp in (repair.first, repair.last)
        )
        what = t.get(repair.meaning, repair.meaning)
        share = number(100.0 * repair.count / values, 2)
        rows.append((plain(repair.variable), what, number(repair.count), share, first, last))
    return rows
