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
    # Without its extra: it works, and says what is missing when it is asked for a price.
    "bearlumen-core": """
import bearlumen, bearlumen.errors, bearlumen.models, bearlumen.pricing
bear = bearlumen.BearLumen(api_key="k", transport=bearlumen.MemoryTransport())
tracked = bear.track({"object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 1}})
assert tracked.event_id
for asked in (lambda: tracked.cost, lambda: bear.estimate("m", "openai", tracked.counts)):
    try:
        asked()
    except bearlumen.errors.MissingExtraError as error:
        assert 'pip install "bearlumen-core[pricing]"' in str(error), error
    else:
        raise AssertionError("a price without the catalogue")
answer = bearlumen.models.Ping(ok=True, organization_id="o")
assert answer.to_dicts() == [{"ok": True, "organization_id": "o"}]
for name in ("pandas", "polars"):
    try:
        getattr(answer, f"to_{name}")()
    except bearlumen.errors.MissingExtraError as error:
        assert f'pip install "bearlumen-core[{name}]"' in str(error), error
    else:
        raise AssertionError(f"a frame without {name}")
""",
    "bearlumen-core[pricing]": """
import bearlumen
bear = bearlumen.BearLumen(api_key="k")
assert bear.estimate("gpt-4o", "openai", {"input_tokens": 1_000_000})
""",
    "bearlumen-core[polars]": """
import bearlumen.models
assert bearlumen.models.Ping(ok=True, organization_id="o").to_polars().rows() == [(True, "o")]
""",
    "bearlumen-asgi": "import bearlumen_asgi",
    "bearlumen-celery": "import bearlumen_celery",
    "bearlumen-django": """
from django.conf import settings
settings.configure(INSTALLED_APPS=["bearlumen_django"], BEARLUMEN={"API_KEY": "k"})
import bearlumen, bearlumen_django, django
django.setup()
assert isinstance(bearlumen.get_client(), bearlumen.BearLumen)
""",
    "bearlumen-flask": """
import bearlumen, bearlumen_flask, flask
bearlumen_flask.BearLumenFlask(flask.Flask("app"))
assert isinstance(bearlumen.get_client(), bearlumen.BearLumen)
""",
    "bearlumen-langchain": "import bearlumen_langchain",
    # It would fetch its price map from elsewhere.
    "bearlumen-litellm": """
import os; os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import bearlumen_litellm
""",
    "bearlumen-llamaindex": "import bearlumen_llamaindex",
    "bearlumen-openai-agents": "import bearlumen_openai_agents",
    "bearlumen-otel": "import bearlumen_otel",
    "bearlumen-pydantic-ai": "import bearlumen_pydantic_ai",
    "bearlumen-server": "import bearlumen_server, bearlumen_server.app, bearlumen_server.cli",
}
"""What is run in an environment that has one package, with or without an extra of it."""


def run(*command: str | Path) -> None:
    """Run a command outside the workspace's own environment; a failure ends the script."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def main() -> int:
    """Build, install and import; the exit code."""
    packages = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    imported = sorted({wanted.partition("[")[0] for wanted in IMPORTS})
    if packages != imported:
        print(f"packages {packages} and what is imported here {imported} differ")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder) / "wheels"
        for package in packages:
            run(UV, "build", "--quiet", "--wheel", "--package", package, "--out-dir", wheels)
        for package, code in IMPORTS.items():
            environment = Path(folder) / package
            python = environment / "bin" / "python"
            run(UV, "venv", "--quiet", "--python", sys.executable, environment)
            run(
                *(UV, "pip", "install", "--quiet", "--python", python),
                *("--find-links", wheels, package),
            )
            run(python, "-I", "-c", code)
            print(f"{package}: built, installed alone, imported")
    return 0


if __name__ == "__main__":
    sys.exit(main())
