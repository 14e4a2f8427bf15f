"""A server inside this process, for development and tests."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .settings import Settings

HOST: Final = "127.0.0.1"
FILE_NAME: Final = "bearlumen.duckdb"


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalServer:
    """A running server."""

    url: str
    """Base URL, such as `http://127.0.0.1:49152`."""
    api_key: str
    """A key with every scope, made for this run."""
    stop: Callable[[], None]
    """Write what waits, stop, and give the database back. The `with` block does it as well."""


@contextmanager
def local_server(
    path: Path | None = None,
    *,
    port: int = 0,
    organization: str = "local",
    settings: Settings | None = None,
) -> Generator[LocalServer]:
    """Run a server on 127.0.0.1 over a DuckDB file, for as long as the block lasts.

    It serves when the block is entered, and everything it accepted is in the file after it.

    Args:
        path: The database file, made when missing; None takes a temporary one.
        port: 0 takes a free one.
        organization: Whose key `api_key` is.
        settings: Limits and the like; its host, port and database are not looked at.

    Raises:
        StoreError: The file cannot be used, say because another process has it open.
        AddressError: The port is taken.
    """
    if path is not None:
        with _served(path, port=port, organization=organization, settings=settings) as server:
            yield server
        return
    with (
        tempfile.TemporaryDirectory(prefix="bearlumen-") as folder,
        _served(
            Path(folder) / FILE_NAME, port=port, organization=organization, settings=settings
        ) as server,
    ):
        yield server


@contextmanager
def _served(
    path: Path, *, port: int, organization: str, settings: Settings | None
) -> Generator[LocalServer]:
    # Imported here: `import bearlumen_server` is what every command of the CLI begins with.
    import threading

    from .app import create_app
    from .keys import SCOPES, KeyRing
    from .serving import Server, listen, url_of
    from .settings import Settings
    from .storage.duckdb import DuckDBStore

    with listen(HOST, port) as listener:
        chosen = replace(settings or Settings(), host=HOST, port=port, database=path)
        store = DuckDBStore(
            path,
            memory_megabytes=chosen.memory_megabytes,
            spill_megabytes=chosen.spill_megabytes,
        )
        try:
            ring = KeyRing(store)
            _, secret = ring.create(org_id=organization, name="local server", scopes=SCOPES)
            server = Server(create_app(chosen, store, key_ring=ring))
            thread = threading.Thread(
                target=server.run, args=([listener],), name="bearlumen-server", daemon=True
            )
            thread.start()
            server.settled.wait()
            if not server.started:
                raise RuntimeError("the server did not start; the log says why")

            def stop() -> None:
                server.stop()
                thread.join()
                store.close()

            try:
                yield LocalServer(url=url_of(listener), api_key=secret, stop=stop)
            finally:
                stop()
        finally:
            store.close()
