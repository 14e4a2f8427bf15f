"""Build every package's wheel and import each alone, in an environment of its own.

A shared environment hides a forgotten dependency: here each wheel has only what it asks for.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = os.environ.get("UV", "uv")  # `uv run` says where it is
IMPORTS = {
    "bearlumen-core": "import bearlumen, bearlumen.models; bearlumen.BearLumen(api_key='k')",
    "bearlumen-server": "import bearlumen_server, bearlumen_server.app, bearlumen_server.cli",
}


def run(*command: str | Path) -> None:
    """Run a command outside the workspace's own environment; a failure ends the script."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def main() -> int:
    """Build, install and import; the exit code."""
    packages = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    if packages != sorted(IMPORTS):
        print(f"packages {packages} and what is imported here {sorted(IMPORTS)} differ")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder) / "wheels"
        for package in packages:
            run(UV, "build", "--quiet", "--wheel", "--package", package, "--out-dir", wheels)
        for package in packages:
            environment = Path(folder) / package
            python = environment / "bin" / "python"
            run(UV, "venv", "--quiet", "--python", sys.executable, environment)
            run(
                *(UV, "pip", "install", "--quiet", "--python", python),
                *("--find-links", wheels, package),
            )
            run(python, "-I", "-c", IMPORTS[package])
            print(f"{package}: built, installed alone, imported")
    return 0


if __name__ == "__main__":
    sys.exit(main())
