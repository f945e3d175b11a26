# `make demo` runs the whole pipeline on the embedded sample, `make test` checks the code; both need Python 3.10 or later
# and make a virtual environment of their own in .venv, once.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint format clean

demo: .venv/demo.stamp
	$(BIN)/babelmill demo

test: lint
	$(BIN)/pytest

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis babelmill-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written when pip is through, so an installation that was cut off is done again; and when setup.py changes.
.venv/demo.stamp: setup.py
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	touch $@

# What the tests need includes what the demonstration needs.
.venv/test.stamp: setup.py
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable '.[test]'
	touch .venv/demo.stamp $@
