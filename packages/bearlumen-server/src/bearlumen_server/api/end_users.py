"""`/v1/end-users`: an organisation's customers, by the ids it knows them by."""

from typing import Any, cast

import msgspec
from fastapi import APIRouter
from msgspec import UNSET, Raw, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import EndUserWriter, UsageReader
from bearlumen_server.keys import ApiKey
from bearlumen_server.ledger import end_users
from bearlumen_server.ledger.document import NotJsonError, read_document
from bearlumen_server.ledger.end_users import MAX_METADATA_BYTES, STATUSES, EndUser, Status
from bearlumen_server.ledger.limits import MAX_METADATA_DEPTH
from bearlumen_server.ledger.schema import Label, Name

from . import wire
from .answer import answer, instant, paging, raw
from .documents import nested_too_deeply, read_form, refuse
from .errors import ApiError
from .offload import offload, report
from .params import check_known, choice_of, optional_text_of, page_of
from .paths import ANY_TEXT
from .state import store_of

router = APIRouter()

_ONE = f"{wire.END_USERS}/{{external_id:{ANY_TEXT}}}"


class EndUserForm(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is to be known of an end user. Left out stays as it is; null and '' clear it."""

    external_id: Name
    name: Label | UnsetType | None = UNSET
    email: Label | UnsetType | None = UNSET
    metadata: dict[str, Raw] | UnsetType | None = UNSET


_FORM = msgspec.json.Decoder(EndUserForm)


@router.post(wire.END_USERS)
async def upsert(caller: EndUserWriter, request: Request) -> Response:
    """Make an end user (201) or change the one there is (200)."""
    form: EndUserForm = await read_form(request, _FORM)
    values: dict[str, str | None] = {}
    if form.name is not UNSET:
        values["name"] = form.name or None
    if form.email is not UNSET:
        values["email"] = form.email or None
    if form.metadata is not UNSET:
        values["metadata"] = _metadata(form.metadata)
    store = store_of(request)
    found, new = await offload(
        lambda: end_users.upsert(store, caller.org_id, form.external_id, values)
    )
    return answer(shown(found), status=201 if new else 200)


@router.get(wire.END_USERS)
@report
def list_end_users(caller: UsageReader, request: Request) -> Response:
    """List end users in the order of their ids."""
    known = (wire.STATUS, wire.SEARCH, wire.LIMIT, wire.OFFSET)
    check_known(request, known)
    status = cast("Status", choice_of(request, wire.STATUS, STATUSES, "all"))
    search = optional_text_of(request, wire.SEARCH)
    page = page_of(request)
    found = end_users.page(
        store_of(request),
        caller.org_id,
        status=status,
        search=search,
        limit=page.limit,
        offset=page.offset,
    )
    items = [shown(each) for each in found.end_users]
    return answer({"endUsers": items, **paging(page, total=found.total, shown=len(items))})


@router.get(_ONE)
@report
def get(caller: UsageReader, request: Request, external_id: str) -> Response:
    """Return one end user."""
    check_known(request, ())
    return _answer(end_users.find(store_of(request), caller.org_id, external_id), external_id)


@router.post(f"{_ONE}/deactivate")
async def deactivate(caller: EndUserWriter, request: Request, external_id: str) -> Response:
    """Mark an end user as gone; its events are recorded all the same."""
    return await _set_active(caller, request, external_id, active=False)


@router.post(f"{_ONE}/reactivate")
async def reactivate(caller: EndUserWriter, request: Request, external_id: str) -> Response:
    """Take that mark away."""
    return await _set_active(caller, request, external_id, active=True)


def shown(end_user: EndUser) -> dict[str, Any]:
    """Return an end user as it is on the wire."""
    gone = end_user.deactivated_at
    return {
        "externalId": end_user.external_id,
        "name": end_user.name,
        "email": end_user.email,
        "metadata": raw(end_user.metadata),
        "createdAt": instant(end_user.created_at),
        "updatedAt": instant(end_user.updated_at),
        "deactivatedAt": None if gone is None else instant(gone),
    }


async def _set_active(
    caller: ApiKey, request: Request, external_id: str, *, active: bool
) -> Response:
    store = store_of(request)
    found = await offload(
        lambda: end_users.set_active(store, caller.org_id, external_id, active=active)
    )
    return _answer(found, external_id)


def _answer(found: EndUser | None, external_id: str) -> Response:
    if found is None:
        raise ApiError(404, f"no end user {external_id[:40]!r} in this organisation")
    return answer(shown(found))


def _metadata(sent: dict[str, Raw] | None) -> str:
    # Raw: a number is kept as it was written, however many digits it has.
    text = msgspec.json.encode(sent or {})
    if len(text) > MAX_METADATA_BYTES:
        problem = f"{len(text)} bytes of JSON, the most is {MAX_METADATA_BYTES}"
        raise refuse("metadata", problem)
    try:
        deep = nested_too_deeply(read_document(text))
    except NotJsonError:
        deep = True
    if deep:
        raise refuse("metadata", f"nested more than {MAX_METADATA_DEPTH} deep")
    return text.decode()
