"""Tasks that run for two customers, in a worker that is told for whom by their messages.

    uv run python examples/celery_tasks.py

It needs no key and no broker: a recorded-shape answer is replayed below the real OpenAI client, the
server is a local one, and the messages stay in memory.
"""

from datetime import UTC, datetime
from typing import Any

from celery import Celery  # pyright: ignore[reportMissingTypeStubs]
from celery.contrib.testing import worker  # pyright: ignore[reportMissingTypeStubs]
from openai import OpenAI
from replay import OPENAI_CHAT, http_client

import bearlumen_celery
from bearlumen import BearLumen
from bearlumen_server import local_server

start_worker: Any = worker.start_worker  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
app: Any = Celery("example", broker="memory://", backend="cache+memory://")

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    openai = bear.wrap(OpenAI(api_key="not-needed", http_client=http_client(OPENAI_CHAT)))
    bearlumen_celery.instrument(bear, task_as_feature=True)

    @app.task(name="summarise")
    def summarise(text: str) -> str | None:
        """Ask the model. Nothing in here knows of customers."""
        response = openai.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": text}]
        )
        return response.choices[0].message.content

    with start_worker(app, pool="threads", perform_ping_check=False):
        sent: list[Any] = []
        for customer in ("acme", "globex", "acme"):
            with bear.scope(end_user=customer):
                sent.append(summarise.delay("A long text."))
        for result in sent:
            print(result.get(timeout=20))

    bear.flush()  # so that the questions below see the events
    today = datetime.now(UTC).date()
    for item in bear.costs.detailed_by_end_user(start_date=today, end_date=today).items:
        print(item.attribution_value, item.total_cost, "USD")
