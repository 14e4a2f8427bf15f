"""`/v1/prices/recost` and `/v1/prices/recosts`: stored events under the prices of today."""

import asyncio
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Final, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader, PriceWriter
from bearlumen_server.ledger.document import InvalidBodyError, read_document
from bearlumen_server.pricebook.figures import Figures, Tally
from bearlumen_server.pricebook.recosting import Recosts, RunConflictError
from bearlumen_server.pricebook.runs import Run
from bearlumen_server.reports.question import Question

from . import wire
from .answer import answer, instant, money
from .body import read_body
from .errors import ApiError, invalid
from .offload import offload, report
from .params import check_known, question_from
from .state import recosts_of

router = APIRouter()

WAIT_SECONDS: Final = 15
"""For the end of a run before the answer is that it goes on; clients wait for 30."""
DRY_RUN: Final = "dryRun"
FILTERS: Final = "filters"
_RANGE: Final = (wire.START_DATE, wire.END_DATE, wire.TIMEZONE)
_BODY: Final = (*_RANGE, FILTERS, DRY_RUN)


@router.post(wire.PRICES_RECOST)
async def recost(caller: PriceWriter, request: Request) -> Response:
    """Say what the prices of today make of stored events; `dryRun: false` writes it."""
    given = _body(await read_body(request))
    dry_run = given.pop(DRY_RUN, True)
    if not isinstance(dry_run, bool):
        raise invalid(DRY_RUN, "expected true or false")
    question = question_from(_parameters(given), caller.org_id)
    runs = recosts_of(request)
    if dry_run:
        return await _tried(request, question)
    try:
        run, future = await offload(lambda: runs.start(question, by=caller.id))
    except RunConflictError as error:
        raise ApiError(409, str(error)) from error
    return await _when_done(request, run, future)


@report
def _tried(request: Request, question: Question) -> Response:
    return answer(shown_dry_run(recosts_of(request), question))


@router.get(wire.RECOSTS)
@report
def list_recosts(caller: CostReader, request: Request) -> Response:
    """List the organisation's runs, the latest first, without their models and days."""
    check_known(request, ())
    runs = recosts_of(request)
    return answer(
        {
            "recosts": [
                shown_run(run, active=runs.is_active(run), whole=False)
                for run in runs.list(caller.org_id)
            ]
        }
    )


@router.get(wire.RECOSTS + "/{recost_id}")
@report
def get_recost(caller: CostReader, request: Request, recost_id: str) -> Response:
    """Show one run, by model and by day."""
    check_known(request, ())
    run = _known(request, caller.org_id, recost_id)
    return answer(shown_run(run, active=recosts_of(request).is_active(run)))


@router.post(wire.RECOSTS + "/{recost_id}/undo")
async def undo_recost(caller: PriceWriter, request: Request, recost_id: str) -> Response:
    """Put back what a run changed; undoing it again is no error."""
    run = await offload(lambda: _known(request, caller.org_id, recost_id))
    try:
        future = await offload(lambda: recosts_of(request).undo(run, by=caller.id))
    except RunConflictError as error:
        raise ApiError(409, str(error)) from error
    return await _when_done(request, run, future)


@router.post(wire.RECOSTS + "/{recost_id}/resume")
async def resume_recost(caller: PriceWriter, request: Request, recost_id: str) -> Response:
    """Go on with a run that was cut short."""
    run = await offload(lambda: _known(request, caller.org_id, recost_id))
    try:
        future = await offload(lambda: recosts_of(request).resume(run))
    except RunConflictError as error:
        raise ApiError(409, str(error)) from error
    return await _when_done(request, run, future)


def shown_dry_run(runs: Recosts, question: Question) -> dict[str, Any]:
    """Return what a run would change as it is on the wire."""
    return {
        "recostId": None,
        "status": "dry_run",
        **shown_question(question),
        "priceVersion": runs.version(question.org_id),
        **shown_figures(runs.dry_run(question)),
    }


