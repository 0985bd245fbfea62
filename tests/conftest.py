"""Options, profiles and fixtures every test may use.

``--run-nightly`` also runs the tests marked ``nightly``. ``HYPOTHESIS_PROFILE`` chooses how many examples
the property tests draw: ``default`` (the same ones every time) or ``nightly`` (many, and new ones).
No test reaches another machine: connecting to anything but this one raises.
"""

import importlib.util
import ipaddress
import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=60, derandomize=True)
settings.register_profile(
    "nightly", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_spec = importlib.util.spec_from_file_location("shared_data", Path(__file__).with_name("shared_data.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--run-nightly``."""
    parser.addoption("--run-nightly", action="store_true", help="also run the long tests, marked nightly")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "nightly: long; runs only with --run-nightly")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long tests unless they are asked for."""
    if config.getoption("--run-nightly"):
        return
    skip = pytest.mark.skip(reason="long; runs with --run-nightly")
    for item in items:
        if "nightly" in item.keywords:
            item.add_marker(skip)


def _is_here(family: int, address: object) -> bool:
    """Whether a socket address is of this machine; a host name other than localhost is not."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = str(address[0]).partition("%")[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class NetworkBlocked(RuntimeError):
    """A test tried to leave the machine. Not an OSError, which would pass for a server that is down."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting to another machine raises :class:`NetworkBlocked`."""

    def guarded(original):
        def connect(self, address):
            if not _is_here(self.family, address):
                raise NetworkBlocked(f"a test tried to connect to {address!r}; only this machine may be reached")
            return original(self, address)

        return connect

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))


@pytest.fixture(scope="session")
def shared_data_dir() -> Path:
    """The measured data sets; the test is skipped where they are absent."""
    folder = _module.shared_data()
    if folder is None:
        pytest.skip("measured data sets are not on this machine (set GREENDC_SHARED_DATA)")
    return folder
