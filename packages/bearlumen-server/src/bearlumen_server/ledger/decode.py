"""A batch body to usage events, or the reason why not, event by event.

A body that decodes strictly in one go, as those of the SDK do, is done at C speed. Anything else is
read again one event at a time, so that one bad event is named and the rest is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from . import limits, schema
from .document import NUL, InvalidBodyError, NotJsonError, mended, read, read_document
from .normalise import normalise
from .rejection import InvalidEventError, Rejection, explain, kind_of, shorten
from .rest_form import from_metric_event

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from .events import UsageEvent

_BATCH = msgspec.json.Decoder(schema.StrictBatch)
_RAW_BATCH = msgspec.json.Decoder(schema.RawBatch)
_EVENT = msgspec.json.Decoder(schema.SdkEvent)
_METRIC_EVENT = msgspec.json.Decoder(schema.MetricEvent)
_RAW = msgspec.json.Decoder(msgspec.Raw)

_SUSPECT = re.compile(rb"\\u0000|[0-9]{19}|[eE]\+?[0-9]{3}")
"""What a text that cannot be stored has somewhere; most have none of it and need no second look."""
_INTEGERS: Final = range(-(2**63), 2**64)
"""Those the ledger keeps to the last digit."""


def _names(struct: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(struct))


_USAGE_KEYS = _names(schema.UsageDetails)
_METADATA_KEYS = _names(schema.Metadata)
_METRIC_METADATA_KEYS = _names(schema.MetricMetadata)


class TooManyEventsError(InvalidBodyError):
    """A batch of more events than one request may carry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """What a batch body holds."""

    events: list[UsageEvent]
    indexes: list[int]
    """Where in the batch each of `events` stood."""
    rejected: list[Rejection]


def decode_batch(body: bytes, *, now: datetime) -> Decoded:
    """Read `{"events": [...]}`, in either form of event.

    Args:
        body: The decompressed body.
        now: The server's time: that of an event without one, and the measure of "the future".

    Raises:
        NotJsonError: The body is not JSON.
        TooManyEventsError: More than `MAX_BATCH_EVENTS`.
        InvalidBodyError: It is JSON, but no batch; the message says what is wrong.
    """
    # One character is found 60 times as quickly as six, and most bodies have not even that.
    if b"\\" not in body or NUL not in body:
        try:
            batch = _BATCH.decode(body).events
            if len(batch) <= limits.MAX_BATCH_EVENTS:
                events = [normalise(event, now=now) for event in batch]
                return Decoded(events=events, indexes=list(range(len(events))), rejected=[])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidEventError):
            pass  # One look at each event tells what is wrong.
    return _decode_each(split_batch(body), now=now)


def decode_event(body: bytes, *, now: datetime) -> tuple[UsageEvent, schema.MetricEvent | None]:
    """Read a body that is one event; the second value is set when it has the REST guide's form.

    Raises:
        NotJsonError: The body is not JSON.
        InvalidEventError: The event cannot be stored; the message names the field.
    """
    return _decode_one(only_event(body), now=now)


def only_event(body: bytes) -> bytes:
    """Return the JSON text of a body that is one event.

    Raises:
        NotJsonError: The body is not JSON.
    """
    return bytes(read(mended(body), _RAW))


def split_batch(body: bytes) -> list[bytes]:
    """Return the JSON text of each event of `{"events": [...]}`.

    Raises:
        NotJsonError: The body is not JSON.
        TooManyEventsError: More than `MAX_BATCH_EVENTS`.
        InvalidBodyError: It is JSON, but no batch.
    """
    try:
        events = read(mended(body), _RAW_BATCH).events
    except msgspec.ValidationError as error:
        problem = explain(error, read_document(body), whole="body")
        raise InvalidBodyError(
            f'{problem}; send {{"events": [...]}} with the events in it'
        ) from error
    if len(events) > limits.MAX_BATCH_EVENTS:
        raise TooManyEventsError(
            f"events: {len(events)} in one batch, the most is {limits.MAX_BATCH_EVENTS}"
        )
    return [bytes(event) for event in events]


