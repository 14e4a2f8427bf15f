"""One row a route: what it is for, takes and answers.

A row may stand here before its route does: the document has only what is served.
"""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import wire
from bearlumen_server.api.attribution import DEFAULT_SERIES, MAX_SERIES
from bearlumen_server.api.margins import DEFAULT_SORT
from bearlumen_server.api.sessions import DEFAULT_SORT as DEFAULT_SESSION_SORT
from bearlumen_server.reports.margins import SORTS
from bearlumen_server.reports.sessions import SORTS as SESSION_SORTS

from . import parameters as p
from .operation import BODY_ERRORS, Operation

_BY: Final = {path: path.removeprefix("by-") for path in wire.BREAKDOWNS}
_COSTS: Final = p.RANGE + p.FILTERS

_OPEN: Final = {
    ("GET", wire.HEALTH): Operation(summary="Whether the process is alive", answer="Health"),
    ("GET", wire.READY): Operation(
        summary="Whether the server takes requests", answer="Readiness", errors=(503,)
    ),
    ("GET", wire.METRICS): Operation(
        summary="Counters and histograms, in the text format of Prometheus",
        media="text/plain",
        errors=(404,),
    ),
    ("GET", wire.OPENAPI): Operation(summary="This document", answer="Document"),
    ("GET", wire.PING): Operation(summary="Whose key this is", answer="Ping"),
}

_KEYS: Final = {
    ("GET", wire.KEYS): Operation(summary="List the keys", answer="KeyList"),
    ("POST", wire.KEYS): Operation(
        summary="Make a key", body="NewKey", answer="CreatedKey", status=201
    ),
    ("DELETE", wire.KEYS + "/{key_id}"): Operation(
        summary="Revoke a key, at once", answer="KeyRecord"
    ),
}

_USAGE: Final = {
    ("POST", wire.USAGE_BATCH): Operation(
        summary="Store a batch of usage events", body="UsageBatch", answer="BatchReport"
    ),
    ("POST", wire.USAGE_BATCH_UNVERSIONED): Operation(
        summary="Store a batch of usage events, where an early SDK sends it",
        body="UsageBatch",
        answer="BatchReport",
    ),
    ("POST", wire.USAGE_EVENTS): Operation(
        summary="Store one usage event", body="UsageEvent", answer="RecordedEvent"
    ),
    ("GET", wire.USAGE_EVENTS): Operation(
        summary="List usage events, newest first",
        parameters=_COSTS + p.PAGE,
        dimensions=True,
        answer="UsageEvents",
    ),
    ("GET", wire.USAGE_SUMMARY): Operation(
        summary="Add up events, tokens and cost",
        parameters=_COSTS,
        dimensions=True,
        answer="UsageSummary",
    ),
    ("GET", wire.USAGE_AGGREGATION): Operation(
        summary="Add up every token kind and unit",
        parameters=_COSTS,
        dimensions=True,
        answer="UsageAggregation",
    ),
}

_COST: Final = {
    **{
        ("GET", f"{wire.COSTS}/{path}"): Operation(
            summary=f"Split cost by {what}",
            parameters=_COSTS,
            dimensions=True,
            answer="CostBreakdown",
        )
        for path, what in _BY.items()
    },
    **{
        ("GET", f"{wire.COSTS_DETAILED}/by-{what}"): Operation(
            summary=f"Split cost and tokens by {what}",
            parameters=_COSTS,
            dimensions=True,
            answer="DetailedCosts",
        )
        for what in ("model", "provider")
    },
    ("GET", f"{wire.COSTS_DETAILED}/by-end-user"): Operation(
        summary="Split cost and tokens by end user",
        parameters=_COSTS + p.PAGE,
        dimensions=True,
        answer="EndUserCosts",
    ),
    ("GET", wire.COSTS_TREND): Operation(
        summary="Cost over time",
        parameters=(*_COSTS, p.GRANULARITY),
        dimensions=True,
        answer="CostTrend",
    ),
    ("GET", wire.COSTS_SUMMARY): Operation(
        summary="Cost, beside that of the period before; the last 30 days without a range",
        parameters=p.optional(_COSTS),
        dimensions=True,
        answer="CostSummary",
    ),
}

_ATTRIBUTION: Final = {
    ("GET", wire.ATTRIBUTION_BY_DIMENSION): Operation(
        summary="Split cost by a dimension",
        parameters=(*_COSTS, p.DIMENSION),
        dimensions=True,
        answer="CostBreakdown",
    ),
    ("GET", wire.ATTRIBUTION_DIMENSION_KEYS): Operation(
        summary="The keys of custom dimensions", parameters=_COSTS, dimensions=True
    ),
    ("GET", wire.ATTRIBUTION_DIMENSION_VALUES): Operation(
        summary="The values of a dimension, costliest first",
        parameters=(*_COSTS, p.DIMENSION, *p.PAGE),
        dimensions=True,
    ),
    ("GET", wire.ATTRIBUTION_TIME_SERIES): Operation(
        summary="Cost over time, a series a value; the rest is one series",
        parameters=(
            *_COSTS,
            p.DIMENSION,
            p.GRANULARITY,
            p.most("Series", DEFAULT_SERIES, MAX_SERIES),
        ),
        dimensions=True,
    ),
    ("GET", wire.ATTRIBUTION_AGENTS): Operation(
        summary="The agents", parameters=_COSTS, dimensions=True
    ),
    ("GET", wire.ATTRIBUTION_WORKFLOWS): Operation(
        summary="The workflows", parameters=_COSTS, dimensions=True
    ),
    ("GET", wire.ATTRIBUTION_SESSIONS): Operation(
        summary="The sessions",
        parameters=(*_COSTS, *p.PAGE, p.sort(SESSION_SORTS, DEFAULT_SESSION_SORT)),
        dimensions=True,
    ),
    ("GET", wire.ATTRIBUTION_SESSION_COMPARISON): Operation(
        summary="What a session costs, by its type", parameters=_COSTS, dimensions=True
    ),
    ("GET", wire.ATTRIBUTION_SESSIONS + "/{session_id}"): Operation(
        summary="One session and its events"
    ),
}

