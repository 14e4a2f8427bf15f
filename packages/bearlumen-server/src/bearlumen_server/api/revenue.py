"""`/v1/revenue/events`: what end users pay."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import MarginReader, RevenueWriter
from bearlumen_server.ledger import limits
from bearlumen_server.ledger.decode import only_event, split_batch
from bearlumen_server.ledger.document import InvalidBodyError, read_document
from bearlumen_server.ledger.rejection import InvalidEventError, shorten
from bearlumen_server.ledger.revenue import Revenue, decode_revenue
from bearlumen_server.reports.revenue import ReportedRevenue, revenue_page

from . import wire
from .answer import answer, instant, money, paging
from .body import read_body, refused
from .errors import INVALID_REQUEST, ApiError
from .offload import offload, offload_large
from .offload import report as offloaded
from .params import page_of, question_of
from .state import store_of

router = APIRouter()

_FILTERS: Final = {"externalId": wire.FILTERS["externalId"]}
_DAY: Final = timedelta(days=1)


@router.post(wire.REVENUE_EVENTS)
async def report(caller: RevenueWriter, request: Request) -> Response:
    """Store revenue, many or one; a repeated `revenueId` is counted as a duplicate."""
    body = await read_body(request)
    now = datetime.now(UTC)
    try:
        raws, many = await offload_large(len(body), lambda: _split(body))
    except InvalidBodyError as error:
        raise refused(error) from error
    records, rejected = await offload(lambda: _decode(raws, now))
    if rejected and not many:
        raise ApiError(422, rejected[0]["message"])
    store = store_of(request)
    unique = {record.revenue_id: record for record in reversed(records)}
    fresh = list(unique.values())
    known = await offload(lambda: store.append_revenue(fresh, org_id=caller.org_id))
    accepted = len(fresh) - len(known)
    return answer(
        {"accepted": accepted, "duplicates": len(records) - accepted, "rejected": rejected}
    )


@router.get(wire.REVENUE_EVENTS)
@offloaded
def list_revenue(caller: MarginReader, request: Request) -> Response:
    """List what was reported, by the time it counts from, latest first."""
    question = question_of(
        request,
        caller.org_id,
        filters=_FILTERS,
        dimensions=False,
        also=(wire.LIMIT, wire.OFFSET),
    )
    page = page_of(request)
    found = revenue_page(store_of(request), question, limit=page.limit, offset=page.offset)
    events = [_shown(each) for each in found.revenue]
    return answer({"events": events, **paging(page, total=found.total, shown=len(events))})


def _shown(revenue: ReportedRevenue) -> dict[str, Any]:
    first, end = revenue.starts_at, revenue.ends_at
    times: dict[str, str | None] = {"occurredAt": None, "periodStart": None, "periodEnd": None}
    if end is None:
        times["occurredAt"] = instant(first)
    elif first.time() == end.time() == time():
        # Whole days, shown as the days they are: reported again, they mean the same.
        times["periodStart"] = first.date().isoformat()
        times["periodEnd"] = (end - _DAY).date().isoformat()
    else:
        times["periodStart"], times["periodEnd"] = instant(first), instant(end)
    return {
        "revenueId": revenue.revenue_id,
        "externalId": revenue.end_user,
        "amount": money(revenue.amount),
        "currency": revenue.currency,
        **times,
        "receivedAt": instant(revenue.received_at),
    }


def _split(body: bytes) -> tuple[list[bytes], bool]:
    """Return the events, and whether they were sent as many."""
    document = read_document(body)
    if isinstance(document, dict) and "revenueId" in document:
        return [only_event(body)], False
    return split_batch(body), True


def _decode(raws: Sequence[bytes], now: datetime) -> tuple[list[Revenue], list[dict[str, Any]]]:
    records: list[Revenue] = []
    rejected: list[dict[str, Any]] = []
    entries = 0
    for index, raw in enumerate(raws):
        try:
            record = decode_revenue(raw, now=now)
            entries += len(record.entries)
            _check_entries(entries)
        except InvalidEventError as error:
            rejected.append(
                {
                    "index": index,
                    "revenueId": _sent_id(raw),
                    "code": INVALID_REQUEST,
                    "message": str(error),
                }
            )
        else:
            records.append(record)
    return records, rejected


def _check_entries(entries: int) -> None:
    if entries > limits.MAX_PERIOD_ENTRIES:
        raise InvalidEventError(
            "periodEnd",
            f"the periods of one request cover more than {limits.MAX_PERIOD_ENTRIES} days; send "
            "the rest in another",
        )


def _sent_id(raw: bytes) -> str | None:
    document = read_document(raw)
    if not isinstance(document, dict):
        return None
    sent = cast("dict[str, object]", document).get("revenueId")
    return shorten(sent) if isinstance(sent, str) else None
