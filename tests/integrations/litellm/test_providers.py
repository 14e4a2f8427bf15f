"""What LiteLLM tells of each provider, against the recorded answer that it was given."""

from typing import Any

import litellm as typed
import pytest
from integrations.litellm.test_calls import CHAT, events, pytestmark, streamed

from bearlumen import BearLumen, MemoryTransport
from support.openai_server import counts_of, played, recording
from support.stub import stub_server

litellm: Any = typed  # what a call returns depends on its options
__all__ = ["pytestmark"]
AWS = {
    "aws_access_key_id": "k", "aws_secret_access_key": "s", "aws_region_name": "us-east-1",
}  # fmt: skip
RECORDED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("anthropic/messages-cache-write-split", "anthropic/claude-x", "anthropic", {}),
    ("anthropic/messages-cache-hit", "anthropic/claude-x", "anthropic", {}),
    ("anthropic/messages-thinking", "anthropic/claude-x", "anthropic", {}),
    ("bedrock/converse-cached", "bedrock/converse/us.amazon.nova-lite-v1:0", "bedrock", AWS),
    ("gemini/generate-content-thoughts-cached", "gemini/gemini-2.5-flash", "gemini", {}),
    ("openai/chat-cached-reasoning-audio", "openai/gpt-x", "openai", {}),
    ("openai/chat-plain", "azure/mine", "azure", {"api_version": "2024-10-21"}),
    ("groq/chat-plain", "groq/llama-x", "groq", {}),
    ("mistral/chat-plain", "mistral/mistral-x", "mistral", {}),
    ("deepseek/chat-plain", "deepseek/deepseek-chat", "deepseek", {}),
    ("together/chat-plain", "together_ai/llama-x", "together", {}),
]
STREAMED = [
    ("anthropic/messages-stream", "anthropic/claude-x"),
    ("gemini/generate-content-stream", "gemini/gemini-2.5-flash"),
    ("openai/chat-stream", "openai/gpt-x"),
    ("mistral/chat-stream", "mistral/mistral-x"),
]


@pytest.mark.parametrize(("name", "model", "seller", "more"), RECORDED)
def test_the_counts_are_those_of_the_answer(
    name: str, model: str, seller: str, more: dict[str, Any], bear: BearLumen, sent: MemoryTransport
) -> None:
    """Totals with what went through a cache; parts where there are some; who was paid."""
    recorded = recording(name)
    with stub_server(lambda _: played(recorded)) as server:
        to = {"api_base": server.url, "api_key": "k"} | more
        litellm.completion(**CHAT | {"model": model}, **to)
        (event,) = events(bear, sent)
    assert event["metadata"]["provider"] == seller
    assert counts_of(event) == {n: c for n, c in recorded.counts.items() if c}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(("name", "model"), STREAMED)
def test_the_counts_of_a_stream_are_those_of_its_end(
    name: str,
    model: str,
    is_async: bool,
    bear: BearLumen,
    sent: MemoryTransport,
    run: Any,
) -> None:
    """The same for one that is read item by item."""
    recorded = recording(name)
    with stub_server(lambda _: played(recorded)) as server:
        to: dict[str, Any] = {
            "api_base": server.url, "api_key": "k", "stream": True,
            "stream_options": {"include_usage": True},
        }  # fmt: skip
        if is_async:
            run(streamed(**CHAT | {"model": model}, **to))
        else:
            list(litellm.completion(**CHAT | {"model": model}, **to))
        (event,) = events(bear, sent)
    assert counts_of(event) == {n: c for n, c in recorded.counts.items() if c}
