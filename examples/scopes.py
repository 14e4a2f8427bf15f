"""Say once whom the program works for, and ask what each customer and agent cost.

    uv run python examples/scopes.py

It needs no key: a recorded-shape answer is replayed below the real OpenAI client, and the server
is a local one.
"""

from datetime import UTC, datetime

from openai import OpenAI
from openai.types.chat import ChatCompletion
from replay import OPENAI_CHAT, http_client

import bearlumen
from bearlumen import BearLumen
from bearlumen_server import local_server

openai = OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT))


@bearlumen.track_calls
def ask(question: str) -> ChatCompletion:
    """Ask the model. Nothing in here knows of customers."""
    return openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": question}]
    )


@bearlumen.track_agent("researcher")
def research(topic: str) -> None:
    """An agent: two calls."""
    ask(f"What is known of {topic}?")
    ask(f"What is not known of {topic}?")


@bearlumen.track_feature("report", end_user="customer")
def report(topic: str, customer: str) -> None:
    """A feature of the product, used by a customer."""
    research(topic)
    ask(f"Sum it up for {customer}.")


with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    bearlumen.configure(client=bear)
    report("bears", customer="acme")
    report("lights", customer="globex")
    with bearlumen.scope(end_user="acme", feature="chat"):
        ask("Hello!")

    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
    for item in bear.costs.by_agent(start_date=today, end_date=today).items:
        print(item.attribution_value or "no agent", item.total_cost, "USD")
