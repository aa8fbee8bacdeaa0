# Every target says what it does in the words after its `##`; `make help` prints them.
# Reading this file changes nothing: targets do the work, and only those that are asked for.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin

MEMBERS := pyproject.toml $(wildcard */pyproject.toml services/*/pyproject.toml)

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- see it work ---------------------------------------------------------------------------------

.PHONY: demo
demo: setup  ## start everything, send a synthetic exam (or DICOM=folder), show the result, stay up
	@demo/host-packages orthanc
	@exec $(BIN)/python -m demo $(if $(DICOM),--dicom "$(DICOM)")

.PHONY: smoke
smoke: setup  ## the same without waiting; succeeds only when both results are stored and valid
	@demo/host-packages orthanc dciodvfy
	@exec $(BIN)/python -m demo --once

# --- prove it ------------------------------------------------------------------------------------

.PHONY: test
test: setup lint types  ## everything: style, types, layers, and every test against a real Orthanc
	@demo/host-packages orthanc dicomweb dcmtk dciodvfy postgresql openssl kubectl promtool
	$(BIN)/pytest tests -m "not compose" --numprocesses 2 --dist loadfile

.PHONY: test-unit
test-unit: setup  ## the tests that need nothing but Python, in less than a minute
	$(BIN)/pytest tests -m "not integration and not e2e and not compose"

.PHONY: test-e2e
test-e2e: setup  ## the tests against a real Orthanc and a real model
	@demo/host-packages orthanc dicomweb dcmtk dciodvfy postgresql promtool
	$(BIN)/pytest tests -m "integration or e2e" --numprocesses 2 --dist loadfile

.PHONY: lint
lint: setup  ## ruff, formatting and the layers that may import each other
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-cache

.PHONY: types
types: setup  ## mypy, strict
	$(BIN)/mypy

.PHONY: coverage
coverage: setup  ## which lines the tests that need only Python do not reach
	$(BIN)/coverage run -m pytest tests -m "not integration and not e2e and not compose" -q
	$(BIN)/coverage report

.PHONY: bench
bench: setup  ## measure delay, throughput and memory on this machine, beside a plain reference
	@demo/host-packages orthanc
	@$(BIN)/python -m bench

.PHONY: chaos
chaos: setup  ## kill everything at random while studies arrive (SEED=7 KILLS=200 PAUSE=1 ON=PostgreSQL), then count the results
	@demo/host-packages orthanc postgresql
	CHAOS_SEED="$(SEED)" CHAOS_KILLS="$(or $(KILLS),100)" CHAOS_PAUSE="$(PAUSE)" $(BIN)/pytest tests/chaos -q -s -k "$(ON)"

.PHONY: soak
soak: setup  ## ten times the design load for an hour (MINUTES=60): does the orchestrator grow? Draws var/soak.svg
	@demo/host-packages orthanc
	@$(BIN)/python -m bench.soak --minutes "$(or $(MINUTES),60)"

# --- ship it -------------------------------------------------------------------------------------

COMPOSE := docker compose --file compose/compose.yaml $(if $(filter gpu,$(HARDWARE)),--file compose/compose.gpu.yaml)

.PHONY: images
images: setup  ## build the images: orchestrator, both models, the SDK's (HARDWARE=gpu: brdensity for NVIDIA)
	REVISION=$$(git rev-parse HEAD) SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) \
		$(COMPOSE) --profile pixelstats --profile sdk build orchestrator brdensity pixelstats sdk

.PHONY: secrets
secrets:  ## make the passwords of the composed stack; those that are there stay
	@compose/make-secrets

.PHONY: certs
certs:  ## make certificates for mutual TLS; those that are there stay
	@compose/make-certs

.PHONY: bundle
bundle: images  ## one archive of images, compose files, manifests and an installer, for machines without a registry
	@compose/make-bundle

.PHONY: e2e-compose
e2e-compose: setup  ## build the images, compose a site and treat it badly; needs Docker with Compose
	@docker info >/dev/null
	@demo/host-packages openssl ip
	$(BIN)/pytest tests/compose

# --- work on it ----------------------------------------------------------------------------------

.PHONY: setup
setup: .venv/.synced  ## make .venv from the lock; brings its own uv, needs only Python 3.11 and a package index

.PHONY: format
format: setup  ## format, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: proto
proto: setup  ## write the Python code of the gRPC contract again
	PATH="$(CURDIR)/$(BIN):$$PATH" proto/generate

.PHONY: docs
docs: setup  ## write the documents that are made from the source
	$(BIN)/python docs/generate.py
	$(BIN)/python compose/grafana/generate.py

.PHONY: lock
lock: $(UV)  ## resolve the dependencies again after a pyproject.toml has changed
	$(UV) lock

.PHONY: clean
clean:  ## remove what was built and what demo and tests wrote; keeps .tools
	rm -rf .venv var dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find . -name __pycache__ -type d -not -path './.tools/*' -prune -exec rm -rf {} +

$(UV):
	@demo/host-packages --python "$(PYTHON)"
	"$(PYTHON)" -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/.synced: $(UV) uv.lock $(MEMBERS)
	$(UV) sync --frozen --quiet --python "$(PYTHON)"
	@touch $@
