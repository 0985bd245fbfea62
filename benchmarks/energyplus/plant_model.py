"""A chilled-water plant as an EnergyPlus model (epJSON), written from a handful of design figures.

A heat load on a chilled-water loop; a plate heat exchanger in series before the chiller; a condenser loop with a
variable-speed tower. One machine stands for equal ones at equal load. No hall fans: those are in the other comparison.

The heat exchanger and the chiller share a branch: on the inlet branch, before a splitter, a heat exchanger that cannot
cool asks for no flow and stops the loop (EnergyPlus 25.2: hours without any cooling, up to 7 % of the year).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from energyplus.curves import ChillerSet

CP_WATER = 4.19  # kJ/(kg K), at 5-30 degC within 0.3 %
RHO_WATER = 1000.0  # kg/m3, within 0.5 %
SCHEDULE_FILE = "load.csv"


@dataclass(frozen=True, slots=True)
class PlantDesign:
    """Design figures both models are built from.

    Attributes
    ----------
    heat_kw : float
        Heat of the hall the plant is built for. [kW]
    chiller_size_ratio : float
        Reference capacity of the chiller over `heat_kw`. [-]
    water_range_k, hx_approach_k : float
        Chilled-water rise in the hall; chilled water above tower water across the heat exchanger, at rated heat and
        flows. [K]
    tower_approach_k, tower_range_k, tower_wet_bulb_degc : float
        Tower at its rating: water above wet bulb, rise in the condensers, wet bulb.
    approach_reset : float
        Control: tower water wanted is warmer above a falling wet bulb by this much, as a tower with air in proportion
        to heat gives by itself. [K/K]
    condenser_floor_degc, tower_floor_degc : float
        Coldest condenser water of a chiller-led plant; coldest tower water of all. [degC]
    rejected_ratio : float
        Heat the tower is built for over `heat_kw`. [-]
    tower_fan_frac, chilled_pump_frac, condenser_pump_frac : float
        Rated power over `heat_kw`. [-]
    pump_min_flow, pump_static_share : float
        Least flow ratio; power ratio ``w (s + (1 - s) w**2)`` at flow ratio ``w``. [-]
    cycles : float
        Cycles of concentration. [-]
    tower_model : {"YorkCalc", "CoolToolsCrossFlow"}
        EnergyPlus has two empirical variable-speed towers; they differ from each other by up to a quarter of the
        plant's energy at part load.
    """

    heat_kw: float = 1000.0
    chiller_size_ratio: float = 1.25
    water_range_k: float = 6.0
    hx_approach_k: float = 2.0
    tower_approach_k: float = 4.0
    tower_range_k: float = 5.0
    tower_wet_bulb_degc: float = 22.0
    approach_reset: float = 0.25
    condenser_floor_degc: float = 13.0
    tower_floor_degc: float = 5.0
    rejected_ratio: float = 1.2
    tower_fan_frac: float = 0.015
    chilled_pump_frac: float = 0.016
    condenser_pump_frac: float = 0.014
    pump_min_flow: float = 0.2
    pump_static_share: float = 0.3
    cycles: float = 5.0
    tower_model: str = "YorkCalc"

    @property
    def chilled_m3_s(self) -> float:
        """Rated chilled-water flow."""
        return self.heat_kw / (CP_WATER * RHO_WATER * self.water_range_k)

    @property
    def condenser_m3_s(self) -> float:
        """Rated condenser-water flow."""
        return self.heat_kw * self.rejected_ratio / (CP_WATER * RHO_WATER * self.tower_range_k)

    @property
    def exchanger_m3_s(self) -> float:
        """Rated tower-water flow of the heat exchanger: the same heat at the tower's range."""
        return self.heat_kw / (CP_WATER * RHO_WATER * self.tower_range_k)

    @property
    def exchanger_kw_k(self) -> float:
        """Conductance of the counter-flow heat exchanger, by the logarithmic mean at its rating."""
        ends = self.hx_approach_k + self.water_range_k - self.tower_range_k, self.hx_approach_k
        if min(ends) <= 0:
            raise ValueError("water_range_k and hx_approach_k leave the warm end of the heat exchanger no difference")
        even = abs(ends[0] - ends[1]) < 1e-6
        return self.heat_kw / (ends[0] if even else (ends[0] - ends[1]) / np.log(ends[0] / ends[1]))


