# Everything a developer types. Needs make, git and any python3 with pip; the rest is made in .venv.

UV := .ci/uv
PYTHON := .venv/bin/python
# As many processes as the machine has cores, at most four.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 4 ? cores : 4)))
PYTEST = $(PYTHON) -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
INSTALL := $(UV) pip install --python $(PYTHON) --constraint constraints.txt --build-constraint constraints.txt
BENCHMARKS = $(filter-out benchmarks/_%,$(sort $(wildcard benchmarks/*.py)))

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-fast test-lowest test-newest lint docs wheel bench bench-peers calibrate clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: .venv/.ready-to-run ## fit the example and write alliance_report.html
	.venv/bin/bayes-alliance demo

test: .venv/.ready-to-develop ## run the tests, on two cores in under ten minutes: all but the long ones
	$(PYTEST) -m "not long and not calibration"

test-all: .venv/.ready-to-develop ## run every test except the calibration
	$(PYTEST) -m "not calibration"

test-fast: .venv/.ready-to-develop ## run the tests that sample nothing large: under two minutes
	$(PYTEST) -m "not slow and not long and not calibration and not browser"

# Other versions than those of constraints.txt, each set with a place of its own for compiled code. What libraries
# say of their future is no failure here: the oldest meet the newest of what they need themselves.
OTHER_PYTEST = -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder \
	-W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning -W ignore::FutureWarning \
	--deselect tests/architecture/test_project_files.py::test_the_tested_versions_are_the_ones_that_run
OTHER_TESTS ?= not long and not calibration and not browser

test-lowest: .venv-lowest/.ready ## run the tests with the lowest versions that pyproject.toml allows
	NUMBA_CACHE_DIR=$(CURDIR)/.venv-lowest/kernels .venv-lowest/bin/python $(OTHER_PYTEST) -m "$(OTHER_TESTS)"

test-newest: .venv-newest/.ready ## run the tests with the newest versions there are
	NUMBA_CACHE_DIR=$(CURDIR)/.venv-newest/kernels .venv-newest/bin/python $(OTHER_PYTEST) -m "$(OTHER_TESTS)"

lint: .venv/.ready-to-develop ## check style, types and the import rule
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

docs: .venv/.ready-to-develop ## build the documentation into site/, without a warning
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet

wheel: .venv/.ready-to-develop ## build the wheel and try it in an environment of its own
	.ci/try-wheel

bench: .venv/.ready-to-develop ## run every benchmark, each a ratio against a peer
	@test -n "$(BENCHMARKS)" || { echo "benchmarks/ holds no script"; exit 1; }
	@for script in $(BENCHMARKS); do echo "== $$script"; $(PYTHON) $$script || exit 1; done

bench-peers: .venv-peers/.ready ## make .venv-peers, in which the benchmarks find Bambi

calibrate: .venv/.ready-to-develop ## run the long simulation-based calibration
	$(PYTEST) -m calibration --timeout=0

clean: ## remove what these targets made, the environment included
	rm -rf .venv .venv-peers .venv-lowest .venv-newest .uv build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f alliance_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@rm -rf .venv
	$(UV) venv --quiet .venv || $(UV) venv --quiet --python ">=3.12" .venv

.venv/.ready-to-run: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable .
	@touch $@

.venv/.ready-to-develop: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) --editable . --group dev
	@touch $@ .venv/.ready-to-run

.venv-lowest/.ready .venv-newest/.ready: .venv-%/.ready: pyproject.toml
	@rm -rf .venv-$*
	$(UV) venv --quiet .venv-$* || $(UV) venv --quiet --python ">=3.12" .venv-$*
	$(UV) pip install --python .venv-$*/bin/python --resolution $(RESOLUTION_$*) \
		--editable ".[files,numpyro,polars]" --group dev
	@touch $@

RESOLUTION_lowest := lowest-direct
RESOLUTION_newest := highest

# Bambi needs an older formulae than this package, so it has an environment of its own.
.venv-peers/.ready: benchmarks/peers-constraints.txt
	@rm -rf .venv-peers
	$(UV) venv --quiet .venv-peers || $(UV) venv --quiet --python ">=3.12" .venv-peers
	$(UV) pip install --python .venv-peers/bin/python --constraint $< bambi nutpie pyarrow
	@touch $@
