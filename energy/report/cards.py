"""The verdict: headline, status badge, and one card per question a reader brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from energy.kpis import replay_misses
from energy.report.style import plain
from energy.report.view import NOTHING, View, difference, figure_of, number, percent, relative, signed

GOOD, BAD, NEUTRAL = "good", "bad", "neutral"
NOTABLE = 0.25  # a monthly charge that makes this much of the saving is said beside it


@dataclass(frozen=True, slots=True)
class Card:
    """``tone``: good, bad or neutral; ``verdict``: the line that says so in words; ``details``: smaller lines."""

    label: str
    value: str
    unit: str
    tone: str
    verdict: str
    details: tuple[str, ...]


def badge(summary: Mapping, view: View) -> tuple[str, str]:
    """Status of the solution in words, and its tone."""
    t, status = view.texts, summary.get("status")
    gap = percent(figure_of(summary.get("solver"), "gap"), 2)
    if status == "optimal":
        return t["status_optimal"].format(gap=gap), GOOD
    if status == "feasible":
        return t["status_feasible"].format(gap=gap), NEUTRAL
    if status == "time_limit":
        return t["status_time_limit"].format(gap=gap), BAD
    return t["status_other"].format(status=NOTHING if status is None else plain(status)), NEUTRAL


def headline(summary: Mapping, view: View) -> list[str]:
    """The verdict in sentences: check, targets, cost, jobs."""
    t, kpis, base = view.texts, summary.get("kpis") or {}, summary.get("baseline") or {}
    said = []
    if (summary.get("verification") or {}).get("clean") is False:
        said.append(t["not_clean"])
    said += _targets_said(summary, t)
    cost, before = figure_of(kpis, "cost_cny"), figure_of(base, "cost_cny")
    change, share = difference(cost, before), relative(cost, before)
    if change is not None and share is not None:
        key = "cost_below" if change <= 0 else "cost_above"
        other = summary.get("same_work") is False
        key = f"{key}_other" if other else key
        said.append(t[key].format(cost=number(cost), saved=number(abs(change)), percent=percent(abs(share))))
        avoided = difference(figure_of(base, "cost_demand_cny"), figure_of(kpis, "cost_demand_cny"))
        if other:
            hours = {name: number(figure_of(of, "gpu_h_served")) for name, of in (("plan", kpis), ("baseline", base))}
            said.append(t["other_work"].format(**hours))
        elif avoided is not None and -change > 0 and avoided > NOTABLE * -change:
            said.append(t["demand_said"].format(part=number(avoided)))
    total, placed, late = (figure_of(kpis, f"jobs_{name}") for name in ("total", "placed", "late"))
    if total is not None and placed is not None:
        key = "jobs_some" if placed < total else "jobs_all" if late else "jobs_all_on_time"
        unserved = number(total - placed)
        said.append(
            t[key].format(total=number(total), placed=number(placed), late=number(late or 0), unserved=unserved)
        )
    if summary.get("expired"):
        said.append(t["expired_said"].format(count=number(len(summary["expired"]))))
    return said


def _targets_said(summary: Mapping, t: Mapping[str, str]) -> list[str]:
    targets = summary.get("targets") or {}
    pue, share = targets.get("pue") or {}, targets.get("renewable_share") or {}
    if pue.get("met") and share.get("met"):
        return [t["both_met"]]
    said = []
    if pue.get("met") is not None:
        by = number(figure_of(pue, "missed_by"), 3)
        told = t["pue_met"] if pue["met"] else t["pue_missed"].format(by=by)
        said += [told, *_replayed_said("pue", pue, number(figure_of(pue, "value_plant"), 3), t, "pue_replayed")]
    if share.get("met") is not None:
        by = _points(figure_of(share, "missed_by"), t)
        told = t["share_met"] if share["met"] else t["share_missed"].format(by=by)
        reached = percent(figure_of(share, "value_plant"))
        said += [told, *_replayed_said("renewable_share", share, reached, t, "share_replayed")]
    return said


def _replayed_said(name: str, target: Mapping, reached: str, t: Mapping[str, str], key: str) -> list[str]:
    """What the replay reaches, where the plan meets the target and the replay does not; else nothing."""
    figures = [figure_of(target, figure) for figure in ("value", "target", "value_plant")]
    if None in figures or not replay_misses(name, target):
        return []
    return [t[key].format(value=reached.replace(" ", "\u00a0"))]


def cards(summary: Mapping, view: View) -> list[Card]:
    """Seven cards: two targets, cost, CO2, jobs, proof, check."""
    return [
        _pue(summary, view),
        _share(summary, view),
        _change(summary, view, "card_cost", "cost_cny", view.texts["unit_cny"], 1.0, 0),
        _change(summary, view, "card_co2", "co2_kg", view.texts["u_tonne"], 0.001, 1),
        _jobs(summary, view),
        _solver(summary, view),
        _check(summary, view),
    ]


def _pue(summary: Mapping, view: View) -> Card:
    t, target = view.texts, (summary.get("targets") or {}).get("pue") or {}
    tone, said = _met(target, number(figure_of(target, "missed_by"), 3), t)
    asked = t["at_most"].format(value=number(figure_of(target, "target"), 2))
    base = t["against"].format(value=number(figure_of(summary.get("baseline"), "pue"), 3))
    reached = number(figure_of(target, "value_plant"), 3)
    replayed = _replayed_said("pue", target, reached, t, "when_replayed")
    details = (*replayed, asked, base)
    return Card(t["card_pue"], number(figure_of(summary.get("kpis"), "pue"), 3), "", tone, said, details)


def _share(summary: Mapping, view: View) -> Card:
    t, target = view.texts, (summary.get("targets") or {}).get("renewable_share") or {}
    tone, said = _met(target, _points(figure_of(target, "missed_by"), t), t)
    asked = t["at_least"].format(value=percent(figure_of(target, "target"), 0))
    base = t["against"].format(value=percent(figure_of(summary.get("baseline"), "renewable_share")))
    share = figure_of(summary.get("kpis"), "renewable_share")
    shown = number(None if share is None else 100 * share, 1)
    reached = percent(figure_of(target, "value_plant"))
    replayed = _replayed_said("renewable_share", target, reached, t, "when_replayed")
    return Card(t["card_share"], shown, "%", tone, said, (*replayed, asked, base))


def _change(summary: Mapping, view: View, label: str, key: str, unit: str, scale: float, digits: int) -> Card:
    t = view.texts
    now, then = figure_of(summary.get("kpis"), key), figure_of(summary.get("baseline"), key)
    change, share = difference(now, then), relative(now, then)
    scaled = [None if v is None else v * scale for v in (now, then, change)]
    tone = NEUTRAL if not change else GOOD if change < 0 else BAD
    said = NOTHING if share is None else f"{signed(100 * share, 1)} %"
    if summary.get("same_work") is False:
        tone, said = NEUTRAL, t["not_compared"]
    details = (f"{signed(scaled[2], digits)} {unit}", t["against"].format(value=number(scaled[1], digits)))
    return Card(t[label], number(scaled[0], digits), unit, tone, said, details)


def _jobs(summary: Mapping, view: View) -> Card:
    t, kpis, base = view.texts, summary.get("kpis"), summary.get("baseline")
    placed, total, late, unserved = (figure_of(kpis, f"jobs_{k}") for k in ("placed", "total", "late", "unserved"))
    fine = not late and not unserved
    tone = NEUTRAL if placed is None else GOOD if fine else BAD
    said = t["late_unserved"].format(late=number(late), unserved=number(unserved))
    expired = len(summary.get("expired") or ())
    if expired:
        tone, said = BAD, f"{said} · {t['expired_count'].format(count=number(expired))}"
    before = t["base_jobs"].format(
        placed=number(figure_of(base, "jobs_placed")), late=number(figure_of(base, "jobs_late"))
    )
    return Card(t["card_jobs"], number(placed), f"/ {number(total)}", tone, said, (before,))


def _solver(summary: Mapping, view: View) -> Card:
    t, solver = view.texts, summary.get("solver")
    gap = figure_of(solver, "gap")
    captured = figure_of(solver, "saving_captured")
    tone = {"optimal": GOOD, "time_limit": BAD}.get(str(summary.get("status")), NEUTRAL)
    details = [] if captured is None else [t["captured"].format(value=percent(captured))]
    shown = number(None if gap is None else 100 * gap, 2)
    bound = t["bound"].format(value=number(figure_of(solver, "bound")))
    return Card(t["card_solver"], shown, "%", tone, bound, tuple(details))


def _check(summary: Mapping, view: View) -> Card:
    t, found = view.texts, summary.get("verification") or {}
    checks = found.get("checks") or []
    clean = found.get("clean")
    tone = NEUTRAL if clean is None else GOOD if clean else BAD
    shown = NOTHING if clean is None else t["clean"] if clean else t["unclean"]
    held = t["laws_hold"].format(good=sum(bool(c.get("ok")) for c in checks), all=len(checks))
    return Card(t["card_check"], shown, "", tone, held, (t["check_how"],))


def _met(target: Mapping, by: str, t: Mapping[str, str]) -> tuple[str, str]:
    if target.get("met") is None:
        return NEUTRAL, NOTHING
    return (GOOD, t["met"]) if target["met"] else (BAD, t["missed"].format(by=by))


def _points(share: float | None, t: Mapping[str, str]) -> str:
    return NOTHING if share is None else f"{number(100 * share, 1)} {t['u_points']}"
