"""An agent of Pydantic AI's for two customers, recorded by its spans, and what each cost.

    uv run python examples/pydantic_ai_agent.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one. `pydantic_ai_capability.py` does it without OpenTelemetry.
"""

from datetime import UTC, datetime

import httpx2
from openai import AsyncOpenAI
from opentelemetry.sdk.trace import TracerProvider
from pydantic_ai import Agent
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from replay import OPENAI_CHAT

from bearlumen import BearLumen
from bearlumen_otel import BearLumenSpanProcessor
from bearlumen_server import local_server

transport = httpx2.MockTransport(
    lambda _: httpx2.Response(200, text=OPENAI_CHAT, headers={"Content-Type": "application/json"})
)
openai = AsyncOpenAI(api_key="not-needed", http_client=httpx2.AsyncClient(transport=transport))
tracers = TracerProvider()
agent = Agent(
    OpenAIChatModel("gpt-4o", provider=OpenAIProvider(openai_client=openai)),
    capabilities=[Instrumentation(settings=InstrumentationSettings(tracer_provider=tracers))],
    name="greeter",
)

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    tracers.add_span_processor(BearLumenSpanProcessor(bear))
    for customer in ("acme", "globex", "acme"):
        with bear.scope(end_user=customer):
            agent.run_sync("Hello!")

    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_agent(start_date=today, end_date=today).items:
        print(item.attribution_value, item.event_count, "calls")
