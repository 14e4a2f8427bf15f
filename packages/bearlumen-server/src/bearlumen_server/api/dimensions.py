"""`/v1/dimensions`: the custom dimensions an organisation defined, and what they say."""

from typing import Any, Final, Literal

import msgspec
from fastapi import APIRouter
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader, DimensionWriter
from bearlumen_server.ledger import definitions
from bearlumen_server.ledger.definitions import (
    MAX_DEFINITIONS,
    Definition,
    KnownKeyError,
    TooManyDefinitionsError,
)
from bearlumen_server.ledger.limits import MAX_KEY_CHARACTERS
from bearlumen_server.ledger.schema import Key, Label
from bearlumen_server.reports.costs import TooManyItemsError, cost_by
from bearlumen_server.reports.grouping import by_dimension
from bearlumen_server.reports.numbers import AGGREGATIONS, numeric_summary, numeric_trend
from bearlumen_server.reports.series import TooManyPointsError, cost_series

from . import wire
from .answer import answer, zoned
from .costs import shown as shown_breakdown
from .documents import read_form
from .errors import ApiError, invalid
from .offload import offload, report
from .params import buckets_of, check_known, choice_of, number_of, question_of, text_of
from .paths import ANY_TEXT
from .points import shown_series
from .state import store_of

router = APIRouter()

DEFAULT_SERIES: Final = 10
MAX_SERIES: Final = wire.MAX_LIMIT

Type = Literal["string", "number", "boolean"]

_ONE = f"{wire.DIMENSION_DEFINITIONS}/{{key:{ANY_TEXT}}}"


class NewDefinition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A definition as it is made."""

    key: Key
    type: Type = "string"
    label: Label | None = None
    description: Label | None = None


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a definition. Left out stays as it is; null and '' clear it."""

    type: Type | UnsetType = UNSET
    label: Label | UnsetType | None = UNSET
    description: Label | UnsetType | None = UNSET


_NEW = msgspec.json.Decoder(NewDefinition)
_CHANGE = msgspec.json.Decoder(Change)


@router.get(wire.DIMENSION_DEFINITIONS)
@report
def list_definitions(caller: CostReader, request: Request) -> Response:
    """List the dimensions that were defined."""
    check_known(request, ())
    found = definitions.definitions(store_of(request), caller.org_id)
    return answer({"definitions": [_definition(each) for each in found]})


@router.post(wire.DIMENSION_DEFINITIONS)
async def create(caller: DimensionWriter, request: Request) -> Response:
    """Define a dimension; 409 if it is."""
    form: NewDefinition = await read_form(request, _NEW)
    wanted = Definition(
        key=form.key,
        type=form.type,
        label=form.label or None,
        description=form.description or None,
    )
    store = store_of(request)
    try:
        await offload(lambda: definitions.create(store, caller.org_id, wanted))
    except KnownKeyError as error:
        raise ApiError(409, f"the dimension {form.key[:40]!r} is defined already") from error
    except TooManyDefinitionsError as error:
        raise ApiError(
            422, f"{MAX_DEFINITIONS} dimensions are defined, the most there may be"
        ) from error
    return answer(_definition(wanted), status=201)


@router.patch(_ONE)
async def update(caller: DimensionWriter, request: Request, key: str) -> Response:
    """Change a definition."""
    form: Change = await read_form(request, _CHANGE)
    values = {
        name: value or None
        for name in Change.__struct_fields__
        if (value := getattr(form, name)) is not UNSET
    }
    store = store_of(request)
    return _found(await offload(lambda: definitions.update(store, caller.org_id, key, values)), key)


@router.delete(_ONE)
async def delete(caller: DimensionWriter, request: Request, key: str) -> Response:
    """Forget a definition; the events keep the dimension."""
    store = store_of(request)
    return _found(await offload(lambda: definitions.delete(store, caller.org_id, key)), key)


@router.get(wire.DIMENSION_COST_BREAKDOWN)
@report
def cost_breakdown(caller: CostReader, request: Request) -> Response:
    """Split cost by the values of a dimension."""
    question = question_of(request, caller.org_id, also=(wire.KEY,))
    key = _key(request)
    store = store_of(request)
    try:
        found = cost_by(store, question, by_dimension(store, question, key))
    except TooManyItemsError as error:
        raise invalid(wire.KEY, f"has {error}") from error
    return answer(shown_breakdown(found))


@router.get(wire.DIMENSION_COST_TREND)
@report
def cost_trend(caller: CostReader, request: Request) -> Response:
    """Show the costliest values of a dimension over time, and the rest as one."""
    also = (wire.KEY, wire.GRANULARITY, wire.LIMIT)
    question = question_of(request, caller.org_id, also=also)
    key = _key(request)
    limit = number_of(request, wire.LIMIT, DEFAULT_SERIES, least=1, most=MAX_SERIES)
    granularity, buckets = buckets_of(request, question)
    store = store_of(request)
    group = by_dimension(store, question, key)
    try:
        found = cost_series(store, question, buckets, group, limit=limit)
    except TooManyPointsError as error:
        raise invalid(wire.GRANULARITY, str(error)) from error
    return answer(shown_series(granularity, buckets, found))


@router.get(wire.DIMENSION_NUMERIC_SUMMARY)
@report
def summary(caller: CostReader, request: Request) -> Response:
    """Aggregate the numbers of a dimension."""
    question = question_of(request, caller.org_id, also=(wire.KEY,))
    key = _key(request)
    return answer({"key": key, **numeric_summary(store_of(request), question, key).values})


@router.get(wire.DIMENSION_NUMERIC_TREND)
@report
def trend(caller: CostReader, request: Request) -> Response:
    """Aggregate the numbers of a dimension over time, in one way."""
    also = (wire.KEY, wire.GRANULARITY, wire.AGGREGATION)
    question = question_of(request, caller.org_id, also=also)
    key = _key(request)
    aggregation = choice_of(request, wire.AGGREGATION, AGGREGATIONS, "avg")
    granularity, buckets = buckets_of(request, question)
    found = numeric_trend(store_of(request), question, key, buckets, aggregation=aggregation)
    return answer(
        {
            "key": key,
            "aggregation": aggregation,
            "granularity": granularity,
            "points": [
                {
                    "start": zoned(start),
                    "end": zoned(end),
                    "value": point.value,
                    "count": point.count,
                }
                for (start, end), point in zip(buckets, found, strict=True)
            ],
        }
    )


def _key(request: Request) -> str:
    return text_of(request, wire.KEY, most=MAX_KEY_CHARACTERS)


def _definition(definition: Definition) -> dict[str, Any]:
    return {
        "key": definition.key,
        "type": definition.type,
        "label": definition.label,
        "description": definition.description,
    }


def _found(definition: Definition | None, key: str) -> Response:
    if definition is None:
        raise ApiError(404, f"the dimension {key[:40]!r} is not defined")
    return answer(_definition(definition))
