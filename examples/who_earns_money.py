"""From events and invoices to margins, at prices of your own, and why an event costs what it does.

    uv run python examples/who_earns_money.py

The deployment has a name that no price list knows, so its calls are unpriced at first. An alias
says which model it is, a price says what was negotiated, and a re-cost puts both to what is stored.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bearlumen import BearLumen
from bearlumen_server import local_server

today = datetime.now(UTC).date()
day: dict[str, Any] = {"start_date": today, "end_date": today}

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    for customer, tokens in (("acme", 400_000), ("globex", 900_000)):
        bear.track(
            {
                "object": "chat.completion",
                "model": "prod-chat-eu",
                "usage": {"prompt_tokens": tokens, "completion_tokens": tokens // 10},
            },
            provider="azure",
            feature="chat",
            user_id=customer,
        )
        bear.revenue.report(revenue_id=f"invoice-{customer}", external_id=customer, amount="2.00")
    bear.flush()
    print("unpriced at first:", bear.costs.summary(**day).unpriced_events, "events")

    bear.prices.set_alias(alias="prod-chat-*", provider="azure", model="gpt-4o")
    bear.prices.set(model="gpt-4o", provider="azure", prices={"input_tokens": Decimal("2.00")})
    print("a re-cost would price", bear.prices.recost(**day).newly_priced_events, "events")
    bear.prices.recost(**day, dry_run=False)

    for end_user in bear.margins.by_end_user(**day):
        print(end_user.end_user_id, end_user.margin, "USD,", end_user.margin_percent, "%")

    event = bear.usage.events(**day, external_id="acme").events[0]
    for line in bear.prices.explain(event.event_id).lines:
        print(f"{line.quantity} {line.kind} at {line.price} USD per {line.per}: {line.amount}")
