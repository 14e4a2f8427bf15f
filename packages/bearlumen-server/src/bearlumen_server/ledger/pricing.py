"""What an event costs: what its sender says, else its provider, else the price book, else unknown.

A cost that somebody stated is taken as it is, also where the price book says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bearlumen.pricing import Usage
from bearlumen.pricing.book import PriceBook
from bearlumen.pricing.cost import CATALOGUE, exact_units, stated

from . import limits
from .events import PricedEvent
from .normalise import NO_DETAILS
from .rejection import InvalidEventError

if TYPE_CHECKING:
    from decimal import Decimal

    from bearlumen_server.pricebook.own import Prices

    from .events import UsageEvent


def price(event: UsageEvent, *, org_id: str, book: Prices) -> PricedEvent:
    """Put a cost to an event, at the prices of the time of the call.

    Raises:
        InvalidEventError: It would cost more than one event may.
    """
    said = None
    if event.explicit_cost is not None or event.provider_cost is not None:
        said = stated(cost=event.explicit_cost, provider_cost=event.provider_cost)
    elif type(book) is PriceBook and (quick := _token_price(event, book)) is not None:
        # Nearly every event; what is not this plain, or another book's, takes the long way.
        cost, price_id = quick
        if cost <= limits.MAX_COST:
            return PricedEvent(
                org_id=org_id, event=event, cost=cost, cost_source=CATALOGUE, price_id=price_id
            )
    priced = said or book.price(
        provider=event.provider, model=event.model, at=event.at, usage=usage_of(event)
    )
    if priced.cost is not None and priced.cost > limits.MAX_COST:
        raise InvalidEventError(
            "event", f"costs {priced.cost:.0f} USD at its price, the most is {limits.MAX_COST}"
        )
    return PricedEvent(
        org_id=org_id,
        event=event,
        cost=priced.cost,
        cost_source=priced.source,
        price_id=priced.price_id,
    )


def _token_price(event: UsageEvent, book: PriceBook) -> tuple[Decimal, str] | None:
    read, written, details = event.input_tokens, event.output_tokens, event.usage
    if read is None or written is None or event.units or details.tool_calls:
        return None
    return book.token_price(
        provider=event.provider,
        model=event.model,
        at=event.at,
        input_tokens=read,
        output_tokens=written,
        details=None if details is NO_DETAILS else details,
    )


def usage_of(event: UsageEvent) -> Usage:
    """Return what an event consumed, as a price book wants to know it."""
    details = event.usage
    return Usage(
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        cache_read_tokens=details.cache_read_tokens,
        cache_write_tokens=details.cache_write_tokens,
        cache_write_5m_tokens=details.cache_write_5m_tokens,
        cache_write_1h_tokens=details.cache_write_1h_tokens,
        reasoning_tokens=details.reasoning_tokens,
        audio_input_tokens=details.audio_input_tokens,
        audio_output_tokens=details.audio_output_tokens,
        image_input_tokens=details.image_input_tokens,
        image_output_tokens=details.image_output_tokens,
        tool_use_prompt_tokens=details.tool_use_prompt_tokens,
        tool_calls=details.tool_calls,
        units=exact_units(event.units),
        service_tier=details.service_tier,
        batch=details.batch,
        inference_geo=details.inference_geo,
    )
