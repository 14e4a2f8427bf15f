"""Where a call ran, where that changes its price: Anthropic's US-only inference.

"For Claude 4.6 and later models, specifying US-only inference through the `inference_geo` parameter
incurs a 1.1x multiplier on all token pricing categories, including input tokens, output tokens,
cache writes, and cache reads": it comes on top of batch and fast mode, and not on the fees for tool
calls. https://platform.claude.com/docs/en/about-claude/pricing#data-residency-pricing and
https://platform.claude.com/docs/en/manage-claude/data-residency, read 2026-11-22.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from .usage import NoPrice, shown

ANYWHERE: Final = frozenset({"", "global", "not_available"})
"""Words for a call that was bound to no place; models without the option say `not_available`."""
ORDINARY: Final = Fraction(1)
US_ONLY: Final = Fraction(11, 10)

_SELLER: Final = "anthropic"
_BY_MODEL_ID: Final = frozenset({"aws"})
"""Where the place is part of the model id, and the catalogue has a price for each."""

EARLIER_MODELS: Final = frozenset(
    {
        "claude-2",
        "claude-3-5-haiku-latest",
        "claude-3-5-sonnet",
        "claude-3-7-sonnet-latest",
        "claude-3-haiku",
        "claude-3-opus-latest",
        "claude-3-sonnet",
        "claude-haiku-4-5",
        "claude-opus-4-0",
        "claude-opus-4-1",
        "claude-opus-4-5",
        "claude-sonnet-4-0",
        "claude-sonnet-4-5",
        "claude-v1",
    }
)
"""The models before 4.6, by their ids in the catalogue: "Earlier models retain their existing
pricing regardless of `inference_geo` settings." No later one will ever join them."""


def token_factor(*, seller: str, model: str, inference_geo: str | None) -> Fraction:
    """What the token prices are multiplied by.

    Args:
        seller: The catalogue's id of the provider that was called.
        model: The catalogue's id of the model.
        inference_geo: Where the provider says that it ran.

    Raises:
        NoPrice: Nobody says what a call costs there.
    """
    place = (inference_geo or "").strip().lower()
    if place in ANYWHERE or seller in _BY_MODEL_ID:
        return ORDINARY
    if seller != _SELLER or place != "us":
        raise NoPrice(f"has no price for inference in {shown(place)} only")
    return ORDINARY if model in EARLIER_MODELS else US_ONLY


def label(factor: Fraction) -> str:
    """The multiplier as part of a price id; nothing for the ordinary price."""
    return "" if factor == ORDINARY else f"[us*{float(factor):g}]"
