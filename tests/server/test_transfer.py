from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.helpers import Api, event
from server.ledgers import answers, batches, pay, payments, stored, write

from bearlumen.pricing.book import PriceBook
from bearlumen_server.keys import SCOPES
from bearlumen_server.ledger import export, importing
from bearlumen_server.ledger.erasure import erase
from bearlumen_server.ledger.export import export_ledger
from bearlumen_server.ledger.importing import Imported, import_ledger
from bearlumen_server.ledger.manifest import TransferError
from bearlumen_server.ledger.tables import LEFT_OUT, TABLES
from bearlumen_server.pricebook import reading
from bearlumen_server.pricebook.books import PriceBooks
from bearlumen_server.reports.question import LABELS
from bearlumen_server.storage.duckdb import DuckDBStore
from bearlumen_server.storage.files import FORMATS, Format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

each_format = pytest.mark.parametrize("encoding", FORMATS)
numbers = count()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    """A ledger to export from."""
    store = DuckDBStore(tmp_path_factory.mktemp("source") / "ledger.duckdb")
    store.rows("SET threads = 1", {})  # tiny questions, by the thousand
    yield store
    store.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    """Another file, to import into."""
    store = DuckDBStore(tmp_path_factory.mktemp("target") / "ledger.duckdb")
    store.rows("SET threads = 1", {})  # tiny questions, by the thousand
    yield store
    store.close()


@pytest.mark.timeout(300)  # 15 s, where nothing else runs
@given(
    sent=batches(),
    paid=st.lists(payments, max_size=3),
    encoding=st.sampled_from(FORMATS),
    label=st.sampled_from(LABELS),
    earlier=st.booleans(),
)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_export_comes_back_as_it_was(  # noqa: PLR0917  # fixtures, and what is drawn
    source: DuckDBStore,
    target: DuckDBStore,
    tmp_path_factory: pytest.TempPathFactory,
    sent: list[dict[str, Any]],
    paid: list[dict[str, Any]],
    encoding: Format,
    label: str,
    *,
    earlier: bool,
) -> None:
    """Every row to the last bit, and every answer, whatever was in it; a second time is no news.

    So does one of a version that knew fewer columns.
    """
    number = next(numbers)
    here, there = f"org_{number}", f"other_{number}"
    write(source, here, sent)
    pay(source, here, paid)
    folder = tmp_path_factory.mktemp("export") / "made"
    export_ledger(source, folder, encoding, org_id=here)
    if earlier:
        without_derived_columns(folder)
    import_ledger(target, folder, org_id=there)
    assert stored(target, there) == stored(source, here)
    assert answers(target, there, labels=[label]) == answers(source, here, labels=[label])
    again = import_ledger(target, folder, org_id=there)
    assert {each.accepted for each in again} == {0}


