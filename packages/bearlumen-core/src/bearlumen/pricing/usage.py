"""What goes into the price book and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal


FRACTIONAL_DIGITS = 12
"""Of a cost in US dollars."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What one event consumed.

    Totals are inclusive: the input contains what was read from and written to cache and what was
    audio or image; the output contains reasoning, audio and images.
    """

    input_tokens: int | None = None
    """Everything the model read; None when the event does not report it."""
    output_tokens: int | None = None
    """Everything the model wrote; None when the event does not report it."""
    cache_read_tokens: int = 0
    """Part of the input, served from cache."""
    cache_write_tokens: int = 0
    """Part of the input, written to cache for any length of time."""
    cache_write_5m_tokens: int = 0
    """Part of `cache_write_tokens`: kept for five minutes."""
    cache_write_1h_tokens: int = 0
    """Part of `cache_write_tokens`: kept for an hour. What is neither is priced as five minutes."""
    reasoning_tokens: int = 0
    """Part of the output."""
    audio_input_tokens: int = 0
    """Part of the input; may overlap the cached tokens."""
    audio_output_tokens: int = 0
    """Part of the output."""
    image_input_tokens: int = 0
    """Part of the input; may overlap the cached tokens."""
    image_output_tokens: int = 0
    """Part of the output."""
    tool_use_prompt_tokens: int = 0
    """Part of the input: what built-in tools put into the prompt."""
    tool_calls: Mapping[str, int] = field(default_factory=dict[str, int])
    """Calls of billed server tools by name, for example `{"web_search": 3}`."""
    units: Mapping[str, Decimal] = field(default_factory=dict[str, "Decimal"])
    """Counts of anything else: `characters`, `seconds`, `pages`, `requests`, …"""
    service_tier: str | None = None
    """The tier the provider says it served, in its own word."""
    batch: bool = False
    """Sent through the provider's batch interface."""
    inference_geo: str | None = None
    """Where the model ran, in the provider's own word, if the call was bound to a place."""


class Details(Protocol):
    """The parts of the totals, and how the call was served: what a `Usage` has of them."""

    @property
    def cache_read_tokens(self) -> int: ...  # noqa: D102 -- as in `Usage`, and so below
    @property
    def cache_write_tokens(self) -> int: ...  # noqa: D102
    @property
    def cache_write_5m_tokens(self) -> int: ...  # noqa: D102
    @property
    def cache_write_1h_tokens(self) -> int: ...  # noqa: D102
    @property
    def reasoning_tokens(self) -> int: ...  # noqa: D102
    @property
    def audio_input_tokens(self) -> int: ...  # noqa: D102
    @property
    def audio_output_tokens(self) -> int: ...  # noqa: D102
    @property
    def image_input_tokens(self) -> int: ...  # noqa: D102
    @property
    def image_output_tokens(self) -> int: ...  # noqa: D102
    @property
    def service_tier(self) -> str | None: ...  # noqa: D102
    @property
    def batch(self) -> bool: ...  # noqa: D102
    @property
    def inference_geo(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """The answer: a cost, or why there is none."""

    cost: Decimal | None
    """US dollars with 12 fractional digits, rounded half to even; None when unknown, never 0."""
    source: str | None
    """`catalogue`; None when unpriced."""
    price_id: str | None
    """What priced it: catalogue version, model, epoch, context, place and tier; None when
    unpriced."""
    reason: str | None
    """One short sentence saying why there is no cost; None when there is one."""


class NoPrice(Exception):  # noqa: N818 -- an answer on its way up, not an error anyone sees
    """There is no honest price; the message is the reason. Never leaves the price book."""


def unpriced(reason: str) -> Priced:
    """An answer without a cost."""
    return Priced(cost=None, source=None, price_id=None, reason=reason)


def completed(usage: Usage) -> Usage:
    """Fill in a total that was not sent from the kinds of tokens it contains: it is their sum.

    Raises:
        NoPrice: The kinds may overlap, so what they are together is unknown.
    """
    read, written = usage.input_tokens, usage.output_tokens
    if read is None:
        read = _input_parts(usage)
    if written is None:
        written = _sum(
            (usage.reasoning_tokens, usage.audio_output_tokens, usage.image_output_tokens)
        )
    if (read, written) == (usage.input_tokens, usage.output_tokens):
        return usage
    return replace(usage, input_tokens=read, output_tokens=written)


def cache_writes(usage: Details) -> int:
    """Everything that was written to cache: who sends the parts may not send their total.

    Raises:
        NoPrice: One of them is negative.
    """
    short, hour = usage.cache_write_5m_tokens, usage.cache_write_1h_tokens
    if not short and not hour:
        return usage.cache_write_tokens
    if min(usage.cache_write_tokens, short, hour) < 0:
        raise NoPrice("cannot price a negative count")
    return max(usage.cache_write_tokens, short + hour)


def is_empty(usage: Usage) -> bool:
    """Whether a completed event reports nothing at all."""
    totals = usage.input_tokens is None and usage.output_tokens is None
    return totals and not (usage.units or usage.tool_calls)


def _input_parts(usage: Usage) -> int | None:
    writes = cache_writes(usage)
    media = _sum((usage.audio_input_tokens, usage.image_input_tokens))
    cached = _sum((usage.cache_read_tokens, writes))
    if media and cached:
        raise NoPrice(
            "cannot be priced without the total of its input: cached tokens may be audio or image"
        )
    return _sum((cached or 0, media or 0, usage.tool_use_prompt_tokens))


def _sum(counts: Iterable[int]) -> int | None:
    """Return None, not 0, where nothing is reported."""
    found = [count for count in counts if count]
    if any(count < 0 for count in found):
        raise NoPrice("cannot price a negative count")
    return sum(found) if found else None


def shown(name: str) -> str:
    """A name that came from outside, fit for a one-line reason."""
    return repr(name if len(name) <= MAX_SHOWN_CHARS else name[:MAX_SHOWN_CHARS] + "…")


MAX_SHOWN_CHARS = 80
"""Longer names are cut in reasons, which are stored and shown."""
