"""Random series that depend only on seed, place and absolute time.

Each quantity is a stationary Gaussian AR(1) series of unit variance. Its innovations are a random
field over the map, the same for every node, plus a residual keyed by the node's id; so weather is
correlated between nodes and unchanged when a node is added. Everything is drawn block by block, and a
block is always drawn whole, with a warm-up of fixed length before it: the window asked for changes
nothing, not even the last bit.
"""

import zlib
from functools import lru_cache
from itertools import accumulate

import numpy as np

from weather.nodes import Node

BLOCK_DAYS = 32
_BLOCK_SHIFT = 1 << 20  # keys must not be negative; blocks before 1970 are
_FEATURES = 64
_KM_PER_DEG = 111.195  # of latitude, on the sphere of radius 6371 km
_REFERENCE_LATITUDE = 35.0  # the map is flat around it; distances within 10 % from 25 to 43 N
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))

QUANTITIES = ("clearness", "temperature", "dew", "wind_u", "wind_v", "cloud")


def _generator(seed: int, quantity: str, block: int, node_key: int) -> np.random.Generator:
    return np.random.default_rng(
        np.random.SeedSequence([seed, QUANTITIES.index(quantity), block + _BLOCK_SHIFT, node_key])
    )


@lru_cache(maxsize=48)
def _field_draws(seed: int, quantity: str, block: int, steps: int) -> np.ndarray:
    """Weights of the field's waves at every step of a block, shape (steps, 2 x features)."""
    draws = _generator(seed, quantity, block, 0).standard_normal((steps, 2 * _FEATURES))
    draws.flags.writeable = False
    return draws


@lru_cache(maxsize=256)
def field_basis(latitude: float, longitude: float, length_km: float) -> np.ndarray:
    """Waves of the random field at one place, shape (2 x features,); its square sums to 1.

    Random Fourier features of the Gaussian kernel exp(-d2 / 2 L2), with the wave vectors placed evenly
    in probability instead of drawn: radius by the quantiles of the Rayleigh law, direction by the golden
    angle. Two places' bases multiply to the kernel; measured error at most 0.035 out to 2000 km.

    References
    ----------
    A. Rahimi, B. Recht, Random features for large-scale kernel machines, NIPS 2007.
    """
    order = np.arange(_FEATURES)
    radius = np.sqrt(-2.0 * np.log1p(-(order + 0.5) / _FEATURES)) / length_km
    direction = order * _GOLDEN_ANGLE
    east_km = longitude * _KM_PER_DEG * np.cos(np.radians(_REFERENCE_LATITUDE))
    north_km = latitude * _KM_PER_DEG
    phase = radius * (np.cos(direction) * east_km + np.sin(direction) * north_km)
    basis = np.concatenate([np.cos(phase), np.sin(phase)]) / np.sqrt(_FEATURES)
    basis.flags.writeable = False
    return basis


def _innovations(
    node: Node, *, seed: int, quantity: str, block: int, steps: int, shared: float, length_km: float
) -> np.ndarray:
    own_key = zlib.crc32(node.node_id.encode("utf-8")) + 1  # 0 is the field's
    residual = _generator(seed, quantity, block, own_key).standard_normal(steps)
    if shared == 0.0:
        return residual
    waves = _field_draws(seed, quantity, block, steps) * field_basis(node.latitude, node.longitude, length_km)
    return np.sqrt(shared) * waves.sum(axis=1) + np.sqrt(1.0 - shared) * residual


def block_series(
    node: Node,
    *,
    seed: int,
    quantity: str,
    block: int,
    steps_per_day: int,
    lag1: float,
    shared: float,
    length_km: float,
) -> np.ndarray:
    """One block of the series of a quantity at a node, standard normal AR(1).

    Parameters
    ----------
    node : Node
    seed : int
    quantity : str
        One of `QUANTITIES`.
    block : int
        Block of 32 civil days, counted from 1970-01-01.
    steps_per_day : int
        1 or 24.
    lag1 : float
        Correlation from step to step.
    shared : float
        Share of the field in the variance, 0 to 1.
    length_km : float
        Length of the field's Gaussian kernel [km].

    Returns
    -------
    ndarray, shape (32 x steps_per_day,)

    Notes
    -----
    x(t) = a x(t-1) + sqrt(1 - a2) e(t), started at rest one block of hours or three of days before; the
    start is forgotten to a^768 or a^96. Across a block's border the correlation holds to that.
    """
    steps = BLOCK_DAYS * steps_per_day
    warm = 3 if steps_per_day == 1 else 1
    drawn = np.concatenate(
        [
            _innovations(
                node, seed=seed, quantity=quantity, block=number, steps=steps, shared=shared, length_km=length_km
            )
            for number in range(block - warm, block + 1)
        ]
    )
    scaled = drawn * np.sqrt(1.0 - lag1**2)
    scaled[0] = drawn[0]  # starts in the stationary law
    series = np.fromiter(accumulate(scaled.tolist(), lambda last, new: lag1 * last + new), float, drawn.size)
    return series[-steps:]


def daily_with_neighbours(
    node: Node, *, seed: int, quantity: str, block: int, lag1: float, shared: float, length_km: float
) -> np.ndarray:
    """Daily values of a block, with the day before and the day after it; shape (34,)."""
    before, inside, after = (
        block_series(
            node,
            seed=seed,
            quantity=quantity,
            block=number,
            steps_per_day=1,
            lag1=lag1,
            shared=shared,
            length_km=length_km,
        )
        for number in (block - 1, block, block + 1)
    )
    return np.concatenate([before[-1:], inside, after[:1]])
