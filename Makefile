# On a fresh machine: `make demo` shows what llmlogs does, `make test` runs every check. Only Python 3.11+, make and pip are needed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test check unit coverage slow bench truth golden docs clean help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## demo    set up, ingest the sample data, write the report and name it
demo: $(VENV)/.ready
	rm -rf demo && mkdir demo
	$(BIN)/llmlogs ingest sample_data/healthy/*.gz --db demo/llmlogs.duckdb
	$(BIN)/llmlogs report --db demo/llmlogs.duckdb -o demo/report.html
	@echo "open demo/report.html"

## test    set up, all checks and tests (the same as CI)
test: check unit

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/llmlogs queries lint

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadfile

## coverage  the tests once more, with the branches they take
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

## slow    fuzz, kill and random-price suites in full length
slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

## bench   ratios against named yardsticks, both sides in one run
bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

## truth   streams with planted causes against the questions: what was promised, what was measured
truth: $(VENV)/.dev
	$(BIN)/python -m tests.truth

## golden  renew tests/golden after a wanted change; read the diff
golden: $(VENV)/.dev
	$(BIN)/python -m pytest --update-golden tests || true
	git diff --stat tests/golden

## docs    renew the generated parts of README.md and queries/README.md
docs: $(VENV)/.dev
	$(BIN)/python -m tests.docs

## clean   remove what the other targets made
clean:
	rm -rf $(VENV) demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip --constraint constraints.txt
	$(PIP) install --constraint constraints.txt --editable .
	$(BIN)/python -m compileall -q llmlogs
	@touch $@

$(VENV)/.dev: $(VENV)/.ready
	$(PIP) install --constraint constraints.txt --group dev
	@touch $@