_ENABLE_K = 0.5  # the heat exchanger is tried where tower water could be this much colder than the return
_MARGIN_K = 0.2  # tower water is wanted this much colder than the heat exchanger needs, or the chiller never rests


def tower_setpoint(
    design: PlantDesign, load_share: np.ndarray, wet_bulb: np.ndarray, *, setpoint_degc: float, economiser: bool
) -> np.ndarray:
    """Temperature the tower control asks for, by hour. [degC]

    Chiller-led: approach by `approach_reset`, not below the condenser floor. Where the heat exchanger can do something
    (full fans bring water colder than the return), water as cold as all of the load needs: full fans until it comes.
    """
    approach = design.tower_approach_k + design.approach_reset * (design.tower_wet_bulb_degc - wet_bulb)
    led = np.maximum(wet_bulb + np.maximum(approach, design.tower_approach_k), design.condenser_floor_degc)
    if not economiser:
        return led
    colder = max(setpoint_degc - design.hx_approach_k - _MARGIN_K, design.tower_floor_degc)
    reach = wet_bulb + np.maximum(approach, 0.0) * load_share  # full fans on less heat come nearer
    return np.where(reach < setpoint_degc + design.water_range_k - _ENABLE_K, colder, led)


def load_file(load_share: np.ndarray, tower_degc: np.ndarray, design: PlantDesign) -> str:
    """Text of the schedule file: heat [W] (LoadProfile:Plant warms a loop if negative), flow share, tower setpoint."""
    flow = np.maximum(load_share, design.pump_min_flow)
    rows = (
        f"{-1000 * design.heat_kw * load:.3f},{share:.6f},{tower:.4f}"
        for load, share, tower in zip(load_share, flow, tower_degc, strict=True)
    )
    return "\n".join(["heat_w,flow_share,tower_degc", *rows]) + "\n"


def plant_model(
    design: PlantDesign, chiller: ChillerSet, *, setpoint_degc: float, economiser: bool, hours: int, steps: int = 1
) -> dict:
    """The whole model.

    Parameters
    ----------
    design : PlantDesign
    chiller : ChillerSet
        Curves; the capacity is the design's.
    setpoint_degc : float
        Chilled-water supply. [degC]
    economiser : bool
        With the heat exchanger, or chiller-led.
    hours : int
        Length of the load schedule, 8760 or 8784.
    steps : int
        Steps per hour. One keeps every hour's weather as the file has it; more lets EnergyPlus blend neighbours.
    """
    model = _frame(hours, steps) | _schedules(design, setpoint_degc, hours)
    model |= _curves(chiller)
    model["Chiller:Electric:EIR"] = {
        "Chiller": _chiller(design, chiller, "Economiser Out" if economiser else "Chiller In")
    }
    model["CoolingTower:VariableSpeed"] = {"Tower": _tower(design)}
    model["Pump:VariableSpeed"] = {
        "Chilled Pump": _pump("Chilled", design, design.chilled_m3_s, design.chilled_pump_frac * design.heat_kw),
        "Condenser Pump": _pump(
            "Condenser", design, design.condenser_m3_s, design.condenser_pump_frac * design.heat_kw
        ),
    }
    if economiser:
        model["HeatExchanger:FluidToFluid"] = {"Economiser": _exchanger(design)}
    model["LoadProfile:Plant"] = {
        "Hall": {
            "inlet_node_name": "Hall In",
            "outlet_node_name": "Hall Out",
            "load_schedule_name": "Heat",
            "peak_flow_rate": design.chilled_m3_s,
            "flow_rate_fraction_schedule_name": "Flow",
        }
    }
    _add_loops(model, design, economiser)
    _add_control(model, economiser)
    return model


