"""Completions of LlamaIndex's for two customers, and what each cost.

    uv run --no-default-groups --group llamaindex python examples/llamaindex_completions.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one.
"""

from datetime import UTC, datetime

import httpx
from llama_index.llms.openai import OpenAI
from replay import OPENAI_CHAT

import bearlumen_llamaindex
from bearlumen import BearLumen
from bearlumen_server import local_server

transport = httpx.MockTransport(
    lambda _: httpx.Response(200, text=OPENAI_CHAT, headers={"Content-Type": "application/json"})
)
llm = OpenAI(model="gpt-4o", api_key="not-needed", http_client=httpx.Client(transport=transport))

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    bearlumen_llamaindex.instrument(bear)
    for customer in ("acme", "globex", "acme"):
        with bear.scope(end_user=customer, feature="greeting"):
            print(llm.complete("Hello!").text)

    bear.flush()  # so that the question below sees the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
