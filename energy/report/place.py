"""The page of a place: its weather as a planner would show it to a colleague, complete in itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from energy.report import place_cards, place_figures, place_months, place_series, place_sun, place_wind, style
from energy.report.page import Key, Section, lines, render_page
from energy.report.place_data import PlaceData, mean_by, place_data
from energy.report.place_figures import COLOURS, DAY_UNITS, SEASON_COLOURS
from energy.report.place_messages import place_messages
from energy.report.style import plain
from energy.report.view import MINUS, NOTHING, Table, number, percent
from energy.weather_facts import FREE_COOLING_DEGC, PlaceFacts, place_facts
from energy.weather_words import place_words
from weather.conventions.variables import RADIATION


def render_place(weather: xr.Dataset, *, name: tuple[str, str], warnings: Sequence[str] = (), lang: str = "en") -> str:
    """The page of a place as one HTML text; the same arguments give the same bytes.

    From 28 days on months, maps of day and hour, durations and distributions are shown; a shorter window, or an
    ensemble, as its course over time.

    Parameters
    ----------
    weather : Dataset, dims (time) or (member, time), that passes `check_weather`
    name
        What to call the place, in English and Chinese ("" where it is the same).
    warnings
        What its reading warned of.
    lang
        ``en`` or ``zh``.

    Raises
    ------
    ConfigError
        Where ``lang`` is neither.
    DataError
        When an ensemble is longer than 28 days.
    """
    t = place_messages(lang)
    facts = place_facts(weather)
    data = place_data(weather, facts)
    sections = _long_sections(data, t, lang) if data.long else _short_sections(data, t, lang)
    title = plain(" ".join(part for part in (name if lang == "en" else name[::-1]) if part))
    context = {
        "t": t,
        "lang": lang,
        "title": title,
        "facts": facts,
        "place": place_words(facts),
        "span": _span(data, t),
        "badge": place_cards.verdict(facts, t),
        "headline": place_cards.headline(facts, t),
        "cards": place_cards.cards(data, t),
        "sections": sections,
        "repairs": place_cards.quality_rows(facts, t, weather["ghi"].size),
        "months": _shift_by_month(facts, lang),
        "history": lines(facts.history),
        "warnings": lines(warnings),
    }
    return render_page("place.html", sections=sections, context=context)


def _years(data: PlaceData) -> str:
    return number(data.hours / 8766.0, 1).removesuffix(".0")


def _span(data: PlaceData, t: Mapping[str, str]) -> list[str]:
    facts = data.facts
    edges = place_series.edges_of(data)
    step = f"{data.step_h:g} {t['hours_unit']}" if data.step_h >= 1 else f"{60 * data.step_h:g} {t['minutes_unit']}"
    span = t["span_typical"] if facts.typical_year else t["span"]
    members = [t["members"].format(count=number(facts.members))] if data.ensemble else []
    return [
        span.format(start=edges[0], end=edges[-1], clock=data.offset_text),
        t["steps"].format(count=number(facts.intervals), step=step),
        *members,
    ]


def _shift_by_month(facts: PlaceFacts, lang: str) -> list[tuple[str, str]]:
    """Month and shift, where the radiation tells them and one is not 0."""
    shift = facts.shift
    if shift is None or not any(math.isfinite(hours) and hours for hours in shift.by_month):
        return []
    return [
        (
            place_months.month_label(f"{month:02d}", lang),
            f"{hours:+g}".replace("-", MINUS) if math.isfinite(hours) else NOTHING,
        )
        for month, hours in enumerate(shift.by_month, start=1)
    ]


def _long_sections(data: PlaceData, t: Mapping[str, str], lang: str) -> list[Section]:
    sections = [_months(data, t, lang)]
    years = place_months.years(data, t)
    if years:
        rows = tuple(
            (str(year), number(ghi), number(temp, 2)) for year, (ghi, temp) in place_months.yearly(data).items()
        )
        table = Table("years", (t["c_year"], f"{t['ghi']}, {t['per_year']}", t["c_mean_temp"]), rows)
        sections.append(Section("years", t["years_title"], t["years_aid"], "pair", tuple(years), (), table))
    averaged = not data.facts.typical_year and data.hours > 8784.0
    aid = t["heat_aid"] + (t["gap"] + t["heat_years"].format(years=_years(data)) if averaged else "")
    maps = tuple(place_figures.heat_maps(data, t, lang))
    sun_key = (Key(t["sunlines"], "#0B0F14"),)
    sections.append(Section("heat", t["heat_title"], aid, "pair", maps, sun_key, _hours_table(data, t, lang)))
    course = place_sun.clear_course(data)
    if course is not None:
        sections.append(_clock(data, course, t))
    sections += [_duration(data, t), _days(data, t), _wind(data, t, lang)]
    lit = place_sun.daily_clearness(data)[1].size > 0
    return [*sections, _clearness(data, t, lang)] if lit else sections


def _months(data: PlaceData, t: Mapping[str, str], lang: str) -> Section:
    panels = tuple(place_months.months(data, t, lang))
    names, group, averaged = place_months.month_groups(data)
    aid = t["months_aid"]
    if averaged:
        aid = f"{aid}{t['gap']}{t['months_years'].format(years=_years(data))}"
    keys = (*(Key(t[name], COLOURS[name], "area") for name in RADIATION), *_temperature_keys(t))
    title = t["days_title" if data.by_day else "months_title"]
    return Section("months", title, aid, "pair", panels, keys, _months_table(data, t, lang, names, group))


def _temperature_keys(t: Mapping[str, str]) -> tuple[Key, ...]:
    return (
        Key(t["c_mean_temp"], COLOURS["temp_air"]),
        Key(t["min_max"], "rgba(179,38,30,0.16)", "area"),
    )


def _months_table(data: PlaceData, t: Mapping[str, str], lang: str, names: list[str], group: np.ndarray) -> Table:
    count = len(names)
    days = np.bincount(group, minlength=count) * data.step_h / 24.0
    radiation = [0.024 * place_months.group_mean(data, data.values[name], group, count) for name in RADIATION]
    sent = place_months.group_mean(data, data.sent, group, count)
    clear = radiation[0] / np.where(sent > 0.0, 0.024 * sent, np.nan)
    low, high = place_months.daily_extremes(data, group, count)
    free = (data.values["wet_bulb"] <= FREE_COOLING_DEGC).astype(float)
    hours = mean_by(free, group, count) * 24.0 * days
    columns = (
        *((f"{t[name]}, {t['kwh_day']}", values, 2) for name, values in zip(RADIATION, radiation, strict=True)),
        (t["c_kt"], clear, 2),
        (t["c_mean_temp"], place_months.group_mean(data, data.values["temp_air"], group, count), 1),
        (t["c_mean_min"], low, 1),
        (t["c_mean_max"], high, 1),
        (t["c_wind"], place_months.group_mean(data, data.values["wind_speed"], group, count), 2),
        (t["c_free"].format(limit=number(FREE_COOLING_DEGC)), hours, 0),
        (t["c_days"], days, 1),
    )
    rows = tuple(
        (place_months.month_label(name, lang), *(number(values[i], digits) for _, values, digits in columns))
        for i, name in enumerate(names)
    )
    return Table("months", (t["c_day" if data.by_day else "c_month"], *(head for head, _, _ in columns)), rows)


def _hours_table(data: PlaceData, t: Mapping[str, str], lang: str) -> Table:
    """Mean ghi by calendar month and hour: the map in figures."""
    cell = (data.month - 1) * 24 + data.hour.astype(int)
    means = mean_by(data.values["ghi"], cell, 12 * 24).reshape(12, 24)
    months = [month for month in range(12) if np.isfinite(means[month]).any()]
    head = (
        f"{t['c_hour']} ({data.offset_text})",
        *(f"{place_months.month_label(f'{month + 1:02d}', lang)} (W/m²)" for month in months),
    )
    rows = tuple((f"{hour:02d}", *(number(means[month, hour]) for month in months)) for hour in range(24))
    return Table("heat", head, rows)


def _clock(data: PlaceData, course: place_sun.ClearCourse, t: Mapping[str, str]) -> Section:
    aid = t["clock_aid"].format(days=course.days, level=percent(course.level, 0))
    panels = tuple(place_sun.clock(data, course, t))
    if len(panels) > 1:
        aid = f"{aid}{t['gap']}{t['clock_closure_aid']}"
    keys = [Key(t["as_stamped"], COLOURS["ghi"], "area"), Key(t["clear_sky"], style.INK)]
    shift = data.facts.shift
    if shift is not None and shift.found:
        keys.append(Key(place_sun.moved_name(shift.hours, t), style.WARN, "dash"))
    return Section("clock", t["clock_title"], aid, "pair", panels, tuple(keys), place_sun.clock_table(data, t))


def _duration(data: PlaceData, t: Mapping[str, str]) -> Section:
    keys = (
        *(Key(t[name], COLOURS[name]) for name in ("temp_air", "wet_bulb")),
        Key(t["free_cooling"].format(limit=number(FREE_COOLING_DEGC)), style.MUTED, "dash"),
    )
    shares = (0, 1, 2, 5, 10, 25, 50, 75, 90, 95, 98, 99, 100)
    total = min(data.hours, 8760.0)
    rows = tuple(
        (
            number(share / 100.0 * total),
            number(share),
            *(number(np.percentile(data.values[name], 100 - share), 1) for name in ("temp_air", "wet_bulb")),
        )
        for share in shares
    )
    head = (t["c_exceeded"], t["c_share"], *(f"{t[name]} (°C)" for name in ("temp_air", "wet_bulb")))
    panels = (place_figures.duration(data, t),)
    return Section(
        "duration", t["duration_title"], t["duration_aid"], "wide", panels, keys, Table("duration", head, rows)
    )


def _days(data: PlaceData, t: Mapping[str, str]) -> Section:
    panels = tuple(place_figures.mean_days(data, t))
    keys = _season_keys(data, t)
    aid = t["day_aid"].format(clock=data.offset_text)
    return Section("days", t["day_title"], aid, "trio", panels, keys, _days_table(data, t))


def _days_table(data: PlaceData, t: Mapping[str, str]) -> Table:
    shown = np.unique(data.season(data.month))
    columns = [
        (f"{place_figures.variable_name(name, t)}, {t[f'season_{which}']} ({unit})", means[which], digits)
        for name, unit, digits in ((name, unit, 0 if name == "ghi" else 1) for name, unit in DAY_UNITS.items())
        for means in (place_figures.season_days(data, name),)
        for which in shown
    ]
    starts = (np.arange(data.per_day) * data.step_h * 60.0).round().astype(int)
    rows = tuple(
        (f"{start // 60:02d}:{start % 60:02d}", *(number(values[i], digits) for _, values, digits in columns))
        for i, start in enumerate(starts)
    )
    return Table("days", (f"{t['c_hour']} ({data.offset_text})", *(head for head, _, _ in columns)), rows)


def _season_keys(data: PlaceData, t: Mapping[str, str]) -> tuple[Key, ...]:
    shown = np.unique(data.season(data.month))
    return tuple(Key(t[f"season_{which}"], SEASON_COLOURS[which]) for which in shown)


def _wind(data: PlaceData, t: Mapping[str, str], lang: str) -> Section:
    f = data.facts.figures
    fitted = math.isfinite(f["wind_speed_weibull_k"])
    aid = t["wind_aid" if fitted else "wind_aid_nofit"].format(
        height="10",
        k=number(f["wind_speed_weibull_k"], 2),
        a=number(f["wind_speed_weibull_a_m_s"], 2),
        calm=percent(place_wind.calm_share(data)),
    )
    second = t["wind_rose_aid"] if "wind_direction" in data.values else t["wind_curve_aid"]
    panels = tuple(place_wind.wind(data, t, lang))
    keys = (Key(t["measured"], COLOURS["wind_speed"], "area"), *((Key(t["weibull"], style.INK),) if fitted else ()))
    table = place_wind.wind_table(data, t)
    return Section("wind", t["wind_title"], f"{aid}{t['gap']}{second}", "pair", panels, keys, table)


def _clearness(data: PlaceData, t: Mapping[str, str], lang: str) -> Section:
    panels = tuple(place_sun.clearness(data, t, lang))
    keys = (
        *(Key(key.name, key.colour, "area") for key in _season_keys(data, t)),
        Key(t["kt_day"], COLOURS["ghi"], "point"),
        Key(t["kt_mean"], style.INK),
    )
    edges, shares = place_sun.clearness_shares(data)
    rows = tuple(
        (place_sun.bin_name(edges, i), *(number(column[i], 1) for column in shares.values()))
        for i in range(edges.size - 1)
    )
    head = (t["kt_axis"], *(f"{t[f'season_{which}']} (%)" for which in shares))
    return Section("clearness", t["kt_title"], t["kt_aid"], "pair", panels, keys, Table("clearness", head, rows))


def _short_sections(data: PlaceData, t: Mapping[str, str], lang: str) -> list[Section]:
    sections = []
    for key, panel in place_series.series(data, t, lang).items():
        aid = t.get(f"series_{key}_aid", "")
        if data.ensemble:
            aid = f"{t['ensemble_aid'].format(count=number(data.facts.members))}"
        table = place_series.series_table(data, key, t)
        keys = place_series.keys_of(data, key, t)
        cut = data.stamps.size > len(table.rows)
        note = t["rows_cut"].format(shown=number(len(table.rows)), all=number(data.stamps.size)) if cut else ""
        sections.append(Section(f"series-{key}", t[f"series_{key}"], aid, "wide", (panel,), keys, table, note))
    course = None if data.ensemble else place_sun.clear_course(data)
    return [*sections, _clock(data, course, t)] if course is not None else sections
