"""Electrical chain between the meter and the servers: transformer, UPS, distribution, other loads."""

from dataclasses import dataclass

import numpy as np

from weather.conventions.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ElectricalPlant:
    """UPS, transformer and distribution of one node.

    Attributes
    ----------
    rated_kw : float
        IT load the chain is built for. [kW]
    ups_loss : tuple of three floats
        No-load, proportional and square terms, as a share of one UPS system's rating. [-]
    ups_modules_share : float
        Share of the load each UPS system carries: 1 for N, 0.5 for 2N (two systems, each rated for
        the whole load). [-]
    transformer_no_load_frac, transformer_load_frac : float
        Iron loss, and copper loss at full load, as a share of the rating. [-]
    distribution_frac : float
        Busway and PDU loss as a share of IT power. [-]
    other_frac_of_rated : float
        Lighting, controls, security as a share of rated IT power, constant. [-]
    """

    rated_kw: float
    ups_loss: tuple[float, float, float] = (0.010, 0.015, 0.015)
    ups_modules_share: float = 0.5
    transformer_no_load_frac: float = 0.0018
    transformer_load_frac: float = 0.010
    distribution_frac: float = 0.010
    other_frac_of_rated: float = 0.005

    def __post_init__(self) -> None:
        fractions = (
            *self.ups_loss,
            self.transformer_no_load_frac,
            self.transformer_load_frac,
            self.distribution_frac,
            self.other_frac_of_rated,
        )
        good = (
            self.rated_kw > 0
            and len(self.ups_loss) == 3
            and 0 < self.ups_modules_share <= 1
            and all(0 <= value < 0.5 for value in fractions)
        )
        if not good:
            raise ConfigError(
                f"electrical plant: got {self}; allowed: rated_kw > 0, three UPS terms, ups_modules_share in "
                "(0, 1], every loss fraction in [0, 0.5). Correct the figure."
            )


def hall_loss(it_kw, plant: ElectricalPlant):
    """Losses that warm the hall: UPS and distribution.

    Parameters
    ----------
    it_kw : numeric
        True IT power, any shape. [kW]
    plant : ElectricalPlant

    Returns
    -------
    numeric
        Loss. [kW]

    Notes
    -----
    With ``n = 1 / ups_modules_share`` systems, each at ``l = ups_modules_share * it_kw / rated_kw``:
    ``rated_kw * n * (a0 + a1 l + a2 l**2) + distribution_frac * it_kw``.

    References
    ----------
    Sawyer, Making large UPS systems more efficient, Schneider white paper 108 (the three terms).

    Examples
    --------
    >>> round(float(hall_loss(500.0, ElectricalPlant(rated_kw=1000.0, distribution_frac=0.0))), 4)
    29.375
    """
    it = np.asarray(it_kw, dtype=float)
    a0, a1, a2 = plant.ups_loss
    share = plant.ups_modules_share
    load = share * it / plant.rated_kw
    return plant.rated_kw / share * (a0 + a1 * load + a2 * load**2) + plant.distribution_frac * it


def electrical_loss(it_kw, plant: ElectricalPlant):
    """Losses of transformer, UPS and distribution.

    `other_kw` is apart: lighting is a load, not a loss. The power of the cooling plant passes the
    transformer only; its share of the copper loss is left out (below 0.2 % of IT at default figures).

    Parameters
    ----------
    it_kw : numeric
        True IT power, any shape. [kW]
    plant : ElectricalPlant

    Returns
    -------
    numeric
        Loss. [kW]

    Notes
    -----
    `hall_loss` plus ``rated_kw * (no_load + load * (it / rated_kw)**2)`` of the transformer. Convex in
    ``it_kw``.

    Examples
    --------
    >>> round(float(electrical_loss(1000.0, ElectricalPlant(rated_kw=1000.0))), 1)
    64.3
    """
    it = np.asarray(it_kw, dtype=float)
    load = it / plant.rated_kw
    transformer = plant.rated_kw * (plant.transformer_no_load_frac + plant.transformer_load_frac * load**2)
    return hall_loss(it, plant) + transformer


def other_kw(plant: ElectricalPlant) -> float:
    """Lighting, controls and security, constant. [kW]"""
    return plant.other_frac_of_rated * plant.rated_kw
