"""Green-datacentre energy optimiser: study file, day plan, verification, figures and exports."""
