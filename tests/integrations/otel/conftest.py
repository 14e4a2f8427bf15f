"""Spans of real tracers, and a client whose events stay in memory."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

from bearlumen import BearLumen
from bearlumen_otel import BearLumenSpanProcessor
from support.openai_server import OpenAI, drop_unclosed
from support.stub import Stub, stub_server


@pytest.fixture
def provider() -> Iterator[Stub]:
    """A server that answers as OpenAI does."""
    with stub_server(OpenAI()) as server:
        yield server


@pytest.fixture
def tracers(bear: BearLumen) -> TracerProvider:
    """Spans that become events."""
    provider = TracerProvider()
    provider.add_span_processor(BearLumenSpanProcessor(bear))
    return provider


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Whatever a framework leaves open is no other test's affair."""
    yield
    drop_unclosed()
