"""`bearlumen report`: questions asked from the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from .failures import CommandError
from .options import DEFAULT_DATABASE, AsJson, Database, Key, Organization, Url, server_to_ask

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(help="Ask the ledger.", no_args_is_help=True)

_SINCE = re.compile(r"(?P<count>[0-9]{1,4})(?P<unit>[hdw])")
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}
_PAGE: Final = 1000


class By(StrEnum):
    """What cost can be split by."""

    model = "model"
    provider = "provider"
    feature = "feature"
    agent = "agent"
    workflow = "workflow"
    end_user = "end-user"


@app.callback()
def _group() -> None:
    """Keep `costs` a subcommand while it is the only one."""


@app.command("costs")
def costs(
    context: typer.Context,
    *,
    by: Annotated[By, typer.Option(help="What to split the cost by.")] = By.model,
    since: Annotated[
        str, typer.Option(help="How far back: 24h, 30d, 4w, or a date (2026-01-31).")
    ] = "30d",
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what was spent, and on what."""
    now = datetime.now(UTC)
    start = start_of(since, now)
    url = server_to_ask(context, url)
    if url:
        found = _remote(by, start, now, url=url, key=key)
    else:
        found = _local(by, start, now, database=database, organization=organization)
    if as_json:
        import json

        typer.echo(json.dumps(found, indent=2))
        return
    _print(found, by=by, start=start)


def start_of(since: str, now: datetime) -> datetime:
    """Return the instant that `--since` means.

    Raises:
        CommandError: It is none.
    """
    match = _SINCE.fullmatch(since)
    if match:
        return now - timedelta(**{_UNITS[match["unit"]]: int(match["count"])})
    try:
        return datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"--since {since!r}: expected 24h, 30d, 4w or a date") from error


def _remote(by: By, start: datetime, end: datetime, *, url: str, key: str | None) -> dict[str, Any]:
    from bearlumen_server.api.answer import instant

    from .remote import call

    path = f"/v1/costs/{'detailed/' if by is By.end_user else ''}by-{by.value}"
    params = {"startDate": instant(start), "endDate": instant(end)}
    if by is By.end_user:
        params["limit"] = str(_PAGE)
    return call("GET", path, url=url, key=key, params=params)


def _local(
    by: By, start: datetime, end: datetime, *, database: Path, organization: str | None
) -> dict[str, Any]:
    from bearlumen_server.api.costs import shown, shown_page
    from bearlumen_server.api.params import Page
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.reports.costs import cost_by, cost_by_page
    from bearlumen_server.reports.question import Question

    from .files import opened, organization_of

    with opened(database) as store:
        org_id = organization_of(KeyRing(store), organization)
        question = Question(org_id=org_id, start=start, end=end)
        if by is By.end_user:
            found = cost_by_page(store, question, "end_user", limit=_PAGE, offset=0)
            return shown_page(found, Page(limit=_PAGE, offset=0))
        return shown(cost_by(store, question, by.value))


def _print(found: dict[str, Any], *, by: By, start: datetime) -> None:
    from .table import NOTHING, UNKNOWN, console, table

    items: list[dict[str, Any]] = found["items"]
    rows = [
        (
            item["attributionValue"] or NOTHING,
            UNKNOWN if item["unpricedEvents"] == item["eventCount"] else item["totalCost"],
            f"{item['percentOfTotal']:.1f} %",
            str(item["eventCount"]),
            str(item["unpricedEvents"]),
        )
        for item in items
    ]
    hidden = found.get("total", len(items)) - len(items)
    # The answer adds up cost over every page, and events over none.
    events = "" if hidden else str(sum(item["eventCount"] for item in items))
    total = ("total", found["totalCost"], "", events, str(found["unpricedEvents"]))
    heads = (by.value.replace("-", " "), "cost (USD)", "share", "events", "unpriced")
    out = console()
    out.print(f"Cost by {heads[0]} since {start:%Y-%m-%d %H:%M} UTC\n")
    out.print(table(heads, rows, total=total, figures=range(1, 5)))
    if hidden:
        out.print(f"\nThe {len(items)} that cost most; {hidden} more are in the total.")