def without_derived_columns(folder: Path) -> None:
    """Make an export look like one of before there were those columns."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["schemaVersion"] = 2
    (events,) = [table for table in manifest["tables"] if table["name"] == "events"]
    for name in ("dim_keys", "metric_keys", "number_keys"):
        del events["columns"][name]
    path.write_text(json.dumps(manifest))


def small(store: DuckDBStore, org_id: str) -> list[dict[str, Any]]:
    """Store seven events and a payment for a month, and return the events."""
    sent = [event(user_id=f"user-{n}", metadata={"dimensions": {"n": n}}) for n in range(7)]
    write(store, org_id, sent)
    pay(store, org_id, [{"externalId": "user-1", "amount": "10", **MONTH}])
    return sent


MONTH = {"periodStart": "2026-03-01", "periodEnd": "2026-03-31"}


@each_format
def test_long_tables_go_in_pieces(
    source: DuckDBStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: Format
) -> None:
    """Memory holds one piece: six events in pieces of two come back, and the id of the seventh."""
    for module in (export, importing):
        monkeypatch.setattr(module, "BATCH_ROWS", 20)
    monkeypatch.setattr(export, "BATCH_ROWS", 2)
    small(source, f"long_{encoding}")
    erase(source, "user-3", org_id=f"long_{encoding}", mode="remove")
    export_ledger(source, tmp_path / "e", encoding, org_id=f"long_{encoding}")
    fresh = DuckDBStore(tmp_path / "fresh.duckdb")
    import_ledger(fresh, tmp_path / "e", org_id="o")
    assert stored(fresh, "o") == stored(source, f"long_{encoding}")
    assert answers(fresh, "o") == answers(source, f"long_{encoding}")
    assert [len(stored(fresh, "o")[each]) for each in ("gone_events", "revenue_entries")] == [1, 31]
    fresh.close()


@each_format
def test_what_is_known_is_counted_and_left_as_it_is(
    source: DuckDBStore, target: DuckDBStore, tmp_path: Path, encoding: Format
) -> None:
    """Two of the seven are there already; one was removed, and does not come back."""
    org = f"known_{encoding}"
    sent = small(source, org)
    write(target, org, sent[:3])
    erase(target, "user-0", org_id=org, mode="remove")
    export_ledger(source, tmp_path / "e", encoding, org_id=org)
    done = {each.table: each for each in import_ledger(target, tmp_path / "e", org_id=org)}
    assert done["events"] == Imported(table="events", accepted=4, duplicates=3)
    assert done["revenue"] == Imported(table="revenue", accepted=1, duplicates=0)
    assert len(stored(target, org)["events"]) == 6
    assert write(target, org, sent) == 7


@each_format
def test_a_later_price_takes_the_place_of_the_one_it_replaced(
    source: DuckDBStore, target: DuckDBStore, tmp_path: Path, encoding: Format
) -> None:
    """A copy of a ledger, brought up to date by a second export, has its prices and aliases."""
    org_id = f"prices-{encoding}"
    books = PriceBooks(source, PriceBook([], version="none"))
    for number in ("1", "2", "3"):
        given = {"model": "m", "prices": {"input_tokens": number}, "effectiveFrom": "2026-01-01"}
        price = reading.price_of(json.dumps(given).encode(), "")
        alias = reading.alias_of(json.dumps({"alias": "a", "targetModel": number}).encode(), "")
        books.set_prices(org_id, [price], by=None)
        books.set_aliases(org_id, [alias], by=None)
        export_ledger(source, tmp_path / number, encoding, org_id=org_id)
        import_ledger(target, tmp_path / number, org_id=org_id)
    copied = PriceBooks(target, PriceBook([], version="none"))
    assert copied.rules(org_id) == books.rules(org_id)
    assert copied.aliases(org_id) == books.aliases(org_id)
    assert copied.rules(org_id, history=True) == books.rules(org_id, history=True)
    assert len(copied.aliases(org_id, history=True)) == 3


def damage_file(folder: Path) -> None:
    """Change one byte of the events."""
    path = folder / "events.ndjson"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"gpt-4o", b"gpt-4p", 1))


def damage_version(folder: Path) -> None:
    """Say that a later server made it."""
    change(folder, schemaVersion=9999)


def damage_manifest(folder: Path) -> None:
    """Cut the manifest short."""
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:-20])


def forget_manifest(folder: Path) -> None:
    """Be an export that was interrupted."""
    (folder / "manifest.json").unlink()


def lose_file(folder: Path) -> None:
    """Have no events."""
    (folder / "events.ndjson").unlink()


def add_table(folder: Path) -> None:
    """Name a table that nobody imports."""
    tables = json.loads((folder / "manifest.json").read_bytes())["tables"]
    change(folder, tables=[{**each, "name": "api_keys"} for each in tables])


def miscount(folder: Path) -> None:
    """Say that there were more events."""
    tables = json.loads((folder / "manifest.json").read_bytes())["tables"]
    change(folder, tables=[{**tables[0], "rows": 8}, *tables[1:]])


def leave(folder: Path) -> None:
    """Point out of the folder."""
    tables = json.loads((folder / "manifest.json").read_bytes())["tables"]
    change(folder, tables=[{**tables[0], "file": "../events.ndjson"}, *tables[1:]])


def change(folder: Path, **fields: Any) -> None:
    """Put other fields into the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}))


