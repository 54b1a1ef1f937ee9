# Everything from a fresh clone: `make demo`, `make test`. Both create .venv and install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# One thread for BLAS: the library's own threads share the cores, and tests stay deterministic.
export OMP_NUM_THREADS ?= 2
export TOKENIZERS_PARALLELISM ?= false
export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 12

$(VENV)/pyvenv.cfg:
	$(PYTHON) -c 'import sys; sys.exit("cloneproof needs Python 3.11 or newer; run: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP) --editable '.[report]'
	@touch $@

$(VENV)/.test: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[test,lint]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.test
	$(PIP) --editable '.[bench]'
	@touch $@

.PHONY: demo
demo: $(VENV)/.demo ## The Paris case: what near-copies do to a winner, offline, in seconds
	$(BIN)/cloneproof demo --out runs/demo

.PHONY: test
test: $(VENV)/.test ## All tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -q $(TESTS)

TRL_VERSIONS := 0.29.1 1.8.0

# TRL 0.29 imports requests in its GRPO trainer without asking for it.
$(VENV)/trl-%: | $(VENV)/.test
	$(PIP) requests
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --target $@ trl==$*

.PHONY: test-trl
test-trl: $(TRL_VERSIONS:%=$(VENV)/trl-%) ## The training tests on older versions of TRL (make test has the newest)
	for v in $(TRL_VERSIONS); do \
	  CLONEPROOF_TRL_VERSION=$$v PYTHONPATH=$(VENV)/trl-$$v $(BIN)/python -m pytest -n 2 --dist loadfile -q -m "not slow" tests/trl || exit 1; done

.PHONY: lint
lint: $(VENV)/.test ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.docs: $(VENV)/.test
	$(PIP) --editable '.[docs]'
	@touch $@

.PHONY: docs
docs: $(VENV)/.docs ## The documentation, warnings are errors: docs/_build/html/index.html
	$(BIN)/sphinx-build -W -E --keep-going -q -b html -d docs/_build/doctrees docs docs/_build/html

# Real data for tables that need it; the folder is not part of the repository (licences).
SHARED_DATA ?= ../shared/data

.PHONY: paper
paper: $(VENV)/.test ## Measure every number and figure of docs on the paper and CloneBench anew (RESUME=1: go on)
	$(if $(RESUME),,rm -rf runs/paper)
	$(BIN)/python -m benchmarks.paper --cache runs/paper/case
	$(BIN)/python -m benchmarks.paris_sensitivity
	$(BIN)/python -m benchmarks.certificates --data $(SHARED_DATA) --cache runs/paper/certificates
	$(BIN)/python -m benchmarks.harm --write
	$(BIN)/python -m benchmarks.prevalence $(SHARED_DATA) --cache runs/paper/prevalence --write
	$(BIN)/python -m benchmarks.clonebench --data $(SHARED_DATA) --cache runs/paper/clonebench

.PHONY: bench
bench: bench-weights bench-ratings ## Every target of the design: measured, met or not (a quiet machine, half an hour)

.PHONY: bench-weights
bench-weights: $(VENV)/.bench ## Nearest, Voronoi and diversity weights against their targets (15 minutes)
	$(BIN)/python benchmarks/nearest.py
	$(BIN)/python benchmarks/voronoi.py --repeats 100
	$(BIN)/python benchmarks/diversity.py --large $(LARGE)

# Rows of the tables too large for a stored kernel; "make bench-weights LARGE=100000" takes some eight minutes more.
LARGE ?= 10000 30000

.PHONY: bench-ratings
bench-ratings: $(VENV)/.bench ## Bradley-Terry engines side by side (15 minutes)
	$(BIN)/python benchmarks/ratings.py

.PHONY: check
check: lint test docs ## Everything that CI checks

.PHONY: clean
clean: ## Remove the environment, caches and runs
	rm -rf $(VENV) runs docs/_build docs/auto_examples docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
