"""`/v1/export`: an organisation's ledger, table by table, as files.

There is no import over HTTP: an import is one transaction, which ingest would wait for.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bearlumen_server.auth import UsageReader, check_scope
from bearlumen_server.keys import ApiKey
from bearlumen_server.ledger.export import table_bytes
from bearlumen_server.ledger.manifest import FORMAT, FORMAT_VERSION
from bearlumen_server.ledger.tables import layouts, schema_version
from bearlumen_server.storage.files import FORMATS, Format

from . import wire
from .answer import answer
from .errors import ApiError, invalid
from .offload import offload
from .params import choice_of, parameters
from .state import store_of

router = APIRouter()

FORMAT_PARAMETER: Final = "format"
DEFAULT_FORMAT: Final = "ndjson"
_MEDIA_TYPES: Final = {
    "parquet": "application/vnd.apache.parquet",
    "ndjson": "application/x-ndjson",
}


@router.get(wire.EXPORT)
async def list_tables(caller: UsageReader, request: Request) -> Response:
    """Say which tables there are, and the types of their columns."""
    _check_scopes(caller)
    _only(request, ())
    store = store_of(request)
    found, schema = await offload(lambda: (layouts(store), schema_version(store)))
    return answer(
        {
            "format": FORMAT,
            "formatVersion": FORMAT_VERSION,
            "schemaVersion": schema,
            "tables": [{"name": each.table.name, "columns": each.columns} for each in found],
        }
    )


@router.get(wire.EXPORT + "/{table}")
async def export_table(caller: UsageReader, request: Request, table: str) -> Response:
    """Stream the rows of one table, all of one instant.

    An answer that ends too early was interrupted: its last chunk is missing, which clients report.
    """
    _check_scopes(caller)
    _only(request, (FORMAT_PARAMETER,))
    wanted = choice_of(request, FORMAT_PARAMETER, FORMATS, DEFAULT_FORMAT)
    encoding: Format = "parquet" if wanted == "parquet" else "ndjson"
    store = store_of(request)
    found = {each.table.name: each for each in await offload(lambda: layouts(store))}
    if table not in found:
        raise ApiError(404, f"no table {table[:40]!r}; there are {', '.join(found)}")
    return StreamingResponse(
        table_bytes(store, found[table], encoding, org_id=caller.org_id),
        media_type=_MEDIA_TYPES[encoding],
        headers={"Content-Disposition": f'attachment; filename="{table}.{encoding}"'},
    )


def _check_scopes(caller: ApiKey) -> None:
    """Want a key that may read everything there is, not usage alone."""
    for scope in ("costs:read", "margins:read"):
        check_scope(caller, scope)


def _only(request: Request, known: tuple[str, ...]) -> None:
    for name in parameters(request):
        if name not in known:
            raise invalid(name[:100], f"unknown parameter; known are {', '.join(known) or 'none'}")
