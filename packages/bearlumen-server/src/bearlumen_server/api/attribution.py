"""`/v1/attribution`: cost by dimension, agent, workflow and session."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader
from bearlumen_server.ledger.limits import MAX_KEY_CHARACTERS
from bearlumen_server.reports.attribution import Actor, actors, dimension_keys
from bearlumen_server.reports.costs import TooManyItemsError, cost_by, cost_by_page
from bearlumen_server.reports.grouping import Group, by_dimension, by_label
from bearlumen_server.reports.question import Question
from bearlumen_server.reports.series import TooManyPointsError, cost_series

from . import sessions, wire
from .answer import answer, instant, money, paging, percent
from .costs import shown, too_many
from .errors import invalid
from .offload import report
from .params import buckets_of, number_of, page_of, question_of, text_of
from .points import shown_series, spent
from .state import store_of

router = APIRouter()
router.include_router(sessions.router)

DEFAULT_SERIES: Final = 10
MAX_SERIES: Final = wire.MAX_LIMIT
"""What the series of all values that were not kept is called."""


@router.get(wire.ATTRIBUTION_BY_DIMENSION)
@report
def by(caller: CostReader, request: Request) -> Response:
    """Split cost by a dimension."""
    question = question_of(request, caller.org_id, also=(wire.DIMENSION,))
    try:
        return answer(shown(cost_by(store_of(request), question, _group_of(request, question))))
    except TooManyItemsError as error:
        raise too_many(error) from error


@router.get(wire.ATTRIBUTION_DIMENSION_KEYS)
@report
def keys(caller: CostReader, request: Request) -> Response:
    """List the custom dimensions that events have."""
    found = dimension_keys(store_of(request), question_of(request, caller.org_id))
    return answer({"keys": [{"key": each.key, **spent(each.spent)} for each in found]})


@router.get(wire.ATTRIBUTION_DIMENSION_VALUES)
@report
def values(caller: CostReader, request: Request) -> Response:
    """List the values that events have of a dimension, one page of them."""
    question = question_of(request, caller.org_id, also=(wire.DIMENSION, wire.LIMIT, wire.OFFSET))
    page = page_of(request)
    found = cost_by_page(
        store_of(request),
        question,
        _group_of(request, question),
        limit=page.limit,
        offset=page.offset,
        tokens=False,
        nameless=False,
    )
    return answer(
        {
            "values": [
                {
                    "value": item.value,
                    "totalCost": money(item.total_cost),
                    "percentOfTotal": percent(item.percent),
                    "eventCount": item.events,
                    "unpricedEvents": item.unpriced_events,
                }
                for item in found.items
            ],
            "totalCost": money(found.total_cost),
            "unpricedEvents": found.unpriced_events,
            **paging(page, total=found.total_items, shown=len(found.items)),
        }
    )


@router.get(wire.ATTRIBUTION_TIME_SERIES)
@report
def time_series(caller: CostReader, request: Request) -> Response:
    """Follow the cost of each value of a dimension through a range."""
    also = (wire.DIMENSION, wire.GRANULARITY, wire.LIMIT)
    question = question_of(request, caller.org_id, also=also)
    granularity, buckets = buckets_of(request, question)
    limit = number_of(request, wire.LIMIT, DEFAULT_SERIES, least=1, most=MAX_SERIES)
    group, store = _group_of(request, question), store_of(request)
    try:
        found = cost_series(store, question, buckets, group, limit=limit)
    except TooManyPointsError as error:
        raise invalid(wire.GRANULARITY, str(error)) from error

    return answer(shown_series(granularity, buckets, found))


@router.get(wire.ATTRIBUTION_AGENTS)
@report
def agents(caller: CostReader, request: Request) -> Response:
    """List the agents that events name."""
    return answer({"agents": _actors(caller, request, "agent")})


@router.get(wire.ATTRIBUTION_WORKFLOWS)
@report
def workflows(caller: CostReader, request: Request) -> Response:
    """List the workflows that events name."""
    return answer({"workflows": _actors(caller, request, "workflow")})


def _actors(caller: CostReader, request: Request, label: str) -> list[dict[str, Any]]:
    question = question_of(request, caller.org_id)
    try:
        return [_actor(each) for each in actors(store_of(request), question, label)]
    except TooManyItemsError as error:
        raise too_many(error) from error


def _actor(found: Actor) -> dict[str, Any]:
    return {
        "name": found.name,
        **spent(found.spent),
        "sessions": found.sessions,
        "firstSeen": instant(found.first_seen),
        "lastSeen": instant(found.last_seen),
    }


def _group_of(request: Request, question: Question) -> Group:
    """Read `dimension`: a label by the name of its filter, else a custom dimension.

    A custom dimension that is called as a label is can be asked for as `dimension.<key>`.
    """
    most = MAX_KEY_CHARACTERS + len(wire.DIMENSION_PREFIX)
    name = text_of(request, wire.DIMENSION, most=most)
    if name in wire.FILTERS:
        return by_label(wire.FILTERS[name])
    key = name.removeprefix(wire.DIMENSION_PREFIX)
    if not key or len(key) > MAX_KEY_CHARACTERS:
        raise invalid(wire.DIMENSION, f"expected a key of 1 to {MAX_KEY_CHARACTERS} characters")
    return by_dimension(store_of(request), question, key)
