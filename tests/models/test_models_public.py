"""The public face of models: every name is there, documented, and costs nothing until it is used."""

import subprocess
import sys

import pytest

import models


@pytest.mark.parametrize("name", models.__all__)
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(models, name)
    assert thing.__name__ == name
    assert thing.__doc__ and not thing.__doc__.startswith(f"{name}(")  # a dataclass without docstring has its signature


def test_an_unknown_name_is_refused_as_python_does():
    with pytest.raises(AttributeError, match="'models' has no attribute 'pv_plant'"):
        _ = models.pv_plant


def test_a_notebook_can_list_the_names():
    assert dir(models) == sorted(models.__all__)


def test_importing_models_imports_nothing_heavy():
    code = "import models, sys; print([m for m in ('numpy', 'xarray', 'pvlib', 'pandas', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
