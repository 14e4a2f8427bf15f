"""`bearlumen demo`: the whole way from a provider's response to a cost table."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path  # noqa: TC003  # typer reads the annotation
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from .failures import CommandError

if TYPE_CHECKING:
    from rich.console import Console

    from bearlumen import BearLumen
    from bearlumen_server import LocalServer

STORY_LENGTH = timedelta(hours=3)
"""How long before now the first call is dated; the story takes about two hours."""
WINDOW = timedelta(days=30)


def demo(
    *,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep the ledger in this DuckDB file; run it again to add to it."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave the server up and print its URL and key.")
    ] = False,
) -> None:
    """Track a made-up company's AI calls with the real client and server, and print the costs."""
    from bearlumen import BearLumen
    from bearlumen_server import local_server
    from bearlumen_server.demo.tables import Window, print_costs

    from .table import console

    out = console()
    now = datetime.now(UTC)
    problems: list[Exception] = []
    with local_server(keep, organization="demo") as server:
        with BearLumen(
            api_key=server.api_key, base_url=server.url, on_error=problems.append
        ) as bear:
            _track(bear, now)
            if not bear.flush() or problems:
                reason = problems[0] if problems else "the server did not answer in time"
                raise CommandError(f"the demo's events were not delivered: {reason}")
            window = Window(start_date=now - WINDOW, end_date=now + timedelta(minutes=1))
            print_costs(bear, window, out)
        if keep is not None:
            out.print(f"\nThe ledger is kept in {keep}.", soft_wrap=True)
        if serve:
            _leave_up(server, out)


def _track(bear: BearLumen, now: datetime) -> None:
    from bearlumen import TrackedStream
    from bearlumen_server.demo.story import CUSTOMERS, calls

    for call in calls(now - STORY_LENGTH):
        tracked: object = bear.track(call.response, **call.options)
        if isinstance(tracked, TrackedStream):
            for _ in tracked:  # pyright: ignore[reportUnknownVariableType]
                pass
    bear.revenue.report_many(
        {
            "revenue_id": f"demo-{uuid4()}",
            "external_id": customer.name,
            "amount": customer.pays,
            "occurred_at": now,
        }
        for customer in CUSTOMERS
    )


def _leave_up(server: LocalServer, out: Console) -> None:
    stopped = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        stopped.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    out.print(f"\nurl {server.url}\nkey {server.api_key}\nCtrl-C stops the server.")
    stopped.wait()
