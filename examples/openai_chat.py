"""Track an OpenAI chat completion, and ask what it cost.

    uv run python examples/openai_chat.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one. In your program, `OpenAI()` and your own server's URL and key take their places.
"""

from datetime import UTC, datetime

from openai import OpenAI
from replay import OPENAI_CHAT, http_client

from bearlumen import BearLumen
from bearlumen_server import local_server

openai = OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT))

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    response = openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hello!"}]
    )
    result = bear.track(response, feature="greeting", user_id="customer_7")
    print(result.model, result.input_tokens, "in,", result.output_tokens, "out")

    bear.flush()  # so that the question below sees the event
    today = datetime.now(UTC).date()
    for item in bear.costs.by_feature(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
