# `make demo` runs the whole pipeline on the embedded sample, `make test` checks the code; both need Python 3.10 or later
# and make a virtual environment of their own in .venv, once. `make slow` runs the tests that take minutes: a real Flink
# cluster (where Java and Maven are), a server that fails, runs that are killed.
#
#     make benchmarks CORPORA=folder STRESS=folder    measures all figures of the README and writes them there
#
# CORPORA is a folder of texts laid out as CC-100's, STRESS one that benchmarks/stress.py made (left out: no figures of
# memory). See benchmarks/README.md.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

MEASURE := .venv/benchmarks/bin/python -m
KERNELS := language_id minhash tokenization cleaning decoding

.PHONY: demo test slow lint format clean benchmarks

demo: .venv/demo.stamp
	$(BIN)/babelmill demo

test: lint
	$(BIN)/pytest -m "not slow"

slow: .venv/test.stamp
	$(BIN)/pytest -m slow

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: .venv/benchmarks.stamp
	$(if $(CORPORA),,$(error usage: make benchmarks CORPORA=folder [STRESS=folder]))
	for one in $(KERNELS) whole_job; do $(MEASURE) benchmarks.$$one $(CORPORA) || exit 1; done
	$(MEASURE) benchmarks.reader
	$(MEASURE) benchmarks.startup
	test -z "$(STRESS)" || $(MEASURE) benchmarks.memory $(STRESS)
	$(MEASURE) benchmarks.table

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
	$(INSTALL) --editable '.[test,gcp]'
	touch .venv/demo.stamp $@

# The peers, apart: they bring other builds of fastText, and the one that is installed last is the one that is used.
.venv/benchmarks.stamp: setup.py .venv/plain.stamp
	$(PYTHON) -m venv .venv/benchmarks
	.venv/benchmarks/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[benchmarks]'
	.venv/benchmarks/bin/python -m pip install --quiet --no-deps --force-reinstall fasttext-numpy2
	touch $@

# Babelmill as its users have it, for the commands that are timed.
.venv/plain.stamp: setup.py
	$(PYTHON) -m venv .venv/plain
	.venv/plain/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@
