# make demo   a virtual environment, the core packages, a model trained on the embedded digits
# make test   the same with extras and dev tools: format, lint, types, tests
# make stress kill training 200 times, fill its disk, damage what it wrote: some minutes
# make bench  measure this machine: tellapart beside a plain script and the record recipe; bench-gpu on a GPU
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt
# Bytecode is written once for all: a command that starts without it compiles what it imports each time, at twice the time.
COMPILED = $(BIN)/python -m compileall -q -q -j 0 .venv/lib src || true
# Two test processes share the cores: a thread each, for threads that wait for each other lose most of the time.
PASSIVE := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0

.PHONY: demo test stress format bench bench-gpu clean

demo: .venv/core
	$(BIN)/tellapart train digits

test: .venv/dev
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(PASSIVE) $(BIN)/pytest -n 2

stress: .venv/dev
	$(BIN)/python -m tests.stress.kills --kills 200
	$(BIN)/python -m tests.stress.disk

format: .venv/dev
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

bench: .venv/dev
	$(BIN)/python bench/plain_script.py
	$(BIN)/python bench/recipes.py
	$(BIN)/python bench/quality.py
	$(BIN)/python bench/transfer.py
	$(BIN)/python bench/health.py
	$(BIN)/python bench/mnist_time.py
	$(BIN)/python bench/contention.py
	$(BIN)/python bench/saving.py
	$(BIN)/python bench/photos.py
	$(BIN)/python bench/million.py
	$(BIN)/python bench/time_budget.py
	$(BIN)/python bench/augment.py
	$(BIN)/python bench/label_errors.py
	$(BIN)/python bench/near_copies.py
	$(BIN)/python bench/near_split.py
	$(BIN)/python bench/cifar94.py
	$(BIN)/python bench/table.py

bench-gpu: .venv/core
	$(BIN)/python bench/gpu.py $(if $(TINY),--tiny)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

.venv/uv: constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("tellapart needs Python 3.11 or newer; say which: make PYTHON=python3.12 demo")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' constraints.txt)"
	@touch $@

.venv/core: .venv/uv pyproject.toml
	$(UV) --editable .
	@$(COMPILED)
	@touch $@

.venv/dev: .venv/core
	$(UV) --editable '.[all]' --group dev
	@$(COMPILED)
	@touch $@

# make bench-peers   tellapart beside its peers, which are installed into an environment of their own
.PHONY: bench-peers
bench-peers: .venv/dev .venv-peers/done
	$(BIN)/python bench/peers/run.py --peers .venv-peers/bin/python
	$(BIN)/python bench/photos.py --peers .venv-peers/bin/python

# make bench-sequences   series, recordings and texts beside aeon, Keras and scikit-learn; InceptionTime is five networks of 1,500 epochs a row
.PHONY: bench-sequences
bench-sequences: .venv/dev .venv-sequences/done
	$(BIN)/python bench/sequences.py --peers .venv-sequences/bin/python

.venv-sequences/done: .venv/uv bench/peers/sequences.txt
	test -x .venv-sequences/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-sequences
	$(BIN)/uv pip install --quiet --python .venv-sequences/bin/python --requirement bench/peers/sequences.txt
	@touch $@

.venv-peers/done: .venv/uv bench/peers/requirements.txt constraints.txt
	test -x .venv-peers/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-peers
	$(BIN)/uv pip install --quiet --python .venv-peers/bin/python --constraint constraints.txt --requirement bench/peers/requirements.txt
	@touch $@
