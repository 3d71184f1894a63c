# Everything a developer runs. On a fresh machine: CPython 3.11+, pip, npm and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-is-installed
DEV := $(VENV)/.dev-is-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo up test test-noise lint types laws weights bench bench-gpu accuracy pins clean

demo: $(RUNTIME)  ## From nothing to the enriched sample of a photo
	$(BIN)/faceline demo

up: $(RUNTIME) weights  ## The embedded stack on http://127.0.0.1:8000
	$(BIN)/faceline up

test: $(DEV) weights  ## All tests
	$(BIN)/python -m pytest

test-noise: $(DEV) weights  ## All tests, with outputs of models that are off at random by a ten-thousandth
	NOISE=1e-4 $(BIN)/python -m pytest

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEV)
	$(BIN)/mypy

laws: $(DEV)  ## Which package may import which
	$(BIN)/lint-imports

weights: $(RUNTIME)
	$(BIN)/faceline weights pull

bench: $(DEV) weights
	$(BIN)/python -m bench

bench-gpu: $(DEV) weights  ## On a machine with a card; see docs/gpu.md
	$(BIN)/python -m bench.gpu

accuracy: $(RUNTIME) weights  ## Recognition quality on a labelled kit: make accuracy KIT=<folder>
	@test -n "$(KIT)" || { echo "usage: make accuracy KIT=<folder> [HALF=dev]"; exit 2; }
	$(BIN)/faceline bench accuracy --kit "$(KIT)" --half $(or $(HALF),dev)

pins: $(DEV)  ## Renew the pinned requirements
	$(BIN)/python -m piptools compile -q --generate-hashes $(PINS) -o requirements/runtime.txt pyproject.toml
	$(BIN)/python -m piptools compile -q --generate-hashes $(PINS) --extra dev --extra scaling --extra s3 --extra gs \
		-c requirements/runtime.txt -o requirements/dev.txt pyproject.toml

PINS := --extra cpu --extra weights --extra bulk --build-deps-for editable --allow-unsafe --strip-extras --no-annotate \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

clean:
	rm -rf $(VENV) build *.egg-info demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(RUNTIME): requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Faceline needs CPython 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --progress-bar on --require-hashes -r requirements/runtime.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(PIP) install --quiet --progress-bar on --require-hashes -r requirements/dev.txt
	touch $@