def _frame(hours: int, steps: int) -> dict:
    year = 2001 if hours == 8760 else 2004  # their first day does not matter: the load is by hour
    return {
        "Version": {"Version": {"version_identifier": "25.2"}},
        "SimulationControl": {
            "Control": {
                "do_zone_sizing_calculation": "No",
                "do_system_sizing_calculation": "No",
                "do_plant_sizing_calculation": "No",
                "run_simulation_for_sizing_periods": "No",
                "run_simulation_for_weather_file_run_periods": "Yes",
            }
        },
        "Building": {"Plant": {"terrain": "Suburbs"}},
        "GlobalGeometryRules": {
            "Rules": {
                "starting_vertex_position": "UpperLeftCorner",
                "vertex_entry_direction": "Counterclockwise",
                "coordinate_system": "World",
            }
        },
        "Timestep": {"Timestep": {"number_of_timesteps_per_hour": steps}},
        "ConvergenceLimits": {  # the engine's own 2 to 8 plant passes leave a loop with two cold sources unbalanced
            "Limits": {
                "minimum_system_timestep": 60 // steps,
                "maximum_hvac_iterations": 50,
                "minimum_plant_iterations": 4,
                "maximum_plant_iterations": 50,
            }
        },
        "RunPeriod": {
            "Year": {
                "begin_month": 1,
                "begin_day_of_month": 1,
                "begin_year": year,
                "end_month": 12,
                "end_day_of_month": 31,
                "end_year": year,
                "use_weather_file_daylight_saving_period": "No",
                "use_weather_file_holidays_and_special_days": "No",
            }
        },
        "Output:Variable": {
            variable: {"key_value": "*", "variable_name": variable, "reporting_frequency": "Hourly"}
            for variable in OUTPUTS
        },
    }


OUTPUTS = (
    "Site Outdoor Air Drybulb Temperature",
    "Site Outdoor Air Wetbulb Temperature",
    "Plant Load Profile Heat Transfer Rate",
    "Chiller Electricity Rate",
    "Chiller Evaporator Cooling Rate",
    "Chiller COP",
    "Chiller Evaporator Outlet Temperature",
    "Chiller Condenser Inlet Temperature",
    "Pump Electricity Rate",
    "Pump Mass Flow Rate",
    "Cooling Tower Fan Electricity Rate",
    "Cooling Tower Heat Transfer Rate",
    "Cooling Tower Inlet Temperature",
    "Cooling Tower Outlet Temperature",
    "Cooling Tower Make Up Water Volume Flow Rate",
    "Fluid Heat Exchanger Heat Transfer Rate",
    "Plant Supply Side Outlet Temperature",
    "Plant Supply Side Inlet Temperature",
    "Plant Supply Side Unmet Demand Rate",
)


def _schedules(design: PlantDesign, setpoint_degc: float, hours: int) -> dict:
    column = {"file_name": SCHEDULE_FILE, "rows_to_skip_at_top": 1, "number_of_hours_of_data": hours}
    column |= {"adjust_schedule_for_daylight_savings": "No", "interpolate_to_timestep": "No"}
    return {
        "Schedule:File": {
            "Heat": column | {"column_number": 1},
            "Flow": column | {"column_number": 2},
            "Tower Setpoint": column | {"column_number": 3},
        },
        "Schedule:Constant": {
            "Always": {"hourly_value": 1.0},
            "Chilled Setpoint": {"hourly_value": setpoint_degc},
            "Condenser Rise": {"hourly_value": design.tower_range_k},
        },
    }


