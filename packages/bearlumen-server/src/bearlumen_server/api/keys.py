"""`/v1/keys`: an organisation's keys, managed while the server owns the database file."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import KeyWriter
from bearlumen_server.keys import SCOPES, ApiKey
from bearlumen_server.ledger.document import NotJsonError, mended, read, read_document
from bearlumen_server.ledger.limits import MAX_KEY_CHARACTERS
from bearlumen_server.ledger.rejection import explain

from . import wire
from .answer import answer, instant
from .body import read_body
from .documents import WHOLE
from .errors import ApiError
from .offload import offload, offload_large
from .state import keys_of

router = APIRouter()


class NewKey(Struct, frozen=True, kw_only=True):
    """What a key is made from."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_KEY_CHARACTERS)]
    scopes: list[str] | None = None
    """Without any, those of the key that asks."""


_NEW_KEY = msgspec.json.Decoder(NewKey)


@router.get(wire.KEYS)
async def list_keys(caller: KeyWriter, request: Request) -> Response:
    """List the organisation's keys, revoked ones too; no secrets."""
    return answer({"keys": [shown(key) for key in keys_of(request).of(caller.org_id)]})


@router.post(wire.KEYS)
async def create_key(caller: KeyWriter, request: Request) -> Response:
    """Make a key; its secret is in this answer and nowhere else."""
    body = await read_body(request)
    wanted = await offload_large(len(body), lambda: _decode(body))
    scopes = caller.scopes if wanted.scopes is None else tuple(wanted.scopes)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        got = unknown[0][:40] if unknown else "none"
        raise ApiError(422, f"scopes: expected some of {', '.join(SCOPES)}; got {got}")
    missing = [scope for scope in scopes if scope not in caller.scopes]
    if missing:
        raise ApiError(
            403,
            f"this API key lacks the scope {missing[0]}, so it cannot grant it",
            details={"missingScope": missing[0]},
        )
    ring = keys_of(request)
    key, secret = await offload(
        lambda: ring.create(org_id=caller.org_id, name=wanted.name, scopes=scopes)
    )
    return answer({**shown(key), "key": secret}, status=201)


@router.delete(wire.KEYS + "/{key_id}")
async def revoke_key(caller: KeyWriter, request: Request, key_id: str) -> Response:
    """Revoke a key of the organisation; it is refused from the next request on."""
    ring = keys_of(request)
    key = await offload(lambda: ring.revoke(key_id, org_id=caller.org_id))
    if key is None:
        raise ApiError(404, f"no key {key_id[:40]!r} in this organisation")
    return answer(shown(key))


def shown(key: ApiKey) -> dict[str, Any]:
    """Return a key as it is on the wire: without its secret."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "createdAt": instant(key.created_at),
        "revokedAt": instant(key.revoked_at) if key.revoked_at else None,
        "lastUsedAt": instant(key.last_used_at) if key.last_used_at else None,
    }


def _decode(body: bytes) -> NewKey:
    try:
        found = read(mended(body), _NEW_KEY)
    except msgspec.ValidationError as error:
        problem = explain(error, _document(body), whole=WHOLE)
        raise ApiError(422, str(problem), details={"field": problem.field}) from error
    except NotJsonError as error:
        raise ApiError(400, str(error)) from error
    if "\0" in found.name:
        raise ApiError(422, "name: holds a NUL character or half a surrogate pair")
    return found


def _document(body: bytes) -> object:
    try:
        return read_document(body)
    except NotJsonError as error:
        raise ApiError(400, str(error)) from error
