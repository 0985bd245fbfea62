"""Random series that depend only on seed, member, place and absolute time.

Each quantity is a stationary Gaussian AR(1) series of unit variance. Innovations of the synoptic quantities
are a random field over the map, the same for every node, plus a residual keyed by the node's id; so weather
is correlated between nodes and unchanged when a node is added. Innovations of what changes within hours are
the node's own. They are drawn by civil month, and a value is made from a fixed number of innovations before
it: the window asked for changes nothing, not even the last bit.

Years are balanced: in the innovations of one day of the year, eight years running (those of equal year // 8)
sum to zero and any two of them correlate by -1/7. Every year by itself is as random as before, but the mean of
some thirty years comes three times nearer to the normal than thirty independent years would. Means over two to
seven years therefore spread too little, by 7 to 62 %, means over eight and more hardly at all; members are
independent of each other.

Only sums and products of single numbers are taken, in a fixed order, and no matrix product: shapes and the
number of threads do not reach the last bit.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from weather.nodes import Node

BALANCED_YEARS = 8
MEMORY_DAYS = 32
"""Days of innovations a synoptic value remembers: 0.8^32 is 1e-3."""
MEMORY_H = 64
"""Hours of innovations a value of the node's own remembers: 0.85^64 is 3e-5."""
SYNOPTIC = {"clearness": 1, "temperature": 1, "dew": 1, "wind": 2}
"""Quantities of the field and their values a day."""
OWN_HOURLY = ("gust", "cloud", "moisture")
"""Quantities of a node alone, one value an hour."""

_OFFSETS = dict(zip(SYNOPTIC, 31 * np.cumsum([0, *SYNOPTIC.values()]), strict=False))
_LONGEST = 31 * sum(SYNOPTIC.values())
_FIELD, _RESIDUAL, _OWN = 0, 1, 2
_MONTH_SHIFT = 1 << 20  # keys must not be negative; months before 1970 are
_FEATURES = 64
_KM_PER_DEG = 111.195  # of latitude, on the sphere of radius 6371 km
_REFERENCE_LATITUDE = 35.0  # the map is flat around it; distances within 10 % from 25 to 43 N
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))


def _balance() -> np.ndarray:
    """Signs of eight years in seven draws, (8, 7): a Hadamard matrix (Sylvester) without its constant column."""
    two = np.array([[1, 1], [1, -1]])
    return np.kron(np.kron(two, two), two)[:, 1:].astype(np.float32)


_SIGNS = _balance()


@dataclass(frozen=True, slots=True)
class Span:
    """Civil days from `first` to before `last` (days since 1970) and the months that hold them.

    months: (months since January 1970, days of it before the span, days of it up to the span's end).
    """

    first: int
    last: int
    months: tuple[tuple[int, int, int], ...]

    def joined(self, by_month: np.ndarray, per_day: int) -> np.ndarray:
        """Values by month, (..., month, 31 x per_day or more), as one series over the days of the span."""
        parts = [
            by_month[..., number, before * per_day : until * per_day]
            for number, (_, before, until) in enumerate(self.months)
        ]
        return np.concatenate(parts, axis=-1)


def span_of(first: int, last: int) -> Span:
    """The span of days first <= day < last, counted from 1970-01-01."""
    days = np.array([first, last - 1], dtype="datetime64[D]")
    begin, end = days.astype("datetime64[M]").astype(int)
    edges = np.arange(begin, end + 2).astype("datetime64[M]").astype("datetime64[D]").astype(int)
    return Span(
        first=first,
        last=last,
        months=tuple(
            (int(begin + number), max(0, first - int(start)), min(int(stop), last) - int(start))
            for number, (start, stop) in enumerate(pairwise(edges))
        ),
    )


def _stream(seed: int, *, member: int, role: int, month: int, place: int) -> np.random.Generator:
    key = [seed, member, role, month + _MONTH_SHIFT, place]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))


def _place_key(node: Node) -> int:
    return zlib.crc32(node.node_id.encode("utf-8")) + 1  # 0 is the field's


def _by_cycle(span: Span) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """(cycle of years, month of the year) to (number in the span, year of the cycle): one draw serves them all."""
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, (month, _, _) in enumerate(span.months):
        year, of_year = divmod(month, 12)
        cycle, of_cycle = divmod(1970 + year, BALANCED_YEARS)
        groups.setdefault((cycle, of_year), []).append((number, of_cycle))
    return groups


def _balanced(seed: int, *, member: int, role: int, place: int, span: Span, out: np.ndarray) -> None:
    """Standard normal innovations by month, balanced over the years; fills out, (..., month, _LONGEST)."""
    shape = (*out.shape[:-2], _LONGEST)
    for (cycle, of_year), wanted in _by_cycle(span).items():
        rng = _stream(seed, member=member, role=role, month=cycle * 12 + of_year, place=place)
        draws = rng.standard_normal((BALANCED_YEARS - 1, *shape), dtype=np.float32)
        for number, of_cycle in wanted:
            total = draws[0] * _SIGNS[of_cycle, 0]
            for draw, sign in zip(draws[1:], _SIGNS[of_cycle, 1:], strict=True):
                (np.add if sign > 0 else np.subtract)(total, draw, out=total)
            out[..., number, :] = total / np.float32(np.sqrt(BALANCED_YEARS - 1))


