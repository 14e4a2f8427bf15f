"""Paths of a declaration, compiled.

`reader` makes one path into a function, `matcher` a signature into a test. Many paths that are read
together are a `Plan` (`_plan.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from .. import _wire
from ._extractor import ABSENT, PRESENT, Signature
from ._fields import fields_of

Getter = Callable[[Any], Any]

MAX_COUNT: Final = 10**9
"""Of one count: no call uses a thousand million tokens, and a damaged number may say so."""
MAX_DIGITS: Final = 9


def whole(value: Any) -> int | None:
    """A count as a whole number, or None for anything that isn't one.

    Some providers send `62.0`, some headers and protocols "62"; some SDKs put an `Unset` object
    where nothing was sent; a gateway puts a dict inside usage; and True is not a count.
    """
    if type(value) is int:
        return value if 0 <= value <= MAX_COUNT else None
    if isinstance(value, float):
        return int(value) if 0 <= value <= MAX_COUNT and value.is_integer() else None
    if isinstance(value, str) and value.isdecimal() and len(value) <= MAX_DIGITS:
        return int(value)
    return None


def segments(path: str) -> list[str]:
    """The steps of a path; a dot inside brackets belongs to what is chosen."""
    steps: list[str] = []
    for step in path.split("."):
        if steps and "[" in steps[-1] and not steps[-1].endswith("]"):
            steps[-1] += f".{step}"
        elif step:
            steps.append(step)
    return steps


def reader(path: str, *, camel_case: bool = False) -> Getter:
    """A function that reads `path` from an object or a mapping; None where nothing stands."""
    choices = [
        [_step(name, camel_case=camel_case) for name in segments(choice)]
        for choice in path.split("|")
    ]

    def read(value: Any) -> Any:
        for steps in choices:
            found = value
            for step in steps:
                found = step(found)
                if found is None:
                    break
            else:
                return found
        return None

    return read if path else lambda value: value


def _step(segment: str, *, camel_case: bool) -> Getter:
    name, chosen = parts(segment)
    camel = _wire.camel(name) if camel_case else name

    def private(value: Any) -> Any:
        # Not among the fields of a model.
        return getattr(value, name, None)

    def field(value: Any) -> Any:
        fields = fields_of(value)
        found = fields.get(name)
        return fields.get(camel) if found is None and camel != name else found

    if chosen is None:
        return private if name.startswith("_") else field
    choose = chooser(chosen, camel_case=camel_case)
    return (lambda value: choose(field(value))) if name else choose


def parts(segment: str) -> tuple[str, str | None]:
    """The name in a step of a path, and what its brackets say; None without brackets."""
    name, bracket, rest = segment.partition("[")
    if not bracket:
        return name, None
    if not rest.endswith("]"):
        raise ValueError(f"{segment!r} is not a step of a path")
    return name, rest[:-1]


def chooser(chosen: str, *, camel_case: bool) -> Getter:
    """What brackets choose from a list."""
    if chosen == "#":
        return lambda value: len(cast("Any", value)) if isinstance(value, list | tuple) else None
    if chosen.lstrip("-").isdigit():
        return lambda value: _at(value, int(chosen))
    key, _, wanted = chosen.partition("=")
    read_key = reader(key, camel_case=camel_case)

    def first(value: Any) -> Any:
        if isinstance(value, list | tuple):
            for item in cast("list[Any]", value):
                if read_key(item) == wanted:
                    return item
        return None

    return first


def _at(value: Any, index: int) -> Any:
    if isinstance(value, list | tuple) and -len(cast("Any", value)) <= index < len(
        cast("Any", value)
    ):
        return cast("list[Any]", value)[index]
    return None


def matcher(signature: Signature, *, camel_case: bool = False) -> Callable[[Any], bool]:
    """A test whether an object or a mapping looks as `signature` says."""
    needed: frozenset[str] = frozenset() if camel_case else _needed(signature)
    tests: list[tuple[Getter, Callable[[Any], bool]]] = []

    def matches(value: Any) -> bool:
        if type(value) is dict and not needed <= value.keys():
            return False  # most signatures fail here, at a glance
        if not tests and signature:
            # Most are never asked for more than the glance.
            tests[:] = [
                (reader(path, camel_case=camel_case), _expectation(wanted))
                for path, wanted in signature.items()
            ]
        for read, test in tests:  # noqa: SIM110  # a generator would cost twice as much
            if not test(read(value)):
                return False
        return True

    return matches


def _needed(signature: Signature) -> frozenset[str]:
    """The names that a mapping has to have, to look as `signature` says."""
    return frozenset(
        parts(segments(path)[0])[0]
        for path, wanted in signature.items()
        if wanted is not ABSENT and "|" not in path
    )


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
