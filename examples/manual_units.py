"""Track what has no tokens: characters of speech, images, seconds of a GPU.

    uv run python examples/manual_units.py

A cost that you know is taken as it is. Without one, and without a known price, the event is
counted as unpriced: its cost is unknown, which is not zero.
"""

from datetime import UTC, datetime
from decimal import Decimal

from bearlumen import BearLumen, Provider
from bearlumen_server import local_server

with local_server() as server, BearLumen(api_key=server.api_key, base_url=server.url) as bear:
    bear.track(
        None,
        model="eleven_multilingual_v2",
        provider=Provider.ELEVENLABS,
        feature="narration",
        units={"characters": 1500},
    )
    bear.track(
        None,
        model="a100-80gb",
        provider="our-cluster",
        feature="fine-tuning",
        units={"gpu_seconds": 420},
        cost=Decimal("0.42"),
        dimensions={"team": "research"},
    )

    bear.flush()
    today = datetime.now(UTC).date()
    costs = bear.costs.by_feature(start_date=today, end_date=today)
    for item in costs.items:
        known = item.event_count > item.unpriced_events
        print(item.attribution_value, f"{item.total_cost} USD" if known else "at an unknown cost")
    print("total", costs.total_cost, "USD;", costs.unpriced_events, "event without a known price")
