"""`POST /v1/revenue/events`: what end users pay."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import RevenueWriter
from bearlumen_server.ledger import limits
from bearlumen_server.ledger.decode import only_event, split_batch
from bearlumen_server.ledger.document import InvalidBodyError, read_document
from bearlumen_server.ledger.rejection import InvalidEventError, shorten
from bearlumen_server.ledger.revenue import Revenue, decode_revenue

from . import wire
from .answer import answer
from .body import read_body, refused
from .errors import INVALID_REQUEST, ApiError
from .offload import offload, offload_large
from .state import store_of

router = APIRouter()


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
