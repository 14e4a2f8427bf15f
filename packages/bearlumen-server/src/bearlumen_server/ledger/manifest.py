"""What an export says of itself, in `manifest.json`, which is written last."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = "bearlumen-ledger"
FORMAT_VERSION: Final = 1
FILE_NAME: Final = "manifest.json"
_PIECE_BYTES: Final = 1 << 20


class TransferError(Exception):
    """An export that cannot be written or read; the message is one line."""


class TableFile(Struct, frozen=True, kw_only=True):
    """One table of an export."""

    name: str
    file: str
    rows: int
    sha256: str
    columns: dict[str, str]
    """Name to type, as the database has it."""


class Manifest(Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole export."""

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    schema_version: int
    """Of the database it came from."""
    encoding: str
    """`parquet` or `ndjson`."""
    exported_at: str
    tables: list[TableFile]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Finish an export."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / FILE_NAME).write_bytes(text + b"\n")


def read_manifest(folder: Path, *, schema_version: int) -> Manifest:
    """Read what is in an export, and check that every file is what was written.

    Args:
        folder: The export.
        schema_version: Of the database that it is for.

    Raises:
        TransferError: It is none, not complete, of a later version, or was changed.
    """
    path = folder / FILE_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise TransferError(f"{folder} is no export: there is no {FILE_NAME}") from error
    except (OSError, msgspec.DecodeError) as error:
        raise TransferError(f"{path} cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise TransferError(f"{path} is of another kind: {manifest.format[:40]!r}")
    if manifest.format_version > FORMAT_VERSION or manifest.schema_version > schema_version:
        raise TransferError(
            f"{folder} has schema version {manifest.schema_version}, this server knows up to "
            f"{schema_version}; use a later bearlumen-server"
        )
    for table in manifest.tables:
        _check(folder, table)
    return manifest


def _check(folder: Path, table: TableFile) -> None:
    path = folder / table.file
    if path.parent != folder:
        raise TransferError(f"{table.file[:80]!r} is not in {folder}")
    try:
        found = digest(path)
    except OSError as error:
        raise TransferError(f"{path} cannot be read: {error.strerror}") from error
    if found != table.sha256:
        raise TransferError(f"{path} is not what was exported: its SHA-256 is another")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()
