"""Plant models: photovoltaics, wind, batteries, servers, cooling, losses, tariffs.

Each model is a pure function of one place's weather and a frozen plant description. Nothing here
knows the study file or the planner.
"""
