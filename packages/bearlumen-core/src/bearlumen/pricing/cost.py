"""What a call costs: what its caller says, else its provider, else the catalogue, else unknown.

A cost that somebody stated is taken as it is, also where the catalogue says otherwise.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Final

from .catalogue import catalogue
from .usage import FRACTIONAL_DIGITS, Priced, Usage, unpriced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EXPLICIT: Final = "explicit"
"""The caller stated the cost."""
CATALOGUE: Final = "catalogue"
"""It is what the price book says."""
PROVIDER: Final = "provider"
"""The provider stated it in its response, as OpenRouter, Perplexity and xAI do."""

_STEP = Decimal(1).scaleb(-FRACTIONAL_DIGITS)
# An amount that does not fit becomes NaN; nobody's call costs 10**50 US dollars.
_CONTEXT = Context(prec=64, traps=[])


def cost_of(
    *,
    provider: str,
    model: str,
    at: datetime,
    counts: Mapping[str, int],
    units: Mapping[str, int | float],
    tool_calls: Mapping[str, int],
    service_tier: str | None,
    batch: bool,
    inference_geo: str | None,
    provider_cost: Decimal | None,
    cost: Decimal | None,
) -> Priced:
    """Price one call as the server prices its event.

    Args:
        provider: Our name of the provider.
        model: The model id as the provider returned it; "" if nobody named it.
        at: When the call was made, aware; the prices of that time apply.
        counts: Token counts by our names, those that were reported. Totals are inclusive.
        units: Counts of anything but tokens.
        tool_calls: Calls of billed server tools by name.
        service_tier: The tier that served the call, in the provider's own word.
        batch: Whether it was part of a batch.
        inference_geo: Where the model ran, in the provider's own word.
        provider_cost: USD as the provider states them.
        cost: USD as the caller states them.

    Raises:
        MissingExtraError: Nobody stated a cost, and the catalogue is not installed.
    """
    said = stated(cost=cost, provider_cost=provider_cost)
    if said is not None:
        return said
    usage = usage_of(
        counts,
        units=units,
        tool_calls=tool_calls,
        service_tier=service_tier,
        batch=batch,
        inference_geo=inference_geo,
    )
    return catalogue().price(provider=provider, model=model, at=at, usage=usage)


def stated(*, cost: Decimal | None, provider_cost: Decimal | None) -> Priced | None:
    """The cost that somebody stated, the caller before the provider; None if nobody did.

    It has the digits of the ledger: twelve after the point, rounded half to even.
    """
    for amount, source in ((cost, EXPLICIT), (provider_cost, PROVIDER)):
        if amount is None:
            continue
        kept = amount.quantize(_STEP, ROUND_HALF_EVEN, _CONTEXT)
        if not kept.is_finite() or kept < 0:
            return unpriced("the stated cost is not an amount of US dollars")
        return Priced(cost=kept.copy_abs(), source=source, price_id=None, reason=None)
    return None


def usage_of(
    counts: Mapping[str, int],
    *,
    units: Mapping[str, int | float],
    tool_calls: Mapping[str, int],
    service_tier: str | None,
    batch: bool,
    inference_geo: str | None,
) -> Usage:
    """What the price book is asked about; a total that is not among the counts is not reported."""
    return Usage(
        input_tokens=counts.get("input_tokens"),
        output_tokens=counts.get("output_tokens"),
        cache_read_tokens=counts.get("cache_read_tokens", 0),
        cache_write_tokens=counts.get("cache_write_tokens", 0),
        cache_write_5m_tokens=counts.get("cache_write_5m_tokens", 0),
        cache_write_1h_tokens=counts.get("cache_write_1h_tokens", 0),
        reasoning_tokens=counts.get("reasoning_tokens", 0),
        audio_input_tokens=counts.get("audio_input_tokens", 0),
        audio_output_tokens=counts.get("audio_output_tokens", 0),
        image_input_tokens=counts.get("image_input_tokens", 0),
        image_output_tokens=counts.get("image_output_tokens", 0),
        tool_use_prompt_tokens=counts.get("tool_use_prompt_tokens", 0),
        tool_calls=tool_calls,
        units=exact_units(units),
        service_tier=service_tier,
        batch=batch,
        inference_geo=inference_geo,
    )


def exact_units(units: Mapping[str, int | float]) -> dict[str, Decimal]:
    """Quantities as they are written: by way of the text, so that 0.1 is a tenth."""
    return {name: Decimal(str(quantity)) for name, quantity in units.items()}
