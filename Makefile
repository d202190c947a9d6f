# Thin lines over the real commands, which the README shows too.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# what several machines share needs more packages, which the default environment does without
VENV_SHARED := .venv-shared
INSTALLED_SHARED := $(VENV_SHARED)/.installed
export DAGSTER_HOME := $(CURDIR)
export PYTHONPATH := $(CURDIR)

.PHONY: build refresh test test-shared lint ui bench oracle lock health audit backup restore

build: $(INSTALLED)
	@$(call run_job,build)

refresh: $(INSTALLED)
	@$(call run_job,refresh)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

# against real servers (Debian's postgresql, redis-server, ceph), which the tests start and stop themselves
test-shared: $(INSTALLED_SHARED)
	$(VENV_SHARED)/bin/python -m pytest -n auto --dist loadfile tests/shared_deployment

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar sql

ui: $(INSTALLED)
	$(BIN)/dg dev --host 127.0.0.1 --port 3000

# all of benchmarks/, into benchmarks/README.md: hours; make bench BENCH="build matching" for some, BENCH=--quick for a look
bench: $(INSTALLED)
	$(BIN)/python -m benchmarks $(BENCH)

oracle: $(INSTALLED)
	$(BIN)/python -m benchmarks.oracle --worlds 20000

# 0 all is well, 1 somebody should look, 2 what is published is missing or wrong
health: $(INSTALLED)
	@$(BIN)/python -m pipelines.health

# make audit ADVISORIES=FILE: the lock against a local file of advisories; without one it says that it was skipped
audit: $(INSTALLED)
	@$(BIN)/python -m audit.dependencies $(ADVISORIES)

# make backup ARCHIVE=/another/disk/name.tar.gz, while everything runs; make restore ARCHIVE=... into an empty data folder
backup restore: $(INSTALLED)
	@test -n "$(ARCHIVE)" || { echo "say where: make $@ ARCHIVE=/another/disk/name.tar.gz"; exit 2; }
	@$(BIN)/python -m pipelines.backups $(if $(filter backup,$@),create,restore) "$(ARCHIVE)"

# after a change of dependencies: pins with hashes, no index addresses
lock:
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra shared --constraint requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --output-file requirements-shared.lock

$(INSTALLED): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --no-deps --no-build-isolation --editable .
	@touch $@

$(INSTALLED_SHARED): $(INSTALLED) requirements-shared.lock pyproject.toml
	@test -x $(VENV_SHARED)/bin/python || $(PYTHON) -m venv $(VENV_SHARED)
	@$(BIN)/uv pip install --quiet --python $(VENV_SHARED)/bin/python --compile-bytecode --require-hashes --requirement requirements-shared.lock
	@$(BIN)/uv pip install --quiet --python $(VENV_SHARED)/bin/python --compile-bytecode --no-deps --no-build-isolation --editable .
	@touch $@

# run a job with its log in data/logs, show the end of the log if it fails, and the summary of what is published if it does not
define run_job
mkdir -p data/logs; \
$(BIN)/dagster job execute -m assets.definitions -j $(1) $(if $(FORCE),-c config/force.yaml) > data/logs/$(1).log 2>&1 \
	|| { tail -n 40 data/logs/$(1).log; $(BIN)/python -m pipelines.alerts --failed $(1); echo "make $(1) failed: the whole log is in data/logs/$(1).log"; exit 1; }; \
grep -hoE '[0-9]+ of [0-9]+ snapshots derived.*|release [^ ]+: (built|unchanged).*|[a-z_]+: quarantined: .*' data/logs/$(1).log || true; \
$(BIN)/python -m pipelines.releases
endef
