"""`/v1/margins`: revenue against cost."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import MarginReader
from bearlumen_server.reports.margins import SORTS, Margin, margins_by_end_user

from . import wire
from .answer import answer, money, paging, percent
from .offload import report
from .params import page_of, question_of, sort_of
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


def _shown(margin: Margin) -> dict[str, Any]:
    share = margin.percent
    return {
        "endUserId": margin.end_user,
        "endUserName": None,
        "revenue": money(margin.revenue),
        "cost": money(margin.cost),
        "margin": money(margin.margin),
        "marginPercent": None if share is None else percent(share),
        "health": margin.health,
        "unpricedEvents": margin.unpriced_events,
    }
