"""LangChain's models with a server of ours in the place of their providers'."""

import asyncio
import contextvars
import gc
import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from support.openai_server import OpenAI, drop_unclosed
from support.stub import Stub, stub_server

pytest.importorskip("langchain_core")

os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def openai() -> OpenAI:
    """What it was asked."""
    return OpenAI()


@pytest.fixture
def provider(openai: OpenAI) -> Iterator[Stub]:
    """A server that answers as OpenAI does."""
    with stub_server(openai) as server:
        yield server


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all: the partner packages keep clients that belong to theirs."""
    with asyncio.Runner() as runner:
        yield runner


async def _hang_up() -> None:
    """Close the connections of clients that the partner packages keep for ever."""
    loop: Any = asyncio.get_running_loop()
    for transport in list(loop._transports.values()):
        transport.abort()
    await asyncio.sleep(0)


@pytest.fixture
def run(runner: asyncio.Runner) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run a coroutine."""
    yield lambda work: runner.run(work, context=contextvars.copy_context())
    runner.run(_hang_up())
    gc.collect()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Whatever a framework leaves open is no other test's affair."""
    yield
    drop_unclosed()
