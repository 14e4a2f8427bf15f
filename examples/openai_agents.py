"""Two agents of the OpenAI Agents SDK for two customers, and what each cost.

    uv run python examples/openai_agents.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one.
"""

from datetime import UTC, datetime

import httpx2
from agents import (
    Agent,
    RunConfig,
    Runner,
    set_default_openai_api,
    set_default_openai_client,
    set_trace_processors,
)
from openai import AsyncOpenAI
from replay import OPENAI_CHAT

import bearlumen_openai_agents
from bearlumen import BearLumen
from bearlumen_server import local_server

transport = httpx2.MockTransport(
    lambda _: httpx2.Response(200, text=OPENAI_CHAT, headers={"Content-Type": "application/json"})
)
http = httpx2.AsyncClient(transport=transport)
set_default_openai_client(AsyncOpenAI(api_key="not-needed", http_client=http))
set_default_openai_api("chat_completions")
set_trace_processors([])  # no traces to OpenAI, of an example
greeter, writer = Agent(name="greeter", model="gpt-4o"), Agent(name="writer", model="gpt-4o")

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    bearlumen_openai_agents.instrument(bear)
    for customer in ("acme", "globex", "acme"):
        with bear.scope(end_user=customer):
            for agent in (greeter, writer):
                Runner.run_sync(agent, "Hello!", run_config=RunConfig(group_id="conversation_1"))

    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_agent(start_date=today, end_date=today).items:
        print(item.attribution_value, item.event_count, "calls")
