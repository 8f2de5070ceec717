# Everything a newcomer needs: a fresh clone, Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 16

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q healthcheck jobs
	touch $@

install: $(VENV)/.installed  ## make the virtual environment and install into it

demo: install  ## the main job on a fictitious book, in ./healthcheck-demo
	$(BIN)/healthcheck demo

test: install  ## the test suite
	$(BIN)/python -m pytest -m "not slow" -n auto --dist worksteal

test-postgres: install  ## the test suite on PostgreSQL (a server of its own, from the machine's binaries)
	HEALTHCHECK_TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "not slow" -n auto --dist worksteal

prove: install  ## the slow proofs too
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: install  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install  ## put the code in order
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

wheel: install  ## build the distribution
	$(BIN)/python -m build --wheel --no-isolation

requirements: install  ## pin the newest versions that fit, with hashes
	$(BIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links --extra test pyproject.toml --output-file requirements.txt

clean:  ## throw away what was made
	rm -rf $(VENV) dist build healthcheck-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help install demo test test-postgres prove lint format wheel requirements clean
