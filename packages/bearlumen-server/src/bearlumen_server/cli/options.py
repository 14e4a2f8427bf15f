"""The options that several commands share; each is also read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bearlumen_server.settings import Settings

from .failures import CommandError

DEFAULT_DATABASE = Settings().database

Database = Annotated[
    Path,
    typer.Option("--database", envvar="BEAR_LUMEN_DATABASE", help="The DuckDB file."),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="BEAR_LUMEN_URL",
        help="A running server to ask instead; it owns its database file.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", envvar="BEAR_LUMEN_API_KEY", help="The API key for --url."),
]
Organization = Annotated[
    str | None,
    typer.Option("--organization", help="Whose; needed where the file holds several."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def server_to_ask(context: typer.Context, url: str | None) -> str | None:
    """Return the URL to ask, or None for the file.

    A file named on the command line goes before a server named by the environment.

    Raises:
        CommandError: `--organization` was given, but a server is asked: its key says whose.
    """

    def typed(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    if typed("database") and not typed("url"):
        return None
    if url and context.params.get("organization"):
        raise CommandError(
            f"--organization is for a file; {url} answers for the organisation of its key"
        )
    return url