DAMAGE: list[tuple[Any, str]] = [
    (damage_file, "SHA-256"),
    (damage_version, "schema version 9999"),
    (damage_manifest, "cannot be read"),
    (forget_manifest, "is no export"),
    (lose_file, "cannot be read"),
    (add_table, "is not a table"),
    (miscount, "the manifest says 8"),
    (leave, "is not in"),
]


@pytest.mark.parametrize(("damage", "says"), DAMAGE)
def test_an_export_that_is_not_whole_is_refused(
    source: DuckDBStore, target: DuckDBStore, tmp_path: Path, damage: Any, says: str
) -> None:
    """And nothing of it is in the ledger."""
    org = f"damaged_{damage.__name__}"
    small(source, org)
    export_ledger(source, tmp_path / "e", "ndjson", org_id=org)
    damage(tmp_path / "e")
    with pytest.raises(TransferError, match=says):
        import_ledger(target, tmp_path / "e", org_id=org)
    assert not any(stored(target, org).values())


def test_an_export_is_not_written_over(source: DuckDBStore, tmp_path: Path) -> None:
    """The one that is there may be the only one."""
    small(source, "twice")
    export_ledger(source, tmp_path, "ndjson", org_id="twice")
    with pytest.raises(TransferError, match="holds an export already"):
        export_ledger(source, tmp_path, "ndjson", org_id="twice")


def test_every_table_is_exported_or_left_out_for_a_reason(source: DuckDBStore) -> None:
    """A migration cannot add one that exports forget."""
    sql = "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
    tables = {row[0] for row in source.rows(sql, {})}
    assert tables - {each.name for each in TABLES} == set(LEFT_OUT)


@each_format
def test_a_running_server_exports_what_the_file_would(
    api: Api, other: Api, tmp_path: Path, encoding: str
) -> None:
    """One organisation's events and nobody else's, as bytes that an import would read."""
    api.send([event(user_id="ours") for _ in range(3)])
    other.send([event(user_id="theirs")])
    said = api.request("GET", "/v1/export").json()
    assert "events" in [each["name"] for each in said["tables"]]
    answer = api.request("GET", "/v1/export/events", params={"format": encoding})
    assert answer.status_code == 200
    (tmp_path / "events").write_bytes(answer.content)
    assert users(tmp_path / "events", encoding) == ["ours"] * 3


def users(path: Path, encoding: str) -> list[str]:
    """Return the end users in a file of events."""
    if encoding == "ndjson":
        return [json.loads(line)["end_user"] for line in path.read_bytes().splitlines()]
    import importlib

    parquet = cast("Any", importlib.import_module("pyarrow.parquet"))
    return parquet.read_table(path)["end_user"].to_pylist()


@pytest.mark.parametrize("lacking", ["usage:read", "costs:read", "margins:read"])
def test_a_key_that_may_not_read_everything_exports_nothing(api: Api, lacking: str) -> None:
    """What is in an export is usage, cost and revenue alike."""
    body = {"name": "n", "scopes": [each for each in SCOPES if each != lacking]}
    key = api.request("POST", "/v1/keys", json=body).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for path in ("/v1/export", "/v1/export/events"):
        answer = api.request("GET", path, headers=headers)
        assert answer.json()["details"] == {"missingScope": lacking}


def test_what_an_export_is_not_is_refused_by_name(api: Api) -> None:
    """Keys are in no export, and a misspelt parameter is not passed over."""
    assert api.request("GET", "/v1/export/api_keys").status_code == 404
    for path, params in (("", {"a": "1"}), ("/events", {"a": "1"}), ("/events", {"format": "a"})):
        answer = api.request("GET", f"/v1/export{path}", params=params)
        (parameter,) = params
        assert (answer.status_code, answer.json()["details"]["parameter"]) == (400, parameter)
