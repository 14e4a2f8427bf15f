"""`GET /v1/ping`: is anybody there, and who am I to them."""

from fastapi import APIRouter
from starlette.responses import Response

from bearlumen_server.auth import Caller

from . import wire
from .answer import answer

router = APIRouter()


@router.get(wire.PING)
async def ping(caller: Caller) -> Response:
    """Answer any valid key."""
    return answer({"ok": True, "organizationId": caller.org_id})
