"""What the caller says about a call, made fit to be recorded.

Misuse, such as a naive timestamp, raises at once. A value that only shows itself in production,
such as a dimension that is a list one day, is left out and reported: the event is kept.
"""

import json
import math
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict, cast

from ._guard import Guard
from .errors import InvalidRequestError
from .events import event_id_from


class TrackOptions(TypedDict, total=False):
    """Who and what a call was for. Everything is optional.

    What is left out is what the scope in force says; None says that there is none.
    """

    model: str | None
    """Overrides the model that the response names; needed where it names none (Bedrock)."""
    provider: str | None
    """Overrides the provider that was recognised, for a vendor behind another's client."""
    feature: str | None
    """The capability of your product that made the call."""
    user_id: str | None
    """Your customer's id: the end user, not the owner of the API key."""
    session_id: str | None
    """One conversation or job."""
    session_type: str | None
    """What kind of session, such as `chat` or `batch`."""
    agent: str | None
    """A named actor."""
    workflow: str | None
    """A named flow."""
    dimensions: Mapping[str, str | int | float | bool] | None
    """Your own keys to group by."""
    units: Mapping[str, int | float | Decimal] | None
    """Counts of anything but tokens: `{"characters": 1500}`."""
    cost: Decimal | str | float | None
    """USD, if you know it; it wins over any price."""
    latency_ms: float | None
    """How long the call took, in milliseconds, if you measured it."""
    metadata: Mapping[str, Any] | None
    """Anything else worth keeping beside the event. Not for prompts or answers."""
    timestamp: datetime | None
    """When the call was made, aware; now if left out."""
    event_id: str | uuid.UUID | None
    """Your own id of the call: the same id is stored once, however often it is tracked."""


MAX_NUMBER_BITS = 256
"""Of a dimension: Python does not write a number of any length, and an id has no more."""
Labels = Mapping[str, Any]
"""Options, checked: what every event of the call carries, by the option's name."""


class HeavyLabels(dict[str, Any]):
    """Labels that take more memory than most, and how much, in bytes."""

    weight: int = 0


LIGHT_CHARACTERS = 512
"""Of a label; the server takes no longer one."""
LIGHT_BYTES = 1_024
"""What labels may weigh and still count as ordinary ones."""
OBJECT_BYTES = 64
"""Roughly what a key and its value take beside their text."""

_TEXTS = (
    "model", "provider", "feature", "user_id", "session_id", "session_type", "agent", "workflow",
)  # fmt: skip
_IS_TEXT = frozenset(_TEXTS)
_OTHERS = ("dimensions", "units", "cost", "latency_ms", "metadata", "timestamp", "event_id")
_KNOWN = frozenset((*_TEXTS, *_OTHERS))


def read_options(options: Labels, guard: Guard) -> Labels:
    """Check what the caller said.

    Args:
        options: The options as given; what is returned may be this very mapping.
        guard: Told of a value that is left out.

    Raises:
        TypeError: There is no such option.
        InvalidRequestError: The timestamp has no time zone.
    """
    for name, value in options.items():
        if name not in _IS_TEXT or not (
            (type(value) is str and len(value) <= LIGHT_CHARACTERS) or value is None
        ):
            return _weighed(_read_options(options, guard))
    return options


class Elapsed(float):
    """How many milliseconds a call has taken; of a stream, this is told again at its end."""

    began: float

    @classmethod
    def since(cls, began: float) -> "Elapsed":
        """The time since `began`, of `time.perf_counter`."""
        elapsed = cls((time.perf_counter() - began) * 1_000)
        elapsed.began = began
        return elapsed


def stamped(labels: Labels, moment: datetime) -> Labels:
    """The same labels with the time of the call, where the caller did not say it."""
    return (
        labels if labels.get("timestamp") is not None else with_option(labels, "timestamp", moment)
    )


def finished(labels: Labels) -> Labels:
    """The same labels at the end of a stream: how long it took in all, where that is measured."""
    latency = labels.get("latency_ms")
    if type(latency) is not Elapsed:
        return labels
    return with_option(labels, "latency_ms", Elapsed.since(latency.began))


def with_option(labels: Labels, name: str, value: Any) -> Labels:
    """The same labels, as heavy as they were, and one more."""
    later = type(labels)(labels, **{name: value})  # type: ignore[call-arg]
    if isinstance(labels, HeavyLabels):
        cast("HeavyLabels", later).weight = labels.weight
    return later


