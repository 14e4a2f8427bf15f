"""The query parameters, each declared once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bearlumen_server.api import (
    erasure,
    insights,
    own_prices,
    price_questions,
    transfer,
    wire,
)
from bearlumen_server.api.params import DEFAULT_GRANULARITY, MAX_FILTER_VALUES, MAX_OFFSET
from bearlumen_server.ledger.end_users import STATUSES
from bearlumen_server.ledger.erasure import MODES
from bearlumen_server.ledger.limits import MAX_KEY_CHARACTERS, MAX_LABEL_CHARACTERS
from bearlumen_server.reports.buckets import GRANULARITIES
from bearlumen_server.reports.numbers import AGGREGATIONS
from bearlumen_server.storage.files import FORMATS

from .operation import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL: Final = {"type": "string", "maxLength": MAX_LABEL_CHARACTERS}
_KEY: Final = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS}
_FLAG: Final = {"type": "string", "enum": ["true", "false"], "default": "false"}
_DAY_OR_INSTANT: Final = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}

START: Final = Parameter(
    name=wire.START_DATE,
    description="The first day, in `timezone`, or the first instant.",
    schema=_DAY_OR_INSTANT,
    required=True,
    example="2026-03-01",
)
END: Final = Parameter(
    name=wire.END_DATE,
    description="The last day, which counts, or the instant before which events count.",
    schema=_DAY_OR_INSTANT,
    required=True,
    example="2026-03-31",
)
TIMEZONE: Final = Parameter(
    name=wire.TIMEZONE,
    description="The IANA name of the zone in which days begin; UTC if left out.",
    example="Europe/Berlin",
)
RANGE: Final = (START, END, TIMEZONE)

_MEANINGS: Final = {
    "model": "The model, as its provider names it.",
    "provider": "The provider.",
    "feature": "The feature.",
    "agent": "The agent.",
    "workflow": "The workflow.",
    "sessionId": "The session.",
    "externalId": "The end user, by the external id.",
}
FILTERS: Final = tuple(
    Parameter(
        name=name,
        description=f"{_MEANINGS[name]} Repeated: any of them; empty: events without one.",
        schema={"type": "array", "items": _LABEL, "maxItems": MAX_FILTER_VALUES},
        repeated=True,
        example="a",
    )
    for name in wire.FILTERS
)
END_USER: Final = tuple(each for each in FILTERS if wire.FILTERS[each.name] == "end_user")

LIMIT: Final = Parameter(
    name=wire.LIMIT,
    description="The most items of the answer.",
    schema={
        "type": "integer",
        "minimum": 1,
        "maximum": wire.MAX_LIMIT,
        "default": wire.DEFAULT_LIMIT,
    },
    example="7",
)
OFFSET: Final = Parameter(
    name=wire.OFFSET,
    description="How many items to skip.",
    schema={"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0},
    example="3",
)
PAGE: Final = (LIMIT, OFFSET)

STATUS: Final = Parameter(
    name=wire.STATUS,
    description="Which end users.",
    schema={"type": "string", "enum": list(STATUSES), "default": "all"},
    example="all",
)
SEARCH: Final = Parameter(
    name=wire.SEARCH,
    description="A part of the id, name or email.",
    schema={**_LABEL, "minLength": 1},
    example="a",
)
HISTORY: Final = Parameter(
    name=own_prices.HISTORY,
    description="Whether those replaced and deleted are listed too.",
    schema=_FLAG,
    example="true",
)
INCLUDE: Final = Parameter(
    name=wire.INCLUDE,
    description="What else to work out.",
    schema={"type": "string", "enum": list(insights.INCLUDED)},
    example=insights.DISTRIBUTIONS,
)

_MODEL: Final = (price_questions.PROVIDER, price_questions.MODEL)
LOOKUP: Final = tuple(
    Parameter(name=name, description=text, schema=schema, beside=_MODEL, example=example)
    for name, text, schema, example in (
        (_MODEL[0], "The provider.", {**_LABEL, "minLength": 1}, "openai"),
        (_MODEL[1], "The model.", {**_LABEL, "minLength": 1}, "gpt-4o"),
        (price_questions.AT, "When; now if left out.", _DAY_OR_INSTANT, "2026-03-01"),
        (price_questions.SERVICE_TIER, "The service tier.", {**_LABEL, "minLength": 1}, "flex"),
        (price_questions.BATCH, "Whether it is of a batch.", _FLAG, "true"),
    )
)
"""A model and what its price hangs on; none of them without the first two."""
EVENT_ID: Final = Parameter(
    name=price_questions.EVENT_ID,
    description="The event.",
    schema={"type": "string", "format": "uuid"},
    required=True,
    example="019ca6e0-9c00-7000-8000-000000000001",
)

ERASURE_MODE: Final = Parameter(
    name=erasure.MODE,
    description="Whether totals stay, nameless, or events and revenue go.",
    schema={"enum": list(MODES), "default": MODES[0]},
    example="remove",
)
KEEP_DIMENSIONS: Final = Parameter(
    name=erasure.KEEP_DIMENSIONS,
    description="Custom dimensions that `anonymize` leaves, separated by commas.",
    schema={"type": "array", "items": {"type": "string"}},
    repeated=True,
    example="team,plan",
)
EXPORT_FORMAT: Final = Parameter(
    name=transfer.FORMAT_PARAMETER,
    description="The kind of file.",
    schema={"enum": list(FORMATS), "default": transfer.DEFAULT_FORMAT},
    example="parquet",
)

GRANULARITY: Final = Parameter(
    name=wire.GRANULARITY,
    description="How long a bucket is; a week begins on Monday.",
    schema={"type": "string", "enum": list(GRANULARITIES), "default": DEFAULT_GRANULARITY},
    example="week",
)
DIMENSION: Final = Parameter(
    name=wire.DIMENSION,
    description="The dimension to group by: a label of the events, or a key of their own.",
    schema=_KEY,
    required=True,
    example="team",
)
KEY: Final = Parameter(
    name=wire.KEY,
    description="The key of a custom dimension.",
    schema=_KEY,
    required=True,
    example="team",
)
AGGREGATION: Final = Parameter(
    name=wire.AGGREGATION,
    description="What becomes of the numbers of a bucket.",
    schema={"type": "string", "enum": list(AGGREGATIONS), "default": "avg"},
    example="avg",
)


def sort(names: Iterable[str], default: str) -> Parameter:
    """Return the parameter that orders by one of these."""
    either = [each for name in names for each in (name, f"-{name}")]
    return Parameter(
        name=wire.SORT,
        description="What to order by; a minus sign puts the highest first.",
        schema={"type": "string", "enum": either, "default": default},
        example=either[-1],
    )


def most(what: str, default: int, maximum: int) -> Parameter:
    """Return the parameter that bounds how many of something an answer has."""
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
    return replace(LIMIT, description=f"{what} of the answer, at most.", schema=schema)


def optional(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Return the same parameters, for a route that has a default for them."""
    return tuple(replace(each, required=False) for each in parameters)


def called(parameter: Parameter, name: str) -> Parameter:
    """Return the same parameter under another name."""
    return replace(parameter, name=name)
