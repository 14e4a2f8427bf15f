"""Pydantic AI's models with a server of ours in the place of their providers'."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

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


@pytest.fixture(params=["chat", "responses"])
def kind(request: pytest.FixtureRequest) -> Any:
    """Either of the models of OpenAI."""
    return {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}[request.param]


@pytest.fixture
def model(kind: Any, client: AsyncOpenAI) -> Any:
    """Either of them, with a client."""
    return kind("gpt-x", provider=OpenAIProvider(openai_client=client))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Whatever a framework leaves open is no other test's affair."""
    yield
    drop_unclosed()
