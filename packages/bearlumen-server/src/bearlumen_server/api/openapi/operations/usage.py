"""`/v1/usage`: the events."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

from ._question import question

USAGE: Final = {
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
    ("GET", wire.USAGE_EVENTS): question("List usage events, newest first", "UsageEvents", *p.PAGE),
    ("GET", wire.USAGE_SUMMARY): question("Add up events, tokens and cost", "UsageSummary"),
    ("GET", wire.USAGE_AGGREGATION): question(
        "Add up every token kind and unit", "UsageAggregation"
    ),
}
