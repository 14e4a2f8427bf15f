"""An environment of its own for each SDK, under `.venvs/`, made when it is first needed.

Ours is of the same kind, with a wheel of this checkout in it: what is measured is what would be
installed. Everything is compiled when it is installed, so that no import times the compiler.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
UV: Final = os.environ.get("UV", "uv")  # `uv run` says where it is
OURS: Final = "bearlumen"
OPENAI: Final = "openai==3.54.0"
REQUIREMENTS: Final = {
    OURS: (OPENAI,),
    "opentelemetry": (
        "opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2", OPENAI,
    ),
    "posthog": ("posthog==7.91.1", OPENAI),
    "langfuse": ("langfuse==5.0.4", OPENAI),
    "fiscallm": ("fiscallm==0.6.0", OPENAI),
}  # fmt: skip
"""What they depend on is pinned in the workspace's `pyproject.toml`."""
KEPT: Final = ("HOME", "LANG", "PATH", "TMPDIR")


def python(name: str) -> Path:
    """The interpreter of an environment, which is made if it is not there or has other versions.

    Raises:
        subprocess.CalledProcessError: It could not be installed.
    """
    folder = ROOT / ".venvs" / f"benchmark-{name}"
    found, stamp = folder / "bin" / "python", folder / "requirements"
    wanted = "\n".join([sys.version, *REQUIREMENTS[name], *_constraints()])
    if not stamp.exists() or stamp.read_text() != wanted:
        _run("venv", "--clear", "--python", sys.executable, folder)
        _install(found, *REQUIREMENTS[name])
        if name != OURS:
            stamp.write_text(wanted)
    if name == OURS:
        # Each time: the checkout may have changed, and its version not.
        core = ROOT / "packages" / "bearlumen-core"
        _install(found, "--reinstall-package", "bearlumen-core", core)
        stamp.write_text(wanted)
    return found


def child_environment() -> dict[str, str]:
    """What a measured process inherits: nothing that sets up an SDK, and no proxy.

    `PYTHONDONTWRITEBYTECODE` is not among it: without compiled files, imports would be slow.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _constraints() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[str] = settings["tool"]["uv"]["constraint-dependencies"]
    return found


def _install(found: Path, *what: str | Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write("\n".join(_constraints()))
        constraints.flush()
        _run(
            *("pip", "install", "--compile-bytecode", "--python", found),
            *("--constraints", constraints.name, *what),
        )


def _run(*command: str | Path) -> None:
    # Not in the workspace: its own settings would choose what is installed.
    subprocess.run(
        [UV, *command, "--quiet"], check=True, cwd=tempfile.gettempdir(), capture_output=True,
        env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
    )  # fmt: skip
