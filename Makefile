.PHONY: setup compare test reference
.DELETE_ON_ERROR:

PYTHON ?= python3.11
BIN := .venv/bin

# The stamp is newer than pyproject.toml exactly when the environment holds what the project asks for.
.venv/.ready: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or name yours with make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

setup: .venv/.ready

compare: setup
	$(BIN)/python -m harness.compare

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

# What the repository keeps: the comparison of the README, and of a quick look at every experiment the tables, figure, findings
# and record. About twenty minutes, all measured anew; without --quick the experiments take hours.
reference: setup
	rm -rf results/reference-run results/reference-experiments
	$(BIN)/python -m harness.compare --out results/reference-run
	mkdir -p results/reference
	cp $(addprefix results/reference-run/,fr_vs_migrations.png runs.csv run.json) results/reference/
	$(BIN)/python -m harness.experiment all --quick --out results/reference-experiments
	cd results/reference-experiments && tar cf - claims.csv */*.csv */*.png */findings.md */run.json \
		trajectory/trajectory.gif trajectory/trajectory.html | tar xf - -C ../reference
	$(BIN)/python -c "from pathlib import Path; from PIL import Image; \
	[Image.open(png).convert('RGB').quantize().save(png, optimize=True) for png in Path('results/reference').rglob('*.png')]"  # 256 colours do
