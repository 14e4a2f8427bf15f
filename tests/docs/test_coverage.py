"""The table of methods, routes and tests is whole: nothing is there untested, or without a name."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "coverage_table.py"


@pytest.fixture(scope="module")
def table() -> Any:
    """The script that writes it, as a module."""
    spec = importlib.util.spec_from_file_location("coverage_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_table_is_current_and_whole() -> None:
    """Every method has a route and a test, every route a method, and the page shows them."""
    command = [sys.executable, SCRIPT, "--check"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_method_without_a_test_is_named(table: Any) -> None:
    """Were a test deleted, the check would say whose it was."""
    rows = table.rows()
    tests = table.tests({row.method for row in rows})
    left = [one for one in tests if "costs.by_provider" not in one.marked | one.called]
    assert [line.split(":")[0] for line in table.problems(rows, left)] == ["costs.by_provider"]


def test_method_without_a_route_and_route_without_a_method_are_named(table: Any) -> None:
    """A path that only one side knows is a mistake of either."""
    rows = [row for row in table.rows() if row.method != "usage.summary"]
    rows.append(table.Row(method="usage.nothing", verb="GET", path="/v1/usage/nothing"))
    tests = table.tests({row.method for row in table.rows()})
    lines = "\n".join(table.problems(rows, tests))
    assert "usage.nothing: the server has no GET /v1/usage/nothing" in lines
    assert "GET /v1/usage/summary: no method asks it" in lines
