"""`bearlumen ledger export` and `import`: the ledger as files."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bearlumen_server.settings import DEFAULT_ORGANIZATION

from .failures import CommandError
from .options import DEFAULT_DATABASE, Database, Key, Organization, Url, server_to_ask

if TYPE_CHECKING:
    from collections.abc import Generator

    from bearlumen_server.ledger.manifest import Manifest, TableFile
    from bearlumen_server.storage.files import Format

FORMATS: Final = ("parquet", "ndjson")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="One file a table, and a manifest.")]


def export(
    context: typer.Context,
    *,
    folder: Folder,
    encoding: Annotated[str, typer.Option("--format", help="parquet or ndjson.")] = "parquet",
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Write one organisation's ledger to a folder, exactly."""
    chosen = _format(encoding)
    url = server_to_ask(context, url)
    with _one_line():
        if url:
            manifest = _from_server(folder, chosen, url=url, key=key)
        else:
            manifest = _from_file(folder, chosen, database, organization)
    for table in manifest.tables:
        typer.echo(f"{table.name}: {table.rows} rows")


def import_(
    *,
    folder: Folder,
    database: Database = DEFAULT_DATABASE,
    organization: Annotated[
        str | None, typer.Option("--organization", help="Whose it becomes; made when missing.")
    ] = None,
) -> None:
    """Read an export into a file; what is known already is counted and left as it is."""
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.ledger.importing import import_ledger
    from bearlumen_server.ledger.manifest import FILE_NAME

    from .files import opened

    if not (folder / FILE_NAME).exists():  # before a database is made
        raise CommandError(f"{folder} is no export: there is no {FILE_NAME}")
    with _one_line(), opened(database, make=True) as store:
        known = KeyRing(store).organizations()
        if organization is None and len(known) > 1:
            raise CommandError(f"say --organization: the file has {', '.join(known)}")
        org_id = organization or (known[0] if known else DEFAULT_ORGANIZATION)
        for each in import_ledger(store, folder, org_id=org_id):
            typer.echo(f"{each.table}: {each.accepted} new, {each.duplicates} known already")
    if org_id not in known:
        typer.echo(f"{org_id} has no API key yet: bearlumen keys create NAME --organization …")


def _format(text: str) -> Format:
    for each in FORMATS:
        if each == text:
            return each
    raise CommandError(f"--format {text!r}: expected one of {', '.join(FORMATS)}")


@contextmanager
def _one_line() -> Generator[None]:
    from bearlumen_server.ledger.manifest import TransferError

    try:
        yield
    except TransferError as error:
        raise CommandError(str(error)) from error


def _from_file(
    folder: Path, encoding: Format, database: Path, organization: str | None
) -> Manifest:
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.ledger.export import export_ledger

    from .files import opened, organization_of

    with opened(database) as store:
        org_id = organization_of(KeyRing(store), organization)
        return export_ledger(store, folder, encoding, org_id=org_id)


def _from_server(folder: Path, encoding: Format, *, url: str, key: str | None) -> Manifest:
    from bearlumen_server.api import wire
    from bearlumen_server.ledger.export import finish, prepare

    from .remote import call

    said = call("GET", wire.EXPORT, url=url, key=key)
    prepare(folder)
    files = [_download(folder, each, encoding, url=url, key=key) for each in said["tables"]]
    return finish(folder, encoding, said["schemaVersion"], files)


def _download(
    folder: Path, table: dict[str, Any], encoding: Format, *, url: str, key: str | None
) -> TableFile:
    from bearlumen_server.api import wire
    from bearlumen_server.ledger.export import save
    from bearlumen_server.ledger.manifest import TableFile
    from bearlumen_server.storage.files import count_rows

    from .remote import stream

    name = str(table["name"])
    path = folder / f"{name}.{encoding}"
    chunks = stream(f"{wire.EXPORT}/{name}", url=url, key=key, params={"format": encoding})
    digest = save(path, chunks)
    return TableFile(
        name=name,
        file=path.name,
        rows=count_rows(path, encoding),
        sha256=digest,
        columns=dict(table["columns"]),
    )
