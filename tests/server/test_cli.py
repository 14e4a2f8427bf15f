from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from server.helpers import BATCH, Api, event

from bearlumen import BearLumen
from bearlumen_server import local_server

if TYPE_CHECKING:
    from pathlib import Path

    from bearlumen_server import LocalServer

COMMAND = [sys.executable, "-c", "from bearlumen_server.cli import main; main()"]
WIDE = {"COLUMNS": "200", "NO_COLOR": "1"}


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process and an environment of its own."""
    kept = {name: each for name, each in os.environ.items() if not name.startswith("BEAR_LUMEN_")}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**kept, **WIDE, **environment},
    )


def fails_with_one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Check how it failed, and return the line."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def now() -> str:
    """Return the time, as events carry it."""
    return datetime.now(UTC).isoformat()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A file with 3 USD for two models, one event without a price, and no server on it."""
    path = tmp_path / "ledger.duckdb"
    with local_server(path) as server:
        import httpx

        with httpx.Client(base_url=server.url) as client:
            api = Api(http=client, org_id="local", key=server.api_key)
            costs = [("m1", "1"), ("m2", "2"), ("m2", None)]
            api.send(
                [
                    event(model=m, event_invoked_at=now(), metadata={"cost": c, "provider": "own"})
                    for m, c in costs
                ]
            )
    return path


def test_a_report_from_the_file_shows_totals_and_what_is_unpriced(ledger: Path) -> None:
    """As a table for people."""
    done = run("report", "costs", "--by", "model", "--since", "1h", "--database", ledger)
    assert done.returncode == 0, done.stderr
    cells = [line.replace("│", " ").split() for line in done.stdout.splitlines()]
    assert ["m2", "2", "66.7", "%", "2", "1"] in cells
    assert ["total", "3", "3", "1"] in cells


def test_a_report_as_json_is_the_answer_of_the_server(ledger: Path) -> None:
    """As data for programs; the database may come from the environment."""
    done = run("report", "costs", "--json", "--by", "end-user", BEAR_LUMEN_DATABASE=str(ledger))
    found = json.loads(done.stdout)
    assert (found["totalCost"], found["unpricedEvents"], found["total"]) == ("3", 1, 1)


def test_a_running_server_answers_reports_and_manages_keys(server: LocalServer, api: Api) -> None:
    """It owns the file, so it is asked instead: make a key, use it, see it, revoke it."""
    access = {"BEAR_LUMEN_URL": server.url, "BEAR_LUMEN_API_KEY": api.key}
    made = run("keys", "create", "ci", "--scope", "usage:write", **access).stdout.strip()
    headers = {"Authorization": f"Bearer {made}"}
    sent = {"events": [event(event_invoked_at=now(), metadata={"feature": "chat"})]}
    assert api.request("POST", BATCH, json=sent, headers=headers).json()["accepted"] == 1
    report = run("report", "costs", "--by", "feature", "--json", **access)
    assert json.loads(report.stdout)["items"][0]["attributionValue"] == "chat"
    listed = json.loads(run("keys", "list", "--json", **access).stdout)["keys"]
    (key,) = [each for each in listed if each["name"] == "ci"]
    assert run("keys", "revoke", key["id"], **access).returncode == 0
    assert api.request("POST", BATCH, json=sent, headers=headers).status_code == 401


def test_keys_are_made_listed_and_revoked_in_the_file(tmp_path: Path) -> None:
    """The secret is printed when the key is made, and never again."""
    path = tmp_path / "new.duckdb"
    secret = run("keys", "create", "first", "--database", path).stdout.strip()
    assert secret.startswith("sk_live_")
    listed = run("keys", "list", "--json", "--database", path)
    assert secret not in listed.stdout
    (key,) = json.loads(listed.stdout)["keys"]
    assert run("keys", "revoke", key["id"], "--database", path).returncode == 0
    table = run("keys", "list", "--database", path).stdout
    assert key["id"] in table
    assert table.count(str(datetime.now(UTC).date())) == 2


def test_a_key_for_ingest_sends_and_reads_nothing(tmp_path: Path) -> None:
    """What a program in production needs, and no more; the list shows that it was used."""
    path = tmp_path / "ledger.duckdb"
    secret = run("keys", "create", "prod", "--ingest-only", "--database", path).stdout.strip()
    with local_server(path, organization="default") as server:
        access = {"Authorization": f"Bearer {secret}"}
        import httpx

        sent = httpx.post(server.url + BATCH, json={"events": [event()]}, headers=access)
        asked = httpx.get(f"{server.url}/v1/costs/by-model", headers=access)
    assert (sent.status_code, asked.status_code) == (200, 403)
    table = run("keys", "list", "--database", path).stdout
    assert f"{datetime.now(UTC):%Y-%m-%d %H:}" in table
    both = run("keys", "create", "x", "--ingest-only", "--scope", "costs:read", "--database", path)
    assert "--ingest-only" in fails_with_one_line(both)


