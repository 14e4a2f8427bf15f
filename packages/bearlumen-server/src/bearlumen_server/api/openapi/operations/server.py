"""The server itself, its keys, and the export of its ledger."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

SERVER: Final = {
    ("GET", wire.HEALTH): Operation(summary="Whether the process is alive", answer="Health"),
    ("GET", wire.READY): Operation(
        summary="Whether the server takes requests", answer="Readiness", errors=(503,)
    ),
    ("GET", wire.METRICS): Operation(
        summary="Counters and histograms, in the text format of Prometheus",
        media=("text/plain",),
        errors=(404,),
    ),
    ("GET", wire.OPENAPI): Operation(summary="This document", answer="Document"),
    ("GET", wire.PING): Operation(summary="Whose key this is", answer="Ping"),
    ("GET", wire.KEYS): Operation(summary="List the keys", answer="KeyList"),
    ("POST", wire.KEYS): Operation(
        summary="Make a key", body="NewKey", answer="CreatedKey", status=201
    ),
    ("DELETE", wire.KEYS + "/{key_id}"): Operation(
        summary="Revoke a key, at once", answer="KeyRecord"
    ),
    ("GET", wire.EXPORT): Operation(
        summary="The tables of an export", answer="ExportedTables", errors=(400,)
    ),
    ("GET", wire.EXPORT + "/{table}"): Operation(
        summary="The organisation's rows of one table, as a file",
        parameters=(p.EXPORT_FORMAT,),
        media=("application/x-ndjson", "application/vnd.apache.parquet"),
    ),
}
