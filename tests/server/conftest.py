from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from server.helpers import Api

from bearlumen_server import local_server
from bearlumen_server.keys import SCOPES, KeyRing
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bearlumen_server import LocalServer

ORGANIZATIONS = 1_200
"""More than there are tests that want a fresh one."""
EXAMPLES = 60
"""As many as a property test may have, and its shrinking."""


@pytest.fixture(scope="session")
def accounts() -> list[tuple[str, str]]:
    """Organisations nobody has used yet, each with a key of every scope."""
    return []


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, accounts: list[tuple[str, str]]
) -> Iterator[LocalServer]:
    """One real server on 127.0.0.1 over a real file, for the whole session."""
    path = tmp_path_factory.mktemp("server") / "ledger.duckdb"
    store = DuckDBStore(path)
    ring = KeyRing(store)
    for number in range(ORGANIZATIONS):
        org_id = f"org_{number}"
        accounts.append((org_id, ring.create(org_id=org_id, name="t", scopes=SCOPES)[1]))
    store.close()
    with local_server(path) as running:
        yield running


@pytest.fixture(scope="session")
def http(server: LocalServer) -> Iterator[httpx.Client]:
    """One connection pool for the whole session."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def api(http: httpx.Client, accounts: list[tuple[str, str]]) -> Api:
    """An organisation without any events."""
    org_id, key = accounts.pop()
    return Api(http=http, org_id=org_id, key=key)


@pytest.fixture
def other(http: httpx.Client, accounts: list[tuple[str, str]]) -> Api:
    """Another organisation of the same server."""
    org_id, key = accounts.pop()
    return Api(http=http, org_id=org_id, key=key)


@pytest.fixture
def fresh(http: httpx.Client, accounts: list[tuple[str, str]]) -> list[Api]:
    """Organisations for a property test, one an example; the last ones of the session's stock."""
    chosen, accounts[:EXAMPLES] = accounts[:EXAMPLES], []
    return [Api(http=http, org_id=org_id, key=key) for org_id, key in chosen]
