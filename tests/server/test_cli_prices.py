"""`bearlumen prices`, on a file and on the server that owns it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from server.helpers import BATCH, Api
from server.test_cli import now
from server.test_own_prices import call
from typer.testing import CliRunner

from bearlumen_server import local_server
from bearlumen_server.cli import app
from bearlumen_server.cli.failures import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from bearlumen_server import LocalServer

NOTHING_SET: dict[str, str | None] = dict.fromkeys(
    f"BEAR_LUMEN_{name}" for name in ("URL", "API_KEY", "DATABASE")
)
YAML = """
prices:
  - provider: vllm
    model: llama-*
    effectiveFrom: 2026-01-01
    prices: {input_tokens: 0.10, output_tokens: 0.30}
aliases:
  - alias: prod
    provider: azure
    targetModel: gpt-4o
"""
PRICED = "0.00025"  # 1000 at 0.10 and 500 at 0.30 a million


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A file of prices."""
    path = tmp_path / "prices.yaml"
    path.write_text(YAML)
    return path


def asked(*arguments: str | Path, **access: str) -> Result:
    """Run a command, in this process: a dozen new ones would take a minute."""
    words = ["prices", *map(str, arguments)]
    return CliRunner().invoke(app, words, env={**NOTHING_SET, **access})


def the_whole_story(book: Path, event_id: str, *where: str | Path, **access: str) -> None:
    """Import, look, explain, re-cost and undo; every figure by hand."""

    def said(*arguments: str | Path) -> str:
        done = asked(*arguments, *where, **access)
        assert done.exit_code == 0, done.exception
        return done.output

    assert "one's own machines" in said("missing", "--since", "1h")
    tried = json.loads(said("import", book, "--dry-run", "--json"))
    assert [each["change"] for each in tried["prices"]] == ["created"]
    assert json.loads(said("list", "--json"))["prices"] == []
    assert "input_tokens 0.1/1M" in said("import", book)
    again = json.loads(said("import", book, "--json"))
    assert {each["change"] for each in (*again["prices"], *again["aliases"])} == {"unchanged"}
    assert "as of" in said("list")
    assert "has a price by now" in said("missing", "--since", "1h")
    assert PRICED in said("recost", "--since", "1h")
    applied = json.loads(said("recost", "--since", "1h", "--apply", "--json"))
    assert (applied["status"], applied["costAfter"]) == ("done", PRICED)
    explained = said("explain", event_id)
    assert "0.3 / 1000000" in explained
    assert "version 1, from 2026-01-01" in explained
    assert "undone" in said("undo", applied["recostId"])
    assert json.loads(said("explain", event_id, "--json"))["cost"] is None


def test_prices_are_managed_on_a_file(tmp_path: Path, book: Path) -> None:
    """No server has to run."""
    path = tmp_path / "ledger.duckdb"
    sent = call("vllm", "llama-4", event_invoked_at=now())
    with local_server(path) as server:
        import httpx

        with httpx.Client(base_url=server.url) as client:
            Api(http=client, org_id="local", key=server.api_key).send([sent], BATCH)
    the_whole_story(book, sent["sdk_event_id"], "--database", path)


def test_prices_are_managed_on_a_server(server: LocalServer, api: Api, book: Path) -> None:
    """It owns the file, so it is asked instead."""
    sent = call("vllm", "llama-4", event_invoked_at=now())
    api.send([sent])
    access = {"BEAR_LUMEN_URL": server.url, "BEAR_LUMEN_API_KEY": api.key}
    the_whole_story(book, sent["sdk_event_id"], **access)


BAD = [
    ("prices: [{model: m, prices: {tokens: 1}}]", "prices[0].prices.tokens"),
    ("prices: [{model: m, discountPercent: 5}]\naliases: [{alias: a}]", "targetModel"),
    ("prices: {model: m}", "prices is a list"),
    ("price: []", "unknown 'price'"),
    ("prices: [{model: m, prices: {input_tokens: 1, input_tokens: 2}}]", "stands twice"),
    ("prices: [{model: m, prices: {input_tokens: 1_000}}]", "prices[0].prices.input_tokens"),
    ("prices: [", "not YAML"),
    ("prices: [!!python/object/apply:os.getcwd []]", "not YAML"),
]


def test_integers_are_read_as_they_are_written(api: Api, server: LocalServer, book: Path) -> None:
    """YAML 1.1 takes `010` for 8: an eight where ten was meant."""
    book.write_text("prices: [{model: m, prices: {input_tokens: 010}}]")
    access = {"BEAR_LUMEN_URL": server.url, "BEAR_LUMEN_API_KEY": api.key}
    assert asked("import", book, **access).exit_code == 0
    (price,) = api.request("GET", "/v1/prices").json()["prices"]
    assert price["prices"] == {"input_tokens": "10"}


@pytest.mark.parametrize(("text", "named"), BAD)
def test_a_bad_file_keeps_nothing(
    server: LocalServer, api: Api, book: Path, text: str, named: str
) -> None:
    """All of it is checked first, and the line says where it is wrong."""
    book.write_text(text)
    access = {"BEAR_LUMEN_URL": server.url, "BEAR_LUMEN_API_KEY": api.key}
    failure = asked("import", book, **access).exception
    assert isinstance(failure, CommandError)
    assert named in str(failure)
    assert api.request("GET", "/v1/prices").json() == {"prices": []}
