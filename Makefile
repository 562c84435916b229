# Everything a developer does. Needs Python 3.11, make and git; the rest is fetched into .tools/, .venv/ and ui/node_modules/.
PYTHON ?= python3
# How many processes share the tests when all are run.
WORKERS ?= 2
BIN := .venv/bin
UV := .tools/bin/uv
SETUP := $(BIN)/.setup
DEV_SETUP := $(BIN)/.setup-dev
WEB := src/ostler/web/index.html
UI_SOURCES := $(wildcard ui/*.json ui/*.ts ui/*.html ui/.npmrc) $(shell find ui/src ui/public -type f 2>/dev/null)
NPM := cd ui && PATH="$(CURDIR)/$(BIN):$$PATH" npm
LOCK := $(UV) pip compile --quiet --no-header --no-emit-index-url --generate-hashes --universal --python-version 3.11

# Only what is installed here counts: no toolchain is downloaded, no browser either.
export UV_PYTHON_DOWNLOADS := never
# Where the machine has a certificate store of its own, its owner means it to be used.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
export NODE_EXTRA_CA_CERTS ?= /etc/ssl/certs/ca-certificates.crt
endif
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check lint types ui ui-types ui-check messages migration bench soak docs locks audit clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(SETUP) $(WEB)  ## start the server with two virtual stations: web on port 8080, OCPP on port 9000
	@$(BIN)/ostler serve --demo $(ARGS)

test: $(DEV_SETUP) $(WEB)  ## run all tests and measure coverage (ARGS="tests/ocpp -k boot" runs some)
	@tools/test_needs.sh
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(if $(ARGS),$(ARGS),--numprocesses $(WORKERS) --dist loadfile)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report $(if $(ARGS),--fail-under=0)

check: lint types ui-check  ## everything that can be judged without running it

lint: $(DEV_SETUP)  ## formatting, style, spelling, layers, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/deptry .

types: $(DEV_SETUP)  ## mypy, strictly
	$(BIN)/mypy

ui: $(WEB)  ## build the web pages into src/ostler/web/

ui-check: $(DEV_SETUP) ui/node_modules/.package-lock.json  ## types, style and tests of the web pages
	@$(BIN)/python tools/write_openapi.py ui/openapi.json
	$(NPM) run --silent check

ui-types: $(DEV_SETUP) ui/node_modules/.package-lock.json  ## make ui/src/schema.d.ts from our own OpenAPI description
	$(BIN)/python tools/write_openapi.py ui/openapi.json
	$(NPM) run --silent types

messages: $(DEV_SETUP)  ## make the OCPP message structs from the OCA's schemas
	$(BIN)/python tools/gen_messages.py

migration: $(DEV_SETUP)  ## make a migration from store/schema.py: make migration NAME="add a column"
	$(BIN)/python tools/new_migration.py "$(NAME)"

bench: $(SETUP) $(DEV_SETUP)  ## measure speed and memory; see bench/README.md
	$(BIN)/python -m bench $(ARGS)

soak: $(DEV_SETUP)  ## let 50 stations charge for minutes while the server is killed (OSTLER_SOAK_S=300)
	OSTLER_SOAK_S=$${OSTLER_SOAK_S:-300} $(BIN)/python -m pytest tests/ledger

docs: $(DEV_SETUP)  ## build the documentation into docs/_build/
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build

locks: $(UV)  ## choose the newest versions that fit and pin them by hash
	$(LOCK) --upgrade requirements/uv.in -o requirements/uv.txt
	$(LOCK) --upgrade pyproject.toml -o requirements/runtime.txt
	$(LOCK) --upgrade --group build -c requirements/runtime.txt -o requirements/build.txt
	$(LOCK) --upgrade pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt

audit: $(DEV_SETUP)  ## look for known holes in what we depend on (asks the network)
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements/runtime.txt

clean:  ## remove what was made, the data folder aside
	rm -rf .tools .venv ui/node_modules src/ostler/web docs/_build build dist .coverage* .*_cache .hypothesis

$(UV): requirements/uv.txt tools/uv.sh
	@tools/uv.sh $(PYTHON)
	@touch $@

$(SETUP): requirements/runtime.txt requirements/build.txt pyproject.toml hatch_build.py | $(UV)
	@[ -x $(BIN)/python ] || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

$(DEV_SETUP): $(SETUP) requirements/dev.txt | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json | $(SETUP)
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB): ui/node_modules/.package-lock.json $(UI_SOURCES)
	$(NPM) run --silent build
	@touch $@
