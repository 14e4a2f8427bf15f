"""Real agents with a server of ours in the place of OpenAI's."""

from collections.abc import Iterator
from typing import Any

import agents
import pytest
from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel
from openai import AsyncOpenAI

import bearlumen_openai_agents
from bearlumen import BearLumen
from support.openai_server import drop_unclosed
from support.responses_server import Answering
from support.stub import Stub, stub_server


@pytest.fixture
def provider() -> Iterator[Stub]:
    """A server that answers as OpenAI does."""
    with stub_server(Answering()) as server:
        yield server


@pytest.fixture
def client(provider: Stub) -> AsyncOpenAI:
    """OpenAI's client, which holds no connection that the next event loop would find."""
    return AsyncOpenAI(
        base_url=f"{provider.url}/v1",
        api_key="k",
        max_retries=1,
        default_headers={"Connection": "close"},
    )


@pytest.fixture(params=["responses", "chat"])
def model(request: pytest.FixtureRequest, client: AsyncOpenAI) -> Any:
    """Either of the SDK's models of OpenAI."""
    kinds: dict[str, Any] = {
        "responses": OpenAIResponsesModel, "chat": OpenAIChatCompletionsModel,
    }  # fmt: skip
    return kinds[request.param](model="gpt-x", openai_client=client)


@pytest.fixture(autouse=True)
def _local() -> Iterator[None]:
    """No traces go to OpenAI, and what a framework leaves open is no other test's affair."""
    agents.set_trace_processors([])
    agents.set_tracing_disabled(disabled=False)
    yield
    agents.set_trace_processors([])
    drop_unclosed()


@pytest.fixture
def _instrumented(bear: BearLumen) -> Iterator[None]:
    """Every run is recorded."""
    bearlumen_openai_agents.instrument(bear)
    yield
    bearlumen_openai_agents.uninstrument()
