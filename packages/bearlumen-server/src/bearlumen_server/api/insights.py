"""`/v1/insights`: what stands out."""

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader
from bearlumen_server.reports.anomalies import Anomaly, anomalies
from bearlumen_server.reports.buckets import Buckets, TooManyBucketsError, cut
from bearlumen_server.reports.costs import percent_of
from bearlumen_server.reports.distributions import (
    COST,
    LATENCY,
    TOKENS,
    Distribution,
    distribution,
)
from bearlumen_server.reports.movers import Moved, movement
from bearlumen_server.reports.opportunities import Opportunity, anybody_paid, opportunities
from bearlumen_server.reports.question import Question
from bearlumen_server.reports.usage import UsageSummary, usage_summary
from bearlumen_server.storage import Store

from . import wire
from .answer import answer, money, percent, zoned
from .errors import invalid
from .offload import report
from .params import number_of, parameters, question_of
from .state import books_of, store_of

router = APIRouter()

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 100
DISTRIBUTIONS: Final = "distributions"
INCLUDED: Final = (DISTRIBUTIONS,)
"""What is worked out only when it is asked for."""
_MARGINS: Final = "margins:read"
_DIGITS: Final = 12


@router.get(wire.INSIGHTS_SUMMARY)
@report
def summary(caller: CostReader, request: Request) -> Response:
    """Return the totals of a range, and what in it stands out."""
    question = question_of(
        request,
        caller.org_id,
        also=(wire.INCLUDE, wire.LIMIT),
        ends=(wire.START, wire.END),
    )
    limit = number_of(request, wire.LIMIT, DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
    included = _included(request)
    days = _days(question)
    store = store_of(request)
    revenue = _MARGINS in caller.scopes and anybody_paid(store, question)
    moved = movement(store, question, limit=limit, revenue=revenue)
    largest = {label: moved.largest(label) for label in ("feature", "model")}
    unusual = anomalies(store, question, days, largest=largest, now=datetime.now(UTC))
    better = opportunities(
        store,
        question,
        movement=moved,
        prices=books_of(request).of(caller.org_id),
        revenue=revenue,
        limit=limit,
    )
    shown: dict[str, Any] = {
        "totals": _totals(usage_summary(store, question, end_users=moved.end_users), moved.whole),
        "topMovers": [_mover(each) for each in moved.movers(limit)],
        "anomalies": [_anomaly(each) for each in unusual[:limit]],
        "opportunities": [_opportunity(each) for each in better],
    }
    if DISTRIBUTIONS in included:
        shown[DISTRIBUTIONS] = _distributions(store, question)
    return answer(shown)


def _included(request: Request) -> set[str]:
    words = {word for text in parameters(request).get(wire.INCLUDE, []) for word in text.split(",")}
    for word in sorted(words):
        if word not in INCLUDED:
            problem = f"expected some of {', '.join(INCLUDED)}, got {word[:40]!r}"
            raise invalid(wire.INCLUDE, problem)
    return words


def _days(question: Question) -> Buckets:
    try:
        return cut(question.start, question.end, "day", question.zone)
    except TooManyBucketsError as error:
        raise invalid(wire.END, "more than 10000 days after the start") from error


def _totals(usage: UsageSummary, whole: Moved) -> dict[str, Any]:
    tokens = usage.tokens
    share = percent_of(Decimal(tokens["cache_read_tokens"]), Decimal(tokens["input_tokens"]))
    change = whole.change_percent
    return {
        "cost": money(usage.total_cost),
        "events": usage.events,
        "tokens": tokens["input_tokens"] + tokens["output_tokens"],
        "inputTokens": tokens["input_tokens"],
        "outputTokens": tokens["output_tokens"],
        "cacheReadTokens": tokens["cache_read_tokens"],
        "cacheReadPercent": percent(share) if tokens["input_tokens"] else None,
        "endUsers": usage.end_users,
        "unpricedEvents": usage.unpriced_events,
        "costPerEvent": _per_event(usage),
        "previousCost": money(whole.before),
        "change": money(whole.change),
        "changePercent": None if change is None else percent(change),
    }


def _per_event(usage: UsageSummary) -> str | None:
    """Return the average cost of the events that have one."""
    priced = usage.events - usage.unpriced_events
    if not priced:
        return None
    with localcontext(prec=60):
        return money(round(usage.total_cost / priced, _DIGITS))


def _mover(moved: Moved) -> dict[str, Any]:
    change = moved.change_percent
    return {
        "dimension": wire.camel(moved.label or ""),
        "value": moved.value,
        "current": money(moved.now),
        "previous": money(moved.before),
        "change": money(moved.change),
        "changePercent": None if change is None else percent(change),
        "unpricedEvents": moved.unpriced_events,
    }


def _anomaly(anomaly: Anomaly) -> dict[str, Any]:
    return {
        "dimension": anomaly.label,
        "value": anomaly.value,
        "start": zoned(anomaly.start),
        "end": zoned(anomaly.end),
        "cost": money(anomaly.cost),
        "usual": money(anomaly.usual),
        "deviation": money(anomaly.deviation),
        "threshold": money(anomaly.threshold),
        "unpricedEvents": anomaly.unpriced_events,
    }


def _opportunity(opportunity: Opportunity) -> dict[str, Any]:
    cost, saving = opportunity.cost, opportunity.saving
    return {
        "kind": opportunity.kind,
        "explanation": opportunity.explanation,
        "provider": opportunity.provider,
        "model": opportunity.model,
        "feature": opportunity.feature,
        "endUserId": opportunity.end_user,
        "dimension": wire.camel(opportunity.label) if opportunity.label else None,
        "eventCount": opportunity.events,
        "cost": None if cost is None else money(cost),
        "estimatedSaving": None if saving is None else money(saving),
    }


def _distributions(store: Store, question: Question) -> dict[str, Any]:
    found = {
        "costPerEvent": _distribution(distribution(store, question, COST), amounts=True),
        "tokensPerEvent": _distribution(distribution(store, question, TOKENS), amounts=False),
    }
    latency = distribution(store, question, LATENCY)
    if latency.count:
        found["latencyMs"] = _distribution(latency, amounts=False)
    return found


def _distribution(found: Distribution, *, amounts: bool) -> dict[str, Any]:
    def shown(number: Decimal | None) -> str | float | None:
        if number is None:
            return None
        return money(number) if amounts else float(number)

    edges = [Decimal(0), *found.edges]
    return {
        "count": found.count,
        "min": shown(found.least),
        "max": shown(found.most),
        "mean": shown(found.mean),
        **{name: shown(value) for name, value in found.percentiles.items()},
        "buckets": [
            {
                "from": shown(edge),
                "to": shown(edges[position + 1]) if position < len(found.edges) else None,
                "count": found.counts[position],
            }
            for position, edge in enumerate(edges)
        ],
    }
