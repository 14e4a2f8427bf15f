"""Write docs/compatibility.md: the versions that each integration was tested with.

python scripts/compatibility_table.py

It tells what the last `just integrations` came to, of which every environment has left a file.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "compatibility.md"
RUNS = ROOT / ".tested"
HEAD = """\
# Compatibility

What the tests of each integration passed with, framework, partner packages and servers together,
against a real server of Bear Lumen and local servers in the place of the providers. `just
integrations` runs them all and CI runs that for every change; `just compatibility-table` makes this
page of what it came to. Other versions within the range that a package asks for should work too.

| package | with | tests passed |
| --- | --- | ---: |
"""


def rows(runs: list[dict[str, Any]]) -> list[str]:
    """Return a row for each integration and environment, those with failures left out."""
    made: list[str] = []
    for run in runs:
        for folder, found in run["folders"].items():
            outcomes: dict[str, int] = found["outcomes"]
            if set(outcomes) - {"passed", "skipped"}:
                sys.exit(f"{folder} did not pass: {outcomes}")
            package = f"bearlumen-{folder.replace('_', '-')}"
            versions = ", ".join(f"{name} {at}" for name, at in found["versions"].items())
            python = run["python"].rpartition(".")[0]
            passed = outcomes.get("passed", 0)
            made.append(f"| `{package}` | {versions}; Python {python} | {passed} |\n")
    return sorted(made)


def main() -> None:
    """Write the page."""
    runs = [json.loads(each.read_text()) for each in sorted(RUNS.glob("*.json"))]
    if not runs:
        sys.exit("run `just integrations` first")
    PAGE.write_text(HEAD + "".join(rows(runs)), encoding="utf-8")


if __name__ == "__main__":
    main()
