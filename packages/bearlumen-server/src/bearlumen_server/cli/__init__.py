"""The `bearlumen` command."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import typer

from . import doctor, keys, ledger, prices, report, serve
from .failures import one_line

app = typer.Typer(
    name="bearlumen",
    help="Know what your AI costs: run the Bear Lumen server and ask it questions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.command())
app.command("doctor")(doctor.doctor)
app.add_typer(keys.app, name="keys")
app.add_typer(prices.app, name="prices")
app.add_typer(report.app, name="report")
app.add_typer(ledger.app, name="ledger")
if find_spec(f"{__name__}.demo") is not None:
    app.command("demo")(import_module(f"{__name__}.demo").demo)


def main() -> None:
    """Run the command line; a failure somebody can mend is one line and exit code 2."""
    with one_line():
        app()
    sys.exit(0)
