"""What a call would cost, without a response: the usage as a user writes it down, checked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from operator import index
from typing import Any, Final, TypedDict, cast

from ..errors import InvalidRequestError
from .cost import cost_of


class EstimateUsage(TypedDict, total=False):
    """What a call uses. What is left out, or None, is not reported, which is not 0.

    Totals are inclusive: the input contains what is cached and what is audio or image, the output
    contains reasoning, audio and images.
    """

    input_tokens: int | None
    """Everything the model reads."""
    output_tokens: int | None
    """Everything the model writes."""
    cache_read_tokens: int | None
    """Part of the input, served from cache."""
    cache_write_tokens: int | None
    """Part of the input, written to cache for any length of time."""
    cache_write_5m_tokens: int | None
    """Part of `cache_write_tokens`: kept for five minutes."""
    cache_write_1h_tokens: int | None
    """Part of `cache_write_tokens`: kept for an hour."""
    reasoning_tokens: int | None
    """Part of the output."""
    audio_input_tokens: int | None
    """Part of the input."""
    audio_output_tokens: int | None
    """Part of the output."""
    image_input_tokens: int | None
    """Part of the input."""
    image_output_tokens: int | None
    """Part of the output."""
    tool_use_prompt_tokens: int | None
    """Part of the input: what built-in tools put into the prompt."""
    units: Mapping[str, int | float | Decimal]
    """Counts of anything but tokens: `{"characters": 1500}`."""
    tool_calls: Mapping[str, int]
    """Calls of billed server tools by name: `{"web_search": 3}`."""


UNITS: Final = "units"
TOOL_CALLS: Final = "tool_calls"
COUNTS: Final = tuple(
    name for name in EstimateUsage.__annotations__ if name not in {UNITS, TOOL_CALLS}
)
"""Our names of token counts, those of `TrackResult.counts`."""


def estimate(
    model: str,
    provider: str,
    usage: EstimateUsage | Mapping[str, Any],
    *,
    at: datetime | None,
    service_tier: str | None,
    batch: bool,
    inference_geo: str | None,
) -> Decimal | None:
    """The cost in USD, or None where the price is not known; see `BearLumen.estimate`.

    Raises:
        InvalidRequestError: An argument cannot be meant; the message names it.
        MissingExtraError: The catalogue is not installed.
    """
    for name, value in (("model", model), ("provider", provider)):
        if not isinstance(value, str) or not value.strip():  # pyright: ignore[reportUnnecessaryIsInstance]  # what a caller without a type checker passes
            raise InvalidRequestError(
                f"{name} is {value!r}; it is a name, such as {_LIKE[name]!r}."
            )
    if at is not None and (not isinstance(at, datetime) or at.utcoffset() is None):  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
        raise InvalidRequestError(
            f"at is {at!r}; it is a datetime with a time zone, such as datetime.now(timezone.utc)."
        )
    words = (("service_tier", service_tier, "flex"), ("inference_geo", inference_geo, "us"))
    for name, word, like in words:
        if not (word is None or isinstance(word, str)):  # pyright: ignore[reportUnnecessaryIsInstance]  # as above
            raise InvalidRequestError(
                f"{name} is {word!r}; it is the provider's word, such as {like!r}."
            )
    given = _mapping("usage", usage, like='{"input_tokens": 1000, "output_tokens": 200}')
    for name in given:
        if name not in EstimateUsage.__annotations__:
            raise InvalidRequestError(
                f"usage has an unknown key {name!r}; its keys are {', '.join(COUNTS)}, "
                f"{UNITS} and {TOOL_CALLS}."
            )
    units = _mapping(UNITS, given.get(UNITS), like='{"characters": 1500}')
    calls = _mapping(TOOL_CALLS, given.get(TOOL_CALLS), like='{"web_search": 3}')
    return cost_of(
        provider=provider,
        model=model,
        at=datetime.now(UTC) if at is None else at,
        counts={name: _count(name, given[name]) for name in COUNTS if given.get(name) is not None},
        units={name: _quantity(f"{UNITS}[{name!r}]", value) for name, value in units.items()},
        tool_calls={name: _count(f"{TOOL_CALLS}[{name!r}]", n) for name, n in calls.items()},
        service_tier=service_tier,
        batch=batch,
        inference_geo=inference_geo,
        provider_cost=None,
        cost=None,
    ).cost


_LIKE: Final = {"model": "gpt-4o", "provider": "openai"}


def _mapping(name: str, value: object, *, like: str) -> Mapping[str, Any]:
    if value is None and name != "usage":
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequestError(
            f"{name} is a {type(value).__name__}; it is a mapping such as {like}."
        )
    for key in cast("Mapping[object, Any]", value):
        if not isinstance(key, str):
            raise InvalidRequestError(f"{name} has the key {key!r}; its keys are strings.")
    return cast("Mapping[str, Any]", value)


def _count(name: str, value: Any) -> int:
    try:
        # Any integer, numpy's too. A float is none, and True is hardly meant as one.
        count = -1 if isinstance(value, bool) else index(value)
    except TypeError:
        count = -1
    if count < 0:
        raise InvalidRequestError(f"{name} is {value!r}; it is a whole number, 0 or more.")
    return count


def _quantity(name: str, value: Any) -> int | float:
    amount = inf
    if not isinstance(value, bool):
        with suppress(OverflowError, TypeError, ValueError):
            value = value if isinstance(value, float | Decimal) else index(value)
            # An event carries JSON numbers, and the two must cost the same.
            amount = float(value)
    if not 0 <= amount < inf:
        raise InvalidRequestError(f"{name} is {value!r}; it is a number, finite and 0 or more.")
    return int(value) if amount.is_integer() else amount
