"""`/v1/usage`: the events and their totals."""

from decimal import Decimal
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import UsageReader
from bearlumen_server.reports.costs import TOKENS, TooManyItemsError
from bearlumen_server.reports.metrics import metrics
from bearlumen_server.reports.usage import events_page, usage_summary

from . import wire
from .answer import answer, instant, money, paging, raw
from .errors import ApiError
from .offload import report
from .params import page_of, question_of
from .state import store_of

router = APIRouter()

_LABELS: Final = ("feature", "agent", "workflow", "session_id", "session_type")


@router.get(wire.USAGE_EVENTS)
@report
def events(caller: UsageReader, request: Request) -> Response:
    """List events, newest first."""
    question = question_of(request, caller.org_id, also=(wire.LIMIT, wire.OFFSET))
    page = page_of(request)
    found = events_page(store_of(request), question, limit=page.limit, offset=page.offset)
    shown = [shown_event(event) for event in found.events]
    return answer({"events": shown, **paging(page, total=found.total, shown=len(shown))})


@router.get(wire.USAGE_SUMMARY)
@report
def summary(caller: UsageReader, request: Request) -> Response:
    """Add everything up."""
    found = usage_summary(store_of(request), question_of(request, caller.org_id))
    return answer(
        {
            "totalEvents": found.events,
            **{wire.camel(f"total_{name}"): count for name, count in found.tokens.items()},
            "totalCost": money(found.total_cost),
            "unpricedEvents": found.unpriced_events,
            "endUsers": found.end_users,
        }
    )


@router.get(wire.USAGE_AGGREGATION)
@report
def aggregation(caller: UsageReader, request: Request) -> Response:
    """Add up everything that is counted, each for itself."""
    try:
        found = metrics(store_of(request), question_of(request, caller.org_id))
    except TooManyItemsError as error:
        raise ApiError(400, f"{error}: choose a shorter range, or filter") from error
    items = [
        {
            "metricName": metric.name,
            "kind": metric.kind,
            # A number with every digit that it has, like the units of an event.
            "quantity": raw(money(metric.quantity)),
            "eventCount": metric.events,
        }
        for metric in found
    ]
    return answer({"items": items})


def shown_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is on the wire."""
    parent = event["parent_event_id"]
    return {
        "eventId": str(event["event_id"]),
        "parentEventId": None if parent is None else str(parent),
        "timestamp": instant(event["ts"]),
        "provider": event["provider"],
        "model": event["model"],
        # null for a total that nobody reported, such as that of a call billed by the character.
        **{wire.camel(name): event[name] for name in TOKENS},
        "usage": raw(event["details"]),
        "reported": raw(event["reported"] or "{}"),
        "units": raw(event["units"]),
        "cost": _money(event["cost"]),
        "costSource": event["cost_source"],
        "providerCost": _money(event["provider_cost"]),
        "priceId": event["price_id"],
        "endUserId": event["end_user"],
        **{wire.camel(name): event[name] for name in _LABELS},
        "latencyMs": event["latency_ms"],
        "dimensions": raw(event["dims"]),
        "metadata": raw(event["extra"]),
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money(amount)
