"""Usage events coming in. Whatever is answered as accepted is on disk."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import UsageWriter, check_rate
from bearlumen_server.keys import ApiKey
from bearlumen_server.ledger.decode import Decoded, decode_batch, decode_event
from bearlumen_server.ledger.document import InvalidBodyError
from bearlumen_server.ledger.events import UsageEvent
from bearlumen_server.ledger.rejection import InvalidEventError
from bearlumen_server.ledger.schema import MetricEvent
from bearlumen_server.ledger.writer import (
    Outcome,
    Prepared,
    Writer,
    WriterBusyError,
    WriterClosedError,
)

from . import wire
from .answer import answer, instant
from .body import read_body, refused
from .errors import INVALID_REQUEST, ApiError
from .offload import offload_large
from .state import operations_of, writer_of

router = APIRouter()

RETRY_AFTER_SECONDS: Final = 1
"""A full queue is written in less."""


@router.post(wire.USAGE_BATCH)
@router.post(wire.USAGE_BATCH_UNVERSIONED)
async def ingest_batch(caller: UsageWriter, request: Request) -> Response:
    """Store a batch; a bad event is named in the answer and fails no other."""
    body = await read_body(request)
    writer, now = writer_of(request), datetime.now(UTC)

    def read() -> tuple[Decoded, Prepared]:
        found = decode_batch(body, now=now)
        return found, writer.prepare(found.events, org_id=caller.org_id)

    try:
        decoded, prepared = await offload_large(len(body), read)
    except InvalidBodyError as error:
        _take(request, caller)
        raise refused(error) from error
    _take(request, caller, len(decoded.events) + len(decoded.rejected))
    operations_of(request).metrics.rejected(len(decoded.rejected))
    rejected = [_rejected(each.index, each.event_id, each.message) for each in decoded.rejected]
    outcome = await _write(writer, prepared)
    for position, message in outcome.refused:
        event_id = str(decoded.events[position].event_id)
        rejected.append(_rejected(decoded.indexes[position], event_id, message))
    rejected.sort(key=lambda each: each["index"])
    return answer(
        {"accepted": outcome.accepted, "duplicates": outcome.duplicates, "rejected": rejected}
    )


@router.post(wire.USAGE_EVENTS)
async def ingest_one(caller: UsageWriter, request: Request) -> Response:
    """Store one event, in either form; a repeated one is answered with `recorded: false`."""
    body = await read_body(request)
    try:
        now = datetime.now(UTC)
        event, metric = await offload_large(len(body), lambda: decode_event(body, now=now))
    except InvalidBodyError as error:
        _take(request, caller)
        raise ApiError(400, str(error)) from error
    except InvalidEventError as error:
        _take(request, caller)
        operations_of(request).metrics.rejected(1)
        raise ApiError(422, str(error), details={"field": error.field}) from error
    _take(request, caller)
    writer = writer_of(request)
    outcome = await _write(writer, writer.prepare([event], org_id=caller.org_id))
    if outcome.refused:
        raise ApiError(422, outcome.refused[0][1])
    return answer(_recorded(event, metric, recorded=outcome.accepted == 1))


def _take(request: Request, caller: ApiKey, events: int = 1) -> None:
    """Count what was sent, also what is refused: it took as long to read.

    Raises:
        ApiError: 429, for a key that sends too much.
    """
    check_rate(operations_of(request).event_limit.take(caller.id, max(1, events)), "events")


async def _write(writer: Writer, prepared: Prepared) -> Outcome:
    if not prepared.ids:
        return Outcome(accepted=0, duplicates=0)
    try:
        done = writer.enqueue(prepared)
    except WriterBusyError as error:
        raise ApiError(
            429,
            "more events wait to be written than the server holds; try again shortly",
            headers={wire.RETRY_AFTER: str(RETRY_AFTER_SECONDS)},
        ) from error
    except WriterClosedError as error:
        raise ApiError(
            503,
            "the server is shutting down",
            headers={wire.RETRY_AFTER: str(RETRY_AFTER_SECONDS)},
        ) from error
    return await asyncio.wrap_future(done)


def _rejected(index: int, event_id: str | None, message: str) -> dict[str, Any]:
    return {
        "index": index,
        "sdk_event_id": event_id,
        "code": INVALID_REQUEST,
        "message": message,
    }


def _recorded(event: UsageEvent, metric: MetricEvent | None, *, recorded: bool) -> dict[str, Any]:
    return {
        "eventId": str(event.event_id),
        "userId": event.end_user,
        "metricName": metric.metric_name if metric else None,
        "quantity": metric.quantity if metric else None,
        "eventTimestamp": instant(event.at.astimezone(UTC)),
        "recorded": recorded,
    }
