"""`/v1/attribution/sessions`: what conversations and jobs cost."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader
from bearlumen_server.ledger.limits import MAX_LABEL_CHARACTERS
from bearlumen_server.reports.costs import cost_by
from bearlumen_server.reports.question import Question
from bearlumen_server.reports.sessions import (
    SORTS,
    Session,
    SessionType,
    session_of,
    session_types,
    sessions_page,
    within,
)
from bearlumen_server.reports.usage import first_events

from . import wire
from .answer import answer, instant, money, paging
from .costs import shown
from .errors import ApiError, invalid
from .offload import report
from .params import EARLIEST_YEAR, LATEST_YEAR, page_of, parameters, question_of, sort_of
from .paths import ANY_TEXT
from .points import spent
from .state import store_of
from .usage import shown_event

router = APIRouter()

DEFAULT_SORT: Final = "-startedAt"
MAX_EVENTS: Final = 1000
"""Of one session's answer, its first; all of them are a question to `usage/events`."""
_EVER: Final = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in (EARLIEST_YEAR, LATEST_YEAR))


@router.get(wire.ATTRIBUTION_SESSIONS)
@report
def sessions(caller: CostReader, request: Request) -> Response:
    """List sessions, one page of them."""
    also = (wire.LIMIT, wire.OFFSET, wire.SORT)
    question = question_of(request, caller.org_id, also=also)
    page = page_of(request)
    sort, descending = sort_of(request, SORTS, DEFAULT_SORT)
    found = sessions_page(
        store_of(request),
        question,
        sort=sort,
        descending=descending,
        limit=page.limit,
        offset=page.offset,
    )
    return answer(
        {
            "sessions": [_session(each) for each in found.sessions],
            **spent(found.whole),
            **paging(page, total=found.total, shown=len(found.sessions)),
        }
    )


@router.get(wire.ATTRIBUTION_SESSION_COMPARISON)
@report
def comparison(caller: CostReader, request: Request) -> Response:
    """Compare what sessions of each type cost."""
    if not request.query_params:
        # A comparison has a range. Without one, it may be the session of that name that is meant.
        name = wire.ATTRIBUTION_SESSION_COMPARISON.removeprefix(f"{wire.ATTRIBUTION_SESSIONS}/")
        found = _detail(caller, request, name)
        if found is not None:
            return answer(found)
    question = question_of(request, caller.org_id)
    types = session_types(store_of(request), question)
    return answer({"sessionTypes": [_type(each) for each in types]})


@router.get(f"{wire.ATTRIBUTION_SESSIONS}/{{session_id:{ANY_TEXT}}}")
@report
def detail(caller: CostReader, request: Request) -> Response:
    """Show one session whole, whenever it was."""
    for name in parameters(request):
        raise invalid(name[:100], "unknown parameter; a session is shown whole")
    session_id: str = request.path_params["session_id"]
    found = _detail(caller, request, session_id)
    if found is None:
        raise ApiError(404, f"no session {session_id[:100]!r}")
    return answer(found)


def _detail(caller: CostReader, request: Request, session_id: str) -> dict[str, Any] | None:
    if len(session_id) > MAX_LABEL_CHARACTERS or "\0" in session_id:
        return None
    start, end = _EVER
    store, question = store_of(request), Question(org_id=caller.org_id, start=start, end=end)
    session = session_of(store, question, session_id)
    if session is None:
        return None
    whole = within(question, session)
    events = first_events(store, whole, most=MAX_EVENTS)
    return {
        **_session(session),
        "byModel": shown(cost_by(store, whole, "model")),
        "byAgent": shown(cost_by(store, whole, "agent")),
        "byFeature": shown(cost_by(store, whole, "feature")),
        "events": [shown_event(each) for each in events],
        "eventsTruncated": len(events) < session.spent.events,
    }


def _session(found: Session) -> dict[str, Any]:
    return {
        "sessionId": found.session_id,
        "sessionType": found.session_type,
        "endUserId": found.end_user,
        **spent(found.spent),
        **{wire.camel(name): count for name, count in found.tokens.items()},
        "startedAt": instant(found.started_at),
        "endedAt": instant(found.ended_at),
        "durationSeconds": found.seconds,
    }


def _type(found: SessionType) -> dict[str, Any]:
    average = found.average
    return {
        "sessionType": found.session_type,
        "sessions": found.sessions,
        **spent(found.spent),
        "averageCost": None if average is None else money(average),
        "medianCost": None if found.median is None else money(found.median),
        "p95Cost": None if found.p95 is None else money(found.p95),
    }
