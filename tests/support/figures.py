"""The usage numbers in an answer, on the wire or on an SDK's object, read without our own SDK.

Nothing here knows what a number means: it shows that what a provider sent is what a user holds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from .recordings import Recording

Figures = dict[str, int]
"""Every whole number in a usage object, by its path in snake case: `usage.total_tokens`."""

_IN_USAGE = re.compile(r"usage|eval_count$")


def on_the_wire(recording: Recording) -> list[Figures]:
    """The figures of each item a caller should see, in order."""
    if recording.response is not None:
        return [_figures(recording.response)]
    # Anthropic's client swallows the pings that keep its connection open.
    events = [event for event in recording.events if event.name != "ping"]
    # An item of boto3's streams is {"metadata": {…}}: the name is a key.
    wrapped = recording.sdk == "boto3"
    return [_figures({event.name: event.data} if wrapped else event.data) for event in events]


def on_the_objects(items: Iterable[object]) -> list[Figures]:
    """The figures of each item an SDK handed out, in order."""
    # An item of mistralai's streams has the chunk under `.data`.
    return [_figures(_plain(getattr(item, "data", item))) for item in items]


def items_of(answer: Any) -> Iterator[object]:
    """The items of a sync stream, wherever the SDK keeps them."""
    yield from cast("Iterable[object]", answer["stream"] if isinstance(answer, dict) else answer)


def settled(recording: Recording) -> Figures:
    """The figures a plain answer has, or the last ones a stream states; empty without usage."""
    stated = [figures for figures in on_the_wire(recording) if figures]
    return stated[-1] if stated else {}


def _plain(value: object) -> Any:
    """An SDK's object as JSON-like data, by its own means of dumping itself."""
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _plain(item) for key, item in items}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    dump: Any = getattr(value, "model_dump", None)
    return _plain(dump(mode="json")) if dump else value


def _figures(data: object, path: str = "") -> Figures:
    if isinstance(data, Mapping):
        members = cast("Mapping[str, object]", data).items()
        children = [(_snake(key), value) for key, value in members]
    elif isinstance(data, list):
        children = [(str(n), value) for n, value in enumerate(cast("list[object]", data))]
    elif isinstance(data, int) and not isinstance(data, bool) and _IN_USAGE.search(path):
        return {path: data}
    else:
        return {}
    found: Figures = {}
    for key, value in children:
        found |= _figures(value, f"{path}.{key}" if path else key)
    return found


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
