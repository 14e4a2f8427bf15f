"""`/v1/end-users`: an organisation's customers."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

_ONE: Final = wire.END_USERS + "/{external_id}"

CUSTOMERS: Final = {
    ("POST", wire.END_USERS): Operation(
        summary="Make an end user (201), or change the one there is (200)",
        body="EndUserForm",
        answer="EndUser",
        also=(201,),
    ),
    ("GET", wire.END_USERS): Operation(
        summary="The end users, by their ids",
        parameters=(p.STATUS, p.SEARCH, *p.PAGE),
        answer="EndUserPage",
    ),
    ("GET", _ONE): Operation(summary="One end user", answer="EndUser", errors=(400,)),
    ("POST", f"{_ONE}/deactivate"): Operation(summary="Mark an end user as gone", answer="EndUser"),
    ("POST", f"{_ONE}/reactivate"): Operation(summary="Take that mark away", answer="EndUser"),
    ("DELETE", _ONE): Operation(
        summary="Erase an end user: nameless, or removed",
        parameters=(p.ERASURE_MODE, p.KEEP_DIMENSIONS),
        answer="EndUserErasure",
    ),
}