def _weighed(labels: dict[str, Any]) -> Labels:
    weight = 0
    for value in labels.values():
        if isinstance(value, str):
            weight += len(value)
        elif isinstance(value, dict):
            weight += OBJECT_BYTES * len(cast("dict[str, Any]", value)) + len(
                str(cast("object", value))
            )
    if weight <= LIGHT_BYTES:
        return labels
    heavy = HeavyLabels(labels)
    heavy.weight = weight
    return heavy


def _read_options(options: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    unknown = options.keys() - _KNOWN
    if unknown:
        raise TypeError(
            f"track() got an unexpected option {min(unknown)!r}; "
            f"the options are {', '.join(sorted(_KNOWN))}"
        )
    moment = options.get("timestamp")
    if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
        raise InvalidRequestError(
            f"timestamp is {moment!r}; it is a datetime with a time zone, such as "
            "datetime.now(timezone.utc)."
        )
    values = _texts(options, guard)
    for name, clean in (("dimensions", _dimension), ("units", _unit)):
        if options.get(name) is not None:
            with guard(f"reading the option {name}"):
                values[name] = _each(options[name], clean, name, guard)
    if options.get("cost") is not None:
        with guard("reading the option cost"):
            values["cost"] = _cost(options["cost"])
    if options.get("latency_ms") is not None:
        with guard("reading the option latency_ms"):
            values["latency_ms"] = _latency(options["latency_ms"])
    if options.get("metadata") is not None:
        with guard("reading the option metadata"):
            values["metadata"] = _each(options["metadata"], _metadata, "metadata", guard)
    if options.get("event_id") is not None:
        with guard("reading the option event_id"):
            values["event_id"] = event_id_from(options["event_id"])
    if moment is not None:
        with guard("reading the option timestamp"):
            values["timestamp"] = moment.astimezone(UTC)
    return values


def _texts(options: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in _TEXTS:
        value = options.get(name)
        if value is None:
            if name in options:
                values[name] = None  # which says that it is not what a scope says
        else:
            with guard(f"reading the option {name}"):
                values[name] = _text(value)
    return values


def clean_dimensions(values: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    """The dimensions that can be grouped by; the others are reported."""
    return _each(values, _dimension, "dimensions", guard)


def _each(values: Mapping[str, Any], clean: Any, option: str, guard: Guard) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if value is None:
            continue
        with guard(f"reading the option {option}"):
            kept[str(key)] = clean(str(key), value)
    return kept


def _text(value: Any) -> str:
    # `str` of an enum's member is its name in the code, not the text that it is.
    return str.__str__(value) if isinstance(value, str) else str(value)


def _dimension(key: str, value: Any) -> str | int | float | bool:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequestError(f"The dimension {key!r} is {value}, which is not a number.")
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
        raise InvalidRequestError(
            f"The dimension {key!r} is a number of {value.bit_length()} bits, and "
            f"{MAX_NUMBER_BITS} is the most."
        )
    if isinstance(value, int | float):
        return value + 0  # an enum's member is sent as the plain number that it is
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal) and value.is_finite():
        return float(value)
    if isinstance(value, uuid.UUID | datetime):
        return str(value)
    raise InvalidRequestError(
        f"The dimension {key!r} is a {type(value).__name__}; it is a string, a number or a boolean."
    )


def _unit(key: str, value: Any) -> int | float:
    if isinstance(value, Decimal) and value.is_finite():
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestError(f"The unit {key!r} is a {type(value).__name__}, not a number.")
    if not math.isfinite(value) or value < 0:
        raise InvalidRequestError(f"The unit {key!r} is {value}; it is finite and not negative.")
    return value


def _latency(value: Any) -> float:
    if type(value) is Elapsed:
        return value
    try:
        # Plainly a float: a subclass may show itself as something else.
        return float(_unit("latency_ms", value))
    except InvalidRequestError:
        raise InvalidRequestError(
            f"latency_ms is {value!r}; it is a number of milliseconds, 0 or more."
        ) from None


def _cost(value: Any) -> Decimal:
    try:
        # A float stands for the decimal that it is written as: 0.1, not 0.1000000000000000055.
        cost = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, TypeError, ValueError):
        cost = Decimal("NaN")
    if not cost.is_finite() or cost < 0:
        raise InvalidRequestError(
            f"cost is {value!r}; it is an amount of USD, such as Decimal('0.0123')."
        )
    return cost


def _metadata(key: str, value: Any) -> Any:
    from ._encode import RESERVED_METADATA

    if key in RESERVED_METADATA:
        raise InvalidRequestError(
            f"The metadata key {key!r} is one that events use themselves; choose another."
        )
    return json.loads(json.dumps(value, default=str, allow_nan=False))