def _curves(chiller: ChillerSet) -> dict:
    def biquadratic(values):
        names = ("coefficient1_constant", "coefficient2_x", "coefficient3_x_2", "coefficient4_y", "coefficient5_y_2")
        names += ("coefficient6_x_y", "minimum_value_of_x", "maximum_value_of_x", "minimum_value_of_y")
        return dict(zip((*names, "maximum_value_of_y"), values, strict=True))

    quadratic = ("coefficient1_constant", "coefficient2_x", "coefficient3_x_2", "minimum_value_of_x")
    return {
        "Curve:Biquadratic": {"CapFT": biquadratic(chiller.capft), "EIRFT": biquadratic(chiller.eirft)},
        "Curve:Quadratic": {
            "EIRFPLR": dict(zip((*quadratic, "maximum_value_of_x"), chiller.eirfplr, strict=True)),
        },
    }


def _chiller(design: PlantDesign, chiller: ChillerSet, inlet: str) -> dict:
    return {
        "reference_capacity": 1000 * design.heat_kw * design.chiller_size_ratio,
        "reference_cop": chiller.reference_cop,
        "reference_leaving_chilled_water_temperature": chiller.reference_chilled_degc,
        "reference_entering_condenser_fluid_temperature": chiller.reference_condenser_degc,
        "reference_chilled_water_flow_rate": design.chilled_m3_s,
        "reference_condenser_fluid_flow_rate": design.condenser_m3_s,
        "cooling_capacity_function_of_temperature_curve_name": "CapFT",
        "electric_input_to_cooling_output_ratio_function_of_temperature_curve_name": "EIRFT",
        "electric_input_to_cooling_output_ratio_function_of_part_load_ratio_curve_name": "EIRFPLR",
        "minimum_part_load_ratio": chiller.plr_min,
        "maximum_part_load_ratio": chiller.plr_max,
        "optimum_part_load_ratio": 1.0,
        "minimum_unloading_ratio": chiller.plr_min,
        "chilled_water_inlet_node_name": inlet,
        "chilled_water_outlet_node_name": "Chiller Out",
        "condenser_inlet_node_name": "Condenser In",
        "condenser_outlet_node_name": "Condenser Out",
        "condenser_type": "WaterCooled",
        "chiller_flow_mode": "NotModulated",
        "condenser_flow_control": "ModulatedDeltaTemperature",
        "temperature_difference_across_condenser_schedule_name": "Condenser Rise",
        "condenser_minimum_flow_fraction": design.pump_min_flow,
    }


def _tower(design: PlantDesign) -> dict:
    return {
        "water_inlet_node_name": "Tower In",
        "water_outlet_node_name": "Tower Out",
        "model_type": design.tower_model,
        "design_inlet_air_wet_bulb_temperature": design.tower_wet_bulb_degc,
        "design_approach_temperature": design.tower_approach_k,
        "design_range_temperature": design.tower_range_k,
        "design_water_flow_rate": design.condenser_m3_s,
        "design_air_flow_rate": design.condenser_m3_s * RHO_WATER / 1.2,  # liquid to gas ratio of 1
        "design_fan_power": 1000 * design.tower_fan_frac * design.heat_kw,
        "minimum_air_flow_rate_ratio": 0.2,
        "evaporation_loss_mode": "SaturatedExit",
        "drift_loss_percent": 0.0,
        "blowdown_calculation_mode": "ConcentrationRatio",
        "blowdown_concentration_ratio": design.cycles,
    }


def _pump(loop: str, design: PlantDesign, flow: float, power_kw: float) -> dict:
    return {
        "inlet_node_name": f"{loop} Supply In",
        "outlet_node_name": f"{loop} Pump Out",
        "design_maximum_flow_rate": flow,
        "design_power_consumption": 1000 * power_kw,
        "design_pump_head": 0.7 * 1000 * power_kw / flow,  # wire to water 0.7; all of it ends as heat in the loop
        "motor_efficiency": 0.9,
        "fraction_of_motor_inefficiencies_to_fluid_stream": 1.0,
        "coefficient_1_of_the_part_load_performance_curve": 0.0,
        "coefficient_2_of_the_part_load_performance_curve": design.pump_static_share,
        "coefficient_3_of_the_part_load_performance_curve": 0.0,
        "coefficient_4_of_the_part_load_performance_curve": 1.0 - design.pump_static_share,
        "design_minimum_flow_rate": flow * design.pump_min_flow,
        "pump_control_type": "Intermittent",
    }


