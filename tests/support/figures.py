"""The usage numbers in an answer, on the wire or on an SDK's object, read without our own SDK.

Nothing here knows what a number means: it shows that what a provider sent is what a user holds.
"""

import dataclasses
import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from .recordings import Recording
from .wire import INVOKED

Figures = dict[str, int]
"""Every whole number in a usage object, by its path in snake case: `usage.total_tokens`."""

_MISTRAL_EVENTS = frozenset(("CompletionEvent", "ConversationEvents"))
_IN_USAGE = re.compile(r"usage|token_count|eval_count$|billed_units|invocation_metrics")


def on_the_wire(recording: Recording) -> list[Figures]:
    """The figures of each item a caller should see, in order."""
    if recording.response is not None:
        return [_figures(recording.response)]
    # Anthropic's client swallows the pings that keep its connection open.
    events = [event for event in recording.events if event.name != "ping"]
    # An item of boto3's streams is {"metadata": {…}}: the name is a key.
    wrapped = recording.sdk == "boto3"
    return [
        _figures({event.name: event.data} if wrapped and event.name else event.data)
        for event in events
    ]


def on_the_objects(items: Iterable[object]) -> list[Figures]:
    """The figures of each item an SDK handed out, in order."""
    return [_figures(_plain(item)) for item in items]


def items_of(answer: Any) -> Iterator[object]:
    """The items of a sync stream, wherever the SDK keeps them."""
    yield from cast("Iterable[object]", stream_in(answer))


def stream_in(answer: Any) -> Any:
    """The stream itself: boto3 puts it into a dict."""
    if not isinstance(answer, dict):
        return answer
    held = cast("dict[str, Any]", answer)
    return held["stream"] if "stream" in held else held["body"]


def settled(recording: Recording) -> Figures:
    """The figures a plain answer has, or the last ones a stream states; empty without usage."""
    stated = [figures for figures in on_the_wire(recording) if figures]
    return stated[-1] if stated else {}


def _plain(value: object) -> Any:
    """An SDK's object as JSON-like data, by its own means of dumping itself."""
    value = _within(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # huggingface_hub's objects are dicts as well, and keep less as such.
        return _plain(vars(value))
    if isinstance(value, Mapping):
        held = cast("Mapping[object, Any]", value)
        return {str(key): _plain(item) for key, item in held.items()}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    dump: Any = getattr(value, "model_dump", None)
    return _plain(dump(mode="json", warnings=False)) if dump else value


def _within(value: Any) -> Any:
    """The answer, or the part of it, that an SDK's object has in it."""
    if isinstance(value, tuple):
        # xAI's items are pairs: the response so far, and what is new in it.
        return _within(cast("tuple[object, ...]", value)[-1])
    if type(value).__name__ in _MISTRAL_EVENTS:
        # An item of mistralai's streams has the chunk under `.data`.
        return value.data
    if isinstance(value, Exception):
        return cast("Any", value).completion
    if hasattr(value, "proto"):
        return _of_proto(value.proto)
    if isinstance(value, dict) and INVOKED in value:
        return json.loads(value[INVOKED]["bytes"])
    return cast("Any", value)


def _of_proto(message: Any) -> Any:
    convert = importlib.import_module("google.protobuf.json_format").MessageToDict
    return convert(message, preserving_proto_field_name=True)


def _figures(data: object, path: str = "") -> Figures:
    if isinstance(data, Mapping):
        members = cast("Mapping[str, object]", data).items()
        children = [(_snake(key), value) for key, value in members]
    elif isinstance(data, list):
        children = [(str(n), value) for n, value in enumerate(cast("list[object]", data))]
    elif _is_whole(data) and _IN_USAGE.search(path):
        return {path: int(cast("Any", data))}
    else:
        return {}
    found: Figures = {}
    for key, value in children:
        found |= _figures(value, f"{path}.{key}" if path else key)
    return found


def _is_whole(data: object) -> bool:
    if isinstance(data, str):
        return data.isdecimal()
    return isinstance(data, int | float) and not isinstance(data, bool) and data == int(data)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
