"""Calls through LiteLLM for two customers and two features, and what each cost.

    uv run python examples/litellm_completions.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one.
"""

import os
import time
from datetime import UTC, datetime
from typing import Any

# Before LiteLLM is imported: it would fetch its price map from the network.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from openai import OpenAI
from replay import OPENAI_CHAT, http_client

import bearlumen_litellm
from bearlumen import BearLumen
from bearlumen_server import local_server

openai = OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT))
messages = [{"role": "user", "content": "Hello!"}]
call: Any = {"model": "openai/gpt-4o", "messages": messages, "client": openai}

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    bearlumen_litellm.instrument(bear)
    for customer in ("acme", "globex", "acme"):
        with bear.scope(end_user=customer, feature="greeting"):
            litellm.completion(**call)
    litellm.completion(**call, metadata={"user_id": "globex", "feature": "farewell"})

    time.sleep(0.5)  # LiteLLM calls back on a thread of its own, soon after
    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_feature(start_date=today, end_date=today).items:
        print(item.attribution_value, item.event_count, "calls")