def _exchanger(design: PlantDesign) -> dict:
    return {
        "availability_schedule_name": "Always",
        "loop_demand_side_inlet_node_name": "Economiser Cold In",
        "loop_demand_side_outlet_node_name": "Economiser Cold Out",
        "loop_demand_side_design_flow_rate": (1 + design.chilled_pump_frac) * design.exchanger_m3_s,
        "loop_supply_side_inlet_node_name": "Economiser In",
        "loop_supply_side_outlet_node_name": "Economiser Out",
        "loop_supply_side_design_flow_rate": design.chilled_m3_s,
        "heat_exchange_model_type": "CounterFlow",
        "heat_exchanger_u_factor_times_area_value": 1000 * design.exchanger_kw_k,
        "control_type": "CoolingSetpointModulated",
        "heat_exchanger_setpoint_node_name": "Economiser Out",
        "minimum_temperature_difference_to_activate_heat_exchanger": 0.1,
        "heat_transfer_metering_end_use_type": "FreeCooling",
    }


def _add_loops(model: dict, design: PlantDesign, economiser: bool) -> None:
    """Both loops with their branches: inlet, parallel equipment, by-pass, outlet on each side."""
    chiller, exchanger = ("Chiller:Electric:EIR", "Chiller"), ("HeatExchanger:FluidToFluid", "Economiser")
    machines = [(*chiller, "Chiller In", "Chiller Out")]
    cold = [[(*chiller, "Condenser In", "Condenser Out")]]
    if economiser:
        machines = [(*exchanger, "Economiser In", "Economiser Out"), (*chiller, "Economiser Out", "Chiller Out")]
        cold.append([(*exchanger, "Economiser Cold In", "Economiser Cold Out")])
    pumps = {
        loop: [("Pump:VariableSpeed", f"{loop} Pump", f"{loop} Supply In", f"{loop} Pump Out")]
        for loop in ("Chilled", "Condenser")
    }
    _add_side(model, "Chilled Supply", first=pumps["Chilled"], parallel=[machines])
    _add_side(model, "Chilled Demand", parallel=[[("LoadProfile:Plant", "Hall", "Hall In", "Hall Out")]])
    tower = [("CoolingTower:VariableSpeed", "Tower", "Tower In", "Tower Out")]
    _add_side(model, "Condenser Supply", first=pumps["Condenser"], parallel=[tower])
    _add_side(model, "Condenser Demand", parallel=cold)
    model["PlantLoop"] = {
        "Chilled": _loop("Chilled", design.chilled_m3_s),
        "Condenser": _loop("Condenser", design.condenser_m3_s),
    }


def _loop(name: str, flow: float) -> dict:
    sides = {
        f"{theirs}_side_{part}": f"{name} {ours} {end}"
        for theirs, ours in (("plant", "Supply"), ("demand", "Demand"))
        for part, end in (
            ("inlet_node_name", "In"),
            ("outlet_node_name", "Out"),
            ("branch_list_name", "Branches"),
            ("connector_list_name", "Connectors"),
        )
    }
    return sides | {
        "fluid_type": "Water",
        "plant_equipment_operation_scheme_name": f"{name} Operation",
        "loop_temperature_setpoint_node_name": f"{name} Supply Out",
        "maximum_loop_temperature": 80.0,
        "minimum_loop_temperature": 1.0,
        "maximum_loop_flow_rate": flow,
        "minimum_loop_flow_rate": 0.0,
        "plant_loop_volume": "Autocalculate",
        "load_distribution_scheme": "SequentialLoad",
    }


