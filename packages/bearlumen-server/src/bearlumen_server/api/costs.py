"""`/v1/costs`: what was spent, and on what."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader
from bearlumen_server.reports.costs import Breakdown, CostItem, cost_by, cost_by_page

from . import wire
from .answer import answer, money, paging, percent
from .offload import report
from .params import Page, page_of, question_of
from .state import store_of

router = APIRouter()


def _split_by(
    label: str, *, tokens: bool
) -> Callable[[CostReader, Request], Coroutine[None, None, Response]]:
    @report
    def endpoint(caller: CostReader, request: Request) -> Response:
        question = question_of(request, caller.org_id)
        return answer(shown(cost_by(store_of(request), question, label, tokens=tokens)))

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
