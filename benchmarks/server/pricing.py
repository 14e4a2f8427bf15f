"""What a price costs: an event at ours, beside a call of genai-prices for the same answer.

usage: python benchmarks/server/pricing.py [--quick]
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

import genai_prices
import workload

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearlumen_server.ledger.events import UsageEvent

TARGET_US = 2
ROUNDS = 9
CATALOGUE_IDS = {"gemini": "google"}


def theirs(event: UsageEvent) -> Decimal:
    """Ask genai-prices."""
    usage = genai_prices.Usage(
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        cache_read_tokens=event.usage.cache_read_tokens,
        output_reasoning_tokens=event.usage.reasoning_tokens,
    )
    return genai_prices.calc_price(
        usage,
        event.model,
        provider_id=CATALOGUE_IDS.get(event.provider, event.provider),
        genai_request_timestamp=event.at,
    ).total_price


def microseconds(work: Callable[[UsageEvent], object], events: list[UsageEvent]) -> float:
    """Return the CPU that one event takes, which a busy machine changes least."""
    begun = time.thread_time()
    for event in events:
        work(event)
    return (time.thread_time() - begun) / len(events) * 1e6


def main() -> None:
    """Compare the answers, then the times, in turn."""
    book, now = PriceBook.catalogue(), datetime.now(UTC)
    body = workload.bodies(1, 1000).bodies[0]
    events = decode_batch(body, now=now).events
    few = events[:100]
    for event in events:
        cost = price(event, org_id="o", book=book).cost
        assert cost == theirs(event).quantize(Decimal("1E-12"), ROUND_HALF_EVEN), event
    subjects: dict[str, tuple[Callable[[UsageEvent], object], list[UsageEvent]]] = {
        "an event, as the server prices it": (
            lambda event: price(event, org_id="o", book=book),
            events,
        ),
        "`PriceBook.price`, of any usage": (
            lambda event: book.price(
                provider=event.provider, model=event.model, at=event.at, usage=usage_of(event)
            ),
            events,
        ),
        "`genai_prices.calc_price`": (theirs, few),
    }
    rounds = 2 if "--quick" in sys.argv else ROUNDS
    gc.disable()
    seen: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, (work, some) in subjects.items():
            seen[name].append(microseconds(work, some))
    quickest = min(seen["an event, as the server prices it"])
    print(f"| pricing, µs an event (at most {TARGET_US}) | median | least | times |")
    print("| --- | ---: | ---: | ---: |")
    for name, each in seen.items():
        times = f"{min(each) / quickest:.0f}"
        print(f"| {name} | {statistics.median(each):.2f} | {min(each):.2f} | {times} |")


if __name__ == "__main__":
    main()
