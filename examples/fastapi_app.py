"""A FastAPI app whose calls are for whoever asks, a streamed answer's included.

    uv run python examples/fastapi_app.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, the server is a
local one, and the test client stands for two customers' browsers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from openai import OpenAI
from replay import OPENAI_CHAT, http_client

from bearlumen import BearLumen
from bearlumen_asgi import BearLumenMiddleware, tracked_user
from bearlumen_server import local_server


def customer(request: Request) -> str | None:
    """Whom a request is for; in your app, whom it has authenticated."""
    return request.headers.get("x-customer")


with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    openai = bear.wrap(OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT)))
    app = FastAPI(dependencies=[Depends(tracked_user(customer, key=str))])
    app.add_middleware(BearLumenMiddleware, client=bear, feature="endpoint")

    def ask(question: str) -> None:
        """Ask the model. Nothing in here knows of requests or customers."""
        openai.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": question}]
        )

    @app.get("/summary")
    def summary() -> str:
        """A page."""
        ask("Sum it up.")
        return "A summary."

    @app.get("/story")
    def story() -> StreamingResponse:
        """A stream, which asks while it is read."""

        def chapters() -> Iterator[str]:
            for number in (1, 2):
                ask(f"Write chapter {number}.")
                yield f"Chapter {number}. "

        return StreamingResponse(chapters())

    with TestClient(app) as browser:  # at its end, what is queued is delivered
        for who, page in (("acme", "summary"), ("globex", "story"), ("acme", "story")):
            print(browser.get(f"/{page}", headers={"x-customer": who}).text)

    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_feature(start_date=today, end_date=today).items:
        print(item.attribution_value, item.event_count, "calls")
