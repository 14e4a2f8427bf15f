"""An export read into a ledger: what is known already is left as it is, and counted.

Everything is one transaction: an import that fails, or is killed, leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bearlumen_server.storage.arrow import pa
from bearlumen_server.storage.files import LINE, from_ndjson, from_parquet

from .derived import missing
from .manifest import Manifest, TableFile, TransferError, read_manifest
from .revenue import split
from .superseding import retire_superseded
from .tables import ORGANIZATION, layouts, schema_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bearlumen_server.storage import Store, Transaction

    from .tables import Kept, Layout

BATCH_ROWS: Final = 20_000
"""In our memory at once. The engine holds more of the one transaction: 1.7 M events took the
process from 115 MB to 1.3 GB, without a limit set."""

_PLAIN = "SELECT * FROM incoming"
_LINES = "SELECT unnest(from_json_strict({line}, '{shape}')) FROM incoming"
# A JSON null is no value, in a file as in the table.
_VARIANT = 'CAST(CAST(nullif(CAST("{name}" AS VARCHAR), \'null\') AS JSON) AS VARIANT) AS "{name}"'
_CAST = 'CAST("{name}" AS {kind}) AS "{name}"'
_INSERT = """
    INSERT INTO {table} BY NAME
    SELECT $org AS {organization}, {columns}
    FROM (SELECT DISTINCT ON ({key}) * FROM ({incoming}) AS read) AS fresh
    WHERE {unknown}"""
_UNKNOWN = "NOT EXISTS (SELECT 1 FROM {table} AS kept WHERE kept.{organization} = $org AND {same})"
_WITHOUT_ENTRIES = """
    SELECT revenue_id, end_user, amount, starts_at, ends_at FROM revenue AS paid
    WHERE org_id = $org AND NOT EXISTS (
        SELECT 1 FROM revenue_entries AS entry
        WHERE entry.org_id = paid.org_id AND entry.revenue_id = paid.revenue_id)
    LIMIT $most"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of one table's rows."""

    table: str
    accepted: int
    duplicates: int
    """Known already, by their key."""


def import_ledger(store: Store, folder: Path, *, org_id: str) -> list[Imported]:
    """Read an export into one organisation's ledger.

    Args:
        store: The ledger, of this schema version or a later one.
        folder: What `export_ledger` wrote.
        org_id: Whose it is from now on.

    Raises:
        TransferError: The export is incomplete, was changed, or is of a later version; nothing
            was read.
    """
    manifest = read_manifest(folder, schema_version=schema_version(store))
    here = {each.table.name: each for each in layouts(store)}
    files = {file.name: file for file in manifest.tables}
    _check(manifest, here)
    done: list[Imported] = []
    with store.transaction() as transaction:
        for name, layout in here.items():
            if name in files:
                done.append(_read(transaction, layout, files[name], folder, org_id=org_id))
        _derive_entries(transaction, org_id)
        retire_superseded(transaction, org_id)
    return done


def _check(manifest: Manifest, here: Mapping[str, Layout]) -> None:
    for file in manifest.tables:
        layout = here.get(file.name)
        for column in file.columns:
            if layout is None or column not in layout.columns:
                raise TransferError(
                    f"{file.name[:40]!r} with {column[:40]!r} is not a table of this server"
                )


def _read(
    transaction: Transaction, layout: Layout, file: TableFile, folder: Path, *, org_id: str
) -> Imported:
    path = folder / file.file
    lines = path.suffix == ".ndjson"
    read = from_ndjson if lines else from_parquet
    types = {column: layout.columns[column] for column in file.columns}
    sql = _statement(layout.table, types, lines=lines)
    rows = accepted = 0
    for batch in read(path, size=BATCH_ROWS):
        rows += batch.num_rows
        accepted += transaction.rows(sql, {"org": org_id}, {"incoming": batch})[0][0]
    if rows != file.rows:
        raise TransferError(f"{file.file} has {rows} rows, the manifest says {file.rows}")
    return Imported(table=layout.table.name, accepted=accepted, duplicates=rows - accepted)


def _statement(table: Kept, types: Mapping[str, str], *, lines: bool) -> str:
    """Return what stores those rows of `incoming` that are not known; types are our own words."""
    shape = ", ".join(
        f'"{name}": "{"JSON" if kind == "VARIANT" else kind}"' for name, kind in types.items()
    )
    read = [
        (_VARIANT if kind == "VARIANT" else _CAST).format(name=name, kind=kind)
        for name, kind in types.items()
    ]
    made = [f'{sql} AS "{name}"' for name, sql in missing(table.name, types).items()]
    return _INSERT.format(
        table=table.name,
        organization=ORGANIZATION,
        columns=", ".join(read + made),
        key=", ".join(table.key),
        incoming=_LINES.format(line=LINE, shape=f"{{{shape}}}") if lines else _PLAIN,
        unknown=" AND ".join(_unknown(table, types)),
    )


def _unknown(table: Kept, types: Mapping[str, str]) -> Iterable[str]:
    ours = {key: f"CAST(fresh.{key} AS {types[key]})" for key in table.key}
    same = " AND ".join(f"kept.{key} = {value}" for key, value in ours.items())
    yield _UNKNOWN.format(table=table.name, organization=ORGANIZATION, same=same)
    if table.gone is not None:
        gone, condition = table.gone
        same = condition.format(key=ours[table.key[0]])
        yield _UNKNOWN.format(table=gone, organization=ORGANIZATION, same=same)


def _derive_entries(transaction: Transaction, org_id: str) -> None:
    """Spread the revenue that came over its days, as it was when it was reported."""
    which = {"org": org_id, "most": BATCH_ROWS // 20}
    while rows := transaction.rows(_WITHOUT_ENTRIES, which):
        spread = [
            (revenue_id, end_user, entry.at, entry.amount)
            for revenue_id, end_user, amount, starts_at, ends_at in rows
            for entry in split(amount, _aware(starts_at), _aware(ends_at) if ends_at else None)
        ]
        revenue_ids, end_users, times, amounts = zip(*spread, strict=True)
        table = pa.table(
            {
                "org_id": pa.array([org_id] * len(spread), pa.string()),
                "revenue_id": pa.array(revenue_ids, pa.string()),
                "end_user": pa.array(end_users, pa.string()),
                "ts": pa.array(times, pa.timestamp("us")),
                "amount": pa.array(amounts, pa.decimal128(28, 12)),
            }
        )
        transaction.rows(
            "INSERT INTO revenue_entries BY NAME FROM entries", tables={"entries": table}
        )


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)
