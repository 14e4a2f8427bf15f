"""The options that several commands share; each is also read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bearlumen_server.settings import Settings

DEFAULT_DATABASE = Settings().database

Database = Annotated[
    Path,
    typer.Option("--database", envvar="BEARLUMEN_DATABASE", help="The DuckDB file."),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="BEARLUMEN_URL",
        help="A running server to ask instead; it owns its database file.",
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", envvar="BEARLUMEN_API_KEY", help="The API key for --url."),
]
Organization = Annotated[
    str | None,
    typer.Option("--organization", help="Whose; needed where the file holds several."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