_DIMENSIONS: Final = {
    ("GET", wire.DIMENSION_DEFINITIONS): Operation(summary="The dimensions that are defined"),
    ("POST", wire.DIMENSION_DEFINITIONS): Operation(
        summary="Define a dimension", status=201, errors=(*BODY_ERRORS, 409)
    ),
    ("PATCH", wire.DIMENSION_DEFINITIONS + "/{key}"): Operation(
        summary="Change a definition", errors=BODY_ERRORS
    ),
    ("DELETE", wire.DIMENSION_DEFINITIONS + "/{key}"): Operation(summary="Drop a definition"),
    ("GET", wire.DIMENSION_COST_BREAKDOWN): Operation(
        summary="Split cost by a custom dimension", parameters=(*_COSTS, p.KEY), dimensions=True
    ),
    ("GET", wire.DIMENSION_COST_TREND): Operation(
        summary="Cost over time, by a custom dimension",
        parameters=(*_COSTS, p.KEY, p.GRANULARITY),
        dimensions=True,
    ),
    ("GET", wire.DIMENSION_NUMERIC_SUMMARY): Operation(
        summary="What the numbers of a dimension amount to",
        parameters=(*_COSTS, p.KEY),
        dimensions=True,
    ),
    ("GET", wire.DIMENSION_NUMERIC_TREND): Operation(
        summary="The numbers of a dimension over time",
        parameters=(*_COSTS, p.KEY, p.AGGREGATION, p.GRANULARITY),
        dimensions=True,
    ),
}

_END_USERS: Final = {
    ("POST", wire.END_USERS): Operation(
        summary="Make an end user, or change the one there is", errors=(*BODY_ERRORS,)
    ),
    ("GET", wire.END_USERS): Operation(
        summary="The end users", parameters=(p.STATUS, p.SEARCH, *p.PAGE)
    ),
    ("GET", wire.END_USERS + "/{external_id}"): Operation(summary="One end user"),
    ("POST", wire.END_USERS + "/{external_id}/deactivate"): Operation(
        summary="Mark an end user as gone"
    ),
    ("POST", wire.END_USERS + "/{external_id}/reactivate"): Operation(
        summary="Take that mark away"
    ),
}

_PRICES: Final = {
    ("GET", wire.PRICES): Operation(
        summary="The organisation's own prices", parameters=(p.HISTORY,)
    ),
    ("POST", wire.PRICES): Operation(summary="Set own prices, one or many", errors=BODY_ERRORS),
    ("DELETE", wire.PRICES + "/{price_id}"): Operation(summary="Delete an own price"),
    ("GET", wire.PRICE_ALIASES): Operation(
        summary="The organisation's names for models", parameters=(p.HISTORY,)
    ),
    ("POST", wire.PRICE_ALIASES): Operation(summary="Set aliases, one or many", errors=BODY_ERRORS),
    ("DELETE", wire.PRICE_ALIASES + "/{alias_id}"): Operation(summary="Delete an alias"),
}

_MARGINS: Final = {
    ("GET", wire.REVENUE_EVENTS): Operation(
        summary="The revenue that was reported, latest first",
        parameters=p.RANGE + p.END_USER + p.PAGE,
    ),
    ("POST", wire.REVENUE_EVENTS): Operation(
        summary="Store revenue, one or many", body="RevenueBody", answer="RevenueReport"
    ),
    ("GET", wire.MARGINS_BY_END_USER): Operation(
        summary="Revenue, cost and margin by end user",
        parameters=(*p.RANGE, *p.END_USER, *p.PAGE, p.sort(SORTS, DEFAULT_SORT)),
        answer="EndUserMargins",
    ),
    ("GET", wire.MARGINS_SUMMARY): Operation(
        summary="Revenue, cost and margin", parameters=p.RANGE + p.END_USER
    ),
    ("GET", wire.MARGINS_TREND): Operation(
        summary="Revenue, cost and margin over time",
        parameters=(*p.RANGE, *p.END_USER, p.GRANULARITY),
    ),
    ("GET", wire.INSIGHTS_SUMMARY): Operation(
        summary="What stands out",
        parameters=(
            p.called(p.START, "start"),
            p.called(p.END, "end"),
            p.TIMEZONE,
            *p.FILTERS,
            p.INCLUDE,
            p.LIMIT,
        ),
        dimensions=True,
    ),
}

_LEDGER: Final = {
    ("DELETE", wire.END_USERS + "/{external_id:path}"): Operation(
        summary="Erase an end user: nameless, or removed",
        parameters=(p.ERASURE_MODE, p.KEEP_DIMENSIONS),
        answer="EndUserErasure",
    ),
    ("GET", wire.EXPORT): Operation(summary="The tables of an export", answer="ExportedTables"),
    ("GET", wire.EXPORT + "/{table}"): Operation(
        summary="The organisation's rows of one table, as a file",
        parameters=(p.EXPORT_FORMAT,),
        media="application/x-ndjson",
    ),
}

OPERATIONS: Final = {
    **_OPEN,
    **_KEYS,
    **_USAGE,
    **_COST,
    **_ATTRIBUTION,
    **_DIMENSIONS,
    **_END_USERS,
    **_PRICES,
    **_MARGINS,
    **_LEDGER,
}
"""Method and path to what is there."""
