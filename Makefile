# All targets run in .venv, which the first of them makes. `make help` lists them.
#   STUDY=studies/quick.yaml   another study than config.yaml
#   CORES=2                    fewer cores than this machine has
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake
SEEDWISE := $(BIN)/seedwise
CORES ?=
STUDY ?=
ifeq ($(origin CONFIGFILE),command line)
$(error CONFIGFILE is called STUDY now: make $(MAKECMDGOALS) STUDY=$(CONFIGFILE))
endif
LIMITS = $(strip $(CORES:%=--cores %) --resources gpu=1)
# A path that has a space as one word of the shell.
quoted = $(if $(word 2,$1),'$(subst ','\'',$1)',$1)
# Where no study is named, targets that only look mean the one that was run last.
LAST = $(shell file=$$(cat results/.last-study 2> /dev/null) && test -f "$$file" && printf %s "$$file")
RUN = $(or $(call quoted,$(STUDY)),config.yaml)
LOOKED_AT = $(or $(call quoted,$(or $(STUDY),$(LAST))),config.yaml)

# Files that `make generate` generates from the code.
GENERATED := workflow/schemas/config.schema.json workflow/schemas/run-record.schema.json docs/configuration.md \
  workflow/schemas/findings.schema.json benchmarks/README.md benchmarks/gpu.md

# A file's tests share what they make. tests/conftest.py puts slow files first, and xdist is not to sort them otherwise.
IN_PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help study quick run try status interim open report reproduce shell notebooks test test-fast test-slurm test-timing \
  chromium generate generated check bench trend mlflow-ui docs docs-serve setup clean

help:                      ## list what make can do (this is what a plain `make` does)
	@echo "make TARGET [STUDY=studies/x.yaml] [CORES=n]      for example: make quick"
	@echo
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "status, interim, open and report are about the study that was run last, unless STUDY names one."
	@echo "Without CORES, all cores are used. make shell gives you the commands snakemake and seedwise."

study run: $(VENV)/.study  ## run the study in config.yaml, or STUDY, to results/<study>/results.md
	$(SEEDWISE) run $(RUN) $(LIMITS)

quick: $(VENV)/.study      ## run the whole workflow on a small subset, in about a minute
	$(SEEDWISE) run studies/quick.yaml $(LIMITS)

try: $(VENV)/.study        ## try one run of a program of your own: are its numbers found, does the seed count?
	@$(SEEDWISE) try $(LOOKED_AT) $(CORES:%=--cores %)

status: $(VENV)/.study     ## show which runs are finished, failed, running or missing; also while they run
	@$(SEEDWISE) status $(LOOKED_AT)

interim: $(VENV)/.study    ## report on the runs so far, in results/<study>/interim; also while others run
	@$(SEEDWISE) interim $(LOOKED_AT)

open: $(VENV)/.study       ## open the report in a browser
	@$(SEEDWISE) open $(LOOKED_AT)

reproduce: $(VENV)/.study  ## do two seeds of each variant again, and compare them with results/<study>/runs.csv
	@$(SEEDWISE) reproduce $(RUN) $(CORES:%=--cores %)

shell: $(VENV)/.study      ## open a shell that has the commands snakemake and seedwise; `exit` leaves it
	@echo "snakemake, seedwise and python are those of $(VENV) here; exit leaves this shell." >&2
	@. $(VENV)/bin/activate && exec "$${SHELL:-/bin/sh}"

notebooks: $(VENV)/.notebooks ## execute workflow/notebooks; the pages go to results/notebooks/
	$(SEEDWISE) run config.yaml $(CORES:%=--cores %) notebooks

report: $(VENV)/.study     ## make results/<study>/report.html: all results, runtimes and provenance in one file
	$(SEEDWISE) run $(LOOKED_AT) $(LIMITS)
	@folder=$$($(BIN)/python -c 'import sys; from seedwise.config.reading import read_study as r; print(r(sys.argv[1]).folder())' \
	  $(LOOKED_AT)) && $(SEEDWISE) run $(LOOKED_AT) --quiet all --report $$folder/report.html && \
	  echo "Open $$folder/report.html in a browser; it needs no network."

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

generate: $(VENV)/.study   ## regenerate files from the code and from measurements: schemas, reference of the config, benchmarks
	$(BIN)/python -m seedwise.config.schema
	$(BIN)/python -m seedwise.report.findings_schema
	$(BIN)/python -m seedwise.config.reference
	$(BIN)/python -m benchmarks.readme

generated: $(VENV)/.study  # regenerate, and fail if a generated file was out of date
	@before=$$(mktemp -d) && trap 'rm -rf "$$before"' EXIT && tar -cf - $(GENERATED) | tar -xf - -C $$before && \
	  $(MAKE) --silent generate || exit 1; \
	  stale=; for file in $(GENERATED); do cmp -s $$file $$before/$$file || stale="$$stale $$file"; done; \
	  test -z "$$stale" || { echo "Stale generated files:$$stale. They have just been regenerated: commit them."; exit 1; }

check: $(VENV)/.dev generated  ## check style, types, the workflow and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(SNAKEMAKE) --lint

bench: $(VENV)/.bench      ## measure all that benchmarks/README.md says, and write it: about 20 minutes on two quiet cores
	$(BIN)/python -m benchmarks.whole; status=$$?; $(BIN)/python -m benchmarks.readme && exit $$status

trend: $(VENV)/.study      ## fail if something takes clearly more processor time than a day before, or than with BASE=commit
	$(BIN)/python -m benchmarks.trend $(BASE:%=--base %)

mlflow-ui: $(VENV)/.mlflow ## show the runs in MLflow, on http://127.0.0.1:5000
	MLFLOW_DISABLE_TELEMETRY=true $(BIN)/mlflow ui --backend-store-uri sqlite:///results/mlflow.db --host 127.0.0.1 --port 5000

docs: $(VENV)/.docs         ## build the documentation site in build/site/html; fails if a link is dead
	$(BIN)/python docs/site/prepare.py build/site
	cd build/site && $(abspath $(BIN))/zensical build --strict --clean

docs-serve: docs           ## show the documentation site on http://127.0.0.1:8000
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/site/html 8000

setup: $(VENV)/.study      ## only make the environment, in .venv
	@echo "$(VENV) is ready. Next: make quick, or make shell for the commands snakemake and seedwise"

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

$(VENV)/.dev: $(VENV)/.study requirements-dev.txt requirements-mlflow.txt requirements-notebooks.txt requirements-docs.txt
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

$(VENV)/.docs: $(VENV)/.study requirements-docs.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

clean:                     ## remove the environment and caches, never results
	rm -rf $(VENV) .snakemake .pytest_cache .mypy_cache .ruff_cache
