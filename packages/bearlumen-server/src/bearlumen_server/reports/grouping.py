"""What events are grouped by: a label, or a custom dimension."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bearlumen_server.ledger.derived import json_array

from .question import LABELS, Question, ask, filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bearlumen_server.storage import Store

# To find a key that no event has takes 30 times as long as one that all have. This takes a
# millisecond where it is in use, and at the worst as long as any other question.
_IN_USE: Final = "SELECT 1 FROM events WHERE {where} AND {has} LIMIT 1"
_NONE: Final = "CAST(NULL AS VARCHAR)"


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


def by_dimension(store: Store, question: Question, key: str) -> Group:
    """Group by a custom dimension. One that is '' is none, as it is to a filter."""
    dialect = store.dialect
    words = {"has": dialect.contains.format(text="dim_keys", name="key_text")}
    quoted = {"key_text": json_array([key])[1:-1]}
    if not ask(store, filled(_IN_USE, words), question, quoted):
        return Group(expression=_NONE)
    value = dialect.dimension.format(name="group_key")
    return Group(expression=f"nullif({value}, '')", parameters={"group_key": key})
