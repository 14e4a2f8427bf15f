"""LlamaIndex's models with a server of ours in the place of their providers'."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport
from support.openai_server import OpenAI, drop_unclosed
from support.stub import Stub, stub_server

pytest.importorskip("llama_index.llms.openai")


@pytest.fixture
def provider() -> Iterator[Stub]:
    """A server that answers as OpenAI does."""
    with stub_server(OpenAI()) as server:
        yield server


@pytest.fixture
def bear(sent: MemoryTransport, problems: list[Exception]) -> Iterator[BearLumen]:
    """A client that sends nothing anywhere, and records what LlamaIndex does."""
    from bearlumen_llamaindex import instrument, uninstrument

    with BearLumen(api_key="k", transport=sent, on_error=problems.append) as client:
        instrument(client)
        instrument(client)  # once more is still once
        yield client
        uninstrument()


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all: LlamaIndex keeps clients that belong to theirs."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def run(runner: asyncio.Runner) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine."""
    return lambda work: runner.run(work, context=contextvars.copy_context())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Whatever a framework leaves open is no other test's affair."""
    yield
    drop_unclosed()
