# Everything a developer runs. On a fresh machine: CPython 3.11 to 3.14, pip, npm and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-is-installed
DEV := $(VENV)/.dev-is-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest --numprocesses $(or $(PROCESSES),2) --dist loadfile
# Wheels only: a machine for which a package has none (see the README) learns its name at once, and compiles nothing.
PIP_INSTALL_PINS := $(PIP) install --quiet --progress-bar on --require-hashes --only-binary=:all: -r

.PHONY: demo up test test-noise lint types types-js laws openapi client client-js openapi-examples screenshots docs \
	docs-serve docs-reference lint-openapi weights bench bench-gpu images chaos overload fuzz accuracy pins check-pins clean

demo: $(RUNTIME)  ## Prints the enriched sample of a photo
	$(BIN)/faceline demo

up: $(RUNTIME) weights  ## Runs the embedded stack on http://127.0.0.1:8000
	$(BIN)/faceline up

test: $(DEV) weights  ## Runs all tests, each file in one of two processes: make test [PROCESSES=4]
	$(PYTEST)

test-noise: $(DEV) weights  ## Runs all tests while model outputs are changed at random by up to 1e-4
	NOISE=1e-4 $(PYTEST)

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(DEV)
	$(BIN)/mypy

types-js: $(DEV)  ## Checks the types of the web console; npm fetches the compiler
	$(BIN)/python -m tests.browser.typescript

client-js: $(DEV)  ## Renews the types of the JavaScript client and the console's copy of it; npm fetches the generators
	$(BIN)/python -m clients.js.generate.renew

laws: $(DEV)  ## Checks which package imports which
	$(BIN)/lint-imports

openapi: $(DEV)  ## Renews docs/openapi.json and the Python client; tests compare them with the code
	$(BIN)/python docs/openapi/renew_document.py
	$(MAKE) client

client: $(DEV)  ## Renews the parts of the Python client that are generated
	$(BIN)/python clients/python/generate/results.py
	$(BIN)/python clients/python/generate/sync.py
	$(BIN)/python clients/python/generate/recorded.py

openapi-examples: $(DEV) weights  ## Renews the examples of the OpenAPI documents with the answers of a real deployment
	$(BIN)/python docs/openapi/renew_examples.py
	$(BIN)/python docs/openapi/renew_document.py

screenshots: $(DEV) weights  ## Renews the pictures of docs/ with a real deployment and a real browser
	$(BIN)/python docs/console/take_screenshots.py
	$(BIN)/python docs/services/draw_pictures.py

docs: $(DEV)  ## Builds the documentation site into build/docs/site, and checks all links
	$(BIN)/python -m docs.site.build

docs-serve: $(DEV)  ## Shows the documentation site at http://127.0.0.1:8080 while pages are written
	$(BIN)/python -m docs.site.build --serve 127.0.0.1:8080

docs-reference: $(DEV)  ## Renews what the pages of services say from the code; a test compares it
	$(BIN)/python -m docs.site.service_pages

lint-openapi:  ## Checks docs/openapi.json with Redocly, which npx downloads
	npx --yes @redocly/cli@2.77.0 lint --config docs/openapi/redocly.yaml docs/openapi.json

weights: $(RUNTIME)
	$(BIN)/faceline weights pull

bench: $(DEV) weights
	$(BIN)/python -m bench

bench-gpu: $(DEV) weights  ## Measures the models on a GPU; see docs/gpu.md
	$(BIN)/python -m bench.gpu

images: $(DEV)  ## Builds each image without an engine, and tries it; on Debian as root, after apt-get install debootstrap buildah
	$(BIN)/python -m deploy.images.replay $(if $(GPU),--gpu)

chaos: $(DEV) weights  ## Disturbs a stack under real load: make chaos [SEED=7] [SECONDS=300] [SCENARIO=roll] [LAYOUT=embedded]
	$(BIN)/python -m bench.reliability.chaos $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(foreach name,$(SCENARIO),--scenario $(name)) $(foreach name,$(LAYOUT),--layout $(name))

overload: $(DEV) weights  ## Sends a stack up to four times what it can do: make overload [SECONDS=60]
	$(BIN)/python -m bench.reliability.overload $(if $(SECONDS),--seconds $(SECONDS))

fuzz: $(DEV) weights  ## Gives a stack and its parsers hostile inputs: make fuzz [SEED=7] [SECONDS=60] [PART=images]
	$(BIN)/python -m bench.reliability.fuzz $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(foreach name,$(PART),--part $(name))

accuracy: $(RUNTIME) weights  ## Measures recognition quality on a labelled kit: make accuracy KIT=<folder>
	@test -n "$(KIT)" || { echo "usage: make accuracy KIT=<folder> [HALF=dev]"; exit 2; }
	$(BIN)/faceline bench accuracy --kit "$(KIT)" --half $(or $(HALF),dev)

pins: $(DEV)  ## Renew the pinned requirements, for all supported machines at once
	$(BUILD_REQUIRES) | $(COMPILE) --extra cpu --extra weights --extra bulk -o requirements/runtime.txt - pyproject.toml
	$(BUILD_REQUIRES) | $(COMPILE) --extra cpu --extra weights --extra bulk --extra dev --extra docs --extra scaling --extra s3 --extra gs --extra traces \
		-c requirements/runtime.txt -o requirements/dev.txt - pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra bulk-client -o requirements/api.txt pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra cpu -o requirements/worker.txt pyproject.toml
	$(COMPILE_FOR_GPU) -c requirements/dev.txt --extra gpu -o requirements/worker-gpu.txt pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra s3 -o requirements/s3.txt pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra gs -o requirements/gs.txt pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra formats -o requirements/formats.txt pyproject.toml
	$(COMPILE) -c requirements/dev.txt --extra traces -o requirements/traces.txt pyproject.toml
	echo cyclonedx-bom | $(COMPILE) -o requirements/sbom.txt -

# 3.11 means 3.11.0 here. `fewest`: one version of a package for all Pythons, so that all machines compute the same.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-header --no-annotate
# onnxruntime-gpu and CUDA have wheels for this platform only.
COMPILE_FOR_GPU := $(subst --universal --python-version 3.11 --fork-strategy fewest,\
	--python-version 3.11 --python-platform x86_64-manylinux_2_28,$(COMPILE))
BUILD_REQUIRES := $(BIN)/python -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'

check-pins: $(DEV)  ## Each supported machine has a wheel of each pin: asks the registry, downloads no package
	@for python in $(PYTHONS); do for platform in $(PLATFORMS); do for pins in runtime dev api worker s3 gs formats sbom; do \
		echo "$$pins.txt, CPython $$python, $$platform"; \
		$(RESOLVE) --python-version $$python --python-platform $$platform -r requirements/$$pins.txt || exit 1; \
	done; done; done

PYTHONS := 3.11.0 3.11.2 3.12.0 3.13.0 3.14.0
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin
RESOLVE := MACOSX_DEPLOYMENT_TARGET=14.0 $(BIN)/uv pip install --quiet --dry-run --no-build --require-hashes \
	--python $(BIN)/python --target $(VENV)/nothing-is-installed-here

clean:
	rm -rf $(VENV) build *.egg-info clients/python/*.egg-info demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(RUNTIME): requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Faceline needs CPython 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL_PINS) requirements/runtime.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	$(PIP_INSTALL_PINS) requirements/dev.txt
	touch $@
