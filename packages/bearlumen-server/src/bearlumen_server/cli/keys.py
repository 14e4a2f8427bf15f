"""`bearlumen keys`: make, list and revoke API keys."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bearlumen_server.settings import DEFAULT_ORGANIZATION

from .failures import CommandError
from .options import DEFAULT_DATABASE, AsJson, Database, Key, Organization, Url, server_to_ask

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from bearlumen_server.keys import KeyRing

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

_PATH = "/v1/keys"


@app.command("create")
def create(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Repeat for several; default: all.")
    ] = None,
    ingest_only: Annotated[
        bool, typer.Option("--ingest-only", help="A key that can send usage and read nothing.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Make a key and print it, once."""
    from bearlumen_server.keys import INGEST_SCOPE, SCOPES

    if ingest_only and scope:
        raise CommandError("--ingest-only is a scope of its own; leave out --scope")
    scope = [INGEST_SCOPE] if ingest_only else scope
    if not name.strip() or not name.isprintable():
        raise CommandError("the name of a key is a text that can be read")
    url = server_to_ask(context, url)
    if url:
        body: dict[str, Any] = {"name": name}
        if scope:
            body["scopes"] = scope
        typer.echo(_remote("POST", _PATH, url, key, body)["key"])
        return
    unknown = [each for each in scope or () if each not in SCOPES]
    if unknown:
        raise CommandError(f"unknown scope {unknown[0]!r}; there are {', '.join(SCOPES)}")
    with _ring(database, make=True) as ring:
        org_id = organization or _only(ring.organizations())
        _, secret = ring.create(org_id=org_id, name=name, scopes=scope or SCOPES)
    typer.echo(secret)


@app.command("list")
def list_(
    context: typer.Context,
    *,
    database: Database = DEFAULT_DATABASE,
    organization: Organization = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the keys, without their secrets."""
    url = server_to_ask(context, url)
    if url:
        found: list[dict[str, Any]] = _remote("GET", _PATH, url, key)["keys"]
    else:
        from bearlumen_server.api.keys import shown

        with _ring(database) as ring:
            wanted = [organization] if organization else ring.organizations()
            found = [shown(each) for org_id in wanted for each in ring.of(org_id)]
    if as_json:
        import json

        typer.echo(json.dumps({"keys": found}, indent=2))
        return
    from bearlumen_server.keys import SCOPES

    from .table import NOTHING, console, table

    rows = [
        (
            each["id"],
            each["name"],
            each["prefix"] + "…",
            each["createdAt"][:10],
            _to_the_minute(each.get("lastUsedAt")),
            (each["revokedAt"] or NOTHING)[:10],
            "all" if set(each["scopes"]) == set(SCOPES) else ", ".join(each["scopes"]),
        )
        for each in found
    ]
    console().print(table(("id", "name", "key", "created", "last used", "revoked", "scopes"), rows))


@app.command("revoke")
def revoke(
    context: typer.Context,
    *,
    key_id: Annotated[str, typer.Argument(help="The id that `keys list` shows.")],
    database: Database = DEFAULT_DATABASE,
    url: Url = None,
    key: Key = None,
) -> None:
    """Revoke a key, at once."""
    url = server_to_ask(context, url)
    if url:
        _remote("DELETE", f"{_PATH}/{key_id}", url, key)
    else:
        with _ring(database) as ring:
            if not any(ring.revoke(key_id, org_id=org) for org in ring.organizations()):
                raise CommandError(f"no key {key_id!r} in {database}")
    typer.echo(f"revoked {key_id}")


def _to_the_minute(at: str | None) -> str:
    from .table import NOTHING

    return at[:16].replace("T", " ") if at else NOTHING


def _remote(
    method: str, path: str, url: str, key: str | None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    from .remote import call

    return call(method, path, url=url, key=key, body=body)


@contextmanager
def _ring(database: Path, *, make: bool = False) -> Generator[KeyRing]:
    from bearlumen_server.keys import KeyRing

    from .files import opened

    with opened(database, make=make) as store:
        yield KeyRing(store)


def _only(organizations: list[str]) -> str:
    if len(organizations) > 1:
        raise CommandError(f"say --organization: the file has {', '.join(organizations)}")
    return organizations[0] if organizations else DEFAULT_ORGANIZATION
