"""Agents and graphs: whose call it was, for whom, in which conversation."""

import asyncio
from typing import Any, TypedDict

import pytest
from integrations.langchain.test_handler import events, labels, model, pytestmark
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]

from bearlumen import BearLumen, MemoryTransport
from bearlumen_langchain import BearLumenCallbackHandler
from support.openai_server import COUNTS, counts_of
from support.stub import Stub

__all__ = ["pytestmark"]  # the same of LangGraph's


class State(TypedDict):
    """What a graph hands on."""

    text: str


def researcher(provider: Stub) -> Any:
    """An agent with a tool that asks a model itself."""

    @tool
    async def look_up(word: str) -> str:
        """Look a word up."""
        return str((await model(provider).ainvoke(word)).content)

    return create_agent(model(provider), [look_up], name="researcher", checkpointer=InMemorySaver())


def test_an_agent_with_a_model_in_its_tool_is_three_events(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, run: Any
) -> None:
    """All of the agent's, the node and the conversation recorded, none handed to the tool."""
    config: Any = {
        "callbacks": [BearLumenCallbackHandler(bear)], "configurable": {"thread_id": "t-1"},
    }  # fmt: skip
    question = {"messages": [("user", "TOOL")]}
    with bear.scope(end_user="alice"):
        run(researcher(provider).ainvoke(question, config))
    found = events(bear, sent)
    assert [counts_of(event) for event in found] == [COUNTS] * 3
    expected = {
        "end_user": "alice", "agent": "researcher", "workflow": "researcher", "session_id": "t-1",
    }  # fmt: skip
    for event, node in zip(found, ("model", "tools", "model"), strict=True):
        assert labels(event) == expected | {"dimensions": {"langgraph_node": node}}


@pytest.mark.parametrize("mode", ["values", "updates", "messages"])
def test_a_node_of_a_graph_is_the_agent(
    mode: Any, bear: BearLumen, sent: MemoryTransport, provider: Stub
) -> None:
    """In each mode of streaming."""

    def writer(state: State) -> State:
        return {"text": str(model(provider).invoke(state["text"]).content)}

    graph: Any = StateGraph(State)
    graph.add_node("writer", writer)
    graph.add_edge(START, "writer")
    graph.add_edge("writer", END)
    config: Any = {"callbacks": [BearLumenCallbackHandler(bear)]}
    assert list(graph.compile().stream({"text": "hi"}, config, stream_mode=mode))
    found = events(bear, sent)
    assert [labels(event) for event in found] == [
        {"agent": "writer", "dimensions": {"langgraph_node": "writer"}}
    ]
    assert counts_of(found[0]) == COUNTS


def test_a_hundred_agents_at_once_never_cross(
    bear: BearLumen, sent: MemoryTransport, provider: Stub, run: Any
) -> None:
    """One handler for all; the sum is that of all answers."""
    agent = researcher(provider)
    handler = BearLumenCallbackHandler(bear)

    async def ask(number: int) -> None:
        config: Any = {
            "callbacks": [handler],
            "configurable": {"thread_id": f"user-{number}"},
            "metadata": {} if number % 2 else {"user_id": f"user-{number}"},
        }
        question = {"messages": [("user", "TOOL")]}
        if number % 2:
            with bear.scope(end_user=f"user-{number}"):
                await agent.ainvoke(question, config)
        else:
            await agent.ainvoke(question, config)

    async def main() -> None:
        await asyncio.gather(*(ask(number) for number in range(100)))

    run(main())
    found = events(bear, sent)
    assert len(found) == 300 == len(provider.seen)
    assert all(event["user_id"] == event["metadata"]["session_id"] for event in found)
    assert sum(event["input_tokens"] for event in found) == 300 * COUNTS["input_tokens"]
    assert not handler._runs
    assert not handler._roots
