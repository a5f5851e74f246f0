# Everything runs in .venv, which .ci/setup makes and keeps up to date. Only Python 3.11 or newer with venv is needed
# first; PYTHON names one that is not found by itself.
.DEFAULT_GOAL := help
.PHONY: help setup preflight test lint typecheck generated unit conformance docs examples exceptions benchmark mutation lock clean

python := .venv/bin/python

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: ## make .venv ready; the other targets do this by themselves
	@PYTHON='$(PYTHON)' .ci/setup

preflight: setup ## judge the embedded healthy example
	$(python) -m pytest checks/ --pullready-config manifests_examples/healthy/pullready.yaml

test: lint typecheck generated unit ## run the project's own checks and tests

lint: setup ## style, imports, workflows
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	.venv/bin/lint-imports --no-logo --cache-dir .cache/import-linter
	.venv/bin/zizmor --offline --pedantic --quiet .github/workflows

typecheck: setup ## mypy, strict
	$(python) -m mypy

generated: setup ## what is generated is up to date
	@set -e; for generator in tools/[a-z]*.py; do echo "$$generator --check"; $(python) -m "tools.$$(basename "$$generator" .py)" --check; done

unit: setup ## the tests, with coverage
	@.ci/unit

conformance: setup ## what needs heavy tools; says which of them it could not get
	@.ci/conformance

docs: setup ## generate the pages
	@set -e; for generator in tools/[a-z]*.py; do echo "$$generator"; $(python) -m "tools.$$(basename "$$generator" .py)"; done

examples: docs ## generate the examples and the sample reports (the same generators)

exceptions: setup ## list the documented exceptions, and the case that covers each (needs PULLREADY_CORPUS)
	$(python) -m tests.exceptions

benchmark: setup ## print what things cost here; fails in the end where one of them costs too much
	@worst=0; for benchmark in benchmarks/*.py; do echo "$$benchmark"; $(python) "$$benchmark" || worst=$$?; done; exit $$worst

mutation: setup ## mutate the predicates and see whether a test notices (takes long)
	.venv/bin/mutmut run
	.venv/bin/mutmut results

lock: setup ## resolve the dependencies anew within pyproject.toml; UPGRADE=1 takes the newest
	@.ci/lock $(if $(UPGRADE),--upgrade)

clean: ## remove everything that was made
	rm -rf .venv .cache .hypothesis .pytest_cache build dist mutants
	find reports -mindepth 1 -maxdepth 1 ! -name README.md ! -name sample -exec rm -rf {} +
