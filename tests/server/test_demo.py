"""`bearlumen demo`: what a newcomer runs first."""

import re
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bearlumen import BearLumen
from bearlumen_server import local_server

BEARLUMEN = Path(sys.executable).with_name("bearlumen")
TOTALS = re.compile(r"(\d+) events.*?total cost \$([\d.]+) .*?; (\d+) unpriced", re.DOTALL)


def demo(*options: str) -> tuple[int, Decimal, int]:
    """Run the demo; how many events it reports, their cost, and how many are unpriced."""
    done = subprocess.run(
        [BEARLUMEN, "demo", *options], capture_output=True, check=False, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = TOTALS.search(done.stdout)
    assert found is not None
    return int(found[1]), Decimal(found[2]), int(found[3])


def test_second_run_adds_exactly_itself(tmp_path: Path) -> None:
    """A kept ledger holds both runs, and nothing of either twice."""
    keep = str(tmp_path / "demo.duckdb")
    events, cost, unpriced = demo("--keep", keep)
    assert demo("--keep", keep) == (2 * events, 2 * cost, 2 * unpriced)


def test_served_demo_can_be_asked() -> None:
    """With --serve the server stays up, and its printed URL and key work."""
    with subprocess.Popen([BEARLUMEN, "demo", "--serve"], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        printed: dict[str, str] = {}
        for line in run.stdout:
            name, _, value = line.strip().partition(" ")
            printed[name] = value
            if name == "key":
                break
        with BearLumen(api_key=printed["key"], base_url=printed["url"]) as bear:
            assert bear.ping().organization_id == "demo"
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 0


def test_resent_events_change_nothing() -> None:
    """Events that the ledger has, sent again, are all duplicates."""
    range_: dict[str, Any] = {"start_date": "2026-01-01", "end_date": "2099-01-01"}
    with local_server() as server:
        bear = BearLumen(api_key=server.api_key, base_url=server.url)
        for tokens in range(1, 21):
            usage = {"prompt_tokens": tokens, "completion_tokens": tokens}
            bear.track({"object": "chat.completion", "model": "gpt-4o", "usage": usage})
        assert bear.flush()
        before = bear.usage.summary(**range_)
        events = [
            {
                "sdk_event_id": event.event_id,
                "model": event.model,
                "input_tokens": event.input_tokens,
                "output_tokens": event.output_tokens,
                "event_invoked_at": event.timestamp.isoformat(),
                "metadata": {"provider": event.provider},
            }
            for event in bear.usage.events(**range_).events
        ]
        answer = httpx.post(
            f"{server.url}/v1/usage/events/batch",
            headers={"Authorization": f"Bearer {server.api_key}"},
            json={"events": events},
        )
        assert answer.json() == {"accepted": 0, "duplicates": 20, "rejected": []}
        assert bear.usage.summary(**range_) == before
        bear.shutdown()


def test_locked_ledger_is_one_clear_line(tmp_path: Path) -> None:
    """A ledger that another process serves is said to be, in one line."""
    path = tmp_path / "busy.duckdb"
    with local_server(path):
        done = subprocess.run(
            [BEARLUMEN, "demo", "--keep", str(path)],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
