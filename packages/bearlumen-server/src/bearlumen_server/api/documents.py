"""Small JSON bodies: read, checked against a form, refused by the name of the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from bearlumen_server.ledger.document import NotJsonError, mended, read, read_document
from bearlumen_server.ledger.limits import MAX_METADATA_DEPTH
from bearlumen_server.ledger.rejection import explain

from .body import read_body
from .errors import ApiError
from .offload import offload_large

if TYPE_CHECKING:
    from starlette.requests import Request

WHOLE: Final = "body"
"""What a body is called where no field of it, but all of it, is wrong."""

_UNSTORABLE: Final = "holds a NUL character or half a surrogate pair"


async def read_form(request: Request, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Read the body as what the decoder is for.

    Raises:
        ApiError: 400 for what is not JSON, 422 for what is but does not fit, naming the field.
    """
    body = await read_body(request)
    return await offload_large(len(body), lambda: _decode(body, decoder))


def refuse(field: str, problem: str) -> ApiError:
    """Return the answer to a body with a field that cannot be taken."""
    return ApiError(422, f"{field}: {problem}", details={"field": field})


def nested_too_deeply(value: object, left: int = MAX_METADATA_DEPTH) -> bool:
    """Whether a value of JSON holds more levels than anybody needs to be able to read."""
    if not isinstance(value, dict | list):
        return False
    held = cast("dict[str, object] | list[object]", value)
    inner = held.values() if isinstance(held, dict) else held
    return left == 0 or any(nested_too_deeply(each, left - 1) for each in inner)


def _decode(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        form = read(mended(body), decoder)
    except msgspec.ValidationError as error:
        problem = explain(error, _document(body), whole=WHOLE)
        raise refuse(problem.field, problem.problem) from error
    except NotJsonError as error:
        raise ApiError(400, str(error)) from error
    for field in msgspec.structs.fields(form):
        value = getattr(form, field.name)
        if isinstance(value, str) and "\0" in value:
            raise refuse(field.encode_name, _UNSTORABLE)
    return form


def _document(body: bytes) -> object:
    try:
        return read_document(body)
    except NotJsonError as error:
        raise ApiError(400, str(error)) from error
