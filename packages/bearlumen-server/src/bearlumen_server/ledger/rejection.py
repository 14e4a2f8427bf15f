"""Why an event is not stored, in words its sender can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import msgspec

MAX_ECHO_CHARACTERS: Final = 40
"""Of a value or key repeated in a message."""

_LOCATION = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.+)`$", re.DOTALL)
_EXPLAINED: Final = {
    "Invalid UUID": "expected a UUID",
    "Invalid RFC3339 encoded datetime": "expected an RFC 3339 timestamp",
    "Expected `datetime` with a timezone component": (
        "expected an RFC 3339 timestamp with an offset such as Z or +02:00"
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """One event of a batch that was not stored."""

    index: int
    event_id: str | None
    """As it was sent; None when the event has none that can be read."""
    message: str


class InvalidEventError(ValueError):
    """An event that cannot be stored: `field` is its path on the wire."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem


def shorten(text: str) -> str:
    """Return enough of a text to recognise it by."""
    if len(text) <= MAX_ECHO_CHARACTERS:
        return text
    return text[:MAX_ECHO_CHARACTERS] + "…"


def kind_of(value: object) -> str:
    """Name what was received without repeating it, but for numbers, which are short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not isfinite(value):
        return "a number too large to be read"
    if isinstance(value, int | float):
        return shorten(str(value))
    if isinstance(value, str):
        return f"a string of {len(value)} characters"
    if isinstance(value, list):
        return f"an array of {len(cast('list[object]', value))}"
    return "an object"


def explain(
    error: msgspec.ValidationError, document: object, *, whole: str = "event"
) -> InvalidEventError:
    """Put a decoder's complaint into our words: path, what was expected, what came.

    Args:
        error: What msgspec said.
        document: The same event decoded without a schema, to look the value up.
        whole: What to call the document itself, where it is that which is wrong.
    """
    text = str(error)
    location = _LOCATION.search(text)
    path = location["path"] if location else ""
    problem = text[: location.start()] if location else text
    missing = _MISSING.match(problem)
    if missing:
        return InvalidEventError(".".join(filter(None, (path, missing["name"]))), "required")
    unknown = _UNKNOWN.match(problem)
    if unknown:
        name = shorten(unknown["name"].replace("\0", "\ufffd"))
        return InvalidEventError(".".join(filter(None, (path, name))), "unknown field")
    problem = _EXPLAINED.get(problem, problem[0].lower() + problem[1:])
    if "got " not in problem and "key" not in text[len(problem) :]:
        problem += f", got {kind_of(_value_at(document, path))}"
    return InvalidEventError(path or whole, problem)


def _value_at(document: object, path: str) -> object:
    value: Any = document
    for name in filter(None, path.split(".")):
        value = cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
    return value
