# make demo: from nothing to table, report and videos.   make test: everything that is checked.   make clean: the demo gone.
# Choices: CORES=4  PYTHON=/path/to/python3.12  TORCH=2.13.0  VENV=/path  (README.md)

CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
VENV ?= .venv
TORCH ?=
BIN := $(VENV)/bin
REPORT := results/demo/demo/report/index.html

.PHONY: demo test checks lint setup setup-test clean

demo: setup
	$(BIN)/snakemake --cores $(CORES)
	@echo
	@echo "table:   results/demo/demo/tables/main_results.md (and .csv, .tex)"
	@echo "report:  $(REPORT) (one file: open it in a browser)"
	@echo "videos:  results/demo/demo/gallery/"

test: setup-test
	$(MAKE) --no-print-directory checks
	$(BIN)/python -m pytest

checks:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

setup:
	@scripts/bootstrap.sh "$(VENV)" . "$(TORCH)"

setup-test:
	@scripts/bootstrap.sh "$(VENV)" ".[test]" "$(TORCH)"

clean:
	rm -rf results/demo work/demo logs/demo demo_corpus
