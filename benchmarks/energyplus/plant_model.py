"""A chilled-water plant as an EnergyPlus model (epJSON), written from a handful of design figures.

A heat load on a chilled-water loop; a plate heat exchanger in series before the chiller; a condenser loop with a
variable-speed tower. One machine stands for equal ones at equal load. No hall fans: those are in the other comparison.

The heat exchanger and the chiller share a branch: on the inlet branch, before a splitter, a heat exchanger that cannot
cool asks for no flow and stops the loop (EnergyPlus 25.2: hours without any cooling, up to 7 % of the year).
"""

from __future__ import annotations

from energyplus.curves import ChillerSet
from energyplus.plant_design import RHO_WATER, SCHEDULE_FILE, PlantDesign
from energyplus.plant_loops import add_control, add_loops


def plant_model(design: PlantDesign, chiller: ChillerSet, *, setpoint_degc: float, economiser: bool) -> dict:
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
    """
    model = _frame() | _schedules(design, setpoint_degc)
    model |= _curves(chiller)
    model["Chiller:Electric:EIR"] = {
        "Chiller": _chiller(design, chiller, "Economiser Out" if economiser else "Chiller In")
    }
    model["CoolingTower:VariableSpeed"] = {"Tower": _tower(design)}
    model["Pump:VariableSpeed"] = {
        "Chilled Pump": _pump("Chilled", design, design.chilled_m3_s, design.chilled_pump_frac * design.heat_kw),
        "Condenser Pump": _pump("Condenser", design, design.condenser_m3_s, design.condenser_pump_frac * design.heat_kw)
        | {"pump_flow_rate_schedule_name": "Pump Share"},
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
    add_loops(model, design, economiser)
    add_control(model, economiser)
    return model


def _frame() -> dict:
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
        # one step an hour keeps each hour's weather as the file has it; more would blend neighbours
        "Timestep": {"Timestep": {"number_of_timesteps_per_hour": 1}},
        # A chiller that stops leaves its condenser flow standing for some plant passes and takes it from the exchanger,
        # whose heat then falls short of what the chilled water lost. The engine calls that settled after its own least
        # 2 passes; at 4 up to half the hours of small, warm loads do not balance, at 8 or more (to 40) 93-100 % do.
        "ConvergenceLimits": {
            "Limits": {
                "minimum_system_timestep": 60,
                "maximum_hvac_iterations": 50,
                "minimum_plant_iterations": 10,
                "maximum_plant_iterations": 50,
            }
        },
        "RunPeriod": {
            "Year": {
                "begin_month": 1,
                "begin_day_of_month": 1,
                "begin_year": 2001,
                "end_month": 12,
                "end_day_of_month": 31,
                "end_year": 2001,
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


def _schedules(design: PlantDesign, setpoint_degc: float) -> dict:
    column = {"file_name": SCHEDULE_FILE, "rows_to_skip_at_top": 1, "number_of_hours_of_data": 8760}
    column |= {"adjust_schedule_for_daylight_savings": "No", "interpolate_to_timestep": "No"}
    return {
        "Schedule:File": {
            "Heat": column | {"column_number": 1},
            "Flow": column | {"column_number": 2},
            "Tower Setpoint": column | {"column_number": 3},
            "Pump Share": column | {"column_number": 4},
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
