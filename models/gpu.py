"""Servers: power over utilisation and power cap, fans in warm air. Throughput, pauses and scaling: `gpu_throughput`.

Power is of the whole server (GPUs, CPUs, fans, NICs, switches); shares per GPU are that over its GPUs.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from models.given import numbers
from models.gpu_throughput import (
    PauseCost,
    as_numbers,
    gpu_data,
    pause_cost,
    pause_energy_kwh,
    refuse_outside,
    scaling_speedup,
    throughput,
    throughput_segments,
    throughput_sets,
)
from weather.conventions.errors import DataError

__all__ = [
    "GPUType",
    "PauseCost",
    "gpu_figures",
    "inlet_power_factor",
    "load_gpu_types",
    "pause_cost",
    "pause_energy_kwh",
    "scaling_speedup",
    "server_power_kw",
    "throughput",
    "throughput_segments",
    "throughput_sets",
]

_SURELY_KELVIN = 200.0  # no air is so warm in degC; in kelvin all is


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
    tdp_w, gpu_idle_w : float or None
        Power of one GPU at its limit and idle; None where it is not known: no power cap can be judged then. [W]
    """

    gpu_type: str
    name: str
    gpus_per_server: int
    server_peak_kw: float
    server_idle_kw: float
    tflops_fp16: float
    tdp_w: float | None = None
    gpu_idle_w: float | None = None

    def __post_init__(self) -> None:
        if self.gpus_per_server < 1 or not 0 <= self.server_idle_kw <= self.server_peak_kw:
            raise DataError(
                f"GPU type {self.gpu_type!r}: got gpus_per_server={self.gpus_per_server}, "
                f"server_idle_kw={self.server_idle_kw}, server_peak_kw={self.server_peak_kw}; "
                "allowed: at least one GPU and 0 <= idle <= peak. Correct the figures."
            )
        if self.tdp_w is None and self.gpu_idle_w is None:
            return
        if self.tdp_w is None or self.gpu_idle_w is None or not 0 <= self.gpu_idle_w < self.tdp_w:
            raise DataError(
                f"GPU type {self.gpu_type!r}: got gpu_idle_w={self.gpu_idle_w}, tdp_w={self.tdp_w}; allowed: both or "
                "neither, 0 <= idle < TDP. Correct the figures."
            )
        if self.base_idle_kw < 0 or self.base_peak_kw < self.base_idle_kw:
            raise DataError(
                f"GPU type {self.gpu_type!r}: got gpu_idle_w={self.gpu_idle_w}, tdp_w={self.tdp_w}, "
                f"server_idle_kw={self.server_idle_kw}, server_peak_kw={self.server_peak_kw}: what is left for the "
                f"rest of the server is {self.base_idle_kw:g} kW idle and {self.base_peak_kw:g} kW at full use; "
                "allowed 0 <= idle <= full. Correct the figures."
            )

    @property
    def peak_kw(self) -> float:
        """One GPU's share of the server at full use. [kW]"""
        return self.server_peak_kw / self.gpus_per_server

    @property
    def idle_kw(self) -> float:
        """One GPU's share of the idle server. [kW]"""
        return self.server_idle_kw / self.gpus_per_server

    @property
    def base_idle_kw(self) -> float:
        """The server without its GPUs, idle. [kW]"""
        return self.server_idle_kw - self.gpus_per_server * (self.gpu_idle_w or 0.0) / 1000.0

    @property
    def base_peak_kw(self) -> float:
        """The server without its GPUs, at full use. [kW]"""
        return self.server_peak_kw - self.gpus_per_server * (self.tdp_w or 0.0) / 1000.0


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
        for row in gpu_data()["gpu"]
    }


def gpu_figures() -> dict[str, float]:
    """General figures by name, rows ``figure`` of ``models/data/gpu.toml``.

    Examples
    --------
    >>> gpu_figures()["training_power_frac_high"]
    0.82
    """
    return {row["name"]: row["value"] for row in gpu_data()["figure"]}


