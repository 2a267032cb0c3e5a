# `make demo` runs the example project; `make test` runs everything. Both need Python 3.11+ and make, nothing else.
PYTHON ?= python3
PIP = -m pip --disable-pip-version-check install --quiet

.PHONY: demo test lint browser suite suite-duckdb15 bench clean

demo: .venv/.runtime
	.venv/bin/gsrules demo

test: lint suite suite-duckdb15

lint: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

# The tests of pages look at them in Chromium. Where it cannot be installed they are skipped, and say so.
browser:
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium \
	  || echo "Chromium could not be installed: the tests of pages are skipped"; \
	else echo "no Chromium: install it to run the tests of pages, which are skipped now"; fi

suite: .venv/.dev browser
	.venv/bin/python -m pytest -n 2 --dist worksteal

suite-duckdb15: .venv-duckdb15/.dev
	.venv-duckdb15/bin/python -m pytest -n 2 --dist worksteal -m 'not browser and not once'

bench: .venv/.dev
	.venv/bin/python $(PIP) -c constraints.txt -e '.[bench]'
	.venv/bin/python bench/run.py

.venv/.runtime: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) -c constraints.txt -e .
	touch $@

.venv/.dev: .venv/.runtime
	.venv/bin/python $(PIP) -c constraints.txt -e '.[dev]'
	touch $@

.venv-duckdb15/.dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-duckdb15
	sed 's/^duckdb==.*/duckdb==1.5.6/' constraints.txt > .venv-duckdb15/constraints.txt
	.venv-duckdb15/bin/python $(PIP) -c .venv-duckdb15/constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv .venv-duckdb15 .gsrules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