def _add_side(model: dict, side: str, *, parallel: list[list[tuple]], first: list[tuple] | None = None) -> None:
    """One half loop: inlet branch (given components, else a pipe), branches in parallel, by-pass, outlet pipe."""
    pipes = model.setdefault("Pipe:Adiabatic", {})
    branches = model.setdefault("Branch", {})

    def pipe(name: str, inlet: str, outlet: str):
        pipes[name] = {"inlet_node_name": inlet, "outlet_node_name": outlet}
        return [("Pipe:Adiabatic", name, inlet, outlet)]

    inlet = first or pipe(f"{side} Inlet Pipe", f"{side} In", f"{side} Split")
    names = {f"{side} Inlet": inlet}
    names |= {f"{side} {components[0][1]}": components for components in parallel}
    names[f"{side} Bypass"] = pipe(f"{side} Bypass Pipe", f"{side} Bypass In", f"{side} Bypass Out")
    names[f"{side} Outlet"] = pipe(f"{side} Outlet Pipe", f"{side} Mixed", f"{side} Out")
    for name, components in names.items():
        branches[name] = {
            "components": [
                {
                    "component_object_type": kind,
                    "component_name": component,
                    "component_inlet_node_name": into,
                    "component_outlet_node_name": out,
                }
                for kind, component, into, out in components
            ]
        }
    every = list(names)
    model.setdefault("BranchList", {})[f"{side} Branches"] = {"branches": [{"branch_name": name} for name in every]}
    middle = every[1:-1]
    model.setdefault("Connector:Splitter", {})[f"{side} Splitter"] = {
        "inlet_branch_name": every[0],
        "branches": [{"outlet_branch_name": name} for name in middle],
    }
    model.setdefault("Connector:Mixer", {})[f"{side} Mixer"] = {
        "outlet_branch_name": every[-1],
        "branches": [{"inlet_branch_name": name} for name in middle],
    }
    model.setdefault("ConnectorList", {})[f"{side} Connectors"] = {
        "connector_1_object_type": "Connector:Splitter",
        "connector_1_name": f"{side} Splitter",
        "connector_2_object_type": "Connector:Mixer",
        "connector_2_name": f"{side} Mixer",
    }


def _add_control(model: dict, economiser: bool) -> None:
    """Setpoints, and which equipment serves which loop."""
    nodes = {"Chilled Supply Out": "Chilled Setpoint", "Condenser Supply Out": "Tower Setpoint"}
    if economiser:
        nodes["Economiser Out"] = "Chilled Setpoint"
    model["SetpointManager:Scheduled"] = {
        f"{node} Setpoint": {
            "control_variable": "Temperature",
            "schedule_name": schedule,
            "setpoint_node_or_nodelist_name": node,
        }
        for node, schedule in nodes.items()
    }
    lists = {
        "Chilled": [("Chiller:Electric:EIR", "Chiller")],
        "Condenser": [("CoolingTower:VariableSpeed", "Tower")],
    }
    model["PlantEquipmentList"] = {
        f"{loop} Equipment": {
            "equipment": [{"equipment_object_type": kind, "equipment_name": name} for kind, name in items]
        }
        for loop, items in lists.items()
    }
    model["PlantEquipmentOperation:CoolingLoad"] = {
        f"{loop} All": {
            "load_range_1_lower_limit": 0.0,
            "load_range_1_upper_limit": 1e9,
            "range_1_equipment_list_name": f"{loop} Equipment",
        }
        for loop in lists
    }
    model["PlantEquipmentOperationSchemes"] = {
        f"{loop} Operation": {
            "control_scheme_1_object_type": "PlantEquipmentOperation:CoolingLoad",
            "control_scheme_1_name": f"{loop} All",
            "control_scheme_1_schedule_name": "Always",
        }
        for loop in lists
    }
