"""What most rows are: a question about the events of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

if TYPE_CHECKING:
    from bearlumen_server.api.openapi.operation import Parameter


def question(summary: str, answer: str, *also: Parameter, ranged: bool = True) -> Operation:
    """Return the row of a question: it has a range, every filter, and what it takes beside them.

    Args:
        summary: What is asked.
        answer: The model of the answer.
        also: What else it takes.
        ranged: Whether the range has to be given.
    """
    window = p.RANGE if ranged else p.optional(p.RANGE)
    return Operation(
        summary=summary,
        parameters=(*window, *p.FILTERS, *also),
        dimensions=True,
        answer=answer,
    )
