"""`/v1/margins`: revenue against cost."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import MarginReader
from bearlumen_server.reports.margins import (
    SORTS,
    Margin,
    margin_of,
    margins_by_end_user,
    margins_over_time,
)

from . import wire
from .answer import answer, instant, money, paging, percent, zoned
from .offload import report
from .params import buckets_of, page_of, question_of, sort_of
from .state import store_of

router = APIRouter()

_FILTERS: Final = {"externalId": wire.FILTERS["externalId"]}
DEFAULT_SORT: Final = "margin"
"""The worst first: they are what the question is asked for."""


@router.get(wire.MARGINS_BY_END_USER)
@report
def by_end_user(caller: MarginReader, request: Request) -> Response:
    """Return each end user's revenue, cost, margin and health."""
    question = question_of(
        request,
        caller.org_id,
        filters=_FILTERS,
        dimensions=False,
        also=(wire.LIMIT, wire.OFFSET, wire.SORT),
    )
    page = page_of(request)
    sort, descending = sort_of(request, SORTS, DEFAULT_SORT)
    found = margins_by_end_user(
        store_of(request),
        question,
        sort=sort,
        descending=descending,
        limit=page.limit,
        offset=page.offset,
    )
    return answer(
        {
            "endUsers": [_shown(margin) for margin in found.end_users],
            "unpricedEvents": found.unpriced_events,
            **paging(page, total=found.total, shown=len(found.end_users)),
        }
    )


@router.get(wire.MARGINS_SUMMARY)
@report
def summary(caller: MarginReader, request: Request) -> Response:
    """Return revenue less cost of the range."""
    question = question_of(request, caller.org_id, filters=_FILTERS, dimensions=False)
    found = margin_of(store_of(request), question)
    return answer(
        {
            "summary": {**_amounts(found), "health": found.health},
            "unpricedEvents": found.unpriced_events,
        }
    )


@router.get(wire.MARGINS_TREND)
@report
def trend(caller: MarginReader, request: Request) -> Response:
    """Return revenue less cost of each hour, day, week or month."""
    question = question_of(
        request, caller.org_id, filters=_FILTERS, dimensions=False, also=(wire.GRANULARITY,)
    )
    granularity, buckets = buckets_of(request, question)
    found = margins_over_time(store_of(request), question, buckets)
    return answer(
        {
            "granularity": granularity,
            "points": [
                {
                    "start": zoned(start),
                    "end": zoned(end),
                    **_amounts(margin),
                    "unpricedEvents": margin.unpriced_events,
                }
                for (start, end), margin in zip(buckets, found, strict=True)
            ],
            "unpricedEvents": sum(margin.unpriced_events for margin in found),
        }
    )


def _shown(margin: Margin) -> dict[str, Any]:
    gone = margin.deactivated_at
    return {
        "endUserId": margin.end_user,
        "endUserName": margin.name,
        **_amounts(margin),
        "health": margin.health,
        "unpricedEvents": margin.unpriced_events,
        "deactivatedAt": None if gone is None else instant(gone),
    }


def _amounts(margin: Margin) -> dict[str, Any]:
    share = margin.percent
    return {
        "revenue": money(margin.revenue),
        "cost": money(margin.cost),
        "margin": money(margin.margin),
        "marginPercent": None if share is None else percent(share),
    }
