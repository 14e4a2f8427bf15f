"""What each partner package tells of a call, against the recorded answer that it was given."""

from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_aws import ChatBedrockConverse
from langchain_deepseek import ChatDeepSeek
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_groq import ChatGroq
from langchain_mistralai import ChatMistralAI
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI

from bearlumen import BearLumen, MemoryTransport
from bearlumen_langchain import BearLumenCallbackHandler
from support.openai_server import counts_of, played, recording
from support.stub import Seen, stub_server

pytestmark = [
    # What LangChain and its partner packages leave open, or warn of themselves.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

MODELS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "openai": (
        ChatOpenAI,
        {"model": "gpt-4o", "base_url": "URL", "api_key": "k", "stream_usage": True},
        "openai/chat-cached-reasoning-audio",
        "openai/chat-stream",
    ),
    "responses": (
        ChatOpenAI,
        {"model": "gpt-4o", "base_url": "URL", "api_key": "k", "use_responses_api": True},
        "openai/responses-plain",
        "openai/responses-stream",
    ),
    "anthropic": (
        ChatAnthropic,
        {"model": "claude-haiku-4-5", "base_url": "URL", "api_key": "k"},
        "anthropic/messages-cache-write-split",
        "anthropic/messages-stream-input-raised",
    ),
    "bedrock": (
        ChatBedrockConverse,
        {
            "model": SONNET,
            "endpoint_url": "URL",
            "region_name": "us-east-1",
            "aws_access_key_id": "k",
            "aws_secret_access_key": "k",
        },
        "bedrock/converse-cached",
        "bedrock/converse-stream",
    ),
    "gemini": (
        ChatGoogleGenerativeAI,
        {"model": "gemini-2.5-flash", "base_url": "URL", "google_api_key": "k"},
        "gemini/generate-content-thoughts-cached",
        "gemini/generate-content-stream",
    ),
    "mistral": (
        ChatMistralAI,
        {"model": "mistral-small-latest", "endpoint": "URL", "api_key": "k"},
        "mistral/chat-plain",
        "mistral/chat-stream",
    ),
    "ollama": (
        ChatOllama,
        {"model": "llama3.2", "base_url": "URL"},
        "ollama/chat-stream",  # it always streams
        "ollama/chat-stream",
    ),
    "groq": (
        ChatGroq,
        {"model": "llama-3.3-70b-versatile", "base_url": "URL", "api_key": "k"},
        "groq/chat-plain",
        "groq/chat-stream",
    ),
    "deepseek": (
        ChatDeepSeek,
        {"model": "deepseek-chat", "api_base": "URL", "api_key": "k"},
        "deepseek/chat-plain",
        "deepseek/chat-stream",
    ),
}


@pytest.mark.parametrize("streaming", [False, True], ids=["invoke", "stream"])
@pytest.mark.parametrize("name", MODELS)
def test_a_partner_package_tells_what_was_billed(
    name: str,
    streaming: bool,  # noqa: FBT001
    bear: BearLumen,
    sent: MemoryTransport,
    run: Any,
) -> None:
    """The totals and parts of the recording, each call once: sync, async, in batches, by events."""
    kind, options, plain, stream = MODELS[name]
    recorded = recording(stream if streaming else plain)

    def answer(_: Seen) -> Any:
        return played(recorded)

    config: Any = {"callbacks": [BearLumenCallbackHandler(bear)]}
    with stub_server(answer) as server:
        model = kind(**{k: server.url if v == "URL" else v for k, v in options.items()})

        async def main() -> None:
            if streaming:
                assert [chunk async for chunk in model.astream("hi", config)]
                assert [e async for e in model.astream_events("hi", config, version="v2")]
            else:
                await model.ainvoke("hi", config)
                await model.abatch(["a", "b", "c"], config)

        if streaming:
            assert list(model.stream("hi", config))
        else:
            model.invoke("hi", config)
            model.batch(["a", "b", "c"], config)
        run(main())
        calls = 3 if streaming else 8
        assert len(server.seen) == calls
    bear.flush()
    provider = "openai" if name == "responses" else name
    assert [event["metadata"]["provider"] for event in sent.events] == [provider] * calls
    for event in sent.events:
        assert counts_of(event) == expected(recorded.counts, name, streaming=streaming)
        assert event["model"] in {recorded.model, recorded.request_model, SONNET, asked(model)}


def expected(counts: Any, name: str, *, streaming: bool) -> dict[str, int]:
    """What of a recording can come through LangChain: a part of 0 says nothing there."""
    found = {n: c for n, c in counts.items() if c or n in {"input_tokens", "output_tokens"}}
    if name == "anthropic" and streaming:
        # LangChain takes the sum of the writes alone from a stream.
        found = {n: c for n, c in found.items() if "_5m_" not in n and "_1h_" not in n}
    return found


def asked(model: Any) -> str:
    """The model that was asked for."""
    return getattr(model, "model_name", None) or model.model
