"""The answers that the client has no model of, as structs that only describe them."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from bearlumen_server.api.errors import CODES  # noqa: TC001  # msgspec reads it


class _Shown(Struct, frozen=True, kw_only=True, rename="camel"):
    """What all of them have in common: camelCase."""


class Error(_Shown, frozen=True, kw_only=True):
    """Any answer that is not the one hoped for."""

    code: Literal[CODES]  # pyright: ignore[reportInvalidTypeForm]  # one list, theirs
    message: str
    correlation_id: str
    details: dict[str, Any] | None = None


class RejectedEvent(Struct, frozen=True, kw_only=True):
    """An event of a batch that could not be taken."""

    index: int
    sdk_event_id: str | None
    code: str
    message: str


class BatchReport(_Shown, frozen=True, kw_only=True):
    """What became of a batch. What is counted as accepted is on disk."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


class RecordedEvent(_Shown, frozen=True, kw_only=True):
    """What became of one event."""

    event_id: str
    user_id: str | None
    metric_name: str | None
    quantity: float | None
    event_timestamp: str
    recorded: bool
    """False for one that was known."""


class KeyRecord(_Shown, frozen=True, kw_only=True):
    """An API key, without its secret."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: str
    revoked_at: str | None
    last_used_at: str | None


class KeyList(_Shown, frozen=True, kw_only=True):
    """Every key of the organisation, revoked ones too."""

    keys: list[KeyRecord]


class CreatedKey(KeyRecord, frozen=True, kw_only=True):
    """A key and its secret, which is never to be had again."""

    key: str


class Health(_Shown, frozen=True, kw_only=True):
    """Whether the process is alive."""

    status: Literal["ok"]


class Readiness(_Shown, frozen=True, kw_only=True):
    """Whether the server takes requests; each check is `ok`, or says what is wrong."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str]


class TableColumns(_Shown, frozen=True, kw_only=True):
    """A table of an export."""

    name: str
    columns: dict[str, str]
    """Name to type."""


class ExportedTables(_Shown, frozen=True, kw_only=True):
    """What an export consists of."""

    format: str
    format_version: int
    schema_version: int
    tables: list[TableColumns]


STRUCTS: Final[tuple[type[Struct], ...]] = (
    Error,
    BatchReport,
    RecordedEvent,
    KeyRecord,
    KeyList,
    CreatedKey,
    Health,
    Readiness,
    ExportedTables,
)


def answer_schemas() -> dict[str, Any]:
    """Return the schema of every one of them, by name."""
    _, found = msgspec.json.schema_components(STRUCTS, ref_template="#/components/schemas/{name}")
    return found
