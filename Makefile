# make study | quick | report | test | check | generate | bench | setup: all run in .venv, which `make setup` creates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake
CORES ?= 4
CONFIGFILE ?= # a study other than config.yaml, as in `make report CONFIGFILE=studies/quick.yaml`

# Files that `make generate` generates from the code.
GENERATED := workflow/schemas/config.schema.json workflow/schemas/run-record.schema.json docs/configuration.md

# A file's tests share what they make. tests/conftest.py puts slow files first, and xdist is not to sort them otherwise.
IN_PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: study quick status interim report notebooks test test-fast test-slurm test-timing chromium generate generated \
  check bench mlflow-ui setup clean

study: $(VENV)/.study      ## run the study in config.yaml to results/<study>/results.md
	$(SNAKEMAKE) --cores $(CORES) --resources gpu=1

quick: $(VENV)/.study      ## run the whole workflow on a small subset, in under a minute
	$(SNAKEMAKE) --cores $(CORES) --resources gpu=1 --configfile studies/quick.yaml

status: $(VENV)/.study     ## show which runs are finished, failed, running or missing; also while they run
	@$(SNAKEMAKE) --quiet=all --cores 1 status

interim: $(VENV)/.study    ## report on the runs so far, in results/<study>/interim; also while others run
	$(SNAKEMAKE) --cores 1 interim

notebooks: $(VENV)/.notebooks ## execute workflow/notebooks; the pages go to results/notebooks/
	$(SNAKEMAKE) --cores $(CORES) notebooks

report: $(VENV)/.study     ## make results/<study>/report.html: all results, runtimes and provenance in one file
	$(SNAKEMAKE) --cores $(CORES) --resources gpu=1 $(CONFIGFILE:%=--configfile %)
	@folder=$$($(BIN)/python -c 'import sys; from seedwise.config.reading import read_study as r; print(r(sys.argv[1]).folder())' \
	  $(or $(CONFIGFILE),config.yaml)) && $(SNAKEMAKE) --quiet=all $(CONFIGFILE:%=--configfile %) \
	  --report $$folder/report.html && echo "Open $$folder/report.html in a browser; it needs no network."

test: $(VENV)/.dev chromium ## set up and run every test
	$(BIN)/python -m pytest $(IN_PARALLEL)

test-fast: $(VENV)/.dev    ## run only the fast tests, without workflow runs and browsers
	$(BIN)/python -m pytest $(IN_PARALLEL) -m "not slow and not slurm and not timing"

test-slurm: $(VENV)/.cluster  ## test studies on a real Slurm, which root can install from Debian packages
	$(BIN)/python -m pytest -m slurm tests/slurm tests/kubernetes

test-timing: $(VENV)/.dev  ## hold seconds against their limits, about 4 minutes on a quiet machine
	$(BIN)/python -m pytest -m timing tests

chromium:                  # opens the HTML report in tests, which are skipped without it
	@command -v chromium > /dev/null || { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && \
	  echo "Installing chromium ..." && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null; } || \
	  echo "No chromium: the tests that open the HTML report are skipped. Install it as root: apt-get install chromium"

generate: $(VENV)/.study   ## regenerate files from the code: the schemas and the reference of the config
	$(BIN)/python -m seedwise.config.schema
	$(BIN)/python -m seedwise.config.reference

generated: $(VENV)/.study  # regenerate, and fail if a generated file was out of date
	@before=$$(mktemp -d) && tar -cf - $(GENERATED) | tar -xf - -C $$before && $(MAKE) --silent generate && stale= && \
	  for file in $(GENERATED); do cmp -s $$file $$before/$$file || stale="$$stale $$file"; done; rm -rf $$before; \
	  test -z "$$stale" || { echo "Stale generated files:$$stale. They have just been regenerated: commit them."; exit 1; }

check: $(VENV)/.dev generated  ## check style, types, the workflow and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(SNAKEMAKE) --lint

bench: $(VENV)/.bench      ## measure training speed, about 8 minutes; see benchmarks/README.md
	$(BIN)/python -m benchmarks.throughput

mlflow-ui: $(VENV)/.mlflow ## show the runs in MLflow, on http://127.0.0.1:5000
	MLFLOW_DISABLE_TELEMETRY=true $(BIN)/mlflow ui --backend-store-uri sqlite:///results/mlflow.db --host 127.0.0.1 --port 5000

setup: $(VENV)/.study      ## only create the environment

$(VENV)/.study: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Seedwise needs Python 3.11 or newer; found $$($(PYTHON) --version). Choose another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned packages into $(VENV) (about 3 minutes the first time) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.notebooks: $(VENV)/.study requirements-notebooks.txt requirements-efficientnet.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-notebooks.txt
	touch $@

$(VENV)/.dev: $(VENV)/.study requirements-dev.txt requirements-mlflow.txt requirements-notebooks.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Separate from .dev: Snakemake imports all installed plugins at each start, and the Slurm plugin takes 0.4 s.
$(VENV)/.cluster: $(VENV)/.dev requirements-cluster.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-cluster.txt
	touch $@

$(VENV)/.bench: $(VENV)/.study requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

$(VENV)/.mlflow: $(VENV)/.study requirements-mlflow.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-mlflow.txt
	touch $@

clean:                     ## remove the environment and caches, never results
	rm -rf $(VENV) .snakemake .pytest_cache .mypy_cache .ruff_cache
