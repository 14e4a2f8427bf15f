"""LiteLLM with servers of ours in the place of the providers'."""

import asyncio
import contextvars
import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from support.openai_server import OpenAI, drop_unclosed
from support.stub import Stub, stub_server

# Before it is imported: it would fetch its price map from elsewhere.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
pytest.importorskip("litellm")

import litellm as typed
from litellm.litellm_core_utils.logging_worker import (  # pyright: ignore[reportMissingTypeStubs]
    GLOBAL_LOGGING_WORKER,
)

from bearlumen import BearLumen
from bearlumen_litellm import instrument, uninstrument

litellm: Any = typed
litellm.suppress_debug_info = True


@pytest.fixture
def provider() -> Iterator[Stub]:
    """A server that answers as OpenAI does."""
    with stub_server(OpenAI()) as server:
        yield server


@pytest.fixture
def to(provider: Stub) -> dict[str, Any]:
    """How a call gets there."""
    return {"api_base": f"{provider.url}/v1", "api_key": "k"}


@pytest.fixture(autouse=True)
def instrumented(bear: BearLumen) -> Iterator[None]:
    """Every call is recorded."""
    instrument(bear)
    yield
    uninstrument()


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all: LiteLLM keeps clients, and a worker, that belong to theirs."""
    with asyncio.Runner() as runner:
        yield runner
        runner.run(GLOBAL_LOGGING_WORKER.stop())
        runner.run(litellm.close_litellm_async_clients())


async def _settled(work: Coroutine[Any, Any, Any]) -> Any:
    """The same, with its callbacks called."""
    try:
        return await work
    finally:
        await asyncio.sleep(0.05)
        await GLOBAL_LOGGING_WORKER.flush()


@pytest.fixture
def run(runner: asyncio.Runner) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine, and what LiteLLM does after it."""
    return lambda work: runner.run(_settled(work), context=contextvars.copy_context())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Whatever a framework leaves open is no other test's affair."""
    yield
    drop_unclosed()
