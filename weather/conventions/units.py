"""Units: what a file may call them, and the factor to the canonical unit.

Only conversions that are exact by definition are here; anything else is refused.
"""

import numpy as np

from weather.conventions.errors import DataError

KELVIN_OFFSET = 273.15
"""0 degC in K, exact (SI definition of the degree Celsius)."""

# unit as written in files -> (canonical unit, factor, offset): canonical = factor * value + offset
_KNOWN: dict[str, tuple[str, float, float]] = {
    "W/m2": ("W/m2", 1.0, 0.0),
    "W m-2": ("W/m2", 1.0, 0.0),
    "W m**-2": ("W/m2", 1.0, 0.0),
    "W/m^2": ("W/m2", 1.0, 0.0),
    "kW/m2": ("W/m2", 1000.0, 0.0),
    "degC": ("degC", 1.0, 0.0),
    "C": ("degC", 1.0, 0.0),
    "celsius": ("degC", 1.0, 0.0),
    "K": ("degC", 1.0, -KELVIN_OFFSET),
    "%": ("%", 1.0, 0.0),
    "1": ("%", 100.0, 0.0),
    "Pa": ("Pa", 1.0, 0.0),
    "hPa": ("Pa", 100.0, 0.0),
    "mbar": ("Pa", 100.0, 0.0),
    "kPa": ("Pa", 1000.0, 0.0),
    "m/s": ("m/s", 1.0, 0.0),
    "m s-1": ("m/s", 1.0, 0.0),
    "m s**-1": ("m/s", 1.0, 0.0),
    "km/h": ("m/s", 1.0 / 3.6, 0.0),
    "kn": ("m/s", 1852.0 / 3600.0, 0.0),
    "degF": ("degC", 5.0 / 9.0, -32.0 * 5.0 / 9.0),
    "°C": ("degC", 1.0, 0.0),
    "°F": ("degC", 5.0 / 9.0, -32.0 * 5.0 / 9.0),
    "degree": ("degree", 1.0, 0.0),
    "degrees": ("degree", 1.0, 0.0),
    "°": ("degree", 1.0, 0.0),
    "mm/h": ("mm/h", 1.0, 0.0),
    "mm/hour": ("mm/h", 1.0, 0.0),
    "mm h-1": ("mm/h", 1.0, 0.0),
    "kg m-2 s-1": ("mm/h", 3600.0, 0.0),
    "m": ("m", 1.0, 0.0),
    "cm": ("m", 0.01, 0.0),
}


def to_canonical(values: np.ndarray, *, unit: str, canonical: str, where: str) -> np.ndarray:
    """Values of a file in the canonical unit of their variable.

    Parameters
    ----------
    values : ndarray, any shape [unit]
    unit : str
        The unit as the file writes it.
    canonical : str
        The unit wanted, as in `weather.conventions.variables.VARIABLES`.
    where : str
        File and variable, for the error text.

    Returns
    -------
    ndarray, same shape [canonical]

    Raises
    ------
    DataError
        When the unit is unknown or measures something else.

    Examples
    --------
    >>> import numpy as np
    >>> float(to_canonical(np.array(875.0), unit="hPa", canonical="Pa", where="example"))
    87500.0
    """
    known = _KNOWN.get(unit)
    if known is None or known[0] != canonical:
        allowed = sorted(name for name, row in _KNOWN.items() if row[0] == canonical)
        raise DataError(
            f"{where}: unit {unit!r} cannot be read as {canonical}; allowed: {', '.join(allowed)}. "
            "Correct the 'units' attribute or convert the values."
        )
    _, factor, offset = known
    if factor == 1.0 and offset == 0.0:
        return values
    return values * factor + offset
