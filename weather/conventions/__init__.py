"""What every package of greendc agrees on: errors, variables, units, time axis, the weather schema."""


class WeatherWarning(UserWarning):
    """The caller's weather can be used, but there is something its user should know."""
