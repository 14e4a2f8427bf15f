"""What is declared of a route."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


BODY_ERRORS: Final = (400, 408, 413, 415, 422, 429, 503)
"""What a route may answer that reads a body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    repeated: bool = False
    """Whether it may be given more than once, for any of its values."""
    beside: tuple[str, ...] = ()
    """Parameters without which it means nothing."""
    example: str
    """A value that the route takes; the tests send it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method of one path. Its scope is that of the route, and not said again."""

    summary: str
    parameters: tuple[Parameter, ...] = ()
    dimensions: bool = False
    """Whether it takes `dimension.<key>` filters as well."""
    body: str | None = None
    """The name of its schema, in `bodies`."""
    answer: str | None = None
    """A model of `bearlumen.models`, or one of `answers`; None where it is not JSON."""
    media: tuple[str, ...] = ("application/json",)
    """What the answer is, where it is not JSON."""
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses that have the same answer."""
    errors: tuple[int, ...] = ()
    """Beside those that follow from it having a key, a body, a path with an id in it."""
