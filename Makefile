# Everything sets itself up: a virtual environment, uv, and an install from requirements.lock.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
SIZES ?= 500,1000
ROUNDS ?= 1
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export KHO_HOME ?= $(CURDIR)/var
export DAGSTER_HOME ?= $(KHO_HOME)/dagster
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false

.PHONY: help setup nightly console samples test test-deep test-hostile test-all bench lint docs format \
	lock upgrade-check audit bundle clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## the virtual environment, from requirements.lock with hashes and byte code

# WHEELS=folder: from these files alone, without a network (release/install.sh)
ifdef WHEELS
FROM := --no-index --find-links $(WHEELS)
OFFLINE := --offline
endif

# uv is bootstrapped by pip from the lock's own line, so its hash is checked too
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^    --hash/p}' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(FROM) --require-hashes --no-deps -r $(VENV)/uv.lock
	$(BIN)/uv pip sync --quiet $(OFFLINE) $(FROM) --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet $(OFFLINE) $(FROM) --python $(BIN)/python --no-deps --no-build-isolation -e .
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q ingest expectations warehouse orchestration samples
	touch $(READY)

nightly: $(READY) ## the whole build on samples/inbox; results in var/current
	@$(BIN)/kho nightly --inbox samples/inbox --home $(KHO_HOME)

console: $(READY) ## the Dagster pages on the home's own instance (http://127.0.0.1:3000)
	@$(BIN)/kho console

samples: $(READY) ## make samples/inbox again from the published figures
	$(BIN)/python -m samples.make_inbox

lint: $(READY) ## format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m docs.generate --check
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests

docs: $(READY) ## write the generated documents anew
	$(BIN)/python -m docs.generate

format: $(READY) ## put code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(READY) lint ## format, style, types and all tests but the long ones
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not hostile"

# what chance finds in one run of twenty is better found before a change lands
test-deep: $(READY) ## property tests, 3,000 examples each
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not hostile" --hypothesis-profile=deep \
		$$(grep -rl --include='test_*.py' '@given' tests)

test-hostile: $(READY) ## some hundred hostile files, each in a process that it may kill
	$(BIN)/pytest -n 2 --dist loadfile -m "hostile and not slow"

test-all: $(READY) lint ## every test
	$(BIN)/pytest -n 2 --dist worksteal

bench: $(READY) ## what a night costs at 500 and 1,000 workbooks, beside peers (SIZES=500,1000,5000 ROUNDS=2)
	@PYTHONPATH=. $(BIN)/python bench/night.py --sizes $(SIZES) --rounds $(ROUNDS)

lock: ## write requirements.lock anew (needs uv; names no registry)
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --all-extras --group dev --custom-compile-command 'make lock' \
		pyproject.toml -o requirements.lock

# LOCK=file: another lock than the one resolved anew; OF=home: its archive and ledger too
upgrade-check: $(READY) ## do newer packages give the same figures? (LOCK=file, OF=home)
	PYTHONPATH=. $(BIN)/python -m release.upgrade_check $(if $(LOCK),--lock $(LOCK)) $(if $(OF),--home $(OF))

audit: $(READY) ## known vulnerabilities in the packages of the lock
	@PYTHONPATH=. $(BIN)/python -m release.audit

bundle: $(READY) ## dist/….tar: source and all packages, to install on a machine without a network
	release/bundle.sh $(BIN)/python

clean: ## remove the home and what tools left (not the environment)
	rm -rf var dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
