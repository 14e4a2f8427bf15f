"""How cost, tokens and latency are spread over the events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Final

from .question import Question, ask, filled

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

PERCENTILES: Final = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99"}
_MEAN_DIGITS: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """Something each event has a number of, or not."""

    expression: str
    """SQL of it; NULL for an event that has none."""
    edges: tuple[str, ...]
    """Where one bucket ends and the next begins, ascending."""


COST: Final = Measure(
    expression="cost",
    edges=(
        "0.00001", "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05",
        "0.1", "0.2", "0.5", "1", "10",
    ),
)  # fmt: skip
TOKENS: Final = Measure(
    expression="CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL "
    "THEN coalesce(input_tokens, 0) + coalesce(output_tokens, 0) END",
    edges=(
        "100", "200", "500", "1000", "2000", "5000", "10000", "20000", "50000", "100000", "200000",
        "500000", "1000000",
    ),
)  # fmt: skip
LATENCY: Final = Measure(
    expression="latency_ms",
    edges=(
        "50", "100", "200", "500", "1000", "2000", "5000", "10000", "20000", "30000", "60000",
        "120000",
    ),
)  # fmt: skip

_SPREAD: Final = """
    SELECT count(value), sum(value), min(value), max(value), {quantiles}, {steps}
    FROM (SELECT {expression} AS value FROM events WHERE {where}) AS measured
    WHERE value IS NOT NULL"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """How a measure is spread over the events that have it."""

    count: int
    mean: Decimal | None
    least: Decimal | None
    most: Decimal | None
    percentiles: dict[str, Decimal | None]
    """Exact, interpolated between the two events around each."""
    edges: tuple[Decimal, ...]
    counts: tuple[int, ...]
    """One more than edges: up to the first, above it up to the second, …, above the last."""


def distribution(store: Store, question: Question, measure: Measure) -> Distribution:
    """Return how one of the measures is spread."""
    dialect = store.dialect
    shares = ", ".join(PERCENTILES.values())
    words = {
        "quantiles": dialect.quantiles.format(value="value", shares=shares),
        "steps": dialect.steps.format(value="value", edges=", ".join(measure.edges)),
        "expression": measure.expression,
    }
    count, total, least, most, quantiles, steps = ask(store, filled(_SPREAD, words), question)[0]
    edges = tuple(map(Decimal, measure.edges))
    counts: list[int] = list(steps or [])[: len(edges)] or [0] * len(edges)
    values = [_decimal(each) for each in quantiles or [None] * len(PERCENTILES)]
    return Distribution(
        count=count,
        mean=_mean(_decimal(total), count),
        least=_decimal(least),
        most=_decimal(most),
        percentiles=dict(zip(PERCENTILES, values, strict=True)),
        edges=edges,
        counts=(*counts, count - sum(counts)),
    )


def _decimal(number: Decimal | float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _mean(total: Decimal | None, count: int) -> Decimal | None:
    if total is None:
        return None
    with localcontext(prec=60):
        return round(total / count, _MEAN_DIGITS)
