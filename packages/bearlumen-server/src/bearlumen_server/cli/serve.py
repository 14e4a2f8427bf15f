"""`bearlumen serve`: run the server until it is told to stop."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path  # noqa: TC003  # typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bearlumen_server.settings import DEFAULT_ORGANIZATION, Settings

if TYPE_CHECKING:
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.serving import Server


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks one.")] = None,
    database: Annotated[Path | None, typer.Option(help="The DuckDB file.")] = None,
) -> None:
    """Run the server; the first start makes a key and prints it, once.

    What is not given is read from BEAR_LUMEN_HOST, BEAR_LUMEN_PORT and BEAR_LUMEN_DATABASE.
    """
    from bearlumen_server.app import create_app
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.serving import Server, listen, url_of
    from bearlumen_server.storage.duckdb import DuckDBStore

    given = {"host": host, "port": port, "database": database}
    chosen: dict[str, Any] = {name: each for name, each in given.items() if each is not None}
    settings = replace(Settings.from_environment(), **chosen)
    with listen(settings.host, settings.port) as listener:
        store = DuckDBStore(settings.database)
        try:
            ring = KeyRing(store)
            _make_first_key(ring)
            server = Server(create_app(settings, store, key_ring=ring))
            typer.echo(f"Bear Lumen serves {settings.database} on {url_of(listener)}")
            _stop_on_signals(server)
            server.run([listener])
        finally:
            store.close()


def _make_first_key(ring: KeyRing) -> None:
    from bearlumen_server.keys import SCOPES

    if ring.organizations():
        return
    _, secret = ring.create(org_id=DEFAULT_ORGANIZATION, name="first key", scopes=SCOPES)
    typer.echo(f"The first API key; it is shown this once:\n{secret}")


def _stop_on_signals(server: Server) -> None:
    """Leave quietly: the server raises a signal once more when it is done with it."""

    def stop(_signal: int, _frame: object) -> None:
        server.should_exit = True

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
