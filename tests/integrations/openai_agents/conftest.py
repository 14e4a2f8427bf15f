"""Real agents with a server of ours in the place of OpenAI's."""

import json
import time
from collections.abc import Iterator
from typing import Any

import agents
import pytest
from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel
from openai import AsyncOpenAI

import bearlumen_openai_agents
from bearlumen import BearLumen
from support.openai_server import USAGE, OpenAI, drop_unclosed
from support.stub import Reply, Seen, Stub, stub_server

ARGUMENTS = {"look_up": '{"word": "bear"}', "ask_writer": '{"input": "write"}'}
"""What the tools are called with; a handoff with nothing."""


class Answering(OpenAI):
    """The Responses API too.

    TOOL calls the first tool that is offered, once in a conversation; SLOW takes its time.
    """

    def __call__(self, seen: Seen) -> Reply:
        """Answer."""
        body = seen.json
        text = json.dumps(body)
        if "SLOW" in text:
            time.sleep(0.3)
        if not seen.path.endswith("/responses") or "FAIL" in text:
            return super().__call__(seen)
        self.asked.append(body)
        answer = self._response(body, text)
        if not body.get("stream"):
            return Reply(body=answer)
        kinds = ("response.created", "response.completed")
        states = {"status": "in_progress", "usage": None}, {}
        lines = [
            {"type": kind, "sequence_number": n, "response": answer | state}
            for n, (kind, state) in enumerate(zip(kinds, states, strict=True))
        ]
        content = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in lines)
        return Reply(body=content.encode(), headers={"Content-Type": "text/event-stream"})

    def _response(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        tools = [tool["name"] for tool in body.get("tools") or ()]
        content = [{"type": "output_text", "text": "hello", "annotations": []}]
        output: dict[str, Any] = {
            "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": content,
        }  # fmt: skip
        if "TOOL" in text and tools and "function_call_output" not in text:
            output = {
                "type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed",
                "name": tools[0], "arguments": ARGUMENTS.get(tools[0], "{}"),
            }  # fmt: skip
        return {
            "id": f"resp_{len(self.asked)}", "object": "response", "created_at": 1,
            "model": f"{body['model']}-2026-01-01", "status": "completed", "output": [output],
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            "service_tier": "flex",
            "usage": {
                "input_tokens": USAGE["prompt_tokens"],
                "output_tokens": USAGE["completion_tokens"],
                "total_tokens": USAGE["total_tokens"],
                "input_tokens_details": USAGE["prompt_tokens_details"],
                "output_tokens_details": USAGE["completion_tokens_details"],
            },
        }  # fmt: skip


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
