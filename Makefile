# What a person wants from the course, one target each. Every target sets up what it needs, once (tools/setup.sh).
# Another Python:       make demo PYTHON=python3.12
# Another assignment:   make demo A=a2_layers

A = a2_layers
PYTHON = python3
export PYTHON
SETUP = @sh tools/setup.sh
BIN = .venv/bin

.PHONY: help demo lab test coverage prove break bench lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):  *## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo:  ## release an assignment, grade a bundled sample class inside walls, write the report
	$(SETUP) venv bubblewrap
	@$(BIN)/autograder release $(A) || echo "The demo does not need a new release: going on."
	@$(BIN)/autograder sample-class $(A) build/demo
	@$(BIN)/autograder --course build/demo grade $(A)
	@$(BIN)/autograder --course build/demo report $(A)
	@echo "To see this class in the formgrader:  AUTOGRADER_COURSE=build/demo make lab, then its menu Nbgrader > Formgrader"
	@echo "nbgrader's own commands see it too:   AUTOGRADER_COURSE=build/demo $(BIN)/nbgrader generate_feedback $(A)"

lab:  ## JupyterLab, open at the course's front page
	$(SETUP) venv
	@$(BIN)/jupyter trust lectures/*.ipynb >/dev/null  # so that explorers move before a cell is run
	@$(BIN)/python -m jupyterlab --LabApp.default_url=/lab/tree/README.md --LabApp.app_settings_dir=tools/lab \
	    $$([ "$$(id -u)" = 0 ] && echo --allow-root) $(LAB)

test:  ## style, types, and every test
	$(SETUP) venv bubblewrap chromium
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(T)

coverage:  ## the same tests, and which lines of the code they never run
	$(SETUP) venv bubblewrap chromium
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(BIN)/python -m coverage run -m pytest -n 2 --dist loadfile $(T)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --skip-covered

break:  ## break the code on purpose, one place after the other, to see a test turn red (about half an hour)
	$(SETUP) venv bubblewrap
	@$(BIN)/python tools/break.py $(B)

prove:  ## prove the checks of every assignment anew, and write each proof.json
	$(SETUP) venv bubblewrap
	@$(BIN)/autograder prove --all

bench:  ## how fast the convolutions are, beside torch, and the grader, beside stock nbgrader (about 15 minutes)
	$(SETUP) venv bubblewrap
	@$(BIN)/python bench/conv_speed.py
	@$(BIN)/python bench/grading.py $(BENCH)

lock:  ## requirements.lock anew from pyproject.toml (for maintainers)
	$(SETUP) venv
	@$(BIN)/python -m pip install --editable '.[dev]'
	@$(BIN)/python tools/lock.py

clean:  ## remove .venv, build/ and caches; notebooks, hand-ins and marks stay
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