def _decode_each(raws: list[bytes], *, now: datetime) -> Decoded:
    events: list[UsageEvent] = []
    indexes: list[int] = []
    rejected: list[Rejection] = []
    for index, data in enumerate(raws):
        try:
            event, _ = _decode_one(data, now=now)
        except InvalidEventError as error:
            rejected.append(Rejection(index=index, event_id=_sent_id(data), message=str(error)))
        else:
            events.append(event)
            indexes.append(index)
    return Decoded(events=events, indexes=indexes, rejected=rejected)


def _decode_one(data: bytes, *, now: datetime) -> tuple[UsageEvent, schema.MetricEvent | None]:
    try:
        document = read_document(data)
    except NotJsonError as error:
        raise InvalidEventError("event", error.problem) from error
    if not isinstance(document, dict):
        raise InvalidEventError("", f"an event is an object, got {kind_of(document)}")
    fields = cast("dict[str, Any]", document)
    if _SUSPECT.search(data):
        _refuse_unstorable(fields)
    try:
        if "metricName" in fields and "sdk_event_id" not in fields:
            metric = _METRIC_EVENT.decode(data)
            event = from_metric_event(metric)
        else:
            metric, event = None, _EVENT.decode(data)
    except msgspec.ValidationError as error:
        raise _name_the_key(explain(error, fields), fields) from error
    known = _METADATA_KEYS if metric is None else _METRIC_METADATA_KEYS
    extra, usage_extra = _unknown(fields, known)
    return normalise(event, now=now, extra=extra, usage_extra=usage_extra), metric


def _unknown(
    fields: dict[str, Any], known: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Collect what the metadata holds that has no field of its own."""
    metadata: dict[str, Any] = fields.get("metadata") or {}
    extra = {key: value for key, value in metadata.items() if key not in known}
    usage: dict[str, Any] = metadata.get("usage") or {}
    usage_extra = {key: value for key, value in usage.items() if key not in _USAGE_KEYS}
    for found, path in ((extra, "metadata"), (usage_extra, "metadata.usage")):
        for key, value in found.items():
            _check_depth(value, f"{path}.{shorten(key)}", limits.MAX_METADATA_DEPTH)
    return extra, usage_extra


def _check_depth(value: object, path: str, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise InvalidEventError(path, f"nested more than {limits.MAX_METADATA_DEPTH} deep")
    held = cast("dict[str, object] | list[object]", value)
    for each in held.values() if isinstance(held, dict) else held:
        _check_depth(each, path, left - 1)


def _refuse_unstorable(event: dict[str, Any]) -> None:
    # A loop: an event may be nested as deeply as Python may call.
    waiting: list[tuple[str, object]] = [("", event)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for key, held in cast("dict[str, object]", value).items():
                name = shorten(key.replace("\0", "�"))
                inner = f"{path}.{name}" if path else name
                waiting += [(inner, held), (inner, key)]
        elif isinstance(value, list):
            waiting += [(path, held) for held in cast("list[object]", value)]
        elif problem := _why_not_stored(value):
            raise InvalidEventError(path, problem)


def _why_not_stored(value: object) -> str | None:
    if isinstance(value, str) and "\0" in value:
        return "holds a NUL character or half a surrogate pair"
    if isinstance(value, float) and not isfinite(value):
        return "a number too large to be stored"
    if isinstance(value, int) and value not in _INTEGERS:
        return "an integer of more than 64 bits"
    return None


def _name_the_key(error: InvalidEventError, fields: dict[str, Any]) -> InvalidEventError:
    """Replace the `[...]` msgspec says for "some key" by the first key whose value is wrong."""
    path = error.field.removesuffix("[...]")
    if path == error.field or path not in schema.MAPPINGS:
        return error
    mapping: Any = fields
    for name in path.split("."):
        mapping = mapping[name]
    kind, most = schema.MAPPINGS[path]
    if len(mapping) > most:
        return InvalidEventError(path, f"{len(mapping)} keys, the most is {most}")
    for key, value in mapping.items():
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as found:
            named = explain(found, value)
            return InvalidEventError(f"{path}.{shorten(key)}", named.problem)
    return error


def _sent_id(data: bytes) -> str | None:
    try:
        fields = read_document(data)
    except NotJsonError:
        return None
    if not isinstance(fields, dict):
        return None
    found = cast("dict[str, object]", fields)
    sent = found.get("sdk_event_id", found.get("idempotencyKey"))
    return shorten(sent) if isinstance(sent, str) and "\0" not in sent else None
