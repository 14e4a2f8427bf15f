"""The document itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pydantic
from pydantic.json_schema import models_json_schema

from bearlumen import models
from bearlumen_server.api import wire
from bearlumen_server.auth import Allowed, limited_caller
from bearlumen_server.version import VERSION as SERVER_VERSION

from .answers import answer_schemas
from .bodies import body_schemas
from .operation import BODY_ERRORS
from .operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from fastapi.routing import APIRoute

    from .operation import Operation, Parameter

VERSION: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/"
_SECURITY: Final = "apiKey"
_ALWAYS: Final = (414, 431, 500)
_WITH_KEY: Final = (401, 429)
_ERRORS: Final = {
    400: "The request is not understood; the message names the parameter.",
    401: "The key is missing, wrong or revoked.",
    403: "The key lacks the scope.",
    404: "There is no such thing in this organisation.",
    408: "The body did not arrive in time.",
    409: "It is there already, or has changed meanwhile.",
    413: "The body or the batch is too large.",
    414: "The URL is too long.",
    415: "The body is compressed in a way that is not known.",
    422: "The body is JSON, but not what is expected.",
    429: "Too many requests or events; `Retry-After` says when to come back.",
    431: "The headers are too long.",
    500: "The server failed; its log has the correlation id.",
    503: "The server is starting, stopping, or cannot write; `Retry-After` says when to come back.",
}


def document(routes: Iterable[APIRoute]) -> dict[str, Any]:
    """Return what these routes are.

    Raises:
        KeyError: A route has no row in `OPERATIONS`.
    """
    known = schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = path_of(route)
        for method in sorted(route.methods or ()):
            shown = _operation(route, OPERATIONS[method, path], known)
            paths.setdefault(path, {})[method.lower()] = shown
    return {
        "openapi": VERSION,
        "info": {
            "title": "Bear Lumen",
            "version": SERVER_VERSION,
            "description": "What AI costs, per customer, feature and agent.",
        },
        "paths": paths,
        "components": {
            "schemas": known,
            "securitySchemes": {_SECURITY: {"type": "http", "scheme": "bearer"}},
            "headers": {
                wire.CORRELATION_ID: {
                    "description": "The id of the request, also in the server's log.",
                    "required": True,
                    "schema": {"type": "string"},
                },
                wire.RETRY_AFTER: {
                    "description": "Seconds to wait.",
                    "schema": {"type": "integer", "minimum": 1},
                },
            },
        },
    }


def schemas() -> dict[str, Any]:
    """Return every schema by name: bodies, answers, and the client's models."""
    known: list[type[pydantic.BaseModel]] = [
        each
        for each in vars(models).values()
        if isinstance(each, type) and issubclass(each, pydantic.BaseModel)
    ]
    _, found = models_json_schema(
        [(each, "serialization") for each in known],
        by_alias=True,
        ref_template=f"{_REFERENCE}{{model}}",
    )
    return {
        "Document": {"type": "object"},
        **found.get("$defs", {}),
        **body_schemas(),
        **answer_schemas(),
    }


def path_of(route: APIRoute) -> str:
    """Return a route's path as OpenAPI has it: an id by its name alone."""
    return re.sub(r":\w+}", "}", route.path)


def scope_of(route: APIRoute) -> str | None:
    """Return the scope a route wants; '' for any key, None for no key at all."""
    for each in route.dependant.dependencies:
        if isinstance(each.call, Allowed):
            return each.call.scope
        if each.call is limited_caller:
            return ""
    return None


def _operation(route: APIRoute, operation: Operation, known: Collection[str]) -> dict[str, Any]:
    scope = scope_of(route)
    path = path_of(route)
    ids = re.findall(r"{(\w+)}", path)
    statuses = {*operation.errors, *_ALWAYS}
    if scope is not None:
        statuses |= {*_WITH_KEY, *((403,) if scope else ())}
    if operation.parameters:
        statuses |= {400}
    if ids:
        statuses |= {404}
    if operation.body:
        statuses |= {*BODY_ERRORS}
    shown: dict[str, Any] = {
        "operationId": f"{'_'.join(sorted(route.methods or ())).lower()}:{path}",
        "summary": operation.summary,
        "tags": [_tag(path)],
        "parameters": [
            *(_id(name) for name in ids),
            *(_parameter(each) for each in operation.parameters),
            *([_DIMENSIONS] if operation.dimensions else []),
        ],
        "responses": {
            **{
                str(each): _answer(operation, known) for each in (operation.status, *operation.also)
            },
            **{str(each): _error(each) for each in sorted(statuses)},
        },
    }
    if scope is not None:
        shown["security"] = [{_SECURITY: [scope] if scope else []}]
        shown["x-scope"] = scope or None
    else:
        shown["security"] = []
    if operation.body:
        content = {"application/json": {"schema": _reference(operation.body)}}
        shown["requestBody"] = {"required": True, "content": content}
    return shown


# There is no way to say `dimension.<key>` of one parameter; an exploded object says it of many.
_DIMENSIONS: Final = {
    "name": "dimensions",
    "in": "query",
    "description": "`dimension.<key>=<value>`: keep only events with that custom dimension.",
    "style": "form",
    "explode": True,
    "schema": {
        "type": "object",
        "patternProperties": {r"^dimension\..{1,128}$": {"type": "string", "maxLength": 512}},
        "additionalProperties": False,
        "maxProperties": 16,
    },
}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "required": parameter.required,
        "schema": dict(parameter.schema),
        **({"style": "form", "explode": True} if parameter.repeated else {}),
    }


def _id(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _answer(operation: Operation, known: Collection[str]) -> dict[str, Any]:
    name = operation.answer
    schema = {"type": "string"} if operation.media == ("text/plain",) else {}
    if name is not None and name in known:
        schema = _reference(name)
    return {
        "description": operation.summary,
        "headers": _headers(wire.CORRELATION_ID),
        "content": {media: {"schema": schema} for media in operation.media},
    }


def _error(status: int) -> dict[str, Any]:
    retried = (wire.RETRY_AFTER,) if status in {429, 503} else ()
    return {
        "description": _ERRORS[status],
        "headers": _headers(wire.CORRELATION_ID, *retried),
        "content": {"application/json": {"schema": _reference("Error")}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"{_REFERENCE}{name}"}


def _tag(path: str) -> str:
    parts = path.strip("/").removeprefix("v1/").split("/")
    return parts[0] if path.startswith("/v1/") else "server"
