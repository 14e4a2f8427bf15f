"""Which versions of the frameworks the tests of the integrations passed with.

`just integrations` has them written, one file for each environment, and `just compatibility-table`
makes docs/compatibility.md of them.
"""

import json
import platform
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FRAMEWORKS = {
    "asgi": ("starlette", "fastapi", "litestar", "quart", "uvicorn"),
    "celery": ("celery",),
    "django": ("django", "djangorestframework", "gunicorn", "uvicorn", "gevent"),
    "flask": ("flask", "flask-login", "gunicorn", "gevent"),
    "langchain": (
        "langchain-core",
        "langchain",
        "langgraph",
        "langchain-openai",
        "langchain-anthropic",
        "langchain-aws",
        "langchain-google-genai",
        "langchain-mistralai",
        "langchain-ollama",
        "langchain-groq",
        "langchain-deepseek",
    ),
    "litellm": ("litellm",),
    "llamaindex": (
        "llama-index-core",
        "llama-index-instrumentation",
        "llama-index-llms-openai",
        "llama-index-llms-anthropic",
    ),
    "openai_agents": ("openai-agents", "openai"),
    "otel": ("opentelemetry-sdk", "pydantic-ai-slim"),
    "pydantic_ai": ("pydantic-ai-slim", "openai", "anthropic"),
}
"""What each folder of tests/integrations is run with."""


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each that is here."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write(path: Path, outcomes: Counter[tuple[str, str]]) -> None:
    """Write what a run's tests came to, by folder, and with which versions.

    Args:
        path: The file.
        outcomes: How many tests of a folder had an outcome, such as `passed`.
    """
    folders = {
        folder: {
            "outcomes": {what: n for (where, what), n in outcomes.items() if where == folder},
            "versions": installed(FRAMEWORKS[folder]),
        }
        for folder in sorted({where for where, _ in outcomes})
    }
    path.parent.mkdir(exist_ok=True)
    told = {"python": platform.python_version(), "folders": folders}
    path.write_text(json.dumps(told, indent=2), encoding="utf-8")