def server_power_kw(gpu: GPUType, utilisation, *, cap_w=None):
    """Power of a server over the utilisation of its GPUs and their power cap, at the reference inlet.

    Parameters
    ----------
    gpu : GPUType
        With ``tdp_w`` and ``gpu_idle_w``.
    utilisation : numeric or DataArray, any shape
        Of the GPUs, 0 to 1. [-]
    cap_w : numeric or DataArray, optional
        Power cap of each GPU, at least its idle power; a cap above TDP does not bind. Default: none. [W]

    Returns
    -------
    numeric or DataArray
        Whole server; concave and rising in both. [kW]

    Raises
    ------
    DataError
        Utilisation outside 0..1, a cap below the idle power, or a type without ``tdp_w``.

    Notes
    -----
    ``P = base(u) + n * (P_idle + (min(cap, TDP) - P_idle) * u**g)`` with
    ``base(u) = base_idle + (base_peak - base_idle) * u`` and ``g`` of ``models/data/gpu.toml``. The rest of the
    server is not one figure: an 8-GPU H100 has 1.4 kW of it idle, and 2.8 kW at the highest draw seen in training
    (8.4 kW less 8 x 700 W), 4.6 kW at its rating. At ``u = 1`` this is the nameplate, which training does not reach:
    0.76 to 0.82 of it (`gpu_figures`), so nameplate is 22 to 32 % too high for training. What runs matters as much: a
    model from operations missed measured energy by 11.4 % on average, one from TDP by 27 to 37 % (2506.14551).

    References
    ----------
    Latif et al., Single-node power demand during AI training, IEEE Access 13, 61740 (2025); arXiv 2506.14551.

    Examples
    --------
    >>> h100 = load_gpu_types()["h100"]
    >>> [round(float(server_power_kw(h100, u, cap_w=cap)), 3) for u, cap in ((0.0, 700), (1.0, 700), (1.0, 500))]
    [2.0, 10.2, 8.6]
    """
    if gpu.tdp_w is None or gpu.gpu_idle_w is None:
        raise DataError(
            f"GPU type {gpu.gpu_type!r}: got tdp_w={gpu.tdp_w}, gpu_idle_w={gpu.gpu_idle_w}, allowed: both given. Add "
            "them to its [[gpu_type]]."
        )
    refuse_outside(utilisation, 0.0, 1.0, "utilisation", "-")
    utilisation, cap = as_numbers(utilisation), gpu.tdp_w if cap_w is None else as_numbers(cap_w)
    refuse_outside(cap, gpu.gpu_idle_w, np.inf, "cap_w", "W")
    idle, share = gpu.gpu_idle_w, utilisation ** gpu_figures()["utilisation_exponent"]
    each_w = idle + (np.minimum(cap, gpu.tdp_w) - idle) * share
    base = gpu.base_idle_kw + (gpu.base_peak_kw - gpu.base_idle_kw) * utilisation
    power = base + gpu.gpus_per_server * each_w / 1000.0
    return power.assign_attrs(units="kW") if isinstance(power, xr.DataArray) else power


def inlet_power_factor(inlet_degc):
    """Server power relative to the reference inlet of 25 degC (server fans).

    Use it to turn IT power at the reference inlet into true IT power. One curve stands for every
    server; the spread between makes is of the size of the effect itself.

    Parameters
    ----------
    inlet_degc : numeric or DataArray, any shape
        Air temperature at the server inlet. [degC]

    Returns
    -------
    ndarray or DataArray
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
    knots = np.array([row["inlet_degc"] for row in gpu_data()["inlet"]])
    factors = np.array([row["factor"] for row in gpu_data()["inlet"]])
    inlet = numbers("server inlet", "inlet_degc", inlet_degc, unit="degC")
    if not np.all(inlet <= knots[-1]):
        kelvin = np.max(inlet) > _SURELY_KELVIN
        raise DataError(
            f"server inlet: got {np.max(inlet):g} degC, allowed at most {knots[-1]:g} degC (the last "
            f"measured point). {'Give degC, not kelvin.' if kelvin else 'Lower the setpoint.'}"
        )
    factor = np.interp(inlet, knots, factors)
    if isinstance(inlet_degc, xr.DataArray):
        return inlet_degc.copy(data=factor).rename("inlet_power_factor").assign_attrs(units="1")
    return factor
