"""What events are grouped by: a label, or a custom dimension."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .question import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .dialect import Dialect


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Something each event has one value of, or none."""

    expression: str
    """SQL of the value, as text."""
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    """What the expression binds."""


def by_label(column: str) -> Group:
    """Group by a column of `LABELS`."""
    if column not in LABELS:
        raise KeyError(column)
    return Group(expression=column)


def by_dimension(key: str, dialect: Dialect) -> Group:
    """Group by a custom dimension. One that is '' is none, as it is to a filter."""
    value = dialect.dimension.format(name="group_key")
    return Group(expression=f"nullif({value}, '')", parameters={"group_key": key})
