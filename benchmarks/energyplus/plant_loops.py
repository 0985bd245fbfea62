"""Plumbing of the chilled-water plant: loops, branches, connectors, setpoints, equipment lists of the epJSON."""

from __future__ import annotations

from energyplus.plant_design import PlantDesign


def add_loops(model: dict, design: PlantDesign, economiser: bool) -> None:
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


def add_control(model: dict, economiser: bool) -> None:
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
