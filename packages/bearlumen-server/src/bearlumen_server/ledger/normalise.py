"""A well-shaped event to a usage event: the checks a schema cannot make, and '' read as absent."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from . import limits
from .derived import json_array, json_lines
from .events import UsageEvent
from .rejection import InvalidEventError
from .schema import NOT_SENT, Metadata, Sdk, SdkEvent, UsageDetails

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EMPTY: Final = "{}"
UNKNOWN_PROVIDER: Final = "unknown"

_NOTHING: Mapping[str, Any] = {}
NO_DETAILS: Final = UsageDetails()
"""The one of every event that says nothing of the kind."""
_STEP = Decimal(1).scaleb(-limits.COST_DIGITS)
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_COLUMNS: Final = ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
"""The details that have a column of their own."""
_DETAILS: Final = tuple(name for name in UsageDetails.__struct_fields__ if name not in _COLUMNS)
_TOKENS: Final = "_tokens"
"""How the name of a count of tokens ends."""
TOKEN_KINDS: Final = tuple(name for name in _DETAILS if name.endswith(_TOKENS))
"""The counts of tokens that have no column."""
_details_in = attrgetter(*_DETAILS)
_encode: Final = msgspec.json.Encoder().encode
_ANYTHING: Final = msgspec.json.Decoder()
_REMEMBERED_KEYS: Final = 4096
"""Sets of dimension keys whose JSON is kept: a program sends a handful."""


class _Kept(msgspec.Struct, omit_defaults=True, gc=False):
    """The metadata that is kept as it came, beside what has no field; its names are the wire's."""

    response_id: str | None = None
    incomplete: bool = False
    sdk: Sdk | None = None


def normalise(
    event: SdkEvent,
    *,
    now: datetime,
    extra: Mapping[str, Any] = _NOTHING,
    usage_extra: Mapping[str, Any] = _NOTHING,
) -> UsageEvent:
    """Check what is left to check and put everything where it is stored from.

    Args:
        event: The event as it was sent.
        now: The server's time.
        extra: Metadata without a field of its own, kept as it came.
        usage_extra: The same of `metadata.usage`.

    Raises:
        InvalidEventError: The message names the field.
    """
    at = now if event.event_invoked_at is None else _checked_time(event.event_invoked_at, now)
    metadata = event.metadata
    if metadata is None:
        return UsageEvent(
            event_id=event.sdk_event_id,
            at=at,
            provider=UNKNOWN_PROVIDER,
            model=event.model,
            input_tokens=event.input_tokens,
            output_tokens=event.output_tokens,
            usage=NO_DETAILS,
            units={},
            explicit_cost=None,
            provider_cost=None,
            parent_event_id=None,
            end_user=event.user_id or None,
            feature=None,
            agent=None,
            workflow=None,
            session_id=None,
            session_type=None,
            latency_ms=None,
            units_json=EMPTY,
            dims_json=EMPTY,
            dim_keys=None,
            number_keys=None,
            details_json=EMPTY,
            metric_keys=None,
            reported_json=None,
            extra_json=EMPTY,
        )
    usage = metadata.usage or NO_DETAILS
    dimensions = metadata.dimensions
    units_json = _json(metadata.units) if metadata.units else EMPTY
    dims_json = _json(dimensions) if dimensions else EMPTY
    details_json = _details(usage, usage_extra)
    reported_json = _json(metadata.reported) if metadata.reported else None
    extra_json = _extra(metadata, extra)
    characters = len(units_json) + len(dims_json) + len(details_json) + len(extra_json)
    # Characters first: most events are far below, and need no encoding to know it.
    if reported_json or characters * 4 > limits.MAX_METADATA_BYTES:
        _check_size(f"{units_json}{dims_json}{details_json}{reported_json or ''}{extra_json}")
    return UsageEvent(
        event_id=event.sdk_event_id,
        at=at,
        provider=metadata.provider or UNKNOWN_PROVIDER,
        model=event.model,
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        usage=usage,
        units=metadata.units or {},
        explicit_cost=_cost(metadata.cost, "metadata.cost"),
        provider_cost=_cost(metadata.provider_cost, "metadata.provider_cost"),
        parent_event_id=metadata.parent_event_id,
        end_user=event.user_id or None,
        feature=metadata.feature or None,
        agent=metadata.agent or None,
        workflow=metadata.workflow or None,
        session_id=metadata.session_id or None,
        session_type=metadata.session_type or None,
        latency_ms=metadata.latency_ms,
        units_json=units_json,
        dims_json=dims_json,
        dim_keys=_sorted_keys(tuple(dimensions)) if dimensions else None,
        number_keys=_number_keys(dimensions) if dimensions else None,
        details_json=details_json,
        metric_keys=_metric_keys(metadata, usage, usage_extra),
        reported_json=reported_json,
        extra_json=extra_json,
    )


