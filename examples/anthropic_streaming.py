"""Track a streamed Anthropic message: read the wrapper as you would the stream.

    uv run python examples/anthropic_streaming.py

It needs no key: a recorded-shape answer is replayed below the real Anthropic client.
"""

from datetime import UTC, datetime

from anthropic import Anthropic
from replay import ANTHROPIC_STREAM, http_client

from bearlumen import BearLumen
from bearlumen_server import local_server

anthropic = Anthropic(
    api_key="not-needed", http_client=http_client(ANTHROPIC_STREAM, "text/event-stream")
)

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    stream = anthropic.messages.create(
        model="claude-haiku-4-5",
        max_tokens=100,
        messages=[{"role": "user", "content": "Hello!"}],
        stream=True,
    )
    tracked = bear.track(stream, feature="chat", agent="greeter", session_id="session-1")
    for event in tracked:  # the events pass through unchanged
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            print(event.delta.text, end="")
    print()

    result = tracked.result  # ready once the stream is read
    print(result.input_tokens, "in,", result.cache_read_tokens, "of them from cache")

    bear.flush()
    today = datetime.now(UTC).date()
    for item in bear.costs.by_agent(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
