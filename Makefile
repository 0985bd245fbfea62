# Two commands: `make demo` and `make test`. Each makes .venv and installs what it needs.
# Another Python: make test PYTHON=python3.13

PYTHON ?= python3
VENV   ?= .venv
PY      = $(VENV)/bin/python
STAMP   = $(VENV)/.installed

.PHONY: demo test nightly lint clean

demo: $(STAMP)
	$(VENV)/bin/greendc demo

test: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m pytest -q -n 2

nightly: $(STAMP)
	HYPOTHESIS_PROFILE=nightly $(PY) -m pytest -q -n 2 --run-nightly

lint: $(STAMP)
	$(PY) -m ruff check .

# The environment is made anew when the dependencies, or the Python asked for, change.
$(STAMP): pyproject.toml constraints.txt $(VENV)/.python
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

$(VENV)/.python: FORCE
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "greendc needs Python 3.11 or newer; '$(PYTHON)' is older or missing. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@wanted=$$($(PYTHON) -c 'import sys; print(sys.version)'); \
	if [ "$$(cat $@ 2>/dev/null)" != "$$wanted" ]; then \
		rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && printf '%s\n' "$$wanted" > $@; fi

FORCE:

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .hypothesis .ruff_cache .mypy_cache
