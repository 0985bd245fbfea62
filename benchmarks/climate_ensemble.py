"""How long a generated year of 8 nodes x 50 members takes, beside a plain draw of as many normal numbers.

    python benchmarks/climate_ensemble.py [--nodes 8] [--members 50] [--days 365] [--check]

Prints seconds of the first call (with the nodes' calibration) and of the second, both as multiples of drawing one
normal number for every value made, and the peak of memory. With --check, exits 1 when the first call takes more than
5 s or memory passes 3 GB.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this clone, whatever is installed

from weather import Node, generate_climate, load_nodes
from weather.conventions.timeaxis import time_axis

BUDGET_S, BUDGET_GB = 5.0, 3.0


def places(count: int) -> list[Node]:
    """The hubs, then neighbours of theirs 0.1 degrees north."""
    hubs = list(load_nodes().values())
    near = [
        replace(node, node_id=f"{node.node_id}{number}", latitude=node.latitude + 0.1)
        for number, node in enumerate(hubs * (count // len(hubs)))
    ]
    return (hubs + near)[:count]


def main() -> int:
    """Time both calls; 1 where a budget is broken and --check was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    stamps = time_axis("2026-01-01", horizon_h=24 * asked.days)
    nodes = places(asked.nodes)
    taken = []
    for seed in (7, 8):
        begun = time.perf_counter()
        weather = generate_climate(nodes, time=stamps, seed=seed, members=asked.members)
        taken.append(time.perf_counter() - begun)
    values = sum(array.size for array in weather.data_vars.values())
    begun = time.perf_counter()
    np.random.default_rng(7).standard_normal(values)
    draw = time.perf_counter() - begun
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{asked.nodes} nodes x {asked.members} members x {stamps.size} h: {values / 1e6:.1f} million values")
    for name, seconds in zip(("first call", "second call"), taken, strict=True):
        print(f"{name:12s} {seconds:6.2f} s   {seconds / draw:5.1f} x drawing them as normal numbers ({draw:.2f} s)")
    print(f"peak memory  {memory_gb:6.2f} GB")
    broken = taken[0] > BUDGET_S or memory_gb > BUDGET_GB
    print(f"budget {BUDGET_S:g} s and {BUDGET_GB:g} GB: {'broken' if broken else 'kept'}")
    return int(broken and asked.check)


if __name__ == "__main__":
    sys.exit(main())
