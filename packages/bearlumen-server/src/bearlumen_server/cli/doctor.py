"""`bearlumen doctor`: what a program needs in order to deliver, looked at from here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Key  # noqa: TC001  # typer reads them

Url = Annotated[
    str | None,
    typer.Option(
        "--url", envvar="BEAR_LUMEN_URL", help="The server's address; the hosted API by default."
    ),
]
Journal = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        envvar="BEAR_LUMEN_JOURNAL",
        help="The directory that the program passes as `journal=`; it is only looked at.",
    ),
]


def doctor(
    *,
    url: Url = None,
    key: Key = None,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Check the server, the key, the clock and the journal; exit code 1 if one is not right."""
    from bearlumen.doctor import examine

    findings = examine(api_key=key or "", base_url=url, journal=journal)
    if as_json:
        import json

        typer.echo(json.dumps({"findings": [one.to_dict() for one in findings]}, indent=2))
    else:
        for one in findings:
            mark = "ok" if one.ok else "!!"
            typer.echo(f"{mark}  {one.name:<9} {one.text}")
            if one.advice:
                typer.echo(f"{'':14}{one.advice}")
    if not all(one.ok for one in findings):
        raise typer.Exit(1)
