# Two commands do everything on a fresh machine: `make train` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup train test check format wheel clean

setup: .venv/installed          ## .venv with everything in it; nothing to do the second time

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

train: setup                    ## the first run: an LSTM learns to judge reviews
	$(BIN)/python train.py model=lstm task=sentiment

test: setup                     ## the tests, but for those marked as slow
	$(BIN)/python -m pytest --quiet -m 'not slow' --numprocesses logical --dist worksteal

check: setup                    ## all that CI checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_collection.py
	$(BIN)/python -m pytest --quiet --numprocesses logical --dist worksteal

format: setup                   ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: setup                    ## build the wheel and train with it from an empty folder, in a new environment
	rm -rf build/wheel && mkdir -p build/wheel/empty
	$(BIN)/python -m build --quiet --wheel --outdir build/wheel
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet --constraint constraints.txt build/wheel/*.whl
	cd build/wheel/empty && ../venv/bin/seqmodels train task=sine trainer.max_epochs=1

clean:
	rm -rf .venv build dist logs