@lru_cache(maxsize=256)
def field_basis(latitude: float, longitude: float, length_km: float) -> np.ndarray:
    """Waves of the random field at one place, shape (2 x features,); its square sums to 1.

    Random Fourier features of the Gaussian kernel exp(-d2 / 2 L2), with the wave vectors placed evenly
    in probability instead of drawn: radius by the quantiles of the Rayleigh law, direction by the golden
    angle. Two places' bases multiply to the kernel; measured error out to 2000 km at most 0.05
    for a length of 530 km, 0.035 from 670 km on.

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


def field_draws(seed: int, *, members: range, span: Span) -> np.ndarray:
    """Weights of the field's waves, standard normal, shape (2 x features, member, month, values of a month)."""
    draws = np.empty((2 * _FEATURES, len(members), len(span.months), _LONGEST), dtype=np.float32)
    for row, member in enumerate(members):
        _balanced(seed, member=member, role=_FIELD, place=0, span=span, out=draws[:, row])
    return draws


def residual_draws(node: Node, *, seed: int, members: range, span: Span) -> np.ndarray:
    """The node's own innovations of the synoptic quantities, shape (member, month, values of a month)."""
    draws = np.empty((len(members), len(span.months), _LONGEST), dtype=np.float32)
    for row, member in enumerate(members):
        _balanced(seed, member=member, role=_RESIDUAL, place=_place_key(node), span=span, out=draws[row])
    return draws


def own_draws(node: Node, *, seed: int, members: range, span: Span) -> np.ndarray:
    """Hourly innovations of a node alone, shape (quantity, member, hour); quantities as in `OWN_HOURLY`."""
    draws = np.empty((len(OWN_HOURLY), len(members), len(span.months), 31 * 24), dtype=np.float32)
    for row, member in enumerate(members):
        for number, (month, _, _) in enumerate(span.months):
            rng = _stream(seed, member=member, role=_OWN, month=month, place=_place_key(node))
            draws[:, row, number] = rng.standard_normal((len(OWN_HOURLY), 31 * 24), dtype=np.float32)
    return span.joined(draws, 24)


def synoptic_innovations(
    node: Node, quantity: str, *, field: np.ndarray, residual: np.ndarray, span: Span, shared: float, length_km: float
) -> np.ndarray:
    """Innovations of a synoptic quantity at a node, standard normal, shape (member, step).

    Parameters
    ----------
    node : Node
    quantity : str
        One of `SYNOPTIC`.
    field, residual : ndarray
        From `field_draws` and `residual_draws` of the same span.
    span : Span
    shared : float
        Share of the field in the variance, 0 to 1.
    length_km : float
        Length of the field's Gaussian kernel [km].

    Returns
    -------
    ndarray, shape (member, days of the span x values a day)
    """
    per_day = SYNOPTIC[quantity]
    part = slice(_OFFSETS[quantity], _OFFSETS[quantity] + 31 * per_day)
    total = residual[..., part] * np.float32(np.sqrt(1.0 - shared))
    weights = (np.sqrt(shared) * field_basis(node.latitude, node.longitude, length_km)).astype(np.float32)
    product = np.empty_like(total)
    for wave, weight in zip(field, weights, strict=True):
        np.multiply(wave[..., part], weight, out=product)
        np.add(total, product, out=total)
    return span.joined(total, per_day)


def remember(innovations: np.ndarray, *, lag1: float, steps: int) -> np.ndarray:
    """AR(1) of unit variance, each value the weighted sum of the last innovations; drops the first steps - 1.

    Parameters
    ----------
    innovations : ndarray, shape (..., time), standard normal
    lag1 : float
        Correlation from step to step, 0 to below 1.
    steps : int
        How many innovations a value remembers, a power of two.

    Returns
    -------
    ndarray, shape (..., time - steps + 1)

    Notes
    -----
    x(t) = sum over j < n of a^j e(t - j), divided by its standard deviation, made by doubling: a sum over the
    last 2 s is that over the last s plus a^s of that before. Beyond n the memory is cut; its correlations are
    those of the AR(1) to a^n.

    Examples
    --------
    >>> import numpy as np
    >>> remember(np.ones(4), lag1=0.5, steps=2) * np.sqrt(1.25)
    array([1.5, 1.5, 1.5])
    """
    series = innovations.copy()
    done = 1
    while done < steps:
        series[..., done:] += lag1**done * series[..., :-done]
        done *= 2
    variance = (1.0 - lag1 ** (2 * steps)) / (1.0 - lag1**2)
    return series[..., steps - 1 :] / float(np.sqrt(variance))
