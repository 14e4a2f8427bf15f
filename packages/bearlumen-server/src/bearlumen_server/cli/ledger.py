"""`bearlumen ledger`: prune, erase, compact, export and import."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .failures import CommandError
from .options import DEFAULT_DATABASE, Database, Key, Organization, Url, server_to_ask
from .transfer import export, import_

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bearlumen_server.ledger.erasure import Mode

app = typer.Typer(help="Keep the ledger: retention, erasure, export, import.", no_args_is_help=True)
app.command("export")(export)
app.command("import")(import_)

_AGE = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[dwy])")
_DAYS: Final = {"d": 1, "w": 7, "y": 365}


@app.command("prune")
def prune(
    *,
    older_than: Annotated[
        str, typer.Option(help="Age of the calls whose events go: 365d, 52w, 2y, or a date.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many there are.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    organization: Annotated[
        str | None, typer.Option("--organization", help="Whose; default: everybody's.")
    ] = None,
) -> None:
    """Remove old events from a file; their ids stay, so that a resend is not counted again."""
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.ledger.retention import count_older
    from bearlumen_server.ledger.retention import prune as prune_events

    from .files import opened, organization_of

    before = _instant(older_than, datetime.now(UTC))
    with opened(database) as store:
        org_id = organization_of(KeyRing(store), organization) if organization else None
        if dry_run:
            count, verb = count_older(store, before, org_id=org_id), "would be removed"
        else:
            count, verb = prune_events(store, before, org_id=org_id), "removed"
    typer.echo(f"{count} events of calls before {before:%Y-%m-%d %H:%M} UTC {verb}")


@app.command("erase")
def erase(
    context: typer.Context,
    *,
    external_id: Annotated[str, typer.Argument(help="The end user.")],
    mode: Annotated[
        str, typer.Option(help="anonymize: totals stay, nameless. remove: events and revenue go.")
    ] = "anonymize",
    keep_dimension: Annotated[
        list[str] | None,
        typer.Option("--keep-dimension", help="That anonymize leaves; repeat for several."),
    ] = None,
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Take one end user out of the ledger, in a file to the last byte."""
    url = server_to_ask(context, url)
    if url:
        events, revenue = _erase_remotely(external_id, mode, keep_dimension or (), url, key)
    else:
        events, revenue = _erase_in_file(
            external_id, mode, keep_dimension or (), database, organization
        )
    done = "removed" if mode == "remove" else "anonymised"
    typer.echo(f"{events} events and {revenue} payments {done}")


@app.command("compact")
def compact(*, database: Database = DEFAULT_DATABASE) -> None:
    """Write a file anew: smaller, and without the bytes of what was erased or pruned."""
    from bearlumen_server.storage.compact import compact as compact_file

    if not database.exists():
        raise CommandError(f"there is no database {database}; say --database")
    before = database.stat().st_size
    compact_file(database)
    typer.echo(f"{database}: {before} bytes before, {database.stat().st_size} now")


def _instant(older_than: str, now: datetime) -> datetime:
    match = _AGE.fullmatch(older_than)
    try:
        if match:
            return now - timedelta(days=int(match["count"]) * _DAYS[match["unit"]])
        return datetime.strptime(older_than, "%Y-%m-%d").replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise CommandError(
            f"--older-than {older_than!r}: expected 365d, 52w, 2y or a date"
        ) from error


def _erase_remotely(
    external_id: str, mode: str, keep: Sequence[str], url: str, key: str | None
) -> tuple[int, int]:
    from bearlumen_server.api import wire

    from .remote import call

    params = {"mode": mode, **({"keepDimensions": ",".join(keep)} if keep else {})}
    path = f"{wire.END_USERS}/{wire.segment(external_id)}"
    found = call("DELETE", path, url=url, key=key, params=params)
    return found["events"], found["revenue"]


def _erase_in_file(
    external_id: str, mode: str, keep: Sequence[str], database: Path, organization: str | None
) -> tuple[int, int]:
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.ledger.erasure import MODES
    from bearlumen_server.ledger.erasure import erase as erase_end_user
    from bearlumen_server.storage.compact import compact_if_due

    from .files import opened, organization_of

    if mode not in MODES:
        raise CommandError(f"--mode {mode!r}: expected one of {', '.join(MODES)}")
    chosen: Mode = "remove" if mode == "remove" else "anonymize"
    if chosen == "remove" and keep:
        raise CommandError("--keep-dimension: nothing is kept of events that are removed")
    with opened(database) as store:
        org_id = organization_of(KeyRing(store), organization)
        found = erase_end_user(store, external_id, org_id=org_id, mode=chosen, keep=keep)
    compact_if_due(database)
    return found.events, found.revenue
