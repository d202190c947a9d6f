# Thin lines over the real commands, which the README shows too.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export DAGSTER_HOME := $(CURDIR)
export PYTHONPATH := $(CURDIR)

.PHONY: build refresh test lint ui bench oracle lock

build: $(INSTALLED)
	@$(call run_job,build)

refresh: $(INSTALLED)
	@$(call run_job,refresh)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar sql

ui: $(INSTALLED)
	$(BIN)/dg dev --host 127.0.0.1 --port 3000

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.build
	$(BIN)/python -m benchmarks.matching

oracle: $(INSTALLED)
	$(BIN)/python -m benchmarks.oracle --worlds 20000

# after a change of dependencies: pins with hashes, no index addresses
lock:
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --quiet --output-file requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --no-build-isolation --editable .
	@touch $@

# run a job with its log in data/logs, show the end of the log if it fails, and the summary of what is published if it does not
define run_job
mkdir -p data/logs; \
$(BIN)/dg launch --job $(1) $(if $(FORCE),--config config/force.yaml) > data/logs/$(1).log 2>&1 \
	|| { tail -n 40 data/logs/$(1).log; echo "make $(1) failed: the whole log is in data/logs/$(1).log"; exit 1; }; \
grep -hoE '[0-9]+ of [0-9]+ snapshots derived.*|release [^ ]+: (built|unchanged).*|[a-z_]+: quarantined: .*' data/logs/$(1).log || true; \
$(BIN)/python -m pipelines.releases
endef
