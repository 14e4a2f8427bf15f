"""`flask bearlumen doctor`."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import AppGroup

from bearlumen.doctor import Finding, examine_client_options

group = AppGroup("bearlumen", help="Bear Lumen: what your AI costs.")


@group.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:  # noqa: FBT001  # click's
    """Look at the settings, the server, the key, the clock and the journal."""
    from .extension import options_of_current_app

    options = options_of_current_app() or {}
    if options.get("api_key"):
        findings = [Finding("flask", "The app is set up.")]
        findings += examine_client_options(options)
    else:
        findings = [
            Finding(
                "flask",
                "BEARLUMEN_API_KEY is not set: what is tracked is dropped.",
                ok=False,
                advice='app.config["BEARLUMEN_API_KEY"] = os.environ["BEAR_LUMEN_API_KEY"]',
            )
        ]
    if as_json:
        click.echo(json.dumps([finding.to_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.secho(str(finding), fg="green" if finding.ok else "red")
    if not all(finding.ok for finding in findings):
        sys.exit(1)
