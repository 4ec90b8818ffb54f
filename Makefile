# Targets for developers. PYTHON is the interpreter of the environment to use.
PYTHON ?= python
# Where the environments of the benchmark's peers are kept, and what else is asked of it.
BENCH ?= .bench
BENCH_ARGS ?=

.PHONY: help install test quick lint format types docs bench check

help:            ## show this list
	@grep -E '^[a-z]+: +##|^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

install:         ## editable install with everything the tests use
	$(PYTHON) -m pip install -c constraints.txt -e ".[test]"

test:            ## the whole test suite
	$(PYTHON) -m pytest -n auto

quick:           ## the tests that take seconds
	$(PYTHON) -m pytest -n auto -m "not slow"

lint:            ## style, formatting, types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

format:          ## put the code in shape
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

docs:            ## write the generated pages of docs/ again
	$(PYTHON) -m visq.report.reference docs
	-$(PYTHON) -m visq.report.verification tests/golden docs/verification.md

bench:           ## speed, start-up and memory against peers (see benchmarks/README.md)
	$(PYTHON) benchmarks/environments.py --at $(BENCH)
	$(PYTHON) benchmarks/run.py --environments $(BENCH) $(BENCH_ARGS)

check: lint test ## what CI runs