def shown_run(run: Run, *, active: bool, whole: bool = True) -> dict[str, Any]:
    """Return a run as it is on the wire."""
    cut_short = run.status in {"running", "undoing"} and not active
    return {
        "recostId": run.id,
        # One that no thread works on was cut short: it can be resumed, or undone.
        "status": "interrupted" if cut_short else run.status,
        **shown_question(run.question),
        "priceVersion": run.price_version,
        "createdAt": instant(run.created_at),
        "createdBy": run.created_by,
        "finishedAt": _instant(run.finished_at),
        "undoneAt": _instant(run.undone_at),
        "undoneBy": run.undone_by,
        **shown_figures(run.figures, whole=whole),
    }


def shown_question(question: Question) -> dict[str, Any]:
    """Return which events a run is about as it is on the wire."""
    columns = {column: name for name, column in wire.FILTERS.items()}
    labels = {columns[column]: list(values) for column, values in question.labels.items()}
    dimensions = {
        f"{wire.DIMENSION_PREFIX}{key}": list(values) for key, values in question.dimensions.items()
    }
    return {
        wire.START_DATE: question.start.astimezone(question.zone).isoformat(),
        wire.END_DATE: question.end.astimezone(question.zone).isoformat(),
        wire.TIMEZONE: question.zone.key,
        FILTERS: labels | dimensions,
    }


def shown_figures(figures: Figures, *, whole: bool = True) -> dict[str, Any]:
    """Return what changes as it is on the wire: in all, and by model and day."""
    found = _tally(figures.total)
    if whole:
        models = sorted(figures.models.items())
        found["models"] = [
            {"provider": provider, "model": model, **_tally(tally)}
            for (provider, model), tally in models
        ]
        days = sorted(figures.days.items())
        found["days"] = [{"date": day.isoformat(), **_tally(tally)} for day, tally in days]
    return found


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "eventCount": tally.events,
        "costBefore": money(tally.before),
        "costAfter": money(tally.after),
        "change": money(tally.after - tally.before),
        "changedEvents": tally.changed,
        "newlyPricedEvents": tally.newly_priced,
        "newlyUnpricedEvents": tally.newly_unpriced,
        "unpricedEvents": tally.unpriced,
    }


def _body(body: bytes) -> dict[str, Any]:
    try:
        document = read_document(body)
    except InvalidBodyError as error:
        raise ApiError(400, str(error)) from error
    if not isinstance(document, dict):
        raise ApiError(422, "body: expected an object")
    fields = cast("dict[str, Any]", document)
    for name in fields:
        if name not in _BODY:
            raise invalid(name[:100], f"unknown; the body has {', '.join(_BODY)}")
    return fields


def _parameters(given: dict[str, Any]) -> dict[str, list[str]]:
    """Return the range and the filters as a query would have them."""
    filters = given.get(FILTERS)
    if not (filters is None or isinstance(filters, dict)):
        raise invalid(FILTERS, "expected an object")
    sent = {name: given[name] for name in _RANGE if given.get(name) is not None}
    found: dict[str, list[str]] = {}
    for name, value in (*sent.items(), *cast("dict[str, Any]", filters or {}).items()):
        if name in _RANGE and name not in sent:
            raise invalid(f"{FILTERS}.{name}", "stands beside the filters, not among them")
        values = cast("list[Any]", value) if isinstance(value, list) else [value]
        if not values or not all(isinstance(each, str) for each in values):
            where = name if name in sent else f"{FILTERS}.{name}"
            raise invalid(where[:100], "expected a text, or an array of texts")
        found[name] = values
    return found


def _known(request: Request, org_id: str, recost_id: str) -> Run:
    run = recosts_of(request).get(org_id, recost_id)
    if run is None:
        raise ApiError(404, f"no re-costing run {recost_id[:40]!r} in this organisation")
    return run


async def _when_done(request: Request, run: Run, future: Future[Run]) -> Response:
    waiting = asyncio.wrap_future(future)
    done, _ = await asyncio.wait([waiting], timeout=WAIT_SECONDS)
    runs = recosts_of(request)
    if done:
        return answer(shown_run(waiting.result(), active=False))
    latest = await offload(lambda: runs.get(run.question.org_id, run.id))
    return answer(shown_run(latest or run, active=True), status=202)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