def _checked_time(at: datetime, now: datetime) -> datetime:
    if at < limits.EARLIEST:
        raise InvalidEventError(
            "event_invoked_at", f"{at.isoformat()} lies before {limits.EARLIEST.date()}"
        )
    if at > now + limits.MAX_AHEAD:
        raise InvalidEventError(
            "event_invoked_at",
            f"{at.isoformat()} lies more than {limits.MAX_AHEAD.total_seconds() / 3600:.0f} hours "
            "in the future",
        )
    return at


def _check_size(texts: str) -> None:
    size = len(texts.encode())
    if size > limits.MAX_METADATA_BYTES:
        raise InvalidEventError(
            "metadata", f"{size} bytes of JSON, the most is {limits.MAX_METADATA_BYTES}"
        )


def _cost(raw: msgspec.Raw, field: str) -> Decimal | None:
    """Read a decimal from its text, given as a JSON string or number."""
    if raw is NOT_SENT:
        return None
    text = bytes(raw).decode()
    if text == "null":
        return None
    text = text.strip('"')
    if len(text) > limits.MAX_DECIMAL_CHARACTERS or not _DECIMAL.fullmatch(text):
        raise InvalidEventError(field, 'expected a decimal such as "0.0125", got something else')
    cost = Decimal(text)
    if not 0 <= cost <= limits.MAX_COST:
        raise InvalidEventError(field, f"expected 0 to {limits.MAX_COST} USD, got {text}")
    return abs(cost.quantize(_STEP, ROUND_HALF_EVEN))


def _json(value: Mapping[str, Any] | list[str] | None) -> str:
    return _encode(value).decode() if value else EMPTY


@lru_cache(_REMEMBERED_KEYS)
def _sorted_keys(keys: tuple[str, ...]) -> str:
    return json_array(sorted(keys))


def _number_keys(dimensions: Mapping[str, str | bool | float]) -> str | None:
    keys = [key for key, value in dimensions.items() if type(value) is int or type(value) is float]
    return _sorted_lines(tuple(keys)) if keys else None


@lru_cache(_REMEMBERED_KEYS)
def _sorted_lines(keys: tuple[str, ...]) -> str:
    return json_lines(sorted(keys))


def _details(usage: UsageDetails, more: Mapping[str, Any]) -> str:
    if usage is NO_DETAILS and not more:
        return EMPTY
    values = _details_in(usage)
    if not more and not any(values):
        return EMPTY
    return _json({**more, **{n: v for n, v in zip(_DETAILS, values, strict=True) if v}})


def _metric_keys(metadata: Metadata, usage: UsageDetails, more: Mapping[str, Any]) -> str | None:
    """Name what is counted beside the token columns, each with the place it is stored in."""
    if not metadata.units and not more and (usage is NO_DETAILS or not any(_details_in(usage))):
        return None
    keys = [f"usage.{name}" for name in TOKEN_KINDS if getattr(usage, name)]
    keys += [f"tool_calls.{name}" for name in usage.tool_calls]
    keys += [f"units.{name}" for name in metadata.units or ()]
    # A kind of token that this version does not know; whatever else is there is no count.
    keys += [f"usage.{name}" for name, count in more.items() if _is_token_count(name, count)]
    return json_array(sorted(keys)) if keys else None


def _is_token_count(name: str, value: object) -> bool:
    if not name.endswith(_TOKENS) or isinstance(value, bool):
        return False
    return isinstance(value, int) and 0 <= value <= limits.MAX_COUNT


def _extra(metadata: Metadata, extra: Mapping[str, Any]) -> str:
    response_id, sdk = metadata.response_id or None, metadata.sdk
    if response_id is None and sdk is None and not extra and not metadata.incomplete:
        return EMPTY
    kept = _Kept(response_id, metadata.incomplete, sdk)
    text = _encode(kept).decode()
    if not extra:
        return text
    # Nothing in `extra` has a name of `_Kept`: those have fields.
    return _json({**extra, **_ANYTHING.decode(text)})
