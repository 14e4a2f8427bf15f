"""`/v1/costs`: what was spent, and on what."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader
from bearlumen_server.reports.comparison import Comparison, compare
from bearlumen_server.reports.costs import (
    Breakdown,
    CostItem,
    TooManyItemsError,
    cost_by,
    cost_by_page,
)
from bearlumen_server.reports.trend import cost_trend

from . import wire
from .answer import answer, money, paging, percent, zoned
from .errors import ApiError, invalid
from .offload import report
from .params import Page, buckets_of, page_of, question_of
from .points import points, spent
from .state import store_of

router = APIRouter()

SUMMARY_DAYS: Final = 30
"""What a summary without a range is about, today included."""


def _split_by(
    label: str, *, tokens: bool
) -> Callable[[CostReader, Request], Coroutine[None, None, Response]]:
    @report
    def endpoint(caller: CostReader, request: Request) -> Response:
        question = question_of(request, caller.org_id)
        try:
            found = cost_by(store_of(request), question, label, tokens=tokens)
        except TooManyItemsError as error:
            raise too_many(error) from error
        return answer(shown(found))

    return endpoint


for _path, _label in wire.BREAKDOWNS.items():
    router.get(f"{wire.COSTS}/{_path}")(_split_by(_label, tokens=False))
for _path in ("by-model", "by-provider"):
    router.get(f"{wire.COSTS_DETAILED}/{_path}")(_split_by(wire.BREAKDOWNS[_path], tokens=True))


@router.get(f"{wire.COSTS_DETAILED}/by-end-user")
@report
def detailed_by_end_user(caller: CostReader, request: Request) -> Response:
    """Split cost and tokens by end user, one page of them."""
    question = question_of(request, caller.org_id, also=(wire.LIMIT, wire.OFFSET))
    page = page_of(request)
    store = store_of(request)
    found = cost_by_page(store, question, "end_user", limit=page.limit, offset=page.offset)
    return answer(shown_page(found, page))


@router.get(wire.COSTS_TREND)
@report
def trend(caller: CostReader, request: Request) -> Response:
    """Follow cost through a range."""
    question = question_of(request, caller.org_id, also=(wire.GRANULARITY,))
    granularity, buckets = buckets_of(request, question)
    found = cost_trend(store_of(request), question, buckets)
    return answer(
        {"granularity": granularity, "points": points(buckets, found), **spent(found.whole)}
    )


@router.get(wire.COSTS_SUMMARY)
@report
def summary(caller: CostReader, request: Request) -> Response:
    """Add cost up and compare it with the period before."""
    question = question_of(request, caller.org_id, recent_days=SUMMARY_DAYS)
    try:
        found = compare(store_of(request), question)
    except OverflowError as error:
        problem = "the period before that of the question would begin before the year 1"
        raise invalid(wire.START_DATE, problem) from error
    start, end = (at.astimezone(question.zone) for at in (question.start, question.end))
    return answer(
        {
            "startDate": zoned(start),
            "endDate": zoned(end),
            **_compared(found),
        }
    )


def _compared(found: Comparison) -> dict[str, Any]:
    earlier, average, percentage = found.earlier, found.average, found.change_percent
    return {
        **spent(found.now),
        "averageCostPerEvent": None if average is None else money(average),
        "previousPeriod": {
            "startDate": zoned(earlier.start.astimezone(earlier.zone)),
            "endDate": zoned(earlier.end.astimezone(earlier.zone)),
            **spent(found.before),
        },
        "change": money(found.change),
        "changePercent": None if percentage is None else percent(percentage),
    }


def too_many(error: TooManyItemsError) -> ApiError:
    """Refuse what would be more than one answer holds."""
    return ApiError(400, f"{error}: choose a shorter range, or filter")


def shown(breakdown: Breakdown) -> dict[str, Any]:
    """Return a breakdown as it is on the wire."""
    return {
        "items": [_item(item) for item in breakdown.items],
        "totalCost": money(breakdown.total_cost),
        "unpricedEvents": breakdown.unpriced_events,
    }


def shown_page(breakdown: Breakdown, page: Page) -> dict[str, Any]:
    """Return one page of a breakdown as it is on the wire."""
    where = paging(page, total=breakdown.total_items, shown=len(breakdown.items))
    return {**shown(breakdown), **where}


def _item(item: CostItem) -> dict[str, Any]:
    return {
        "attributionValue": item.value,
        "totalCost": money(item.total_cost),
        "percentOfTotal": percent(item.percent),
        "eventCount": item.events,
        "unpricedEvents": item.unpriced_events,
        **{wire.camel(name): count for name, count in item.tokens.items()},
    }
