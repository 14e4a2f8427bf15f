# Every command that a person or CI runs; `uv run just` lists them.

_list:
    @just --list --unsorted

# everything that CI checks
check: lint types twins-check wheels test

# format, and fix what can be fixed
fmt:
    ruff format
    ruff check --fix

# formatting and lint rules
lint:
    ruff format --check
    ruff check

# strict type checking
types:
    basedpyright

# write the sync resources from the async ones
twins:
    python scripts/twins.py

twins-check:
    python scripts/twins.py --check

# the default suite
test:
    pytest

# build every wheel and import each alone in a clean environment
wheels:
    python scripts/wheels.py
