"""`bearlumen prices`: own prices, what has none, why a call costs what it does, re-costing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003  # typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from .options import DEFAULT_DATABASE, AsJson, Database, Key, Organization, Url, server_to_ask
from .report import start_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from .asking import Asking

app = typer.Typer(help="Own prices, costs explained, and re-costing.", no_args_is_help=True)

_SENTENCE_WIDTH: Final = 500

Since = Annotated[str, typer.Option(help="How far back: 24h, 30d, 4w, or a date (2026-01-31).")]


@app.command("import")
def import_(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="YAML or JSON with `prices:` and `aliases:`.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it, and show what would change.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Set the prices and aliases of a file, all or none; what is there already stays."""
    from .pricefile import read_price_file

    content = read_price_file(file)
    with _asking(context, database, organization, url, key) as ask:
        # Everything is checked before anything is kept.
        tried = ask.set(content, dry_run=True)
        found = tried if dry_run else ask.set(content, dry_run=False)
    if as_json:
        _print_json(found)
        return
    rows = [
        (each["change"], each["provider"] or "any", each["model"], _said(each), _since(each))
        for each in found["prices"]
    ]
    rows += [
        (
            each["change"],
            each["provider"] or "any",
            each["alias"],
            f"is {'/'.join(filter(None, (each['targetProvider'], each['targetModel'])))}",
            "",
        )
        for each in found["aliases"]
    ]
    _print_table(("", "provider", "model", "price (USD)", "from"), rows)
    if dry_run:
        typer.echo("\nNothing was kept: --dry-run.")


@app.command("list")
def list_(
    context: typer.Context,
    *,
    history: Annotated[
        bool, typer.Option("--history", help="Those replaced and deleted, too.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the own prices and aliases, and the catalogue's date."""
    with _asking(context, database, organization, url, key) as ask:
        found = ask.listed(history=history)
    if as_json:
        _print_json(found)
        return
    rows = [
        (each["id"], each["provider"] or "any", each["model"], _said(each), _since(each))
        for each in found["prices"]
    ]
    rows += [
        (
            each["id"],
            each["provider"] or "any",
            each["alias"],
            f"is {'/'.join(filter(None, (each['targetProvider'], each['targetModel'])))}",
            "",
        )
        for each in found["aliases"]
    ]
    _print_table(("id", "provider", "model", "price (USD)", "from"), rows)
    catalogue = found["catalogue"]
    typer.echo(
        f"\nBehind them: {catalogue['package']} {catalogue['version']}, as of {catalogue['asOf']}."
    )


@app.command("explain")
def explain(
    context: typer.Context,
    *,
    event_id: Annotated[str, typer.Argument(help="The id of the event.")],
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show how the cost of an event comes about."""
    with _asking(context, database, organization, url, key) as ask:
        found = ask.explained(event_id)
    if as_json:
        _print_json(found)
        return
    from .table import NOTHING, UNKNOWN

    priced_as = found["pricedAs"]
    name = f"{found['provider']}/{found['model']}"
    target = f"{priced_as['provider']}/{priced_as['model']}"
    typer.echo(f"{name} at {found['timestamp']}" + (f", as {target}" if target != name else ""))
    rows = [
        (
            line["kind"],
            str(line["quantity"]),
            NOTHING if line["price"] is None else f"{line['price']} / {line['per']}",
            line["amount"],
            line["source"],
        )
        for line in found["lines"]
    ]
    total = ("total", "", "", found["total"] or UNKNOWN, "")
    _print_table(
        ("kind", "quantity", "price (USD)", "amount", "source"),
        rows,
        total=total,
        figures=(1, 2, 3),
    )
    for text in (found["current"]["reason"], found["note"]):
        if text:
            typer.echo(f"\n{text}")


@app.command("missing")
def missing(
    context: typer.Context,
    *,
    since: Since = "30d",
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the models of events without a price, and why they have none."""
    now = datetime.now(UTC)
    with _asking(context, database, organization, url, key) as ask:
        found = ask.missing(start_of(since, now), now)
    if as_json:
        _print_json(found)
        return
    rows = [
        (
            each["provider"],
            each["model"],
            str(each["eventCount"]),
            each["lastSeen"][:10],
            each["reason"] or "has a price by now: re-cost",
        )
        for each in found["items"]
    ]
    _print_table(("provider", "model", "events", "last seen", "why"), rows, figures=(2,))


@app.command("recost")
def recost(
    context: typer.Context,
    *,
    since: Since,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write it; without, it is only shown.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Put stored events under the prices of today, or show what that would change."""
    now = datetime.now(UTC)
    with _asking(context, database, organization, url, key) as ask:
        found = ask.recost(start_of(since, now), now, apply=apply)
    if as_json:
        _print_json(found)
        return
    rows = [(f"{each['provider']}/{each['model']}", *_figures(each)) for each in found["models"]]
    total = ("total", *_figures(found))
    heads = ("model", "events", "before (USD)", "after", "change", "changed", "unpriced")
    _print_table(heads, rows, total=total, figures=range(1, 7))
    if apply:
        typer.echo(f"\nRun {found['recostId']} is {found['status']}.")
    else:
        typer.echo("\nNothing was written; --apply does.")


@app.command("undo")
def undo(
    context: typer.Context,
    *,
    run_id: Annotated[str, typer.Argument(help="The id that `prices recost --apply` printed.")],
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Put back what a re-costing run changed."""
    with _asking(context, database, organization, url, key) as ask:
        found = ask.undo(run_id)
    typer.echo(f"{found['recostId']} is {found['status']}")


@contextmanager
def _asking(
    context: typer.Context,
    database: Path,
    organization: str | None,
    url: str | None,
    key: str | None,
) -> Generator[Asking]:
    from .asking import asking_file, asking_server

    url = server_to_ask(context, url)
    if url:
        yield asking_server(url, key)
        return
    with asking_file(database, organization) as ask:
        yield ask


def _figures(each: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(each["eventCount"]),
        each["costBefore"],
        each["costAfter"],
        each["change"],
        str(each["changedEvents"]),
        str(each["unpricedEvents"]),
    )


def _said(price: dict[str, Any]) -> str:
    parts = [f"{kind} {amount}/1M" for kind, amount in price["prices"].items()]
    parts += [f"{name} {amount}" for name, amount in price["units"].items()]
    parts += [f"{name} {amount}/call" for name, amount in price["tools"].items()]
    if price["discountPercent"] is not None:
        parts.append(f"-{price['discountPercent']} %")
    if price["batch"] is not None:
        parts.append("in batch" if price["batch"] else "not in batch")
    if price["serviceTier"]:
        parts.append(f"tier {price['serviceTier']}")
    return ", ".join(parts)


def _since(price: dict[str, Any]) -> str:
    since = price["effectiveFrom"]
    return since[:10] if since else "always"


def _print_json(found: dict[str, Any]) -> None:
    import msgspec

    # Quantities are numbers of any precision: msgspec writes them as they are.
    typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


def _print_table(
    heads: tuple[str, ...],
    rows: list[tuple[str, ...]],
    *,
    total: tuple[str, ...] | None = None,
    figures: Any = (),
) -> None:
    from .table import console, table

    out = console()
    # The last column is a sentence: let the terminal wrap it, rather than cut figures off for it.
    out.width = max(out.width, _SENTENCE_WIDTH)
    out.print(table(heads, rows, total=total, figures=figures), soft_wrap=True)
