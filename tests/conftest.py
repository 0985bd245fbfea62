"""Fixtures every test may use."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("shared_data", Path(__file__).with_name("shared_data.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def shared_data_dir() -> Path:
    """The measured data sets; the test is skipped where they are absent."""
    folder = _module.shared_data()
    if folder is None:
        pytest.skip("measured data sets are not on this machine (set GREENDC_SHARED_DATA)")
    return folder
