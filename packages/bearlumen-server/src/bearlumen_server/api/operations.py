"""What an operator asks: is it alive, does it take requests, how is it doing, what is there."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.metrics import CONTENT_TYPE

from . import wire
from .answer import answer
from .errors import ApiError
from .offload import offload
from .probe import OK
from .state import operations_of, store_of, writer_of

router = APIRouter()


@router.get(wire.HEALTH)
async def health() -> Response:
    """Answer as long as there is anybody to answer."""
    return answer({"status": OK})


@router.get(wire.READY)
async def ready(request: Request) -> Response:
    """Answer 200 while requests can be served, 503 otherwise."""
    state = operations_of(request)
    writer = writer_of(request)
    checks = {
        "process": "stopping" if state.stopping.is_set() else OK,
        "writer": OK if writer.alive else "not running",
        "queue": "full" if writer.full else OK,
        "database": await state.probe.result(store_of(request)),
    }
    if set(checks.values()) == {OK}:
        return answer({"status": "ready", "checks": checks})
    problems = ", ".join(f"{name}: {value}" for name, value in checks.items() if value != OK)
    raise ApiError(
        503,
        f"not ready ({problems})",
        details={"checks": checks},
        headers={wire.RETRY_AFTER: "1"},
    )


@router.get(wire.METRICS)
async def metrics(request: Request) -> Response:
    """Return counters and histograms, where the setting says so."""
    if not operations_of(request).settings.metrics:
        raise ApiError(404, "metrics are turned off (the setting `metrics`)")
    text = await offload(operations_of(request).metrics.text)
    return Response(text, media_type=CONTENT_TYPE)


@router.get(wire.OPENAPI)
async def openapi(request: Request) -> Response:
    """Return what there is, as OpenAPI."""
    return answer(operations_of(request).openapi())
