# PYTHON names the interpreter to build the environment with; ARGS goes to the command run.
PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements.lock

# uv of the machine where there is one, else the locked one, put by pip into .uv.
# `pip install --target` is allowed where pip is forbidden outside an environment.
UV := $(or $(shell uv --version >/dev/null 2>&1 && command -v uv),.uv/bin/uv)

# A mirror that pip was told of holds for uv too; uv does not read pip's configuration.
MIRROR = $${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$${PIP_INDEX_URL:-$$($(PYTHON) -m pip config get \
	global.index-url 2>/dev/null)}}}
WITH_UV = mirror="$(MIRROR)"; [ -z "$$mirror" ] || export UV_DEFAULT_INDEX="$$mirror"; \
	export UV_PYTHON_DOWNLOADS=never; unset VIRTUAL_ENV UV_SYSTEM_PYTHON; $(UV)

RIGHT_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "orewatch needs Python 3.11 or later; $(PYTHON) is" \
		"$$( ($(PYTHON) -V 2>&1 | grep Python) || echo missing). Name another:" \
		"make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }

# Tests of one file share what they build, so that a file goes to one worker.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install run serve test test-slow lint bench lock ledger clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  make run ARGS="--help"  passes options on; PYTHON=python3.12 picks the interpreter'

run: $(STAMP) ## install what is missing, then ingest, index, check and publish
	@$(BIN)/orewatch run $(ARGS)

serve: $(STAMP) ## run the schedules of prefect.yaml until stopped
	@$(BIN)/orewatch serve $(ARGS)

test: $(STAMP) ## run the tests
	@$(BIN)/python -m pytest -q $(PARALLEL) $(ARGS)

test-slow: $(STAMP) ## run the tests that take long or start services
	@$(BIN)/python -m pytest -q -m slow $(PARALLEL) $(ARGS) || [ $$? -eq 5 ] # 5: there are none

lint: $(STAMP) ## check style (ruff) and types (mypy)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: $(STAMP) ## measure the main job and a query
	@$(BIN)/python -m tests.bench $(ARGS)

lock: | $(UV) ## write requirements.lock anew; ARGS=--upgrade takes newer versions
	@$(WITH_UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command "make lock" --quiet \
		--output-file $(LOCK) $(ARGS)

ledger: $(STAMP) ## count the bundled figures anew into the reviewed ledgers
	@$(BIN)/python -m flows.sources.review

install: $(STAMP) ## install only

clean: ## remove the environment and the caches; data stays
	rm -rf $(VENV) .uv build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find flows tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Written last, so that an interrupted installation is taken up again.
$(STAMP): $(LOCK) pyproject.toml | $(UV)
	@$(RIGHT_PYTHON)
	@[ -x $(BIN)/python ] || { \
		$(WITH_UV) venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; \
			print(sys.executable)')" $(VENV); }
	@echo "installing from $(LOCK) into $(VENV)" >&2
	@$(WITH_UV) pip sync --quiet --require-hashes --compile-bytecode \
		--python $(BIN)/python $(LOCK)
	@$(WITH_UV) pip install --quiet --no-deps --no-build-isolation \
		--python $(BIN)/python --editable .
	@touch $@

.uv/bin/uv:
	@$(RIGHT_PYTHON)
	@$(PYTHON) -m pip --version >/dev/null || { \
		echo "$(PYTHON) has no pip. Install it (Debian: apt install python3-pip) or uv," \
			"then run make again" >&2; exit 1; }
	@mkdir -p .uv
	@awk '/^[^ ]/{mine = /^uv==/} mine' $(LOCK) > .uv/requirements.txt
	@$(PYTHON) -m pip --disable-pip-version-check install --quiet --no-user --upgrade --target .uv --no-deps \
		--require-hashes --requirement .uv/requirements.txt
