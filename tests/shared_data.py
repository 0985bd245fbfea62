"""Where the optional shared measurement data lies, if this machine has it."""

import os
from pathlib import Path


def shared_data() -> Path | None:
    """Folder with the measured data sets used by some tests, or None."""
    named = os.environ.get("GREENDC_SHARED_DATA")
    if named:
        return Path(named) if Path(named).is_dir() else None
    for parent in Path(__file__).resolve().parents:
        candidate = parent / "shared" / "data"
        if (candidate / "SOURCES.md").is_file():
            return candidate
    return None
