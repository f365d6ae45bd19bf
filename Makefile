# make demo: everything from set-up to table, report and videos.   make test: all checks.   make clean: delete the demo.
# Choices: CORES=4  PYTHON=/path/to/python3.13  TORCH=2.13.0|wheel|system  VENV=/path  (docs/installation.md)

CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
VENV ?= .venv
TORCH ?=
BIN := $(VENV)/bin
REPORT := results/demo/demo/report/index.html

.PHONY: bundle bundle-figures golden accept-code demo test tests test-fast checks check-full lint setup setup-test setup-slurm setup-full clean

demo: setup
	$(BIN)/snakemake --cores $(CORES)
	@echo
	@echo "table:   results/demo/demo/tables/main_results.md (and .csv, .tex)"
	@echo "report:  $(REPORT) (one file: open it in a browser)"
	@echo "videos:  results/demo/demo/gallery/"

test: setup-test
	$(MAKE) --no-print-directory checks tests

# Files of tests run beside one another in the order of tests/conftest.py, the tests of a file one after another.
BESIDE := -n auto --dist loadfile --no-loadscope-reorder
tests:
	$(BIN)/python -m pytest $(BESIDE)

# Fast tests: no workflow, no training of more than seconds, nothing that starts many programs.
test-fast: setup-test
	$(BIN)/python -m pytest $(BESIDE) -m "not slow and not full"

# What takes hours, root or another server: the demo and more through a real SLURM controller (docs/slurm.md), a bucket
# (docs/sharing.md), set-up and features in a fresh Debian 13 (tests/setup/test_debian.py), all stages on two processes, ten minutes
# of sound, the full-size DAG; and every fault, which rewrites docs/faults.md. What ran, on which machine and with which
# outcome: logs/check-full-DATE.txt
check-full: setup-full
	@scripts/check_full.sh "$(VENV)"

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

# Both add packages and change no installed version: the plugin takes pandas 3 from 2.7.1 on.
setup-slurm: setup-test
	$(BIN)/python -m pip install -q -c envs/slurm.txt -e '.[test,slurm]'

setup-full: setup-slurm
	$(BIN)/python -m pip install -q -c envs/slurm.txt -c envs/s3.txt -e '.[test,slurm,s3]' moto flask flask-cors

# The figures of the smallest experiment under golden/ (docs/reruns.md): golden rewrites them, accept-code compares them and accepts the code if they are equal.
golden:
	$(BIN)/python -m talkface.acceptance --rewrite --cores $(CORES)

accept-code:
	$(BIN)/python -m talkface.acceptance --why "$(WHY)" --cores $(CORES)

# The bundle in the package, from the finished experiment of configs/real_gpu.yaml (docs/command.md); another one: FROM=results/real/grid.
FROM ?= results/real_gpu/grid
bundle:
	$(BIN)/talkface export $(FROM) --variant warp --seed 0 -o talkface/bundles/packaged --preview
	$(BIN)/talkface info

# Its figures, measured on real GRID clips, into its card (docs/warp.md): ROOT=/path/to/grid
ROOT ?= grid
bundle-figures: setup
	$(BIN)/snakemake scores --cores $(CORES) --configfile config.yaml configs/real.yaml configs/packaged.yaml --config root=$(ROOT)
	$(BIN)/talkface export results/packaged/grid -o talkface/bundles/packaged
	$(BIN)/talkface info

clean:
	rm -rf results/demo work/demo logs/demo demo_corpus