def test_a_database_in_use_is_one_line(tmp_path: Path) -> None:
    """Another process owns the file: say so, and what to do instead."""
    path = tmp_path / "owned.duckdb"
    with local_server(path):
        for command in (["serve", "--port", "0"], ["report", "costs"], ["keys", "list"]):
            line = fails_with_one_line(run(*command, "--database", path))
            assert f"in use by another process (pid {os.getpid()})" in line
            assert "--url" in line


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """And no database is made for a server that cannot start."""
    path = tmp_path / "never.duckdb"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = fails_with_one_line(run("serve", "--port", str(port), "--database", path))
    assert f"127.0.0.1:{port}" in line
    assert not path.exists()


FAILURES: list[tuple[list[str], str]] = [
    (["report", "costs", "--database", "none.duckdb"], "none.duckdb"),
    (["report", "costs", "--since", "soon", "--url", "http://127.0.0.1:1"], "--since"),
    (["report", "costs", "--url", "http://127.0.0.1:1"], "--key"),
    (["report", "costs", "--url", "http://127.0.0.1:1", "--key", "k"], "does not answer"),
    (["keys", "create", "n", "--scope", "root", "--database", "none.duckdb"], "root"),
    (["serve", "--port", "0", "--database", "no/such/folder/x.duckdb"], "no/such/folder"),
]


@pytest.mark.parametrize(("command", "says"), FAILURES)
def test_a_failure_somebody_can_mend_is_one_line(command: list[str], says: str) -> None:
    """No traceback, exit code 2, and the thing to change is named."""
    assert says in fails_with_one_line(run(*command))


def test_a_refused_key_is_one_line(server: LocalServer) -> None:
    """The server's own words are passed on."""
    line = fails_with_one_line(run("keys", "list", "--url", server.url, "--key", "sk_live_no"))
    assert "401" in line


def test_starting_the_command_line_loads_nothing_heavy() -> None:
    """`bearlumen --help` must not wait for a database engine."""
    code = (
        "import sys, bearlumen_server.cli as _;"
        "print([m for m in ('duckdb', 'pyarrow', 'fastapi', 'genai_prices', 'uvicorn', 'httpx',"
        " 'rich.table') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_named_on_the_command_line_goes_before_a_server_in_the_environment(
    ledger: Path,
) -> None:
    """Nobody gets a server's figures for the file they asked about."""
    elsewhere = {"BEAR_LUMEN_URL": "http://127.0.0.1:9", "BEAR_LUMEN_API_KEY": "k"}
    asked = run("report", "costs", "--database", ledger, **elsewhere)
    assert "m1" in asked.stdout
    assert "does not answer" in fails_with_one_line(run("report", "costs", **elsewhere))


def test_a_group_without_any_price_costs_an_unknown_amount(tmp_path: Path) -> None:
    """A table never shows zero for what nobody knows."""
    path = tmp_path / "ledger.duckdb"
    with local_server(path) as server, BearLumen(server.api_key, base_url=server.url) as bear:
        bear.track(None, model="voice-1", units={"characters": 3})
    shown = run("report", "costs", "--database", path).stdout
    assert "voice-1" in shown
    assert "unknown" in shown


def test_organization_is_not_ignored_for_a_server(server: LocalServer) -> None:
    """Whoever names an organisation gets its figures, or is told why not."""
    asked = run("report", "costs", "--url", server.url, "--key", "k", "--organization", "acme")
    assert "--organization" in fails_with_one_line(asked)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine() -> None:
    """The demo works behind a company's proxy."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    assert run("demo", **proxies).returncode == 0


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """What somebody sent as a model's name is shown, not obeyed."""
    path = tmp_path / "ledger.duckdb"
    with local_server(path) as server, BearLumen(server.api_key, base_url=server.url) as bear:
        bear.track(None, model="a\nb\x1b[31m", cost="1")
    assert "a�b�[31m" in run("report", "costs", "--database", path).stdout


def test_a_report_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    """A page of end users is not passed off as all of them."""
    path = tmp_path / "ledger.duckdb"
    with (
        local_server(path) as server,
        BearLumen(server.api_key, base_url=server.url, batch_size=1000) as bear,
    ):
        for number in range(1002):
            bear.track(None, model="m", cost="1", user_id=f"user-{number}")
    shown = run("report", "costs", "--by", "end-user", "--database", path).stdout
    assert "2 more" in shown
    assert "1002" in shown


def test_doctor_says_what_is_wrong_and_exits_with_it(tmp_path: Path) -> None:
    """For a person at a terminal, and for a script that looks at the exit code."""
    with local_server(tmp_path / "ledger.duckdb") as server:
        url = ("--url", server.url)
        well = run("doctor", *url, "--key", server.api_key, "--journal", str(tmp_path / "j"))
        wrong = run("doctor", *url, "--key", "sk_live_no", "--json")
    assert (well.returncode, well.stderr) == (0, "")
    assert [line.split()[:2] for line in well.stdout.splitlines()] == [
        ["ok", "server"], ["ok", "key"], ["ok", "key"], ["ok", "clock"], ["ok", "journal"],
    ]  # fmt: skip
    assert wrong.returncode == 1
    findings = json.loads(wrong.stdout)["findings"]
    assert [one["name"] for one in findings if not one["ok"]] == ["key"]
