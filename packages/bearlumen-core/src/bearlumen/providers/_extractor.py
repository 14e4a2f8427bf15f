"""What a provider module declares, and how the declaration is read.

A declaration is data: what a response looks like, and where its model, id and counts stand. The
paths are compiled once into readers that take attributes and mapping keys alike, so that an SDK
object and the same response as JSON are read by the same declaration, and nothing is dumped.

A path is written `usage.prompt_tokens`. `a|b` reads whichever is reported first,
`details[modality=AUDIO].count` the item of a list that says so, and a tuple of paths is a sum. A
count that nobody reported is absent; it does not become 0.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from .. import _wire

Getter = Callable[[Any], Any]
Paths = str | tuple[str, ...]


class _Word:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


PRESENT: Final = _Word("PRESENT")
"""In a signature: the field is there and is not null."""
ABSENT: Final = _Word("ABSENT")
"""In a signature: the field is not there, or null."""

Signature = Mapping[str, Any]
"""Path to what stands there: a value, a tuple of values, a pattern, `PRESENT` or `ABSENT`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A stream item that says something about usage."""

    signature: Signature
    """What such an item looks like."""
    at: str = ""
    """Where in the item the response, or the part of it that is known, stands; "" is the item."""
    final: bool = False
    """Whether the usage in it is final, even if the stream is not read to its end."""
    opening: bool = False
    """Whether it only tells which stream this is: it is read once, not item after item."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flavor:
    """One surface of a provider: a shape of response and what its fields mean."""

    name: str
    signature: Signature
    counts: Mapping[str, Paths]
    """Our name of a count to where it stands. Totals are inclusive."""
    omits_zero: bool = False
    """The provider leaves a total out when it is zero and the other is not."""
    model: str = "model"
    id: str = "id"
    service_tier: str = ""
    tool_calls: Mapping[str, str] = field(default_factory=dict[str, str])
    """Billed server tools by name, and where their number stands."""
    pending: Signature | None = None
    """A response that is still being made: it is billed later, under the same id."""
    chunks: tuple[Chunk, ...] = ()
    """The stream items that matter. A later item's counts replace an earlier one's."""
    snapshot: str = ""
    """The attribute of the SDK's stream helper that holds the response put together so far."""
    finished: Signature = field(default_factory=dict[str, Any])
    """What a whole response has that a snapshot of an unfinished one lacks."""
    usage_option: str = ""
    """What to ask the provider for when a stream ends without usage."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extractor:
    """A provider: its name, its SDK's import packages, and its surfaces."""

    provider: str
    packages: tuple[str, ...]
    """Root import packages whose classes are this provider's."""
    flavors: tuple[Flavor, ...]
    camel_case: bool = False
    """Whether the JSON spells in camelCase what the SDK's objects spell in snake_case."""


def reader(path: str, *, camel_case: bool = False) -> Getter:
    """A function that reads `path` from an object or a mapping; None where nothing stands."""
    choices = [
        [_step(name, camel_case=camel_case) for name in choice.split(".") if name]
        for choice in path.split("|")
    ]

    def read_one(value: Any, steps: list[Getter]) -> Any:
        for step in steps:
            value = step(value)
            if value is None:
                return None
        return value

    if len(choices) == 1:
        only = choices[0]
        if not path:
            return lambda value: value
        if len(only) == 1:
            return only[0]
        return lambda value: read_one(value, only)

    def read(value: Any) -> Any:
        for steps in choices:
            found = read_one(value, steps)
            if found is not None:
                return found
        return None

    return read


def _step(name: str, *, camel_case: bool) -> Getter:
    name, _, chosen = name.partition("[")
    if chosen:
        return _item(_step(name, camel_case=camel_case), chosen.rstrip("]"))
    camel = _wire.camel(name) if camel_case else name

    def step(value: Any) -> Any:
        if isinstance(value, dict):
            found: Any = value.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            if found is None and camel != name:
                found = value.get(camel)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            return found  # pyright: ignore[reportUnknownVariableType]
        return getattr(value, name, None)

    return step


def _item(items: Getter, chosen: str) -> Getter:
    key, _, wanted = chosen.partition("=")
    read_key = _step(key, camel_case=False)

    def first(value: Any) -> Any:
        listed = items(value)
        if isinstance(listed, list):
            for item in cast("list[Any]", listed):
                if read_key(item) == wanted:
                    return item
        return None

    return first


def matcher(signature: Signature, *, camel_case: bool = False) -> Callable[[Any], bool]:
    """A test whether an object or a mapping looks as `signature` says."""
    tests = [
        (reader(path, camel_case=camel_case), _expectation(wanted))
        for path, wanted in signature.items()
    ]
    return lambda value: all(test(read(value)) for read, test in tests)


def _expectation(wanted: Any) -> Callable[[Any], bool]:
    if wanted is PRESENT:
        return lambda value: value is not None
    if wanted is ABSENT:
        return lambda value: value is None
    if isinstance(wanted, re.Pattern):
        pattern = cast("re.Pattern[str]", wanted)
        return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None
    choices: tuple[Any, ...] = wanted if isinstance(wanted, tuple) else (wanted,)  # pyright: ignore[reportUnknownVariableType]
    return lambda value: value in choices if isinstance(value, str | bool | int) else False


def whole(value: Any) -> int | None:
    """A count as a whole number, or None for anything that isn't one.

    Some providers send `62.0`; some SDKs put an `Unset` object where nothing was sent; a gateway
    puts a dict inside usage; and True is not a count.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, float) and value >= 0 and value.is_integer():
        return int(value)
    return None
