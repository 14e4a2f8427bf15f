"""The names of what has a price: ours, and those of the catalogue."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bearlumen.pricing.compiler import TOOL_PRICES, UNIT_PRICES

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKENS_PER_PRICE: Final = 1_000_000
"""Own prices of tokens are for so many."""

CATALOGUE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "input_tokens": "input_mtok",
        "cache_read_tokens": "cache_read_mtok",
        "cache_write_tokens": "cache_write_mtok",
        "cache_write_5m_tokens": "cache_write_5m_mtok",
        "cache_write_1h_tokens": "cache_write_1h_mtok",
        "audio_input_tokens": "input_audio_mtok",
        "image_input_tokens": "input_image_mtok",
        "output_tokens": "output_mtok",
        "reasoning_tokens": "output_reasoning_mtok",
        "audio_output_tokens": "output_audio_mtok",
        "image_output_tokens": "output_image_mtok",
    }
)
"""Kinds of tokens that can have a price, by the names of the events."""

CACHED_MEDIA: Mapping[str, str] = MappingProxyType(
    {"audio": "cache_audio_read_mtok", "image": "cache_image_read_mtok"}
)
"""What is both cached and of a medium; events do not count it, so nobody can price it apart."""

TOKEN_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **{key: kind for kind, key in CATALOGUE_KEYS.items()},
        **{key: f"cached_{medium}_input_tokens" for medium, key in CACHED_MEDIA.items()},
    }
)
"""The catalogue's keys to our names."""


def unit_keys(listed: Mapping[str, object]) -> dict[str, str]:
    """Return the units a list has a price for, each with the key of that price."""
    return _first(UNIT_PRICES, listed)


def tool_keys(listed: Mapping[str, object]) -> dict[str, str]:
    """Return the billed tools a list has a price for, each with the key of that price."""
    return _first(TOOL_PRICES, listed)


def _first(table: Mapping[str, tuple[str, ...]], listed: Mapping[str, object]) -> dict[str, str]:
    found = {name: [key for key in keys if key in listed] for name, keys in table.items()}
    return {name: keys[0] for name, keys in found.items() if keys}
