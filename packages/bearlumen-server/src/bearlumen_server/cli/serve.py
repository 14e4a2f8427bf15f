"""`bearlumen serve`: run the server until it is told to stop."""

from __future__ import annotations

import gc
import inspect
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bearlumen_server.settings import CONFIG_VARIABLE, DECLARED, DEFAULT_ORGANIZATION, Settings

from .failures import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearlumen_server.keys import KeyRing
    from bearlumen_server.serving import Server
    from bearlumen_server.settings import Declared

_CONFIG: Final = typer.Option(
    "--config", help=f"A TOML file with a key a setting. Also {CONFIG_VARIABLE}."
)
_WORKERS: Final = typer.Option("--workers", help="1: one process owns the file.", hidden=True)

NEW_OBJECTS: Final = 20_000
"""Objects made between two looks of the garbage collector; 700 is Python's own."""
SWITCH_SECONDS: Final = 0.002
"""How long a thread that reads requests keeps the interpreter from the one that writes, which comes
back from the engine ten times a commit; 0.005 is Python's own. (Of 1,000 events a request, 54,000 a
second were written with this and 49,000 with that; of 100, as many with either.)"""


def serve(*, config: Path | None = None, workers: int = 1, **given: Any) -> None:
    """Run the server; the first start makes a key and prints it, once.

    A setting is its option, else its environment variable, else its key in the configuration file.
    """
    from bearlumen_server import logs
    from bearlumen_server.app import create_app
    from bearlumen_server.keys import KeyRing
    from bearlumen_server.serving import Server, listen, url_of
    from bearlumen_server.storage.compact import compact_if_due
    from bearlumen_server.storage.duckdb import DuckDBStore

    usual = sys.getswitchinterval()
    if workers != 1:
        raise CommandError(
            f"--workers {workers}: one process owns a DuckDB file, so there is one worker; it uses "
            "every core, as reports and commits run on threads"
        )
    settings = Settings.load(given, file=config)
    with listen(settings.host, settings.port) as listener:
        if compact_if_due(settings.database):
            typer.echo(f"{settings.database} was compacted: end users were erased from it")
        store = DuckDBStore(
            settings.database,
            memory_megabytes=settings.memory_megabytes,
            spill_megabytes=settings.spill_megabytes,
        )
        try:
            ring = KeyRing(store)
            _make_first_key(ring)
            logs.configure(settings.log_format, level=settings.log_level)
            server = Server(create_app(settings, store, key_ring=ring))
            _spare_the_collector()
            sys.setswitchinterval(SWITCH_SECONDS)
            typer.echo(f"Bear Lumen serves {settings.database} on {url_of(listener)}")
            _stop_on_signals(server)
            server.run([listener])
        finally:
            gc.unfreeze()
            sys.setswitchinterval(usual)
            store.close()


def command() -> Callable[..., None]:
    """Return `serve` with an option for every setting."""

    def run(**options: Any) -> None:
        serve(**options)

    options = {
        "config": Annotated[Path | None, _CONFIG],
        "workers": Annotated[int, _WORKERS],
        **{name: Annotated[_kind(each) | None, _option(each)] for name, each in DECLARED.items()},
    }
    run.__doc__ = serve.__doc__
    run.__annotations__ = options
    run.__dict__["__signature__"] = inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=1 if name == "workers" else None,
                annotation=annotation,
            )
            for name, annotation in options.items()
        ]
    )
    return run


def _kind(each: Declared) -> type:
    # A word is looked at where every other source of it is, so that all say the same of it.
    return each.kind


def _option(each: Declared) -> Any:
    shown = str(each.default).lower() if each.kind is bool else each.default
    choices = f" One of {', '.join(each.choices)}." if each.choices else ""
    # Not for typer to read: an option goes before the environment, which goes before the file.
    text = f"{each.text}{choices} Default: {shown}. Also {each.variable}."
    names = [each.option, f"--no-{each.option.removeprefix('--')}"]
    return typer.Option("/".join(names) if each.kind is bool else each.option, help=text)


def _spare_the_collector() -> None:
    """Have it look less often, and never at the catalogue: this process is a server's alone.

    A batch makes thousands of objects and no cycles, for which it would search all there is.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


def _make_first_key(ring: KeyRing) -> None:
    from bearlumen_server.keys import SCOPES

    if ring.organizations():
        return
    _, secret = ring.create(org_id=DEFAULT_ORGANIZATION, name="first key", scopes=SCOPES)
    typer.echo(f"The first API key; it is shown this once:\n{secret}")


def _stop_on_signals(server: Server) -> None:
    """Leave quietly, also before uvicorn listens to signals and after."""

    def stop(_signal: int, _frame: object) -> None:
        server.stop()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
