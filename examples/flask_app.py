"""A Flask app whose calls are for whoever asks, a streamed answer's included.

    uv run python examples/flask_app.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, the server is a
local one, and Flask's test client stands for two customers' browsers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Flask, Response, request
from openai import OpenAI
from replay import OPENAI_CHAT, http_client

import bearlumen
from bearlumen import BearLumen
from bearlumen_flask import BearLumenFlask
from bearlumen_server import local_server

openai = OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT))
app = Flask(__name__)
extension = BearLumenFlask()


@extension.user_loader
def customer() -> str | None:
    """Whom a request is for; in your app, whom it has authenticated."""
    return request.headers.get("X-Customer")


@bearlumen.track_calls
def ask(question: str) -> object:
    """Ask the model. Nothing in here knows of requests or customers."""
    return openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )


@app.route("/summary")
def summary() -> str:
    """A page."""
    ask("Sum it up.")
    return "A summary."


@app.route("/story")
def story() -> Response:
    """A stream, which asks while it is read."""

    def chapters() -> Iterator[str]:
        for number in (1, 2):
            ask(f"Write chapter {number}.")
            yield f"Chapter {number}. "

    return Response(chapters())


with local_server() as server:
    app.config |= {
        "BEARLUMEN_API_KEY": server.api_key,
        "BEARLUMEN_BASE_URL": server.url,
        "BEARLUMEN_FEATURE": "endpoint",
    }
    extension.init_app(app)
    browser = app.test_client()
    for who, page in (("acme", "summary"), ("globex", "story"), ("acme", "story")):
        print(browser.get(f"/{page}", headers={"X-Customer": who}).text)

    bear = bearlumen.get_client()
    assert isinstance(bear, BearLumen)  # noqa: S101
    bear.shutdown()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_feature(start_date=today, end_date=today).items:
        print(item.attribution_value, item.event_count, "calls")
