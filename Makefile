# Every command works on a fresh machine with python3 (>= 3.11) and a package registry.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake --workflow-profile workflow/profiles/default
RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development
CORES ?= all
PROSE := Snakefile workflow

.PHONY: help install run yeast metabolism full test test-cases test-cluster test-faults lint format bench docs config-docs reference clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "python3 >= 3.11 is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml envs/constraints.txt | $(BIN)/pip
	$(BIN)/pip install --quiet --constraint envs/constraints.txt --editable ".[slurm]"
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(BIN)/pip install --quiet --constraint envs/constraints.txt --editable ".[slurm,bench,test,dev,docs]"
	@touch $@

install: $(RUNTIME) ## make .venv and install the pipeline

run: $(RUNTIME) ## quickstart: a simulated screen, about two minutes, no network; prints the verdict and what to measure next
	$(SNAKEMAKE) --cores $(CORES) --configfile config/quickstart.yaml
	@$(BIN)/clp results verdict --run-folder results/quickstart

yeast: $(RUNTIME) ## the yeast run on real screens (some three CPU hours)
	$(SNAKEMAKE) --cores $(CORES)
	@$(BIN)/clp results verdict --run-folder results/yeast

metabolism: $(RUNTIME) ## the label-split run on observations with a metabolic gene
	$(SNAKEMAKE) --cores $(CORES) --configfile config/metabolism.yaml
	@$(BIN)/clp results verdict --run-folder results/metabolism

full: $(RUNTIME) ## every model, split and three seeds: a night, or a cluster
	$(SNAKEMAKE) --cores $(CORES) --configfile config/full.yaml
	@$(BIN)/clp results verdict --run-folder results/full

test: $(DEVELOPMENT) ## the whole test suite
	$(BIN)/pytest -n 2 --dist loadfile --durations 30 -m "not cluster and not faults"

test-cases: $(DEVELOPMENT) ## inputs that went wrong for users, each beside its right value, to results/cases.json
	$(BIN)/pytest -n 0 tests/cases

test-cluster: $(DEVELOPMENT) ## faults on a Slurm of its own, to results/reliability.json (root, slurm-wlm, munge)
	$(BIN)/pytest -n 0 -m cluster tests/cluster

test-faults: $(DEVELOPMENT) ## kill, starve and mislead running workflows, fuzz the parsers; to results/reliability.json
	$(BIN)/pytest -n 0 -m faults tests/faults

lint: $(DEVELOPMENT) ## ruff, snakefmt, snakemake --lint, mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check $(PROSE)
	$(BIN)/snakemake --lint --configfile config/quickstart.yaml
	$(BIN)/mypy

format: $(DEVELOPMENT) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt $(PROSE)

# full_size takes hours, and smaller tables would answer another question: it is run by itself (docs/scale.md).
bench: $(DEVELOPMENT) ## every benchmark but full_size beside its peer, to results/benchmarks/
	@status=0; for script in $$(grep -lE '^if __name__ == "__main__"' benchmarks/*.py | grep -v full_size); do \
		echo "== $$script"; $(BIN)/python $$script || status=1; done; exit $$status

docs: $(DEVELOPMENT) ## the documentation site, to build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

config-docs: $(RUNTIME) ## remake config/README.md and the JSON schema from the typed settings
	$(BIN)/python -m pipeline_lib config reference --output config/README.md
	$(BIN)/python -m pipeline_lib config schema --output workflow/schemas/config.schema.json

reference: $(RUNTIME) ## copy the small tables of results/yeast to docs/results/ and the README's table
	$(BIN)/python -m pipeline_lib reporting reference --run-folder results/yeast --output docs/results --page README.md

clean: ## remove results (keeps the recorded sums of sources)
	rm -rf results/quickstart results/yeast results/metabolism results/benchmarks
