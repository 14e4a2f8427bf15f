"""How much was used of everything that is counted: tokens by kind, tool calls, units."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, cast

from bearlumen_server.ledger.normalise import TOKEN_KINDS

from .costs import TOKENS, TooManyItemsError
from .question import Question, ask, filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bearlumen_server.storage import Store

Kind = Literal["tokens", "tool_calls", "units"]

MAX_METRICS: Final = 1000
"""Of one answer: names of units and tools are the sender's."""
_AT_ONCE: Final = 50
"""Quantities added up in one scan."""
_SENT: Final = ("input_tokens", "output_tokens")
"""The totals whose 0 was sent; of the others, 0 is what was not."""

_PLACES: Final[Mapping[str, tuple[Kind, str]]] = {
    "usage": ("tokens", "details"),
    "tool_calls": ("tool_calls", "details['tool_calls']"),
    "units": ("units", "units"),
}
"""The first part of a key of `metric_keys`: what kind it is, and where the ledger has it."""
_COUNTS: Final = ", ".join(
    f"coalesce(sum({name}), 0), "
    + (f"count({name})" if name in _SENT else f"sum(CASE WHEN {name} > 0 THEN 1 ELSE 0 END)")
    for name in TOKENS
)
_COLUMNS: Final = f"""
    SELECT metric_keys, count(*), {_COUNTS} FROM events WHERE {{where}} GROUP BY metric_keys"""  # noqa: S608
_SUMS: Final = "SELECT {sums} FROM events WHERE {where}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """The sum of one thing that is counted."""

    name: str
    kind: Kind
    quantity: Decimal
    events: int
    """How many events report it."""


def metrics(store: Store, question: Question) -> tuple[Metric, ...]:
    """Return the sum of everything that any event reports, tokens first, names in order.

    Raises:
        TooManyItemsError: There are more than `MAX_METRICS` names.
    """
    totals = [0] * (2 * len(TOKENS))
    events: dict[str, int] = {}
    for keys, count, *sums in ask(store, _COLUMNS, question):
        totals = [so_far + int(more) for so_far, more in zip(totals, sums, strict=True)]
        for key in cast("list[str]", json.loads(keys or "[]")):
            events[key] = events.get(key, 0) + count
    if len(events) > MAX_METRICS:
        raise TooManyItemsError(f"more than {MAX_METRICS} different metrics")
    columns = [
        Metric(name=name, kind="tokens", quantity=Decimal(total), events=reporting)
        for name, (total, reporting) in zip(
            TOKENS, zip(totals[::2], totals[1::2], strict=True), strict=True
        )
        if reporting
    ]
    # "usage" after "tool_calls" in the alphabet, before it here: tokens stay together.
    ordered = sorted(events, key=lambda key: (not key.startswith("usage."), key))
    return (*columns, *_metrics(store, question, ordered, events))


def _metrics(
    store: Store, question: Question, keys: Sequence[str], events: Mapping[str, int]
) -> Iterator[Metric]:
    dialect = store.dialect
    for first in range(0, len(keys), _AT_ONCE):
        some = keys[first : first + _AT_ONCE]
        sums: list[str] = []
        names: dict[str, object] = {}
        for number, key in enumerate(some):
            place, _, name = key.partition(".")
            bound = f"metric_{number}"
            # A kind that is not ours to check may be no number in another event.
            checked = place != "usage" or name in TOKEN_KINDS
            word = dialect.quantity if checked else dialect.unchecked_quantity
            value = word.format(column=_PLACES[place][1], name=bound)
            sums.append(f"coalesce(sum({value}), 0)")
            names[bound] = name
        (found,) = ask(store, filled(_SUMS, {"sums": ", ".join(sums)}), question, names)
        for key, quantity in zip(some, found, strict=True):
            place, _, name = key.partition(".")
            kind = _PLACES[place][0]
            yield Metric(
                name=key if kind == "tool_calls" else name,
                kind=kind,
                quantity=quantity,
                events=events[key],
            )
