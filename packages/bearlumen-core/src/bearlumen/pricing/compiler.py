"""From catalogue prices to integer rates, without rounding any.

The scale is chosen per price list: fine enough for its finest price, and never coarser than the
picodollar costs are kept in. Most lists then need no division at all.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from operator import attrgetter
from typing import TYPE_CHECKING

from genai_prices.data_units import unit_data

from .rates import PICODOLLARS, Overlap, Rates, Side
from .residency import ORDINARY
from .usage import NoPrice, cache_writes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from .rates import Count
    from .usage import Details

PER: Mapping[str, int] = {str(unit["price_key"]): int(unit["per"]) for unit in unit_data.values()}
"""How many units each kind of price is for: `input_mtok` is dollars per 1,000,000."""

UNIT_PRICES: Mapping[str, tuple[str, ...]] = {
    "characters": ("input_mchars",),
    "messages": ("input_text_messages_kcount",),
    "pages": ("input_document_kpages",),
    "pixels": ("input_gpixels",),
    # Who hears seconds bills them as input where the catalogue tells the two apart.
    "seconds": ("input_audio_hours", "audio_hours"),
    "search_units": ("rerank_searches_kcount",),
    "requests": ("requests_kcount",),
}
"""Our unit names to the catalogue's prices, the more specific first."""

TOOL_PRICES: Mapping[str, tuple[str, ...]] = {
    "code_execution": ("code_executions_kcount",),
    "code_interpreter": ("code_executions_kcount",),
    "file_search": ("storage_searches_kcount",),
    "web_search": ("web_searches_kcount",),
    "x_search": ("social_searches_kcount",),
}
"""Billed server tools by our names to the catalogue's prices."""

TOKEN_PRICES = frozenset(
    {
        "input_mtok",
        "cache_read_mtok",
        "cache_write_mtok",
        "cache_write_5m_mtok",
        "cache_write_1h_mtok",
        "input_audio_mtok",
        "input_image_mtok",
        "cache_audio_read_mtok",
        "cache_image_read_mtok",
        "output_mtok",
        "output_reasoning_mtok",
        "output_audio_mtok",
        "output_image_mtok",
    }
)
"""Prices of tokens of any kind."""

NOT_REPORTED = frozenset(
    {
        "input_video_mtok",
        "output_video_mtok",
        "cache_video_read_mtok",
        "output_citation_mtok",
        "input_annotated_document_kpages",
        "output_audio_hours",
    }
)
"""Prices of kinds our events do not count apart: they stay in the kind that contains them."""

UNDERSTOOD = (
    TOKEN_PRICES
    | NOT_REPORTED
    | {key for table in (UNIT_PRICES, TOOL_PRICES) for keys in table.values() for key in keys}
)
"""Every price this module charges for, or knows why it does not."""


def compile_rates(
    prices: Mapping[str, Decimal],
    *,
    price_id: str,
    minimum_seconds: int = 0,
    token_factor: Fraction = ORDINARY,
) -> Rates:
    """Turn catalogue prices into integer rates without rounding any.

    Args:
        prices: US dollars by catalogue price key, for example `{"input_mtok": Decimal("2.5")}`.
        price_id: The name of this price list.
        minimum_seconds: The shortest duration that is billed.
        token_factor: What the prices of tokens are multiplied by.

    Raises:
        NoPrice: There are no prices, or one of a kind this module does not know how to charge.
    """
    if not prices:
        raise NoPrice("is listed in the catalogue without a price")
    if unknown := sorted(prices.keys() - UNDERSTOOD):
        raise NoPrice(f"is priced by {unknown[0]}, which this version cannot count")
    rates, scale = scaled(
        {
            key: Fraction(price) * (token_factor if key in TOKEN_PRICES else 1)
            for key, price in prices.items()
        }
    )
    return Rates(
        price_id=price_id,
        scale=scale,
        input=_input_side(rates),
        output=_output_side(rates),
        units=_by_name(UNIT_PRICES, rates),
        tools=_by_name(TOOL_PRICES, rates),
        minimum_seconds=minimum_seconds,
        per_request="requests_kcount" in rates,
        bills_tokens=bool(TOKEN_PRICES & rates.keys()),
        # The hours of a session are more than those of audio that was handed in.
        bills_sessions="audio_hours" in rates and "input_audio_hours" not in rates,
    )


def scaled(prices: Mapping[str, Decimal] | Mapping[str, Fraction]) -> tuple[dict[str, int], int]:
    """What one unit costs as an integer, by price key, and what to divide by for US dollars."""
    exact = {key: Fraction(price) / PER[key] for key, price in prices.items()}
    scale = lcm(PICODOLLARS, *(rate.denominator for rate in exact.values()))
    # The scale is a multiple of every denominator, so nothing is cut off.
    return {key: int(rate * scale) for key, rate in exact.items()}, scale


def _input_side(rates: Mapping[str, int]) -> Side:
    base = rates.get("input_mtok", 0)
    written = rates.get("cache_write_mtok")
    kinds: list[tuple[Count, int | None]] = [
        (attrgetter("cache_read_tokens"), rates.get("cache_read_mtok")),
        (_short_writes, rates.get("cache_write_5m_mtok", written)),
        (attrgetter("cache_write_1h_tokens"), rates.get("cache_write_1h_mtok", written)),
        (attrgetter("audio_input_tokens"), rates.get("input_audio_mtok")),
        (attrgetter("image_input_tokens"), rates.get("input_image_mtok")),
    ]
    overlaps = tuple(
        Overlap(
            name=media,
            media=attrgetter(f"{media}_input_tokens"),
            surcharge=both - rates[f"input_{media}_mtok"] - rates["cache_read_mtok"] + base,
        )
        for media in ("audio", "image")
        if (both := rates.get(f"cache_{media}_read_mtok")) is not None
    )
    return Side(
        name="input",
        rate=rates.get("input_mtok"),
        parts=_parts(kinds, base),
        overlaps=overlaps,
    )


def _output_side(rates: Mapping[str, int]) -> Side:
    kinds: list[tuple[Count, int | None]] = [
        (attrgetter("reasoning_tokens"), rates.get("output_reasoning_mtok")),
        (attrgetter("audio_output_tokens"), rates.get("output_audio_mtok")),
        (attrgetter("image_output_tokens"), rates.get("output_image_mtok")),
    ]
    rate = rates.get("output_mtok")
    return Side(name="output", rate=rate, parts=_parts(kinds, rate or 0))


def _parts(kinds: Sequence[tuple[Count, int | None]], base: int) -> tuple[tuple[Count, int], ...]:
    """The kinds that have a price; the tokens of the others cost what the total costs."""
    return tuple((count, rate - base) for count, rate in kinds if rate is not None)


def _short_writes(usage: Details) -> int:
    if usage.cache_write_5m_tokens or usage.cache_write_1h_tokens:
        return cache_writes(usage) - usage.cache_write_1h_tokens
    return usage.cache_write_tokens


def _by_name(table: Mapping[str, tuple[str, ...]], rates: Mapping[str, int]) -> dict[str, int]:
    found = {name: [rates[key] for key in keys if key in rates] for name, keys in table.items()}
    return {name: candidates[0] for name, candidates in found.items() if candidates}
