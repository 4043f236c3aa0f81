# make demo, make test: each sets up what it needs first.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
WORKFLOW_COVERAGE := --workflow-coverage=workflows --workflow-coverage-fail-under=100
PATHS := __main__.py components validation workflows emulator tests bench

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/.emulator node_modules/.package-lock.json ## Run the whole loop on the emulator: deploy, upload, retrain, publish, predict
	@$(BIN)/python -m emulator demo $(DEMO)

test: setup lint types pytest ## Lint, types and tests

setup: $(VENV)/.development node_modules/.package-lock.json ## Only set up: .venv and node_modules

lint: $(VENV)/.development ## Formatting, lint, and the workflow definitions
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)
	$(BIN)/python -m emulator lint --strict --target emulator workflows

types: $(VENV)/.development ## Strict type check
	$(BIN)/basedpyright

pytest: $(VENV)/.development node_modules/.package-lock.json ## The tests alone; options: make pytest PYTEST='-k name'
	$(BIN)/pytest -n 2 $(if $(PYTEST),$(PYTEST),$(WORKFLOW_COVERAGE))

reliability: $(VENV)/.development node_modules/.package-lock.json ## Every fault and interruption at every Http action, into docs/reliability.md; hours
	@$(BIN)/python -m tests.workflows.faults.reliability $(CELLS)
	@RELIABILITY=1 $(BIN)/pytest -q tests/workflows/faults/test_interruptions.py

format: $(VENV)/.development ## Format and mend what lint can mend
	$(BIN)/ruff format $(PATHS)
	$(BIN)/ruff check --fix $(PATHS)

lock: $(VENV)/.development ## Pin every version again that is installed now
	@{ echo "# Every version of requirements-dev.txt and of what it brings along; made by: make lock"; \
	   $(BIN)/python -m pip freeze --exclude-editable; } > constraints.txt

clean: ## Remove all that was made: emulators, their state, .venv, node_modules
	@for home in .emulator .emulator-demo; do \
	   if [ -d $$home ] && [ -x $(BIN)/python ]; then $(BIN)/python -m emulator down --home $$home || exit 1; fi; \
	 done
	rm -rf .emulator .emulator-demo $(VENV) node_modules .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1); name another: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.emulator: requirements.txt requirements-emulator.txt constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --requirement requirements-emulator.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.emulator
	$(PIP_INSTALL) --requirement requirements-dev.txt
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json $(VENV)/.emulator
	$(BIN)/python -m emulator.node npm ci --no-fund --no-audit
	@touch $@

.PHONY: help demo test setup lint types pytest format lock clean
