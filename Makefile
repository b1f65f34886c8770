# make demo   a virtual environment, the core packages, a model trained on the embedded digits
# make test   the same with extras and dev tools: format, lint, types, tests
# make bench  measure this machine: tellapart beside a plain script
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt
# Two test processes share the cores: spinning threads would only steal them from each other.
PASSIVE := OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0

.PHONY: demo test format bench clean

demo: .venv/core
	$(BIN)/tellapart train digits

test: .venv/dev
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(PASSIVE) $(BIN)/pytest -n 2

format: .venv/dev
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

bench: .venv/dev
	$(BIN)/python bench/plain_script.py
	$(BIN)/python bench/recipes.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

.venv/uv: constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("tellapart needs Python 3.11 or newer; say which: make PYTHON=python3.12 demo")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' constraints.txt)"
	@touch $@

.venv/core: .venv/uv pyproject.toml
	$(UV) --editable .
	@touch $@

.venv/dev: .venv/core
	$(UV) --editable '.[all]' --group dev
	@touch $@
