"""`DELETE /v1/end-users/{externalId}`: one end user's data out of the ledger."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import EndUserWriter
from bearlumen_server.ledger.erasure import MODES, erase
from bearlumen_server.ledger.limits import MAX_KEY_CHARACTERS, MAX_KEYS, MAX_LABEL_CHARACTERS

from . import wire
from .answer import answer
from .errors import ApiError, invalid
from .offload import offload
from .params import choice_of, parameters
from .paths import ANY_TEXT
from .state import store_of

router = APIRouter()

MODE: Final = "mode"
KEEP_DIMENSIONS: Final = "keepDimensions"


@router.delete(f"{wire.END_USERS}/{{external_id:{ANY_TEXT}}}")
async def erase_end_user(caller: EndUserWriter, request: Request, external_id: str) -> Response:
    """Make an end user's events and revenue nameless, or remove them; say how many there were.

    Whoever is not known, or was erased before, is answered the same, with zeros.
    """
    if not external_id or len(external_id) > MAX_LABEL_CHARACTERS or "\0" in external_id:
        raise ApiError(400, f"externalId: expected 1 to {MAX_LABEL_CHARACTERS} characters")
    unknown = [name for name in parameters(request) if name not in {MODE, KEEP_DIMENSIONS}]
    if unknown:
        hint = "; mode=anonymize is how totals are kept" if unknown[0] == "keepTotals" else ""
        known = f"{MODE}, {KEEP_DIMENSIONS}"
        raise invalid(unknown[0][:100], f"unknown parameter; known are {known}{hint}")
    mode = choice_of(request, MODE, MODES, "anonymize")
    keep = _kept(request)
    if keep and mode == "remove":
        raise invalid(KEEP_DIMENSIONS, "nothing is kept of events that are removed")
    store = store_of(request)
    found = await offload(
        lambda: erase(
            store,
            external_id,
            org_id=caller.org_id,
            mode="remove" if mode == "remove" else "anonymize",
            keep=keep,
        )
    )
    return answer({"mode": found.mode, "events": found.events, "revenue": found.revenue})


def _kept(request: Request) -> list[str]:
    """Read `keepDimensions=team,plan`, once or several times."""
    given = parameters(request).get(KEEP_DIMENSIONS, [])
    keys = sorted({key for text in given for key in text.split(",") if key})
    if len(keys) > MAX_KEYS or any(len(key) > MAX_KEY_CHARACTERS or "\0" in key for key in keys):
        raise invalid(KEEP_DIMENSIONS, f"expected at most {MAX_KEYS} keys, separated by commas")
    return keys
