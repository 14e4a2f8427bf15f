"""An agent of LangChain's with a tool, for two customers, and what each cost.

    uv run python examples/langchain_agent.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one.
"""

from datetime import UTC, datetime
from typing import Any

from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from replay import OPENAI_CHAT, http_client

import bearlumen_langchain
from bearlumen import BearLumen
from bearlumen_server import local_server


def weather(city: str) -> str:
    """Say what the weather is like."""
    return f"It is sunny in {city}."


model = ChatOpenAI(
    model="gpt-4o", api_key=SecretStr("not-needed"), http_client=http_client(OPENAI_CHAT)
)
agent: Any = create_agent(model, [weather], name="meteorologist")  # pyright: ignore[reportUnknownVariableType]

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    bearlumen_langchain.instrument(bear)
    for customer in ("acme", "globex", "acme"):
        question = {"messages": [{"role": "user", "content": "Is it sunny in Bonn?"}]}
        agent.invoke(question, {"metadata": {"user_id": customer}})

    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_agent(start_date=today, end_date=today).items:
        print(item.attribution_value, item.event_count, "calls")
