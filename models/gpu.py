"""Servers: nameplate and idle power per GPU, and the server fans' answer to warm air."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from weather.conventions.errors import DataError


@dataclass(frozen=True, slots=True)
class GPUType:
    """One kind of GPU server.

    Attributes
    ----------
    gpu_type : str
        Key used in studies and job lists, e.g. ``"h100"``.
    name : str
        Trade name.
    gpus_per_server : int
        GPUs in one server.
    server_peak_kw, server_idle_kw : float
        Power of the whole server at full use and idle. [kW]
    tflops_fp16 : float
        Dense FP16 throughput of one GPU. [TFLOPS]
    """

    gpu_type: str
    name: str
    gpus_per_server: int
    server_peak_kw: float
    server_idle_kw: float
    tflops_fp16: float

    def __post_init__(self) -> None:
        if self.gpus_per_server < 1 or not 0 <= self.server_idle_kw <= self.server_peak_kw:
            raise DataError(
                f"GPU type {self.gpu_type!r}: got gpus_per_server={self.gpus_per_server}, "
                f"server_idle_kw={self.server_idle_kw}, server_peak_kw={self.server_peak_kw}; "
                "allowed: at least one GPU and 0 <= idle <= peak. Correct the figures."
            )

    @property
    def peak_kw(self) -> float:
        """One GPU's share of the server at full use. [kW]"""
        return self.server_peak_kw / self.gpus_per_server

    @property
    def idle_kw(self) -> float:
        """One GPU's share of the idle server. [kW]"""
        return self.server_idle_kw / self.gpus_per_server


@cache
def _gpu_data() -> dict:
    text = resources.files("models").joinpath("data/gpu.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def load_gpu_types() -> dict[str, GPUType]:
    """Server types of ``models/data/gpu.toml`` by their key.

    Returns
    -------
    dict
        ``gpu_type`` to `GPUType`, in the file's order.

    Examples
    --------
    >>> load_gpu_types()["h100"].peak_kw
    1.275
    """
    fields = GPUType.__dataclass_fields__
    return {
        row["gpu_type"]: GPUType(**{key: value for key, value in row.items() if key in fields})
        for row in _gpu_data()["gpu"]
    }


def inlet_power_factor(inlet_degc):
    """Server power relative to the reference inlet of 25 degC (server fans).

    Use it to turn IT power at the reference inlet into true IT power. One curve stands for every
    server; the spread between makes is of the size of the effect itself.

    Parameters
    ----------
    inlet_degc : numeric
        Air temperature at the server inlet, any shape. [degC]

    Returns
    -------
    numeric
        Factor >= 1, 1 at and below 25 degC. [-]

    Raises
    ------
    DataError
        Above 37 degC, where nothing was measured.

    Notes
    -----
    Piecewise linear between the rows of ``models/data/gpu.toml``. Convex.

    References
    ----------
    Coroama, arXiv 2509.26163 (2025); GRC, server power against inlet temperature.

    Examples
    --------
    >>> float(inlet_power_factor(29.0))
    1.018
    """
    knots = np.array([row["inlet_degc"] for row in _gpu_data()["inlet"]])
    factors = np.array([row["factor"] for row in _gpu_data()["inlet"]])
    inlet = np.asarray(inlet_degc, dtype=float)
    if not np.all(inlet <= knots[-1]):
        raise DataError(
            f"server inlet: got {np.max(inlet):g} degC, allowed at most {knots[-1]:g} degC (the last "
            "measured point). Lower the setpoint."
        )
    return np.interp(inlet, knots, factors)
