"""What the package is to those who import it."""

import subprocess
import sys
from pathlib import Path

import bearlumen

ROOT = Path(__file__).parents[2]
HEAVY = {
    "httpx", "pydantic", "openai", "anthropic", "boto3", "botocore", "google.genai", "mistralai",
    "ollama", "asyncio",
}  # fmt: skip


def test_tracking_in_memory_stays_light() -> None:
    """Detection reads objects by name; it imports nobody's classes."""
    code = """import sys, bearlumen
with bearlumen.BearLumen(api_key="k", transport=bearlumen.MemoryTransport()) as bear:
    bear.track({"object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 1}})
print(*sys.modules)"""
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout.split()
    assert HEAVY.isdisjoint(loaded)


def test_public_names_are_listed_and_sorted() -> None:
    """What is public is listed, once, in order, and there."""
    listed = bearlumen.__all__
    assert listed == sorted(listed)
    assert all(hasattr(bearlumen, name) for name in listed)


def test_sync_twins_are_what_would_be_written() -> None:
    """Nobody edited a generated module, and none was forgotten."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/twins.py", "--check"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_provider_index_is_what_would_be_written() -> None:
    """What tells providers apart is looked up in an index, which says what they declare."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/provider_index.py", "--check"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_response_loads_its_own_provider_only() -> None:
    """Recognising an SDK's object imports none of the other providers."""
    code = """import sys, bearlumen
from openai.types import CreateEmbeddingResponse
with bearlumen.BearLumen(api_key="k", transport=bearlumen.MemoryTransport()) as bear:
    assert bear.track(CreateEmbeddingResponse.model_construct(model="m")).provider == "openai"
print(*(name for name in sys.modules if name.startswith("bearlumen.providers.")))"""
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout.split()
    names = [name.rpartition(".")[2] for name in loaded]
    assert [name for name in names if not name.startswith("_")] == ["openai"]


def test_sync_and_async_clients_have_the_same_methods() -> None:
    """Whatever one client can do, the other can."""

    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(bearlumen.BearLumen) == public(bearlumen.AsyncBearLumen)
